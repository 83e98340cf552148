"""What a result claims, ordered by how much it claims, and which pairs of claims contradict.

A fuller record and the same with one datum less or less exact: the thinner one may know less. It
may not state what the fuller one denies. The table is what a haematologist has to check.

| claim | what the thinner record may say |
|---|---|
| status of the failure | the same, `suspected` or `cannot be judged`; `not failed` only to a day |
| | before the failure of the fuller record |
| day of the failure | the day on which the record first shows it: the same, a later one, or none |
| kind, timing, responded | the same, a wider kind, or nothing; a later timing with a later day |
| best response | the same, a lower one, or none; the team's own word, named as such |
| grade of a cause | nearer to `possible` or `not assessed`; never from one side to the other |
| verdict of an option | the same or a worse one; a better one where its line names what must be |
| | true first |
| endpoint | the same; an event later; censored not after the event, unless the failure |
| | itself is told as open; not computable |
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.assessment import Assessment
from rearm.assessment.result import FailureResult, OptionResult
from rearm.outcome.patient_course import PatientCourse

__all__ = ["contradictions", "endpoint_contradictions"]

RESPONSES = ["PD", "SD", "MR", "PR", "VGPR", "CR", "sCR"]
_AGAINST = ("excluded", "unlikely")
_FOR = ("likely", "established")
# after a response, whichever it was
_WIDER = {("progression_from_cr", "progression_after_response")}
_OPEN = ("suspected", "cannot_be_judged")
# A therapy or a result without a day is not placed after the next therapy begins: these two count
# what has a day, as `docs/reading-a-report.md` says.
_COUNT_WHAT_IS_DATED = ("TTNT", "PFS2")
VERDICTS = ["excluded", "discouraged", "needs_information", "acceptable", "preferred"]


def contradictions(full: Assessment, thin: Assessment) -> Iterator[str]:
    """What the thinner record's result states and the fuller one's denies."""
    if len(full.failures) == len(thin.failures):
        for one, other in zip(full.failures, thin.failures, strict=True):
            yield from _of_failure(one, other)
    yield from _of_grades(full, thin)
    options = {option.id: option for option in thin.options}
    for option in full.options:
        if option.id in options:
            now = options[option.id]
            yield from _of_option(option, now, named=bool(thin.must_be_known_first(now)))


def _of_failure(full: FailureResult, thin: FailureResult) -> Iterator[str]:
    if full.status == "failed" and thin.status in ("not_failed", "died_without_progression"):
        followed = thin.followed_to_day
        if full.day is None or followed is None or followed >= full.day:
            yield f"status failed (day {full.day}), thinner: {thin.status} to day {followed}"
    if full.status in ("not_failed", "cannot_be_judged") and thin.status == "failed":
        yield f"status {full.status}, thinner: failed on day {thin.day}"
    moved = 0 if full.day is None or thin.day is None else thin.day - full.day
    if full.status == thin.status == "failed" and moved < 0:
        yield f"failed on day {full.day}, thinner: day {thin.day}"
    later = moved > 0
    for name in ("kind",) if later else ("kind", "timing"):
        one, other = getattr(full, name), getattr(thin, name)
        if None not in (one, other) and one != other and (one, other) not in _WIDER:
            yield f"{name} {one}, thinner: {other}"
    before, now = _rank(full.best_response), _rank(thin.best_response)
    if (
        thin.best_response_by == "computed"
        and before is not None
        and now is not None
        and now > before
    ):
        yield f"best response {full.best_response}, thinner: {thin.best_response}"


def _rank(response: str | None) -> int | None:
    return RESPONSES.index(response) if response in RESPONSES else None


def _of_grades(full: Assessment, thin: Assessment) -> Iterator[str]:
    before, now = _grades(full), _grades(thin)
    for name, grade in now.items():
        was = before.get(name)
        if (was in _AGAINST and grade in _FOR) or (was in _FOR and grade in _AGAINST):
            yield f"{name} {was}, thinner: {grade}"


def _grades(result: Assessment) -> dict[str, str]:
    grades: dict[str, str] = {f"group {g.group}": g.grade for g in result.causes.groups}
    for group in result.causes.groups:
        grades |= {f"factor {f.id}": f.grade for f in group.factors}
    return grades


def _of_option(full: OptionResult, thin: OptionResult, *, named: bool) -> Iterator[str]:
    if full.verdict is None or thin.verdict is None:
        return
    was, now = VERDICTS.index(full.verdict), VERDICTS.index(thin.verdict)
    if now > was and not named:
        yield f"option {full.id} {full.verdict}, thinner: {thin.verdict}, nothing named as unknown"


def endpoint_contradictions(full: PatientCourse, thin: PatientCourse) -> Iterator[str]:
    """An event of the fuller record may go, not turn into being free of it on a later day; and
    where it had none, none may come. Counted from the same day only.
    """
    if thin.failure is None or thin.failure.status in _OPEN:
        return
    for name, one in full.endpoints.items():
        other = thin.endpoints.get(name)
        if other is None or one.origin_day != other.origin_day or name in _COUNT_WHAT_IS_DATED:
            continue
        if one.day is None or other.day is None:
            continue
        if (one.status, other.status) == ("event", "censored") and other.day > one.day:
            yield f"{name}: event on day {one.day}, thinner: none to day {other.day}"
        if (one.status, other.status) == ("censored", "event") and other.day <= one.day:
            yield f"{name}: none to day {one.day}, thinner: event on day {other.day}"
