"""Real patients, read in place and assessed: what must hold for each who failed. Skipped where the
data are not on the machine.

Expected values are computed from the sheets; nothing of the data stands here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from tests.support.loops import some
from tests.support.places import COHORT, ROOT, needs_cohort

import rearm
from rearm.assessment import Assessment
from rearm.assessment.result import OptionResult
from rearm.record import Record

pytestmark = needs_cohort


@cache
def assessed() -> list[tuple[Record, Assessment]]:
    records = rearm.read(COHORT, ROOT / "examples" / "mappings" / "leipzig.toml").records
    return list(zip(records, rearm.assess_all(records), strict=True))


@cache
def progressions() -> dict[str, tuple[bool, int]]:
    """Patient -> progressed, and the day of it (else of the last contact), from the sheet."""
    from openpyxl import load_workbook

    rows = list(
        load_workbook(COHORT / "cart_bridging_data.xlsx", read_only=True, data_only=True)[
            "clin_data"
        ].values
    )
    column = {str(name).strip(): i for i, name in enumerate(rows[0])}
    return {
        str(r[column["patient_id"]]): (r[column["progression"]] == 1, int(str(r[column["pfs"]])))
        for r in rows[1:]
        if r[0] is not None
    }


def findings_of(assessment: Assessment, reasons: Iterable[str]) -> list[str]:
    """Names of the findings that these reasons read."""
    return [name for reason in assessment.reasons_of(reasons) for name in reason.findings]


def failed() -> list[tuple[Record, Assessment]]:
    return [(r, a) for r, a in assessed() if a.failures and a.failures[-1].status == "failed"]


def test_failures_are_those_of_the_team_on_its_days() -> None:
    truth = progressions()
    assert {r.patient_id for r, _ in failed()} == {
        p for p, (progressed, _) in truth.items() if progressed
    }
    for record, assessment in some(failed()):
        day = truth[record.patient_id][1]
        assert assessment.failures[-1].day == day
        assert assessment.failures[-1].timing == (
            "early" if day <= 90 else "intermediate" if day <= 183 else "late"
        )
    for record, assessment in some(assessed()):
        if not truth[record.patient_id][0]:
            assert assessment.failures[-1].status in ("not_failed", "died_without_progression")
            assert assessment.options == () and assessment.about.reason


def test_each_failed_patient_gets_causes_options_and_tests_with_basis() -> None:
    for _, assessment in some(failed()):
        verdicts = Counter(o.verdict for o in assessment.options if o.verdict)
        assert len(verdicts) >= 3
        assert 3 * verdicts["needs_information"] <= sum(verdicts.values())
        assert verdicts["open"] >= 1
        assert assessment.causes.groups and assessment.next_tests
        for option in assessment.options:
            for reason in assessment.reasons_of(option.for_ + option.against):
                assert reason.citations and reason.findings


def test_options_differ_between_patients_and_each_difference_has_a_finding() -> None:
    seen: dict[str, dict[str, list[tuple[Assessment, OptionResult]]]] = {}
    for _, assessment in some(failed()):
        for option in assessment.options:
            if option.verdict:
                by = seen.setdefault(option.id, {})
                by.setdefault(option.verdict, []).append((assessment, option))
    differing = {name: by for name, by in seen.items() if len(by) > 1}
    assert len(differing) >= 3
    for by in some(differing.values()):
        worse = [
            o
            for verdict in ("excluded", "discouraged", "needs_information")
            for o in by.get(verdict, [])
        ]
        for assessment, option in worse:
            reasons = option.unknown if option.verdict == "needs_information" else option.against
            assert findings_of(assessment, reasons)
    placed: dict[str, set[str]] = {}
    for _, assessment in failed():
        for tier in assessment.answer.tiers:
            for line in tier.strategies:
                placed.setdefault(line.strategy, set()).add(tier.tier)
                read = findings_of(assessment, line.because)
                if tier.tier == "first" and read:
                    assert any(assessment.findings[name].value is not None for name in read)
    assert sum(len(tiers) > 1 for tiers in placed.values()) >= 3


def test_antigen_is_not_assessed_without_a_sample_and_never_leads_against_one() -> None:
    kept = 0
    for _, assessment in some(failed()):
        known = {name: f.value for name, f in assessment.findings.items() if f.known}
        antigen = next(g for g in assessment.causes.groups if g.group == "antigen")
        rna = known.get("bcma_rna_percent")
        fold = known.get("soluble_bcma_fold_from_nadir")
        if "bcma_status" not in known and "soluble_bcma_at_relapse" not in known:
            assert antigen.grade == "not_assessed"
            assert any("bcma_positive_plasma_cells" in t.tests for t in assessment.next_tests)
        shown = {
            name
            for c in antigen.factors
            for r in assessment.reasons_of(c.against)
            for name in r.findings
            if assessment.rows_of(r.findings)
        }
        if isinstance(rna, float) and rna >= 50:
            kept += 1
            assert shown & {"bcma_rna_percent", "cart_bcma_rna_percent"} and antigen.rank != 1
        if isinstance(fold, float) and fold >= 2:
            assert "soluble_bcma_fold_from_nadir" in shown and antigen.rank != 1
    assert kept >= 1
