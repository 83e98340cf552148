"""One patient at one day: the record as it was known, what became of the infusions, the findings;
and how a condition is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from rearm.assessment.plan import Plan
from rearm.assessment.result import Grade
from rearm.errors import RearmError
from rearm.findings import Found, Instead, find, inputs
from rearm.intake.values import shown
from rearm.interval import Interval
from rearm.knowledge.option_names import declined_names, options_named
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.relapse import NOTHING_KNOWN, DiseaseNow, present_relapse
from rearm.record import EVENT_FIELDS, Record
from rearm.rules import Bounds

__all__ = ["AssessmentError", "Patient", "patient_at", "restated"]


# as the tidy tables name them; any other word may be of another disease
_JUDGED = ("multiple_myeloma", "plasma_cell_leukaemia", "al_amyloidosis")


class AssessmentError(RearmError):
    """An assessment that can't be made as asked; `str()` is a sentence.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> try:
    ...     rearm.assess(record, region="XX")
    ... except rearm.AssessmentError as error:
    ...     print(type(error).__name__)
    AssessmentError
    """


@dataclass(frozen=True, slots=True)
class Patient:
    """`record` holds nothing later than `as_of`; `day` is the date of that day where it is known.
    `intervals`: numbers known as bounds; `last`: what is not known and the last result points to;
    `possible`: words of which several are left; `stated`: findings that somebody states and nothing
    measured tells; `declined`: the options that the patient does not want, each with the name that
    it was declined by; `disease`: the relapse to decide on, or what is watched. `causes`: the
    grades of factors that the team states over the computed ones.
    """

    record: Record
    as_of: int | None
    day: date | None
    failures: tuple[Failure, ...]
    found: Mapping[str, Found]
    values: Mapping[str, bool | float | int | str | None]
    intervals: Mapping[str, Interval]
    inputs: Mapping[str, Any]  # the same as `derive` takes them
    last: Mapping[str, Interval | bool] = field(default_factory=dict)
    possible: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    declined: Mapping[str, str] = field(default_factory=dict)
    disease: DiseaseNow = NOTHING_KNOWN
    causes: Mapping[str, Grade] = field(default_factory=dict)

    @property
    def may_be_two(self) -> bool:
        """Whether the rows contradict each other on who the patient is in more than one respect:
        then nothing can be chosen for anybody. A single contradiction may be a slip.
        """
        differ = self.values.get("identity_contradictions")
        return isinstance(differ, int) and differ > 1

    @property
    def bounds(self) -> Bounds:
        """What is known of findings short of their value, as conditions read it."""
        return {**self.intervals, **self.possible}


def patient_at(
    record: Record, as_of: int | date | None, plan: Plan, *, read_only: bool = False
) -> Patient:
    """The patient as known at `as_of`: a day of the axis, a date, or None: the last day with data.
    `read_only`: only the findings that some rule reads.

    Raises AssessmentError where a date is given and day zero is not known, and where the CAR-T
    cells may have been given for another disease than myeloma.
    """
    if record.disease is not None and record.disease not in _JUDGED:
        raise AssessmentError(
            f"{record.patient_id}: the disease is entered as {shown(record.disease)}, and Rearm "
            "judges multiple myeloma. If it is one, enter a word of the list (column disease of "
            "patients)."
        )
    last = _as_day(record, as_of)
    day = _calendar_day(record, last)
    known = record
    if last is not None:
        known = (
            _known_at(record, last) if as_of is not None else _without_later_issues(record, last)
        )
    judged = tuple(failures(known))
    disease = present_relapse(known, judged)
    return _patient(known, last, day, judged, disease, plan, read_only=read_only)


def restated(
    patient: Patient,
    plan: Plan,
    *,
    failures: tuple[Failure, ...],
    disease: DiseaseNow,
    instead: Mapping[str, Instead],
    causes: Mapping[str, Grade],
) -> Patient:
    """The same patient at the same day, with the course, findings and causes as somebody states
    them; what follows from them is read anew.
    """
    again = _patient(
        patient.record, patient.as_of, patient.day, failures, disease, plan, instead=instead
    )
    return replace(again, causes=causes)


def _patient(
    known: Record,
    last: int | None,
    day: date | None,
    judged: tuple[Failure, ...],
    disease: DiseaseNow,
    plan: Plan,
    *,
    read_only: bool = False,
    instead: Mapping[str, Instead] | None = None,
) -> Patient:
    catalogue = plan.read_catalogue if read_only else plan.knowledge.catalogue
    found = find(
        known,
        judged,
        catalogue,
        as_of=0 if last is None else last,  # without any day nothing can be late
        lexicon=plan.knowledge.lexicon,
        disease=disease,
        instead=instead,
    )
    return Patient(
        record=known,
        as_of=last,
        day=day,
        failures=judged,
        disease=disease,
        found=found,
        values={name: x.value for name, x in found.items()},
        intervals={name: x.interval for name, x in found.items() if x.interval is not None},
        last=_last(found, plan),
        possible={name: x.possible for name, x in found.items() if x.possible is not None},
        inputs=inputs(found),
        stated=frozenset(name for name, x in found.items() if x.stated_by is not None),
        declined=_declined(known, plan),
    )


def _last(found: Mapping[str, Found], plan: Plan) -> dict[str, Interval | bool]:
    """What is not known and what the last result points to."""
    last: dict[str, Interval | bool] = {}
    for name, x in found.items():
        if x.last is not None:
            last[name] = x.last
        elif x.suspected and not x.known and plan.knowledge.catalogue[name].type == "bool":
            last[name] = True
    return last


def _declined(record: Record, plan: Plan) -> dict[str, str]:
    names = (
        name
        for fact in record.facts
        if fact.finding == "declined"
        for name in declined_names(fact.value)
    )
    return {option: name for name in names for option in options_named(plan.knowledge, name)}


def _calendar_day(record: Record, day: int | None) -> date | None:
    if record.day_zero is None or day is None:
        return None
    try:
        return record.day_zero + timedelta(days=day)
    except OverflowError:
        raise AssessmentError(
            f"{record.patient_id}: day {day} from {record.day_zero.isoformat()} on lies outside of"
            " the calendar. Check day zero and the days."
        ) from None


def _as_day(record: Record, as_of: int | date | None) -> int | None:
    if as_of is None:
        return record.last_day()
    if isinstance(as_of, bool) or not isinstance(as_of, int | date):
        raise AssessmentError(f"as_of is a day of the patient's axis or a date, not {as_of!r}.")
    if isinstance(as_of, date):
        if record.day_zero is None:
            raise AssessmentError(
                f"{record.patient_id}: {as_of.isoformat()} can't be placed, because the record has"
                " no day zero; give a day of its axis."
            )
        return (as_of - record.day_zero).days
    return as_of


def _without_later_issues(record: Record, day: int) -> Record:
    """The record at its own last day: nothing in it is later but, perhaps, an issue."""
    if all(x.day is None or x.day <= day for x in record.issues):
        return record
    issues = tuple(x for x in record.issues if x.day is None or x.day <= day)
    return replace(record, issues=issues)


def _known_at(record: Record, day: int) -> Record:
    """The record as known on `day`, without the issues of rows that came later, or that tell of
    later days.
    """
    known = record.known_at(day)
    kept = {id(event) for name in EVENT_FIELDS for event in getattr(known, name)}
    gone = [
        event for name in EVENT_FIELDS for event in getattr(record, name) if id(event) not in kept
    ]
    issues = [x for x in known.issues if x.day is None or x.day <= day]
    if gone:  # a row that lost only its end is gone as it was, and still there
        there = {event.source.row for name in EVENT_FIELDS for event in getattr(known, name)}
        later = {event.source.row for event in gone} - there
        issues = [x for x in issues if x.source.row not in later]
    return replace(known, issues=tuple(issues))
