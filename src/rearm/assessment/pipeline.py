"""From records to assessments: findings of all patients in one frame, all conditions in one select,
then patient by patient.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rearm.assessment.assembly import assembled, is_judged
from rearm.assessment.basis import Basis
from rearm.assessment.logic import grades, group_grades, verdicts
from rearm.assessment.next_tests import Codings, next_tests_of
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.plan import Plan, in_effect, plan_of
from rearm.assessment.regions import region_of
from rearm.assessment.result import Assessment, NextTest
from rearm.assessment.scenarios import Scenario, Varied, frame_of, pair, varied
from rearm.knowledge.bundle import Knowledge, load
from rearm.record import Record

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
        next_tests_of(plan, p, list(zip(t, r, strict=True)), codes, i, judged=is_judged(p))
        for i, (p, t, r) in enumerate(zip(patients, tried, rows, strict=True))
    ]
    tests = _with_pairs(plan, patients, tried, tests, region)
    found = []
    for i, patient in enumerate(patients):
        basis = Basis(plan, patient, answers[i].tolist())
        found.append(assembled(basis, codes, i, tests[i], region))
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
        if is_judged(p) and not any(test.changes for test in t)
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
