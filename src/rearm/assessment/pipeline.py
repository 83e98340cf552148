"""From records to assessments: findings of all patients in one frame, all conditions in one select,
then patient by patient.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rearm.assessment.assembly import assembled, is_decided
from rearm.assessment.basis import Basis
from rearm.assessment.centre import NO_CENTRE, Centre, check_centre
from rearm.assessment.judging import Judging, judge, judge_scenarios
from rearm.assessment.next_tests import next_tests_of
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.plan import Plan
from rearm.assessment.planner import plan_of
from rearm.assessment.regions import region_of, regions_of
from rearm.assessment.result import Assessment, NextTest
from rearm.assessment.scenarios import Varied, pair, varied
from rearm.garbage import no_collection
from rearm.knowledge.bundle import Knowledge, load
from rearm.record import Record

if TYPE_CHECKING:
    pass

__all__ = [
    "ROWS",
    "Batch",
    "assess",
    "assess_all",
    "assess_each",
    "assess_patients",
    "batches",
    "no_collection",
]

# patients whose scenarios share a frame: large enough to spread the cost of a select, small enough
# for memory, of which whole results need more than rows
_RESULTS = 128
ROWS = 512


def assess(
    record: Record,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    centre: Centre = NO_CENTRE,
) -> Assessment:
    """What is found for one patient: failure, causes, options, next tests, each with its basis.

    `record`: what is known of the patient (`rearm.read` makes it). `knowledge`: by default the
    bundled one. `as_of` is a day of the patient's axis, or a date where day zero is known; by
    default the last day with any data. Nothing dated or reported later is read. `region` (US, EU,
    CN ...) is where approvals are looked up; None: anywhere. `centre`: which options the centre
    has. What is not known stays unknown. Raises AssessmentError with a sentence for a date that
    can't be placed, for a region without any approval row, and for an option of the centre that
    there is none of.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> assessment = rearm.assess(record, as_of=428, region="EU")
    >>> assessment.failures[-1].status, assessment.failures[-1].day
    ('failed', 402)
    >>> assessment.answer.tier_of("bispecific-bcma")
    'not_possible'
    """
    return assess_all([record], knowledge=knowledge, as_of=as_of, region=region, centre=centre)[0]


def assess_all(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    centre: Centre = NO_CENTRE,
) -> list[Assessment]:
    """`assess` for each of `records`, in their order; the conditions are evaluated for many
    patients at once, which is much faster.

    `knowledge`, `as_of`, `region` and `centre` as in `assess`, for all of them. What is not known
    stays unknown. Raises AssessmentError as `assess` does, for the first record that can't be
    assessed: `assess_table` gives such a patient a row instead.

    >>> import rearm
    >>> records = rearm.read("examples/tables").records
    >>> [a.patient_id for a in rearm.assess_all(records[:2])]
    ['SYN-01', 'SYN-02']
    """
    found = assess_each(records, knowledge=knowledge, as_of=as_of, region=region, centre=centre)
    return list(found)


def assess_each(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    centre: Centre = NO_CENTRE,
) -> Iterator[Assessment]:
    """`assess_all` one by one, for cohorts whose assessments do not fit into memory together:
    `records` may be a stream, and some hundred patients are judged at a time.

    `knowledge`, `as_of`, `region` and `centre` as in `assess`; what is not known stays unknown.
    Raises AssessmentError as `assess_all` does, when the patient's turn comes.

    >>> import rearm
    >>> stream = rearm.read("examples/tables").stream()
    >>> next(rearm.assess_each(stream)).patient_id
    'SYN-01'
    """
    plan = plan_of(knowledge or load())
    where = region_of(region, regions_of(plan.knowledge))
    check_centre(centre, plan.knowledge)
    for batch in batches(records, _RESULTS):
        with no_collection():
            patients = [patient_at(record, as_of, plan) for record in batch]
            done = assess_patients(plan, patients, where, centre)
        yield from done


def batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """The records in batches that are judged together."""
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def assess_patients(
    plan: Plan,
    patients: Sequence[Patient],
    region: str | None,
    centre: Centre = NO_CENTRE,
    computed: Sequence[Patient] | None = None,
) -> list[Assessment]:
    """The assessments of patients that were made ready; `region` is None or one of the plan's.
    `computed`: the same patients by their records alone, where facts are stated over these.
    """
    batch = Batch.of(plan, patients, region)
    plain = None if computed is None else judge(plan, computed, region)
    tests = batch.next_tests()
    found = []
    for i, patient in enumerate(patients):
        basis = Basis(plan, patient, *batch.own.answers_of(i), centre)
        before = (
            None
            if plain is None or computed is None
            else Basis(plan, computed[i], *plain.answers_of(i), centre)
        )
        found.append(assembled(basis, batch.own.codes, i, tests[i], region, before))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Patients that are judged together: `own` are their own rows, in their order."""

    plan: Plan
    patients: Sequence[Patient]
    region: str | None
    own: Judging

    @classmethod
    def of(cls, plan: Plan, patients: Sequence[Patient], region: str | None) -> Batch:
        """The patients with their own rows judged."""
        own = judge(plan, patients, region)
        return cls(plan=plan, patients=patients, region=region, own=own)

    def next_tests(self) -> list[tuple[NextTest, ...]]:
        """For each patient the work-ups to ask for."""
        everybody = range(len(self.patients))
        tried = [
            varied(
                self.plan,
                self.patients[i],
                self.own.answers[i].tolist(),
                tried=is_decided(self.patients[i]),
            )
            for i in everybody
        ]
        tests = self._weighed(everybody, tried)
        return self._with_pairs(tried, tests)

    def _weighed(
        self, places: Sequence[int], tried: Sequence[Sequence[Varied]]
    ) -> list[tuple[NextTest, ...]]:
        """The work-ups of these patients with what their results would change."""
        scenarios = [
            (place, s)
            for place, own in zip(places, tried, strict=True)
            for v in own
            for s in v.scenarios
        ]
        judged = judge_scenarios(self.plan, self.patients, self.region, self.own, scenarios)
        tests, start = [], 0
        for place, own in zip(places, tried, strict=True):
            end = start + sum(len(v.scenarios) for v in own)
            rows = range(start, end)
            tests.append(
                next_tests_of(
                    self.plan, self.patients[place], own, self.own.row(place), judged, rows
                )
            )
            start = end
        return tests

    def _with_pairs(
        self, tried: Sequence[Sequence[Varied]], tests: list[tuple[NextTest, ...]]
    ) -> list[tuple[NextTest, ...]]:
        """Where no single test changes anything, pairs of them are tried."""
        lone = [
            i
            for i, (patient, own) in enumerate(zip(self.patients, tests, strict=True))
            if is_decided(patient) and not any(test.changes for test in own)
        ]
        if not lone:
            return tests
        limit = self.plan.parameters.workups_in_pairs
        pairs = []
        for i in lone:
            able = [v for v in tried[i] if v.scenarios][:limit]
            both = itertools.combinations(able, 2)
            pairs.append([pair(self.plan, self.patients[i], a, b) for a, b in both])
        found = list(tests)
        for i, together in zip(lone, self._weighed(lone, pairs), strict=True):
            found[i] = (*tests[i], *(test for test in together if test.changes))
        return found
