"""From records to assessments: findings of all patients in one frame, all conditions in one select,
then patient by patient.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rearm import __version__
from rearm.assessment.alerts import alerts_of
from rearm.assessment.causes import causes_of, no_causes
from rearm.assessment.logic import grades, group_grades, verdicts
from rearm.assessment.next_tests import Codings, next_tests_of
from rearm.assessment.options import options_of
from rearm.assessment.patient import Patient, Shown, patient_at
from rearm.assessment.plan import Plan, in_effect, plan_of
from rearm.assessment.prognosis import alterations_of
from rearm.assessment.regions import region_of
from rearm.assessment.result import (
    About,
    Assessment,
    Basis,
    FailureResult,
    InputIssue,
    NextTest,
    SignalResult,
    Versions,
)
from rearm.assessment.scenarios import Scenario, Varied, frame_of, pair, varied
from rearm.knowledge.bundle import Knowledge, load
from rearm.outcome.failure import Failure
from rearm.record import Record
from rearm.response.criteria import load_criteria

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rearm.assessment.logic import Flags

__all__ = ["assess", "assess_all", "assess_each", "assess_patients"]

# patients whose scenarios share a frame: large enough to spread the cost of a select, small enough
# for memory
_BATCH = 128


def assess(
    record: Record,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> Assessment:
    """What is found for one patient: failure, causes, options, next tests, each with its basis.

    `as_of` is a day of the patient's axis, or a date where day zero is known; by default the last
    day with any data. Nothing dated or reported later is read. `region` (US, EU, CN ...) is where
    approvals are looked up; None: anywhere. What is not known stays unknown. Raises AssessmentError
    with a sentence for a date that can't be placed and for a region without any approval row.
    """
    return assess_all([record], knowledge=knowledge, as_of=as_of, region=region)[0]


def assess_all(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> list[Assessment]:
    """`assess` for each record, in their order; the conditions are evaluated for many patients at
    once, which is much faster.
    """
    return list(assess_each(records, knowledge=knowledge, as_of=as_of, region=region))


def assess_each(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> Iterator[Assessment]:
    """`assess_all` one by one, for cohorts whose assessments do not fit into memory together."""
    plan = plan_of(knowledge or load())
    where = region_of(region, plan.regions)
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, _BATCH)):
        yield from assess_patients(
            plan, [patient_at(record, as_of, plan) for record in batch], where
        )


def assess_patients(
    plan: Plan, patients: Sequence[Patient], region: str | None
) -> list[Assessment]:
    """The assessments of patients that were made ready; `region` is None or one of the plan's."""
    tried = [varied(plan, p) for p in patients]
    codes, rows, answers = _judge(plan, patients, tried, region)
    tests = [
        next_tests_of(plan, p, list(zip(t, r, strict=True)), codes, i, judged=_is_judged(p))
        for i, (p, t, r) in enumerate(zip(patients, tried, rows, strict=True))
    ]
    tests = _with_pairs(plan, patients, tried, tests, region)
    found = []
    for i, patient in enumerate(patients):
        shown = Shown(plan, patient, tuple(answers[i].tolist()))
        found.append(_assembled(shown, codes, i, tests[i], region))
    return found


def _judge(
    plan: Plan, patients: Sequence[Patient], tried: Sequence[Sequence[Varied]], region: str | None
) -> tuple[Codings, list[list[range]], npt.NDArray[np.int8]]:
    """All rows judged: the patients' own first, then their scenarios; with the rows of each
    work-up's scenarios, and the answers.
    """
    import numpy as np

    scenarios: list[tuple[int, Scenario]] = []
    rows: list[list[range]] = []
    for position, workups in enumerate(tried):
        own = []
        for workup in workups:
            start = len(patients) + len(scenarios)
            scenarios += [(position, s) for s in workup.scenarios]
            own.append(range(start, len(patients) + len(scenarios)))
        rows.append(own)
    read = plan.compiled.evaluate(frame_of(plan, patients, scenarios))
    answers = np.hstack(
        [read, np.ones((len(read), 1), dtype=np.int8)]
    )  # the last column is `plan.always`
    of_row = np.array([*range(len(patients)), *(position for position, _ in scenarios)])
    judged = verdicts(plan, answers, _approvals(plan, patients, region, of_row))
    factor_grades = grades(plan, answers)
    return Codings(judged, factor_grades, group_grades(plan, factor_grades)), rows, answers


def _approvals(
    plan: Plan, patients: Sequence[Patient], region: str | None, of_row: npt.NDArray[Any]
) -> list[Flags]:
    """For each option which approvals count, rows x labels."""
    import numpy as np

    return [
        np.array(
            [[in_effect(row, region, p.day) for row, _ in o.labels] for p in patients], dtype=bool
        )[of_row]
        for o in plan.options
    ]


def _with_pairs(
    plan: Plan,
    patients: Sequence[Patient],
    tried: Sequence[Sequence[Varied]],
    tests: list[tuple[NextTest, ...]],
    region: str | None,
) -> list[tuple[NextTest, ...]]:
    """Where no single test changes anything, pairs of them are tried."""
    lone = [
        i
        for i, (p, t) in enumerate(zip(patients, tests, strict=True))
        if _is_judged(p) and not any(test.changes for test in t)
    ]
    if not lone:
        return tests
    some = [patients[i] for i in lone]
    pairs = []
    for i in lone:
        able = [v for v in tried[i] if v.scenarios][: plan.parameters.workups_in_pairs]
        pairs.append([pair(plan, patients[i], a, b) for a, b in itertools.combinations(able, 2)])
    codes, rows, _ = _judge(plan, some, pairs, region)
    found = list(tests)
    for n, i in enumerate(lone):
        told = next_tests_of(
            plan, patients[i], list(zip(pairs[n], rows[n], strict=True)), codes, n, judged=True
        )
        found[i] = (*tests[i], *(test for test in told if test.changes))
    return found


# ---------------------------------------------------------------- one result


def _last(patient: Patient) -> Failure | None:
    return patient.failures[-1] if patient.failures else None


def _is_judged(patient: Patient) -> bool:
    """Causes and options are given where the last CAR-T failed or is suspected to have failed."""
    last = _last(patient)
    return last is not None and last.status in ("failed", "suspected")


def _about(patient: Patient) -> About:
    last = _last(patient)
    if last is None:
        unread = any(
            issue.code in ("possible_infusion", "infusion_unread")
            for issue in patient.record.issues
        )
        reason = (
            "no CAR-T that could be read in this record; what may be one stands among the input"
            " issues"
            if unread
            else "no CAR-T in this record"
        )
        return About(infusion_day=None, if_progression=False, reason=reason)
    died = min((d.day for d in patient.record.deaths if d.day is not None), default=None)
    after = (
        f" The patient died on day {died}; this is the state of knowledge with that."
        if died is not None
        else ""
    )
    if last.status == "failed":
        return About(
            infusion_day=last.infusion_day,
            if_progression=False,
            reason="The last infusion failed." + after,
        )
    if last.status == "suspected":
        reason = (
            "Failure of the last infusion is suspected: causes and options hold if this is"
            " progression." + after
        )
        return About(infusion_day=last.infusion_day, if_progression=True, reason=reason)
    words = {
        "not_failed": "The last infusion has not failed",
        "died_without_progression": "The patient died without progression after the last infusion",
        "cannot_be_judged": "Whether the last infusion failed can't be judged",
    }
    return About(
        infusion_day=last.infusion_day,
        if_progression=False,
        reason=f"{words[last.status]}: {last.reason}",
    )


def _assembled(
    shown: Shown, codes: Codings, row: int, tests: tuple[NextTest, ...], region: str | None
) -> Assessment:
    patient, plan = shown.patient, shown.plan
    about = _about(patient)
    judged = _is_judged(patient)
    return Assessment(
        patient_id=patient.record.patient_id,
        as_of=patient.as_of,
        as_of_date=None if patient.day is None else patient.day.isoformat(),
        region=region,
        versions=Versions(
            software=__version__,
            knowledge=plan.knowledge.version,
            criteria=load_criteria().version,
            knowledge_hash=plan.knowledge.hash,
        ),
        issues=tuple(
            InputIssue(
                severity=i.severity,
                code=i.code,
                source=str(i.source),
                message=i.message,
                done=i.done,
            )
            for i in patient.record.issues
        ),
        alerts=alerts_of(shown),
        failures=tuple(_failure(f) for f in patient.failures),
        about=about,
        causes=(
            causes_of(shown, codes.factors[row].tolist(), codes.groups[row].tolist())
            if judged
            else no_causes(about.reason)
        ),
        alterations=alterations_of(shown),
        options=options_of(shown, codes.judged, row, region=region) if judged else (),
        next_tests=tests,
        findings=tuple(shown.finding(name) for name, x in patient.found.items() if x.known),
    )


def _failure(failure: Failure) -> FailureResult:
    return FailureResult(
        infusion_day=failure.infusion_day,
        product=failure.product,
        targets=failure.targets,
        status=failure.status,
        certainty=failure.certainty,
        day=failure.day,
        kind=failure.kind,
        timing=failure.timing,
        pattern=failure.pattern,
        signals=tuple(
            SignalResult(id=s.id, day=s.day, open=s.open, text=s.text) for s in failure.signals
        ),
        followed_to_day=failure.followed_to_day,
        best_response=failure.best_response,
        best_response_by=failure.best_response_by,
        computed_day=failure.computed_day,
        team_day=failure.team_day,
        difference=failure.difference,
        reason=failure.reason,
        basis=Basis(sources=tuple(str(s) for s in failure.basis)),
    )
