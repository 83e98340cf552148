"""What became of a decision: rules, versions, and the rows that it adds to a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.child.reading import TidyRow
from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.answers import OF_FOLLOW_UP
from rearm.board.store.cases import as_seen, decisions_of, touch
from rearm.board.store.meeting_tables import FollowUp
from rearm.board.store.tables import Decision, new_id
from rearm.board.store.utc import now
from rearm.characters import first_harmful
from rearm.knowledge.bundle import bundled

__all__ = [
    "DONE",
    "KNOWN",
    "LONGEST",
    "RESPONSES",
    "Followed",
    "check_followed",
    "follow_up",
    "follow_ups_of",
    "followed_of",
    "rows_of",
    "standing",
    "wanting",
]

DONE: Mapping[str, str] = {
    "yes": "as decided",
    "partly": "partly",
    "no": "not done",
    "unknown": "not known",
}
KNOWN: Mapping[str, str] = {"yes": "yes", "no": "no", "unknown": "not known"}
RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
LONGEST = 4000
"""Characters of a text."""

_DAYS = {
    "started": "start",
    "ended": "end",
    "response_day": "best response",
    "progression_day": "progression",
    "death_day": "death",
    "next_look": "next look",
}


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A follow-up as the form gives it; every field is text, empty where nothing is known. Days are
    dates (2026-12-07); `given` is the id of an option.
    """

    done: str = ""
    why_not: str = ""
    given: str = ""
    given_text: str = ""
    started: str = ""
    ended: str = ""
    best_response: str = ""
    response_day: str = ""
    progressed: str = ""
    progression_day: str = ""
    died: str = ""
    death_day: str = ""
    next_look: str = ""
    note: str = ""


def follow_ups_of(session: Session, case_id: str) -> list[FollowUp]:
    """All versions, the newest first."""
    rows = select(FollowUp).where(FollowUp.case_id == case_id).order_by(FollowUp.number.desc())
    return [*session.scalars(rows)]


def standing(follow_ups: Iterable[FollowUp]) -> list[FollowUp]:
    """The newest version for each decision, in the order of the decisions' follow-up."""
    newest: dict[str, FollowUp] = {}
    for row in sorted(follow_ups, key=lambda row: row.number):
        newest[row.decision_id] = row
    return sorted(newest.values(), key=lambda row: row.number)


def wanting(given: Followed) -> list[str]:
    """What keeps the follow-up from being kept, each a sentence; empty where nothing does."""
    found = [*_words_wanting(given), *_days_wanting(given)]
    for text in (given.why_not, given.given_text, given.note):
        if len(text) > LONGEST:
            found.append(f"A text is longer than {LONGEST} characters. Shorten it.")
        if first_harmful(text) is not None:
            found.append("A text contains a character that is no text. Type it again.")
    return found


def _words_wanting(given: Followed) -> Iterator[str]:
    if given.done not in DONE:
        yield "Choose whether what was decided was done."
    if given.given and given.given not in bundled().options:
        yield "What was given is no option of the knowledge. Choose one, or write it as text."
    if given.done in ("yes", "partly") and not (given.given or given.given_text.strip()):
        yield "Say what was given."
    if given.best_response and given.best_response not in RESPONSES:
        yield "Choose a best response of the list."
    for name, asked in (("progressed", "progressed"), ("died", "died")):
        if getattr(given, name) not in ("", *KNOWN):
            yield f"Choose whether the patient {asked}."


def _days_wanting(given: Followed) -> Iterator[str]:
    days: dict[str, date] = {}
    for name, what in _DAYS.items():
        text = getattr(given, name)
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError:
            day, is_day = None, False
        else:
            is_day = day is None or day.isoformat() == text  # no other form of a date
        if day is not None and is_day:
            days[name] = day
        if not is_day:
            yield f"Give the day ({what}) as year-month-day (2026-12-07)."
    first, last = days.get("started"), days.get("ended")
    if first is not None and last is not None and last < first:
        yield "The end of the treatment is before its start."
    today = now().date()
    for name, day in days.items():
        if name != "next_look" and day > today:
            yield f"The day ({_DAYS[name]}) lies in the future."
    if given.response_day and not given.best_response:
        yield "Choose the best response that was reached on this day."
    if given.progression_day and given.progressed != "yes":
        yield "A day of progression is given; choose that the patient progressed."
    if given.death_day and given.died != "yes":
        yield "A day of death is given; choose that the patient died."


def check_followed(
    session: Session, case_id: str, version: int, given: Followed
) -> tuple[Decision, int]:
    """The decision that is followed up, and the number that this version will have. Raises
    NotUsable with the sentences of `wanting`, and Conflict.
    """
    as_seen(session, case_id, version)
    decision = next(iter(decisions_of(session, case_id)), None)
    if decision is None:
        raise NotUsable("No decision of the board is recorded yet. Record it first.")
    if missing := wanting(given):
        raise NotUsable("\n".join(missing))
    before = follow_ups_of(session, case_id)
    return decision, 1 + (before[0].number if before else 0)


def follow_up(session: Session, case_id: str, version: int, who: str, given: Followed) -> FollowUp:
    """Keeps a version of the follow-up. Raises as `check_followed` does."""
    decision, number = check_followed(session, case_id, version, given)
    case = as_seen(session, case_id, version)
    told = {name: text.strip() for name, text in msgspec.structs.asdict(given).items()}
    row = FollowUp(
        id=new_id(),
        case_id=case_id,
        number=number,
        decision_id=decision.id,
        at=now(),
        who=who,
        **told,
    )
    session.add(row)
    session.flush()
    case.state = "followed_up"
    touch(case, who)
    session.flush()
    details = {"version": number, "decision": decision.number, "sealed": audit.seal(row)}
    audit.append(session, who, "followed_up", case_id, details)
    return row


def rows_of(follow_ups: Iterable[FollowUp | Followed], patient_id: str) -> tuple[TidyRow, ...]:
    """What was given and what came of it, as rows of the tidy tables; their place says that the
    board added them.
    """
    found: list[TidyRow] = []
    for number, row in enumerate(follow_ups, 1):
        for table, cells in _cells(row):
            place = f"{OF_FOLLOW_UP}decision {number}, {table}"
            told = {name: cell for name, cell in cells.items() if cell not in ("", None)}
            found.append(
                TidyRow(table=table, place=place, cells={"patient_id": patient_id, **told})
            )
    return tuple(found)


def _cells(row: FollowUp | Followed) -> Iterator[tuple[str, dict[str, Any]]]:
    option = bundled().options.get(row.given)
    if option is not None or row.given_text.strip():
        yield (
            "therapies",
            {
                "start_day": row.started,
                "end_day": row.ended,
                "regimen": row.given_text.strip() if option is None else "",
                "agents": "" if option is None else ";".join(option.agents),
                "purpose": "radiotherapy" if row.given == "radiotherapy" else "salvage",
                "best_response": row.best_response,
                "progression_on": row.progressed if row.progressed in ("yes", "no") else "",
            },
        )
    if row.best_response and row.response_day:
        yield "assessments", _assessed(row.response_day, row.best_response)
    if row.progressed == "yes" and row.progression_day:
        yield "assessments", _assessed(row.progression_day, "PD")
    if row.died == "yes":
        yield "deaths", {"day": row.death_day, "cause": "unknown"}


def _assessed(day: str, response: str) -> dict[str, Any]:
    return {"day": day, "response": response, "by": "team", "basis": "board follow-up"}


def followed_of(row: FollowUp) -> Followed:
    """A kept version as the form holds it."""
    return Followed(**{name: getattr(row, name) for name in Followed.__struct_fields__})
