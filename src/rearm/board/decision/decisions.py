"""What the board decided. A later decision stands beside the earlier one, which is kept."""

from __future__ import annotations

import msgspec
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import as_seen, assessment_of, decisions_of, result_of, touch
from rearm.board.store.tables import Decision, new_id
from rearm.board.store.utc import now
from rearm.characters import first_harmful

__all__ = ["AGAINST", "LONGEST", "Given", "decide", "highest_tier", "wanting"]

LONGEST = 4000
"""Characters of a text."""

AGAINST = ("avoid", "not_possible")
"""Tiers that speak against a strategy: a choice from them is always a deviation."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as the form gives it. `strategy`: an id of the answer; empty for none of them;
    None where nothing was chosen yet.
    """

    strategy: str | None = None
    participants: str = ""
    reason: str = ""
    deviation: str = ""


def highest_tier(result: Assessment) -> str:
    """The highest tier of the answer that speaks for a strategy; empty where none does."""
    tiers = (str(x.tier) for x in result.answer.tiers if x.strategies)
    return next((tier for tier in tiers if tier not in AGAINST), "")


def wanting(given: Given, result: Assessment) -> list[str]:
    """What keeps the decision from being recorded, each a sentence; empty where nothing does."""
    found = []
    tier = None if given.strategy is None else _tier(given.strategy, result)
    if given.strategy is None:
        found.append("Choose a strategy, or that none of the answer was chosen.")
    elif tier is None:
        found.append("The chosen strategy is not in the answer. Choose one that is.")
    if not given.participants.strip():
        found.append("Name who took part.")
    if not given.reason.strip():
        found.append("Give the reason for the decision.")
    deviates = tier is not None and tier != highest_tier(result)
    if deviates and not given.deviation.strip():
        found.append(
            "The choice is not in the highest tier of the answer. Give the reason for that."
        )
    for text in (given.participants, given.reason, given.deviation):
        if len(text) > LONGEST:
            found.append(f"A text is longer than {LONGEST} characters. Shorten it.")
        if first_harmful(text) is not None:
            found.append("A text contains a character that is no text. Type it again.")
    return found


def decide(
    session: Session, case_id: str, version: int, who: str, *, number: int, given: Given
) -> None:
    """Records a decision on one version of the answer, whole or not at all. Raises NotUsable with
    the sentences of `wanting`, and Conflict.
    """
    case = as_seen(session, case_id, version)
    stored = result_of(session, case_id, number)
    result = assessment_of(stored)
    if missing := wanting(given, result):
        raise NotUsable("\n".join(missing))
    before = decisions_of(session, case_id)
    strategy = given.strategy or ""
    decision = Decision(
        id=new_id(),
        case_id=case_id,
        number=1 + (before[0].number if before else 0),
        result_id=stored.id,
        strategy=strategy,
        tier=_tier(strategy, result) or "",
        participants=given.participants.strip(),
        reason=given.reason.strip(),
        deviation=given.deviation.strip(),
        at=now(),
        who=who,
    )
    session.add(decision)
    session.flush()
    case.state = "decided"
    touch(case, who)
    details = {"version": decision.number, "answer": number, "sealed": audit.seal(decision)}
    audit.append(session, who, "decided", case_id, details)


def _tier(strategy: str, result: Assessment) -> str | None:
    """The tier of a strategy; empty for none, None where the answer does not hold it."""
    return "" if strategy == "" else result.answer.tier_of(strategy)
