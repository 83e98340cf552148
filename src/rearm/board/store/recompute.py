"""Answers brought up to the knowledge, software and centre's list of today, without new data."""

from __future__ import annotations

from rearm.board.child.worker import Worker
from rearm.board.refusals import NotUsable, Refusal
from rearm.board.store.answers import add_answer, kept_rows, read_kept
from rearm.board.store.cases import all_cases, as_seen, case_of, latest_result
from rearm.board.store.centres import is_of_the_list
from rearm.board.store.current import is_of_today
from rearm.board.store.database import Database
from rearm.board.store.follow_ups import follow_ups_of, rows_of, standing

__all__ = ["outdated_cases", "recompute", "recompute_all"]


def recompute(database: Database, reader: Worker, case_id: str, version: int, who: str) -> None:
    """A further version of the answer from the kept rows, with those of the follow-up. Raises
    NotUsable with a sentence where nothing would be new, and Conflict.
    """
    with database.reading() as session:
        as_seen(session, case_id, version)
        newest = latest_result(session, case_id)
        kept = kept_rows(session, case_id)
        if newest is not None and is_of_today(newest) and is_of_the_list(session, newest):
            raise NotUsable("The answer is that of today's knowledge already.")
        added = rows_of(standing(follow_ups_of(session, case_id)), kept.patient_id)
    patient = read_kept(reader, kept, added)
    with database.writing() as session:
        as_seen(session, case_id, version)
        add_answer(session, case_id, who, patient, cause="recomputed")


def outdated_cases(database: Database, tenant: str) -> list[tuple[str, int]]:
    """The ids and versions of the cases whose answer is not that of today."""
    with database.reading() as session:
        return [
            (case.id, case.version)
            for case in all_cases(session, tenant)
            if (newest := latest_result(session, case.id)) is not None
            and not (is_of_today(newest) and is_of_the_list(session, newest))
        ]


def recompute_all(
    database: Database, reader: Worker, tenant: str, who: str
) -> tuple[int, tuple[str, ...]]:
    """Every answer that is not that of today, one after the other; gives how many are new, and a
    sentence for each patient whose answer stays as it was. One that fails holds up no other.
    """
    done, left = 0, []
    for case_id, version in outdated_cases(database, tenant):
        try:
            recompute(database, reader, case_id, version, who)
            done += 1
        except Refusal as refusal:
            with database.reading() as session:
                left.append(f"{case_of(session, case_id).patient_id}: {refusal}")
    return done, tuple(left)
