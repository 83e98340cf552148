"""What counts once: a token of a record system, a launch, a word of feedback on a card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rearm.board.refusals import Busy, NotSignedIn, NotThere
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.exchanged import CardFeedback, GivenCard, Launch, SeenToken
from rearm.board.store.utc import now

__all__ = ["Begun", "first_use", "give_card", "keep_feedback", "keep_launch", "take_launch"]

LAUNCH_LIFE = timedelta(minutes=10)

_MOST_LAUNCHES = 1000  # that are under way; whoever opens more is told to come again


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A launch that is under way: what is kept of it while the user signs in."""

    issuer: str
    nonce: str
    verifier: str


def first_use(database: Database, issuer: str, name: str, ends: int) -> bool:
    """Notes that a token was used, until it has ended; whether this was its first use."""
    key, moment = _hash(issuer, name), now()
    # longer than the token counts, by more than two clocks differ
    ends_at = datetime.fromtimestamp(ends, UTC) + timedelta(minutes=1)
    try:
        with database.writing() as session:
            session.execute(delete(SeenToken).where(SeenToken.ends_at < moment))
            if session.get(SeenToken, key) is not None:
                return False
            session.add(SeenToken(hash=key, ends_at=ends_at))
    except IntegrityError:  # somebody else used it at this moment
        return False
    return True


def keep_launch(database: Database, state: str, browser: str, begun: Begun) -> None:
    """Keeps what a launch needs when it comes back: with this state, to this browser."""
    moment = now()
    with database.writing() as session:
        session.execute(delete(Launch).where(Launch.made_at < moment - LAUNCH_LIFE))
        if (session.scalar(select(func.count()).select_from(Launch)) or 0) >= _MOST_LAUNCHES:
            raise Busy("Too many launches are under way. Try again in a moment.")
        session.add(
            Launch(
                state_hash=_hash(state),
                browser_hash=_hash(browser),
                issuer=begun.issuer,
                nonce=begun.nonce,
                verifier=begun.verifier,
                made_at=moment,
            )
        )


def take_launch(database: Database, state: str, browser: str) -> Begun:
    """What was kept of a launch; it is gone afterwards, whatever becomes of it. Raises NotSignedIn
    where there is none, it is too old, or another browser began it.
    """
    with database.writing() as session:
        kept = session.get(Launch, _hash(state))
        if kept is not None:
            session.delete(kept)
        is_known = (
            kept is not None
            and now() - kept.made_at <= LAUNCH_LIFE
            and kept.browser_hash == _hash(browser)
        )
        begun = (
            Begun(issuer=kept.issuer, nonce=kept.nonce, verifier=kept.verifier)
            if kept is not None and is_known
            else None
        )
    if begun is None:
        raise NotSignedIn(
            "This launch is not known here, was used, or is older than ten minutes. Open the board "
            "from the record system again."
        )
    return begun


def give_card(session: Session, card: str, *, who: str, issuer: str, details: Any) -> None:
    """Notes that a card was given, and to whom."""
    session.add(GivenCard(id=card, issuer=issuer, given_at=now()))
    audit.append(session, who, "card_given", card, details)


def keep_feedback(
    session: Session, issuer: str, who: str, card: str, said: Mapping[str, Any]
) -> bool:
    """Keeps what became of a card, once: what comes again is known by card, outcome and time.
    Whether it was new. Raises NotThere where this record system was given no such card.
    """
    given = session.get(GivenCard, card)
    if given is None or given.issuer != issuer:
        raise NotThere("No such card was given to this record system.")
    key = card, str(said["outcome"]), str(said["outcomeTimestamp"])
    if session.get(CardFeedback, key) is not None:
        return False
    session.add(CardFeedback(card=key[0], outcome=key[1], outcome_at=key[2]))
    audit.append(session, who, "card_feedback", card, said)
    return True


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
