"""Answers on survival, further cell therapy, response and relapse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rearm.export.cibmtr.answer import (
    NOT_APPLICABLE,
    Answer,
    answered,
    dated,
    depends_on,
    open_because,
)
from rearm.export.cibmtr.case import PeriodCase
from rearm.export.cibmtr.fields import Field
from rearm.export.cibmtr.results import result_words
from rearm.record import EVENT_FIELDS, Death, Source
from rearm.response.score import Visit
from rearm.response.visits import MARROW

__all__ = [
    "at_best_response",
    "best_response",
    "best_response_when",
    "cause_of_death",
    "contact_date",
    "current_status",
    "progressive_disease",
    "progressive_disease_date",
    "relapse_by_imaging",
    "relapse_from_cr",
    "relapse_from_cr_date",
    "relapse_or_progression",
    "relapse_or_progression_date",
    "subsequent_cell_therapy",
    "subsequent_cell_therapy_date",
    "survival_status",
]

_BY_IMAGING = ("new_lesion", "lesion_growth")
_NO_PROGRESSION = ("death_of_myeloma", "new_therapy_without_pd")
_DEEP = ("CR", "sCR")
_NONE = ("NE", "BL")


# ---------------------------------------------------------------- survival


def survival_status(case: PeriodCase, field: Field) -> Answer:
    """Alive only where a day of the period shows it; no death on record is no life."""
    for death in case.whole.deaths:
        inside = case.within(death.when)
        if inside is True:
            return answered("dead", death.day, (death.source,))
        if inside is None:
            return open_because(
                "The patient died, but the record leaves open whether it was in this period.",
                (death.source,),
            )
    contact = _last_contact(case)
    if contact is None:
        return open_because("Nothing on record has a day in this period.")
    day, source = contact
    return answered("alive", day, (source,))


def contact_date(case: PeriodCase, field: Field) -> Answer:
    status = survival_status(case, field)
    if status.value is None:
        return open_because(status.why_open, status.sources)
    if status.day is None:
        return open_because("The day of death is not known exactly.", status.sources)
    return dated(status.day, status.sources)


def cause_of_death(case: PeriodCase, field: Field) -> Answer:
    status = survival_status(case, field)
    if status.value != "dead":
        return depends_on(status)
    death = _death_in(case)
    if death is None or death.cause in ("", "unknown"):
        return open_because("No cause of death is on record; none is inferred.", status.sources)
    return answered(death.cause, death.day, (death.source,))


def _death_in(case: PeriodCase) -> Death | None:
    return next((d for d in case.whole.deaths if case.within(d.when) is True), None)


def _last_contact(case: PeriodCase) -> tuple[int, Source] | None:
    return max(_contacts(case), default=None, key=lambda found: found[0])


def _contacts(case: PeriodCase) -> Iterator[tuple[int, Source]]:
    """Days of the period on which something happened to the patient."""
    first, last = case.period.first, case.period.last
    for name in EVENT_FIELDS:
        for event in getattr(case.whole, name):
            day = event.when.day
            if day is not None and first <= day <= last:
                yield day, event.source
    seen = case.whole.last_seen_day
    if seen is not None and first <= seen <= last:
        yield seen, case.whole.source


# ---------------------------------------------------------------- further cell therapy


def subsequent_cell_therapy(case: PeriodCase, field: Field) -> Answer:
    day, following = case.period.ended_by_infusion, case.next_infusion
    if following is not None and day is not None:
        return answered("yes", day, (following.source,))
    if following is not None and following.day is None:
        return open_because("A further infusion is on record without its day.", (following.source,))
    return open_because("No further infusion is on record. Answer no if there was none.")


def subsequent_cell_therapy_date(case: PeriodCase, field: Field) -> Answer:
    return _date_of(subsequent_cell_therapy(case, field))


# ---------------------------------------------------------------- response


def best_response(case: PeriodCase, field: Field) -> Answer:
    visit = _best_visit(case)
    if visit is None:
        return open_because(_why_none(case))
    return answered(case.course.best_confirmed, visit.when.day, _sources(visit))


def best_response_when(case: PeriodCase, field: Field) -> Answer:
    visit = _best_visit(case)
    if visit is None:
        return depends_on(best_response(case, field))
    if case.best_was_reported:
        return answered("previously reported", visit.when.day, _sources(visit))
    if visit.when.day is None:
        return open_because(f"The visit is known as {visit.when} only.", _sources(visit))
    return dated(visit.when.day, _sources(visit))


def at_best_response(case: PeriodCase, field: Field) -> Answer:
    visit = _best_visit(case)
    if visit is None:
        return depends_on(best_response(case, field))
    lab = visit.results.labs.get(field.test or "")
    if lab is None:
        return open_because("It was not measured at the visit of the best response.")
    return answered(result_words(lab, case.knowledge), lab.day, (lab.source,))


def current_status(case: PeriodCase, field: Field) -> Answer:
    visit = _last_evaluated(case)
    if visit is None:
        return open_because("No visit of the period can be judged.")
    status = visit.confirmed if visit.confirmed not in _NONE else visit.response
    return answered(status, visit.when.day, _sources(visit))


def _best_visit(case: PeriodCase) -> Visit | None:
    course = case.course
    if course.best_confirmed in _NONE or course.best_confirmed_day is None:
        return None
    return next((v for v in course.visits if v.day == course.best_confirmed_day), None)


def _why_none(case: PeriodCase) -> str:
    course = case.course
    if course.not_evaluable:
        return f"The response cannot be judged: {course.not_evaluable}"
    visit = next(iter(course.visits), None)
    if visit is None:
        return "No visit since the infusion is on record."
    if visit.rule == "ne-no-baseline":
        return "No result shows the status right before the lymphodepletion."
    return "No response since the infusion is confirmed."


def _last_evaluated(case: PeriodCase) -> Visit | None:
    """The last visit of the period whose response can be told."""
    for visit in reversed(case.course.visits):
        if case.within(visit.when) is True and visit.response not in _NONE:
            return visit
    return None


# ---------------------------------------------------------------- relapse


def relapse_or_progression(case: PeriodCase, field: Field) -> Answer:
    """By results and by the team. `no` only where a visit of the period shows it."""
    failure = case.failure
    if failure is None:
        return open_because("The day of the infusion is not known.")
    if failure.status == "suspected":
        return open_because("A progression is suspected and not confirmed.", failure.basis)
    if failure.status != "failed":
        return _none_seen(case)
    if failure.kind in _NO_PROGRESSION:
        return open_because(
            "The patient died of myeloma or had new therapy; no progression is on record.",
            failure.basis,
        )
    inside = case.within(failure.when)
    if inside is None:
        return open_because(f"The progression was {failure.when}.", failure.basis)
    if inside is False:
        return _of_earlier(failure.basis)
    return answered("yes", failure.when.day, failure.basis)


def relapse_or_progression_date(case: PeriodCase, field: Field) -> Answer:
    return _date_of(relapse_or_progression(case, field))


def relapse_by_imaging(case: PeriodCase, field: Field) -> Answer:
    relapse = relapse_or_progression(case, field)
    if relapse.value != "yes":
        return depends_on(relapse)
    met = [m.criterion for m in case.course.progression_met]
    if any(criterion in _BY_IMAGING for criterion in met):
        return answered("yes", case.course.progression_day, relapse.sources)
    return open_because("The record does not say that imaging showed it.", relapse.sources)


def progressive_disease(case: PeriodCase, field: Field) -> Answer:
    """By the results alone."""
    course = case.course
    if course.progression_day is None:
        if course.suspicion is not None:
            return open_because("A criterion of progression is met and not confirmed.")
        return _none_seen(case)
    if course.progression_day < case.period.first:
        return _of_earlier(())
    visit = next(v for v in course.visits if any(m.day == course.progression_day for m in v.pd))
    return answered("yes", course.progression_day, _sources(visit))


def progressive_disease_date(case: PeriodCase, field: Field) -> Answer:
    return _date_of(progressive_disease(case, field))


def relapse_from_cr(case: PeriodCase, field: Field) -> Answer:
    """Another question than progression: a patient can have one without the other."""
    course = case.course
    day = course.relapse_from_cr_day
    if day is not None:
        if day < case.period.first:
            return _of_earlier(())
        seen = [v for v in course.visits if v.day == day]
        return answered("yes", day, (x for v in seen for x in _sources(v)))
    if any(signal.id == "relapse_from_cr" for signal in course.signals):
        return open_because("The M-protein was seen once after a confirmed CR, not again.")
    if course.best_confirmed in _DEEP:
        return _none_seen(case)
    if course.best_confirmed in _NONE:
        return open_because(_why_none(case))
    return NOT_APPLICABLE


def relapse_from_cr_date(case: PeriodCase, field: Field) -> Answer:
    return _date_of(relapse_from_cr(case, field))


def _none_seen(case: PeriodCase) -> Answer:
    visit = _last_evaluated(case)
    if visit is None:
        return open_because("No visit of the period can be judged.")
    if visit.response == "PD":
        return open_because("A criterion of progression is met and not confirmed.", _sources(visit))
    return answered("no", visit.when.day, _sources(visit))


def _of_earlier(sources: Iterable[Source]) -> Answer:
    return open_because(
        "The disease progressed in an earlier period; a further progression is not told.", sources
    )


def _date_of(leading: Answer) -> Answer:
    """The date of what another field answers with yes."""
    if leading.value != "yes":
        return depends_on(leading)
    if leading.day is None:
        return open_because("Its day is not known exactly.", leading.sources)
    return dated(leading.day, leading.sources)


def _sources(visit: Visit) -> list[Source]:
    """The results and examinations of the visit, and the marrow that stands at it."""
    results, older = visit.results, visit.marrow_from
    found = [lab.source for lab in results.labs.values()]
    found += [row.source for exam in results.exams for row in exam.rows]
    if older is not None:
        found += [lab.source for test, lab in older.labs.items() if test in MARROW]
    return found
