"""When each test that a board needs was last done, and how old its result may be.

Nothing is decided by it: what is too old is told before the meeting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rearm.knowledge.bundle import Knowledge, load
from rearm.knowledge.rulesets import CurrentTest, Workup
from rearm.record import Record, When

__all__ = ["LastResult", "last_results"]

_IMAGING = ("pet", "imaging")
_STATED = ("frailty",)  # told by facts, which no test of the dictionary is


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResult:
    """One test that a board needs. `day`: the first day that its newest result may be of, so that
    its age is never told too short; None where there is none, or none with a day (`undated`).
    `max_age`: days after which it is too old. `sources`: what the limit rests on.
    """

    workup: str
    name: str
    day: int | None
    undated: bool
    max_age: int
    sources: tuple[str, ...]


def last_results(
    record: Record, *, knowledge: Knowledge | None = None, as_of: int | None = None
) -> tuple[LastResult, ...]:
    """Every test with a limit of age, in the order of the knowledge. `as_of`: a day of the
    patient's axis; nothing later is read. Empty for a patient who died.
    """
    if record.deaths:
        return ()
    known = knowledge or load()
    return tuple(
        _last(record, workup, test, as_of)
        for workup in known.workups.values()
        for test in workup.current
    )


def _last(record: Record, workup: Workup, test: CurrentTest, as_of: int | None) -> LastResult:
    done = list(_done(record, test.tests))
    days = [when.first for when in done if when.first is not None]
    past = [day for day in days if as_of is None or day <= as_of]
    return LastResult(
        workup=workup.id,
        name=test.name,
        day=max(past, default=None),
        undated=bool(done) and not days,
        max_age=workup.max_age or 0,
        sources=workup.age_sources,
    )


def _done(record: Record, tests: Iterable[str]) -> Iterator[When]:
    """When a result of these tests is of, usable ones only."""
    wanted = set(tests)
    yield from (lab.when for lab in record.labs if lab.test in wanted)
    if wanted & set(_IMAGING):
        yield from (row.when for row in record.imaging)
    yield from (fact.when for fact in record.facts if fact.finding in wanted & set(_STATED))
