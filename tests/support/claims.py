"""What a result claims, ordered by how much it claims, and which pairs of claims contradict.

A fuller record and the same with one datum less or less exact: the thinner one may know less. It
may not state what the fuller one denies. The table is what a haematologist has to check.

| claim | what the thinner record may say |
|---|---|
| status of the failure | the same, `suspected` or `cannot be judged`; `not failed` only to a day |
| | before the failure of the fuller record; by death of a cause not stated |
| day of the failure | the day on which the record first shows it: the same, a later one, or none; |
| | the day of the team, named as such |
| kind, timing, responded | the same, a wider kind, the one that the team's own response gives, or |
| | nothing; a later timing with a later day; death of myeloma for its progression |
| best response | the same, a lower one, or none; one that says that it lacks the urine; the |
| | team's own word, named as such |
| grade of a cause | nearer to `possible` or `not assessed`; never from one side to the other |
| verdict of an option | the same or a worse one; a better one where its line names what must be |
| | true first |
| endpoint | the same; an event later; censored not after the event, unless the failure |
| | itself is told as open; not computable. Of an event that the fuller record only |
| | suspects, nothing is denied. A new therapy without a day is taken to follow a |
| | progression that has one |

A row that is gone whole leaves no trace, nor does a result without its value, and what has no day
at all is not placed: the thinner record may then lack what that row showed, and what stood on both
sides of it now follows one another. There it may also state what the fuller one saw once and then
denied by that row: a progression on a day on which a criterion was met, or the light chains rose
without counting, or a lesion stood that a biopsy explained; a response that one marker of one visit
showed. A variant that is not listed beside others of its sample is read as absent, what began and
has no end on record as going on, and a condition that is present without a day as present: grades
of causes may follow. A fact or a condition of which nobody tells explains nothing, and a verdict
that rested on it goes. What no fuller record ever saw stays a contradiction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rearm.assessment import Assessment
from rearm.assessment.result import FailureResult, OptionResult
from rearm.outcome.failures import failures
from rearm.outcome.patient_course import PatientCourse
from rearm.record import Record

__all__ = ["NOTHING_SEEN", "SeenOnce", "contradictions", "endpoint_contradictions", "seen_once"]

RESPONSES = ["PD", "SD", "MR", "PR", "VGPR", "CR", "sCR"]
_AGAINST = ("excluded", "unlikely")
_FOR = ("likely", "established")
_OPEN = ("suspected", "cannot_be_judged")
# A therapy or a result without a day is not placed after the next therapy begins: these two count
# what has a day, as `docs/reading-a-report.md` says.
_COUNT_WHAT_IS_DATED = ("TTNT", "PFS2")
VERDICTS = ["excluded", "discouraged", "needs_information", "open"]


@dataclass(frozen=True)
class SeenOnce:
    """What a fuller record saw at one visit: days on which a criterion of progression was met, and
    the deepest response. `without_trace`: the change took a row away, or what placed it;
    `explained`: a fact or a condition, which explains others. Nothing, where it left a trace.
    """

    progression_days: frozenset[int] = frozenset()
    depth: int = -1
    without_trace: bool = False
    explained: bool = False


NOTHING_SEEN = SeenOnce()


def seen_once(record: Record, table: str) -> SeenOnce:
    """What the visits after all infusions showed before confirmation. `table`: that of the row."""
    visits = [v for f in failures(record) if f.course is not None for v in f.course.visits]
    depths = [_rank(v.without_urine or v.response) for v in visits]
    depths += [level for v in visits for level, *_ in v.levels]
    explained = {x.value.split("=")[0] for x in record.facts if x.finding == "lesion_histology"}
    lesions = [x.when.day for x in record.imaging if x.lesion in explained]
    return SeenOnce(
        progression_days=frozenset(
            (
                *(p.day for v in visits for p in v.pd),
                *(v.day for v in visits if v.escape),
                *(day for day in lesions if day is not None),
            )
        ),
        depth=max((x for x in depths if x is not None), default=-1),
        without_trace=True,
        explained=table in ("facts", "conditions"),
    )


def contradictions(
    full: Assessment, thin: Assessment, seen: SeenOnce = NOTHING_SEEN
) -> Iterator[str]:
    """What the thinner record's result states and the fuller one's denies. `seen`: where the change
    took a result away whole, what the fuller record saw once.
    """
    if len(full.failures) == len(thin.failures):
        for one, other in zip(full.failures, thin.failures, strict=True):
            yield from _of_failure(one, other, seen)
    if not seen.without_trace:
        yield from _of_grades(full, thin)
    options = {option.id: option for option in thin.options}
    for option in full.options:
        if option.id in options:
            now = options[option.id]
            named = seen.explained or bool(thin.must_be_known_first(now))
            yield from _of_option(option, now, named=named)


def _of_failure(full: FailureResult, thin: FailureResult, seen: SeenOnce) -> Iterator[str]:
    if thin.status == "failed" and thin.day != full.day and thin.day in seen.progression_days:
        return
    if (full.kind, thin.status) == ("death_of_myeloma", "died_without_progression"):
        return
    by_team = thin.certainty == "recorded_by_team" and thin.day == full.team_day
    free = thin.status in ("not_failed", "died_without_progression")
    if full.status == "failed" and free and not seen.without_trace:
        followed = thin.followed_to_day
        if full.day is None or followed is None or followed >= full.day:
            yield f"status failed (day {full.day}), thinner: {thin.status} to day {followed}"
    if full.status in ("not_failed", "cannot_be_judged") and thin.status == "failed":
        yield f"status {full.status}, thinner: failed on day {thin.day}"
    moved = 0 if full.day is None or thin.day is None else thin.day - full.day
    if full.status == thin.status == "failed" and moved < 0 and not by_team:
        yield f"failed on day {full.day}, thinner: day {thin.day}"
    later = moved > 0
    for name in ("kind",) if later else ("kind", "timing"):
        one, other = getattr(full, name), getattr(thin, name)
        stated = name == "kind" and (thin.best_response_by == "team" or seen.without_trace)
        same = None in (one, other) or one == other
        if not same and not stated and not by_team and not _wider(one, other):
            yield f"{name} {one}, thinner: {other}"
    before, now = _rank(full.best_response), _rank(thin.best_response)
    if (
        thin.best_response_by == "computed"
        and before is not None
        and now is not None
        and now > max(before, seen.depth)
        and "urine" not in thin.best_response_lacks
    ):
        yield f"best response {full.best_response}, thinner: {thin.best_response}"


def _wider(full: str, thin: str) -> bool:
    """After a response, whichever it was; by the death of myeloma alone."""
    return thin == "death_of_myeloma" or (full, thin) == (
        "progression_from_cr",
        "progression_after_response",
    )


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


def endpoint_contradictions(
    full: PatientCourse, thin: PatientCourse, seen: SeenOnce = NOTHING_SEEN
) -> Iterator[str]:
    """An event of the fuller record may go, not turn into being free of it on a later day; and
    where it had none, none may come. Counted from the same day only.
    """
    if thin.failure is None or thin.failure.status in _OPEN:
        return
    therapy_undated = seen.without_trace or thin.endpoints["TTNT"].obstacle == "new_therapy_undated"
    only_suspected = full.failure is not None and full.failure.status in _OPEN
    for name, one in full.endpoints.items():
        other = thin.endpoints.get(name)
        if other is None or one.origin_day != other.origin_day or name in _COUNT_WHAT_IS_DATED:
            continue
        if one.day is None or other.day is None or other.day in seen.progression_days:
            continue
        lost = (one.status, other.status) == ("event", "censored") and other.day > one.day
        lost = lost and not seen.without_trace
        only_by_death = name == "failure-a" and thin.failure.kind == "death_of_myeloma"
        if lost and not only_by_death and not (only_suspected and name.startswith("failure-")):
            yield f"{name}: event on day {one.day}, thinner: none to day {other.day}"
        come = (one.status, other.status) == ("censored", "event") and other.day <= one.day
        if come and not (therapy_undated and name.startswith("failure-")):
            yield f"{name}: none to day {one.day}, thinner: event on day {other.day}"
