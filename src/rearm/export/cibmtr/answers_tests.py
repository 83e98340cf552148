"""Answers on antigen escape, blood, CAR-T cells, toxicities and therapy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.export.cibmtr.answer import (
    NOT_APPLICABLE,
    Answer,
    answered,
    dated,
    depends_on,
    open_because,
)
from rearm.export.cibmtr.answers_course import relapse_or_progression
from rearm.export.cibmtr.case import PeriodCase
from rearm.export.cibmtr.fields import Field
from rearm.export.cibmtr.results import result_words, surely_detected
from rearm.record import Lab, Source, Therapy, Toxicity, Variant

__all__ = [
    "antigen_date",
    "antigen_escape",
    "antigen_method",
    "last_detected",
    "last_result",
    "new_condition",
    "therapy_since",
    "toxicity",
    "toxicity_end",
    "toxicity_grade",
    "toxicity_onset",
]

# targets of products of which the findings judge the antigen at the failure of the CAR-T
_STATUS_OF = {"BCMA": "cart_bcma_status", "GPRC5D": "cart_gprc5d_status"}
# the form asks for evidence, partial loss included, and which methods showed it: one is enough
_LOSS_SEEN = ("lost", "subclonal_loss", "not_detected_unconfirmed", "reduced")
_METHODS = {"flow": "flow_cytometry", "immunohistochemistry": "immunohistochemistry"}
_CAR_TESTS = (
    "car_copies_per_ug_dna",
    "car_copies_per_1000_cells",
    "car_t_cells_absolute",
    "car_t_cells_flow",
)
_NOT_SINCE = ("bridging", "lymphodepletion")


# ---------------------------------------------------------------- antigen escape


def antigen_escape(case: PeriodCase, field: Field) -> Answer:
    """Of the antigens that the product binds. That nobody tested is never inferred from silence."""
    relapse = relapse_or_progression(case, field)
    if relapse.value != "yes":
        return depends_on(relapse)
    targets = case.period.product.doses[0].targets
    names = [_STATUS_OF[target] for target in targets if target in _STATUS_OF]
    if not names or len(names) < len(targets):
        return open_because("It is not known which antigens the product binds, or how to judge it.")
    if case.antigens is None:
        plan = plan_of(case.knowledge)
        case.antigens = patient_at(case.whole, case.period.cut, plan).found
    found = [case.antigens[name] for name in names if name in case.antigens]
    sources = [source for one in found for source in one.sources]
    if any(one.value in _LOSS_SEEN for one in found):
        return answered("yes", _last_day(case, sources), sources)
    if len(found) == len(names) and all(one.value == "retained" for one in found):
        return answered("no", _last_day(case, sources), sources)
    if any(one.value is not None or one.possible for one in found):
        return open_because("The antigen was tested, but the result does not tell.", sources)
    return open_because(
        "No antigen test since the relapse is on record. Answer not tested if none was done."
    )


def antigen_method(case: PeriodCase, field: Field) -> Answer:
    escape = antigen_escape(case, field)
    if escape.value not in ("yes", "no"):
        return depends_on(escape)
    rows = _rows_of(case, escape.sources)
    labs = [row for row in rows if isinstance(row, Lab)]
    if field.method in _METHODS:
        found = [lab for lab in labs if lab.method == _METHODS[field.method]]
        if found:
            return answered("yes", found[-1].day, [lab.source for lab in found])
    else:
        other = [row for row in rows if isinstance(row, Variant)]
        if other:
            assays = sorted({row.assay or "genetics" for row in other})
            return answered(", ".join(assays), other[-1].day, [row.source for row in other])
    if any(lab.method is None for lab in labs) or not rows:
        return open_because("The method is not on record.", escape.sources)
    return NOT_APPLICABLE


def antigen_date(case: PeriodCase, field: Field) -> Answer:
    escape = antigen_escape(case, field)
    if escape.value not in ("yes", "no"):
        return depends_on(escape)
    if escape.day is None:
        return open_because("The day of the sample is not known exactly.", escape.sources)
    return dated(escape.day, escape.sources)


def _rows_of(case: PeriodCase, sources: Sequence[Source]) -> list[Lab | Variant]:
    rows: list[Lab | Variant] = [*case.record.labs, *case.record.variants]
    return [row for row in rows if row.source in sources]


def _last_day(case: PeriodCase, sources: Sequence[Source]) -> int | None:
    days = [row.day for row in _rows_of(case, sources) if row.day is not None]
    return max(days, default=None)


# ---------------------------------------------------------------- results


def last_result(case: PeriodCase, field: Field) -> Answer:
    """The last of the period; one that may be later is not passed over in silence."""
    test = field.test or ""
    labs, maybe = case.labs_in(test), case.maybe_in(test)
    if labs:
        lab = labs[-1]
        return answered(result_words(lab, case.knowledge), lab.day, (lab.source,))
    if maybe:
        return open_because(
            "A result is on record, but its value or its day can't be used.",
            [lab.source for lab in maybe],
        )
    return open_because("No result of the period is on record.")


def last_detected(case: PeriodCase, field: Field) -> Answer:
    found = [lab for lab in case.labs_in(*_CAR_TESTS) if surely_detected(lab)]
    if found and found[-1].day is not None:
        return dated(found[-1].day, (found[-1].source,))
    if case.labs_in(*_CAR_TESTS):
        return open_because("No result of the period surely shows CAR-T cells.")
    return open_because("No result of the period is on record.")


# ---------------------------------------------------------------- toxicities


def toxicity(case: PeriodCase, field: Field) -> Answer:
    """`no` only where it was looked for: a row with grade 0, or a condition stated as absent."""
    found = _episodes(case, field)
    if found.yes:
        return answered("yes", case.first_day(x[0] for x in found.yes), [x[1] for x in found.yes])
    if found.unclear:
        return open_because(
            "It is on record, but the day leaves open whether in this period.", found.unclear
        )
    if found.no:
        return answered("no", None, found.no)
    if found.denied:
        return open_because(
            "It is denied on record (grade 0 or absent), but without a day of this period.",
            found.denied,
        )
    return open_because("Nothing is on record. Answer no if it was looked for.")


@dataclass(slots=True, kw_only=True)
class _Episodes:
    """What is on record: episodes of the period with their first day, what denies one in it, what
    may be of it, and what denies one on a day that is not known.
    """

    yes: list[tuple[int | None, Source]] = field(default_factory=list)
    no: list[Source] = field(default_factory=list)
    unclear: list[Source] = field(default_factory=list)
    denied: list[Source] = field(default_factory=list)

    def deny(self, source: Source, inside: bool | None) -> None:
        if inside is not False:
            (self.no if inside else self.denied).append(source)


def _episodes(case: PeriodCase, asked: Field) -> _Episodes:
    found = _Episodes()
    for row in case.toxicities(asked.toxicity or ""):
        inside = case.within(row.when, with_infusion=True)
        if row.grade == 0:
            found.deny(row.source, inside)
        elif inside is True:
            found.yes.append((row.day, row.source))
        elif inside is None or _may_last(row, case):
            found.unclear.append(row.source)
    for condition in case.record.conditions:
        if condition.condition not in asked.conditions:
            continue
        inside = case.within(condition.when)
        if condition.status == "absent":
            found.deny(condition.source, inside)
        elif inside is True and condition.status == "present":
            found.yes.append((condition.day, condition.source))
        elif inside is True:
            found.unclear.append(condition.source)
    return found


def _may_last(row: Toxicity, case: PeriodCase) -> bool:
    """Whether an episode of an earlier period may reach into this one."""
    before = row.when.last is not None and row.when.last < case.period.first
    return before and (row.end.last is None or row.end.last >= case.period.first)


def _of_period(case: PeriodCase, field: Field) -> list[Toxicity]:
    rows = case.toxicities(field.toxicity or "")
    return [row for row in rows if row.grade != 0 and case.within(row.when, with_infusion=True)]


def toxicity_onset(case: PeriodCase, field: Field) -> Answer:
    leading = toxicity(case, field)
    if leading.value != "yes":
        return depends_on(leading)
    rows = _of_period(case, field)
    days = [row.day for row in rows]
    first = case.first_day(days)
    if first is None or None in days:
        return open_because("The day of onset is not known exactly.", leading.sources)
    return dated(first, leading.sources)


def toxicity_grade(case: PeriodCase, field: Field) -> Answer:
    leading = toxicity(case, field)
    if leading.value != "yes":
        return depends_on(leading)
    rows = _of_period(case, field)
    grades = [row.grade for row in rows]
    known = [grade for grade in grades if grade is not None]
    if len(known) < len(grades):
        least = max(int(row.grades.low) for row in rows)
        return open_because(f"The highest grade is at least {least}.", leading.sources)
    return answered(str(max(known)), None, leading.sources)


def toxicity_end(case: PeriodCase, field: Field) -> Answer:
    leading = toxicity(case, field)
    if leading.value != "yes":
        return depends_on(leading)
    ends = [row.end.day for row in _of_period(case, field)]
    known = [day for day in ends if day is not None]
    if len(known) < len(ends):
        return open_because("The end of an episode is not on record.", leading.sources)
    return dated(max(known), leading.sources)


def new_condition(case: PeriodCase, field: Field) -> Answer:
    """`no` only where each of the conditions is stated as absent in the period."""
    rows = [c for c in case.record.conditions if c.condition in field.conditions]
    present = [c for c in rows if c.status == "present"]
    new = [c for c in present if case.within(c.when) is True]
    older = {c.condition for c in present if case.within(c.when) is not True}
    first = [c for c in new if c.condition not in older]
    if first:
        return answered("yes", case.first_day(c.day for c in first), [c.source for c in first])
    if new or any(case.within(c.when) is None for c in rows):
        return open_because("One is on record, but not whether it is new in this period.")
    denied = {c.condition for c in rows if c.status == "absent" and case.within(c.when) is True}
    if denied == set(field.conditions):
        return answered("no", None, [c.source for c in rows if c.status == "absent"])
    return open_because("Nothing is on record. Answer no if it was looked for.")


# ---------------------------------------------------------------- therapy


def therapy_since(case: PeriodCase, field: Field) -> Answer:
    rows = [
        t
        for t in case.record.therapies
        if t.purpose not in _NOT_SINCE and case.within(t.start) is True
    ]
    if not rows:
        return open_because("No therapy of the period is on record. Answer none if none was given.")
    words = "; ".join(_therapy_words(row) for row in rows)
    return answered(words, rows[0].start.day, [row.source for row in rows])


def _therapy_words(row: Therapy) -> str:
    what = ", ".join(row.agents) or row.regimen or "not named"
    parts = [f"{what} ({row.purpose or 'purpose not stated'})", f"from {row.start}"]
    if row.end.first is not None or row.end.last is not None:
        parts.append(f"to {row.end}")
    if row.stop_reason:
        parts.append(f"stopped: {row.stop_reason}")
    return ", ".join(parts)
