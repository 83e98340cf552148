"""The tables of what is exchanged with record systems. Of patients they hold no name and no id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from rearm.board.store.tables import Base
from rearm.board.store.utc import UtcText

__all__ = ["CardFeedback", "GivenCard", "Launch", "Launched", "SeenToken"]


class SeenToken(Base):
    """A token that was used, until it has ended; kept as a hash."""

    __tablename__ = "seen_tokens"

    hash: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(UtcText, index=True)


class Launch(Base):
    """A launch that is under way. The state and what the browser keeps are hashes; the nonce and
    the verifier leave this table when the launch comes back.
    """

    __tablename__ = "launches"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    browser_hash: Mapped[str]
    issuer: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str]
    verifier: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UtcText)


class Launched(Base):
    """A session that a launch opened, and what was read in it: it reaches this upload and the
    patient in it, and nothing else. `source`: a hash of the record system and its patient.
    """

    __tablename__ = "launched"

    session_hash: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(index=True)
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    system: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(UtcText)


class GivenCard(Base):
    """A card that was given to a record system."""

    __tablename__ = "given_cards"

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(UtcText)


class CardFeedback(Base):
    """What became of a card, once; what was said stands in the audit."""

    __tablename__ = "card_feedback"

    card: Mapped[str] = mapped_column(ForeignKey("given_cards.id"), primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    outcome_at: Mapped[str] = mapped_column(primary_key=True)
