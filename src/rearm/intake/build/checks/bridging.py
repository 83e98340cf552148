"""Treatment between leukapheresis and infusion of which no purpose is entered: bridging belongs to
the cells, any other treatment is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.lexicon import Lexicon
from rearm.record import Issue, Record, Therapy, When, last_apheresis

__all__ = ["flag_perhaps_bridging"]


def flag_perhaps_bridging(record: Record, lexicon: Lexicon) -> Iterator[Issue]:
    """A note for each row that began after the cells were collected and before they were given."""
    between = [
        (collected, infusion.day)
        for infusion in record.infused()
        if infusion.day is not None
        and (collected := last_apheresis([infusion], infusion.day)) is not None
    ]
    for row in record.therapies:
        if row.purpose is not None or not _may_treat(row, lexicon):
            continue
        for collected, infused in between:
            if _lies_between(row.start, collected, infused):
                yield issue_at(row.source, _problem(row, collected, infused), record.patient_id)
                break


def _may_treat(row: Therapy, lexicon: Lexicon) -> bool:
    return any(lexicon.treats_myeloma(agent) is not False for agent in row.agents)


def _lies_between(start: When, collected: When, infused: int) -> bool:
    """Surely not before the collection and surely before the infusion."""
    since = collected.last if collected.last is not None else collected.first
    if since is None or start.first is None or start.last is None:
        return False
    return since <= start.first and start.last < infused


def _problem(row: Therapy, collected: When, infused: int) -> CellProblem:
    counted = (
        "It is counted as a line of therapy by its number"
        if row.line is not None
        else "Whether it is a line of therapy stays open"
    )
    sentence = (
        f"{', '.join(row.agents)} ({row.start}) was begun between leukapheresis ({collected}) and "
        f"the infusion of day {infused}, and no purpose is entered. {counted}; enter the purpose "
        "bridging if it was."
    )
    return CellProblem("note", "perhaps_bridging", sentence, "used")
