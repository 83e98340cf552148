"""What a result claims, ordered by how much it claims, and which pairs of claims contradict.

A fuller record and the same with one datum less or less exact: the thinner one may know less. It
may not state what the fuller one denies. The table is what a haematologist has to check.

| claim | what the thinner record may say |
|---|---|
| status of the failure | the same, `suspected` or `cannot be judged`; `not failed` only to a day |
| | before the failure of the fuller record |
| day of the failure | the same, an interval that holds it, or none |
| kind, timing, responded | the same or nothing |
| best response | the same, a lower one, or none |
| grade of a cause | nearer to `possible` or `not assessed`; never from one side to the other |
| verdict of an option | the same or a worse one; a better one where its line names what must be |
| | true first |
| endpoint | the same; censored before; not computable |
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rearm.assessment import Assessment
from rearm.assessment.result import FailureResult, OptionResult

__all__ = ["contradictions"]

RESPONSES = ["PD", "SD", "MR", "PR", "VGPR", "CR", "sCR"]
_AGAINST = ("excluded", "unlikely")
_FOR = ("likely", "established")
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
            yield from _of_option(option, options[option.id])


def _of_failure(full: FailureResult, thin: FailureResult) -> Iterator[str]:
    if full.status == "failed" and thin.status in ("not_failed", "died_without_progression"):
        followed = thin.followed_to_day
        if full.day is None or followed is None or followed >= full.day:
            yield f"status failed (day {full.day}), thinner: {thin.status} to day {followed}"
    if full.status in ("not_failed", "cannot_be_judged") and thin.status == "failed":
        yield f"status {full.status}, thinner: failed on day {thin.day}"
    days = (full.day, thin.day)
    if full.status == thin.status == "failed" and None not in days and full.day != thin.day:
        yield f"failed on day {full.day}, thinner: day {thin.day}"
    for name in ("kind", "timing"):
        one, other = getattr(full, name), getattr(thin, name)
        if other is not None and one is not None and one != other:
            yield f"{name} {one}, thinner: {other}"
    before, now = (_rank(x.best_response) for x in (full, thin))
    if before is not None and now is not None and now > before:
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


def _of_option(full: OptionResult, thin: OptionResult) -> Iterator[str]:
    if full.verdict is None or thin.verdict is None:
        return
    was, now = VERDICTS.index(full.verdict), VERDICTS.index(thin.verdict)
    if now > was and not thin.unknown:
        yield f"option {full.id} {full.verdict}, thinner: {thin.verdict}, nothing named as unknown"


def grown(full: dict[str, Any], thin: dict[str, Any]) -> Iterator[str]:
    """Endpoints: an event that the fuller record has stays, goes, or is censored before it."""
    for name, other in thin.items():
        one = full.get(name)
        if one is None or other is None:
            continue
        if one["event"] and not other["event"] and other["day"] >= one["day"]:
            yield f"endpoint {name}: event on day {one['day']}, thinner: none to day {other['day']}"
        if not one["event"] and other["event"] and other["day"] <= one["day"]:
            yield f"endpoint {name}: none to day {one['day']}, thinner: event on day {other['day']}"
