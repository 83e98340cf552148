"""The relapse to decide on: the last progression or suspicion, whichever line it ended.

`present_relapse` is the public entry. The failure of the CAR-T stays what it is, as history beside
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rearm.outcome.failure import Failure, FailureCertainty
from rearm.outcome.later_lines import LineOutcome, later_lines
from rearm.outcome.marker_rise import MarkerRise
from rearm.outcome.pattern import RelapsePattern
from rearm.outcome.tempo import Tempo, relapse_rise, tempo_of
from rearm.record import Record, Source, When
from rearm.response.criteria import Criteria
from rearm.therapy.lines import lines

__all__ = [
    "CAR_T",
    "NOTHING_KNOWN",
    "DiseaseNow",
    "PresentRelapse",
    "Watching",
    "named",
    "present_relapse",
]

CAR_T = "CAR-T"

_RELAPSED = ("failed", "suspected")


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentRelapse:
    """The relapse to decide on.

    `after`: `CAR-T`, or the agents of the line that ended in it; `line` is its number among all
    lines. `when`: the days that it may have been on. `since`: the first sign of it that has a day.
    `treated_by`: a line begun since, of which it is not known whether it works: then what the
    marker did before tells no tempo of now. `failure` is the judgement of the course that ended.
    `computed`: what the record tells, where the team states it otherwise.
    """

    after: str
    line: int | None
    status: Literal["failed", "suspected"]
    certainty: FailureCertainty | None
    when: When
    pattern: tuple[RelapsePattern, ...]
    tempo: Tempo | None
    since: int | None
    basis: tuple[Source, ...]
    rise: MarkerRise | None = field(default=None, repr=False)
    treated_by: LineOutcome | None = field(default=None, repr=False)
    failure: Failure = field(repr=False, compare=False)
    computed: Failure | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What is watched where there is no relapse: a `response`, or disease that did not progress
    (`no_progression`), under the line `after`.
    """

    code: Literal["response", "no_progression"]
    after: str
    line: int | None
    response: str | None
    last_assessed_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiseaseNow:
    """The relapse, or what is watched; both None where nothing can be said, and after a death
    without progression. `lines`: what became of each line after the last CAR-T.
    """

    relapse: PresentRelapse | None
    watching: Watching | None
    lines: tuple[LineOutcome, ...] = ()


NOTHING_KNOWN = DiseaseNow(relapse=None, watching=None)


def present_relapse(
    record: Record, failures: Sequence[Failure], criteria: Criteria | None = None
) -> DiseaseNow:
    """The state of the disease at the end of the record; `failures` are those of its infusions.

    A line that works, or has shown no progression after a response, leaves nothing to decide on.
    Where it is not known whether the last line works, the progression before it stands.
    """
    if not failures:
        return NOTHING_KNOWN
    later = later_lines(record, criteria)
    car_t = failures[-1]
    last = later[-1] if later else None
    if last is not None and _controls(last):
        return DiseaseNow(
            relapse=None,
            watching=_watching(last.failure, named(last), last.line.number),
            lines=later,
        )
    for place in range(len(later) - 1, -1, -1):
        if later[place].failure.status in _RELAPSED:
            relapse = _relapse(record, later[place].failure, later[place], later[place + 1 :])
            return DiseaseNow(relapse=relapse, watching=None, lines=later)
    if car_t.status in _RELAPSED:
        relapse = _relapse(record, car_t, None, later)
        return DiseaseNow(relapse=relapse, watching=None, lines=later)
    watched = car_t.status == "not_failed" and not later
    number = _line_of_car_t(record)
    return DiseaseNow(
        relapse=None,
        watching=_watching(car_t, CAR_T, number) if watched else None,
        lines=later,
    )


def _controls(last: LineOutcome) -> bool:
    """Does the disease respond under this line, as far as anybody looked? A response that is only
    stated of a line that has ended tells nothing of now.
    """
    failure = last.failure
    if failure.status != "not_failed" or failure.responded is not True:
        return False
    ended = last.line.end != When()
    return failure.last_assessed_day is not None or not ended


def _relapse(
    record: Record,
    failure: Failure,
    outcome: LineOutcome | None,
    since_then: Sequence[LineOutcome],
) -> PresentRelapse:
    """`outcome`: the line that ended in it, None for the CAR-T; `since_then`: the lines begun since
    then.
    """
    status: Literal["failed", "suspected"] = "failed" if failure.status == "failed" else "suspected"
    until = since_then[0].line.start.first if since_then else None
    rise = relapse_rise(record, failure, until)
    tempo = tempo_of(record, failure, rise, until)
    if since_then and tempo != "rapid":
        tempo = None
    return PresentRelapse(
        after=CAR_T if outcome is None else named(outcome),
        line=_line_of_car_t(record) if outcome is None else outcome.line.number,
        status=status,
        certainty=failure.certainty,
        when=failure.when,
        pattern=failure.pattern,
        tempo=tempo,
        since=_first_sign(failure),
        basis=failure.basis,
        rise=rise,
        treated_by=since_then[-1] if since_then else None,
        failure=failure,
        computed=failure.computed,
    )


def _first_sign(failure: Failure) -> int | None:
    signs = [s.day for s in failure.signals if s.open and s.day is not None]
    last = failure.when.day
    return min([*signs, last] if last is not None else signs, default=None)


def named(outcome: LineOutcome) -> str:
    """The agents of the line; without any its regimen or number."""
    regimens = [row.regimen for row in outcome.line.rows if row.regimen]
    return " + ".join(outcome.agents) or next(iter(regimens), f"line {outcome.line.number}")


def _line_of_car_t(record: Record) -> int | None:
    numbers = [line.number for line in lines(record) if line.infusion is not None]
    return numbers[-1] if numbers else None


def _watching(failure: Failure, after: str, line: int | None) -> Watching:
    return Watching(
        code="response" if failure.responded else "no_progression",
        after=after,
        line=line,
        response=failure.best_response,
        last_assessed_day=failure.last_assessed_day,
    )
