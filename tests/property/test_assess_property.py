"""What holds for every patient: a missing result is never better than the best one, nothing later
is read, same in is same out.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.loops import some

import rearm
from rearm.assessment.logic import VERDICTS, grades, group_grades, verdicts
from rearm.assessment.placing import option_limits, placements
from rearm.assessment.plan import TIERS
from rearm.assessment.planner import plan_of
from rearm.assessment.scenarios import worth_trying
from rearm.assessment.schema import json_schema
from rearm.knowledge import load
from rearm.record import EVENT_FIELDS, Record
from rearm.report.assessment.sentences import availability_text
from rearm.rules import evaluate, findings_frame

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def plan() -> Any:
    return plan_of(load())


@pytest.fixture(scope="module")
def records() -> Any:
    return rearm.read(ROOT / "examples" / "tables").records


def tried(plan: Any, name: Any) -> Any:
    return worth_trying(plan, plan.knowledge.catalogue[name]) or (1,)


def random_rows(plan: Any, count: Any, seed: Any, known: float = 0.6) -> Any:
    rng = random.Random(seed)
    return [
        {
            name: rng.choice(tried(plan, name)) if rng.random() < known else None
            for name in plan.columns
        }
        for _ in range(count)
    ]


def codes(plan: Any, rows: Any) -> Any:
    read = evaluate(plan.conditions, findings_frame(rows, plan.columns, plan.knowledge.catalogue))
    answers = np.hstack([read, np.ones((len(rows), 1), dtype=np.int8)])
    declined = np.zeros((len(rows), len(plan.options)), dtype=bool)
    factor_grades = grades(plan, answers)
    return (
        verdicts(plan, answers, declined, np.full_like(answers, -1)).verdict,
        factor_grades,
        group_grades(plan, factor_grades),
    )


def tiers(plan: Any, rows: Any) -> Any:
    """The tiers of all strategies, as if everything could be had."""
    read = evaluate(plan.conditions, findings_frame(rows, plan.columns, plan.knowledge.catalogue))
    answers = np.hstack([read, np.ones((len(rows), 1), dtype=np.int8)])
    everybody = np.ones((len(rows), len(plan.options)), dtype=bool)
    judged = verdicts(plan, answers, ~everybody, np.full_like(answers, -1))
    return placements(plan, answers, option_limits(plan, answers, judged, everybody))[0]


@pytest.mark.parametrize(("seed", "known"), [(1, 0.9), (2, 0.5), (3, 0.1)])
def test_missing_never_lifts_a_strategy(plan: Any, seed: Any, known: Any) -> None:
    """With a finding unknown no strategy stands higher than with its best value."""
    rows: list[dict[str, Any]] = []
    groups: list[tuple[str, int, int]] = []
    for base in random_rows(plan, 10, seed, known):
        for name in plan.columns:
            start = len(rows)
            rows.append(base | {name: None})
            rows += [base | {name: value} for value in tried(plan, name)]
            groups.append((name, start, len(rows)))
    placed = tiers(plan, rows)
    assert len(np.unique(placed)) == len(TIERS)
    higher = {
        (name, plan.strategies[i].strategy)
        for name, start, end in groups
        for i in np.nonzero(placed[start] > placed[start + 1 : end].max(axis=0))[0]
    }
    assert not higher


@pytest.mark.parametrize(("seed", "known"), [(1, 0.9), (2, 0.5), (3, 0.1)])
def test_missing_never_counts_as_favourable(plan: Any, seed: Any, known: Any) -> None:
    """With a finding unknown no verdict is better, and no cause graded higher, than with its best
    or most supporting value.
    """
    assert VERDICTS == ("excluded", "discouraged", "needs_information", "open")
    rows: list[dict[str, Any]] = []
    groups: list[tuple[str, int, int]] = []
    for base in random_rows(plan, 25, seed, known):
        for name in plan.columns:
            start = len(rows)
            rows.append(base | {name: None})
            rows += [base | {name: value} for value in tried(plan, name)]
            groups.append((name, start, len(rows)))
    verdict, factor, _ = codes(plan, rows)
    better = set()
    for name, start, end in groups:
        for i in np.nonzero(verdict[start] > verdict[start + 1 : end].max(axis=0))[0]:
            better.add((name, "option", plan.options[i].option.id))
        for i in np.nonzero(factor[start] > factor[start + 1 : end].max(axis=0))[0]:
            better.add((name, "factor", plan.factors[i].factor.id))
    assert not better


def test_what_is_known_is_never_shown_as_unknown(plan: Any) -> None:
    """With every finding known nothing needs information and nothing is not assessed."""
    verdict, factor, groups = codes(plan, random_rows(plan, 200, 5, known=1.0))
    assert not (verdict == VERDICTS.index("needs_information")).any()
    telling = [bool(len(f.supports)) for f in plan.factors]
    assert not (factor[:, telling] == -1).any()
    assert groups.shape == (200, 6)


def later_deleted(record: Record, day: int) -> Record:
    """The record without what is dated or reported after `day`, and without the issues of those
    rows.
    """

    def late(event: Any) -> Any:
        start = event.when.first if event.when.first is not None else event.when.last
        return any(d is not None and d > day for d in (start, getattr(event, "reported_day", None)))

    gone = {e.source for name in EVENT_FIELDS for e in getattr(record, name) if late(e)}
    kept = {e.source for name in EVENT_FIELDS for e in getattr(record, name) if not late(e)}
    events: dict[str, Any] = {
        name: tuple(e for e in getattr(record, name) if not late(e)) for name in EVENT_FIELDS
    }
    issues = tuple(i for i in record.issues if i.source not in gone - kept)
    return replace(
        record,
        **events,
        issues=issues,
        last_seen_day=None if record.last_seen_day is None else min(record.last_seen_day, day),
    )


def as_bytes(assessment: Any) -> Any:
    return assessment.to_json().encode()


@pytest.mark.slow
def test_nothing_after_as_of_is_read(records: Any) -> None:
    seen = 0
    for record in some(records):
        last = record.last_day() or 0
        for day in (0, last // 3, last // 2, last - 40, last - 1):
            cut = later_deleted(record, day)
            seen += cut != record
            assert as_bytes(rearm.assess(record, as_of=day)) == as_bytes(
                rearm.assess(cut, as_of=day)
            ), (record.patient_id, day)
    assert seen > len(records)  # the deletion took something away


def test_deleting_what_is_known_changes_the_answer(records: Any) -> None:
    """The test above bites: the last day tells more than the day before the failure."""
    assert any(
        as_bytes(rearm.assess(r, as_of=(r.last_day() or 0) - 60)) != as_bytes(rearm.assess(r))
        for r in records
    )


@pytest.mark.slow
def test_same_input_same_bytes_alone_or_together(records: Any) -> None:
    together = rearm.assess_all(records)
    assert [as_bytes(a) for a in together] == [as_bytes(rearm.assess(r)) for r in records]
    shuffled = list(records)
    random.Random(3).shuffle(shuffled)
    by_id = {a.patient_id: as_bytes(a) for a in rearm.assess_each(shuffled)}
    assert by_id == {a.patient_id: as_bytes(a) for a in together}


def test_the_default_is_the_last_day_and_a_date_is_a_day(records: Any) -> None:
    record = next(r for r in records if r.day_zero is not None and r.last_day() is not None)
    last = record.last_day() or 0
    found = rearm.assess(record)
    assert found.as_of == last
    assert as_bytes(
        rearm.assess(record, as_of=date.fromordinal(record.day_zero.toordinal() + last))
    ) == as_bytes(found)
    with pytest.raises(rearm.AssessmentError, match="has no day zero"):
        rearm.assess(replace(record, day_zero=None, birth_date=None), as_of=date(2025, 1, 1))
    with pytest.raises(rearm.AssessmentError, match="No approvals are recorded for the region XX"):
        rearm.assess(record, region="XX")
    assert rearm.assess(record, region="us").region == "US"


def test_a_record_with_nothing_in_it(records: Any) -> None:
    empty = Record(patient_id="none", source=records[0].source)
    found = rearm.assess(empty)
    assert (found.as_of, found.failures, found.options, found.next_tests) == (None, (), (), ())
    assert found.about.reason == "no CAR-T in this record"


@pytest.mark.slow
def test_the_published_schema_is_current_and_holds(records: Any) -> None:
    from jsonschema import Draft202012Validator

    published = json.loads(
        (ROOT / "src" / "rearm" / "assessment" / "schema.json").read_text(encoding="utf-8")
    )
    assert published == json.loads(json.dumps(json_schema())), (
        "write it anew: python -m rearm.assessment.schema > .../schema.json"
    )
    Draft202012Validator.check_schema(published)
    validator = Draft202012Validator(published)
    for assessment in rearm.assess_all(records):
        plain = json.loads(assessment.to_json())
        assert plain == json.loads(json.dumps(assessment.to_dict()))
        validator.validate(plain)
    del plain["causes"]["undetermined"]
    assert not validator.is_valid(plain)


def test_every_shown_thing_has_its_basis(records: Any) -> None:
    """Each reason names its rule and citations, and the findings it read; each known finding leads
    to a row of the input.
    """
    seen = 0
    places = load().places.values()
    for_everybody = {f"place-{place.id}" for place in places if place.when is None}
    for assessment in some(rearm.assess_all(records)):
        named = [
            name
            for o in assessment.options
            for name in (*o.for_, *o.against, *o.unknown, *o.cautions, *o.checklist)
        ]
        factors = [f for g in assessment.causes.groups for f in g.factors]
        named += [name for f in factors for name in (*f.for_, *f.against, *f.unknown)]
        named += [name for f in assessment.causes.risk_factors for name in f.for_]
        lines = [line for tier in assessment.answer.tiers for line in tier.strategies]
        named += [name for line in lines for name in (*line.because, *line.waits_for)]
        named += [line.would_be.if_ for line in lines if line.would_be is not None]
        sources = {x.reason: x.sources for x in assessment.actions}
        named += sources
        assert set(named) == set(assessment.reasons)  # none without a use
        seen += len(named)
        for name in set(named):
            reason = assessment.reasons[name]
            assert reason.text
            cited = sources.get(name, reason.citations)
            assert cited
            assert set(cited) <= set(assessment.citations)
            if reason.rule != "poor-direct-results" and name not in for_everybody:
                assert reason.findings
                assert (reason.truth is None) == bool(assessment.missing(reason))
                assert set(assessment.missing(reason)) <= set(assessment.findings)
        for option in assessment.options:
            assert availability_text(assessment, option)
            evidence = assessment.evidence[option.evidence]
            assert evidence.note
            if evidence.directness != "direct":
                own = [row for row in evidence.expected if not row.of_class]
                assert all(row.directness != "direct" for row in own)
    assert seen
