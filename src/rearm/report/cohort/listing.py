"""The patients for whom a condition holds, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rearm.cohort.store.where import Matches
from rearm.knowledge.bundle import Knowledge, load

__all__ = ["listing"]

_SHOWN = 200


def listing(found: Matches, knowledge: Knowledge | None = None) -> str:
    """Who certainly and who perhaps, with what is unknown and the test that would tell."""
    return "\n".join(_lines(found, knowledge or load()))


def _lines(found: Matches, knowledge: Knowledge) -> Iterator[str]:
    yield f"{_patients(len(found.certain))} certainly: {found.condition}"
    yield from (f"  {patient}" for patient in found.certain[:_SHOWN])
    yield from _more(len(found.certain))
    yield ""
    yield f"{_patients(len(found.perhaps))} perhaps"
    for one in found.perhaps[:_SHOWN]:
        lacking = ", ".join(knowledge.catalogue[name].asked_as for name in one.lacking)
        state = "died; " if one.died else ""
        state += "the CAR-T has not failed so far; " if one.no_failure and not one.died else ""
        yield f"  {one.patient_id}: {state}unknown: {lacking or 'the exact value'}"
    yield from _more(len(found.perhaps))
    would_tell = Counter(test for one in found.perhaps for test in one.would_tell)
    if would_tell:
        yield ""
        yield "Tests that would tell, with the number of patients:"
        for test, number in would_tell.most_common():
            name = knowledge.workups[test].name if test in knowledge.workups else test
            yield f"  {number:>6}  {name}"
    yield ""
    yield f"{_patients(found.no)} not."
    if found.not_judged:
        yield f"{_patients(len(found.not_judged))} could not be assessed."


def _patients(number: int) -> str:
    return "1 patient" if number == 1 else f"{number} patients"


def _more(number: int) -> Iterator[str]:
    if number > _SHOWN:
        yield f"  and {number - _SHOWN} more; --json lists all"
