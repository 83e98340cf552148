"""The pages of the follow-up, made of what the store keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from rearm.board.decision.contents import decision_shown
from rearm.board.follow_up.contexts import (
    DueRow,
    FollowUpForm,
    FollowUps,
    FollowUpShown,
    OptionChoice,
    OptionGroup,
    StrategyCount,
)
from rearm.board.store.cases import all_cases, case_of, decisions_of
from rearm.board.store.follow_ups import (
    DONE,
    KNOWN,
    RESPONSES,
    Followed,
    follow_ups_of,
    followed_of,
)
from rearm.board.store.meeting_tables import FollowUp
from rearm.board.store.tables import Case, Decision
from rearm.board.store.utc import moment_words, now, utc_text
from rearm.knowledge.bundle import bundled

__all__ = ["follow_up_form", "follow_ups"]


def follow_up_form(
    session: Session,
    case_id: str,
    *,
    typed: Followed | None = None,
    wanting: Iterable[str] = (),
    changed: bool = False,
) -> FollowUpForm:
    """The form, filled with the last version. `changed`: somebody changed the patient meanwhile;
    what was kept stands beside what was typed.
    """
    case = case_of(session, case_id)
    kept = tuple(_shown(session, row) for row in follow_ups_of(session, case_id))
    last = next(iter(decisions_of(session, case_id)), None)
    decision = None if last is None else decision_shown(session, last)
    before = Followed()
    newest = next(iter(follow_ups_of(session, case_id)), None)
    if newest is not None and last is not None and newest.decision_id == last.id:
        before = followed_of(newest)
    return FollowUpForm(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        decision=decision,
        groups=tuple(_groups("" if decision is None else decision.strategy)),
        typed=typed or before,
        kept=kept,
        done_words=dict(DONE),
        known_words=dict(KNOWN),
        responses=RESPONSES,
        wanting=tuple(wanting),
        meanwhile=kept[0] if changed and kept else None,
    )


def follow_ups(session: Session, tenant: str, today: date | None = None) -> FollowUps:
    """Everybody with a decision; those due first."""
    day = (today or now().date()).isoformat()
    rows: list[DueRow] = []
    counted: dict[str, Counter[str]] = {}
    for case in all_cases(session, tenant):
        kept = {row.decision_id: row for row in reversed(follow_ups_of(session, case.id))}
        decisions = decisions_of(session, case.id)
        if not decisions:
            continue
        rows.append(_due(session, case, decisions[0], kept.get(decisions[0].id), day))
        if not case.invented:
            name = decision_shown(session, decisions[0]).chosen
            counted.setdefault(name, Counter()).update(_counts(kept.get(decisions[0].id)))
    rows.sort(key=lambda row: (not row.due, row.next_look or "9999", row.patient))
    total: Counter[str] = sum(counted.values(), Counter())
    return FollowUps(
        rows=tuple(rows),
        counts=tuple(_count(name, counted[name]) for name in sorted(counted)),
        total=_count("all", total),
        done_words=dict(DONE),
    )


def _counts(row: FollowUp | None) -> Iterator[str]:
    yield "decided"
    if row is None:
        yield "not_followed"
        return
    yield row.done
    if row.done in ("partly", "no") and not row.why_not:
        yield "undocumented"


def _count(name: str, counts: Counter[str]) -> StrategyCount:
    return StrategyCount(
        strategy=name,
        decided=counts["decided"],
        yes=counts["yes"],
        partly=counts["partly"],
        no=counts["no"],
        unknown=counts["unknown"],
        not_followed=counts["not_followed"],
        undocumented=counts["undocumented"],
    )


def _due(
    session: Session, case: Case, decision: Decision, row: FollowUp | None, day: str
) -> DueRow:
    look = "" if row is None else row.next_look
    return DueRow(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        chosen=decision_shown(session, decision).chosen,
        decided_on=utc_text(decision.at)[:10],
        done="" if row is None else row.done,
        best_response="" if row is None else row.best_response,
        next_look=look,
        due=row is None or (look != "" and look <= day),
    )


def _shown(session: Session, row: FollowUp) -> FollowUpShown:
    decision = session.get_one(Decision, row.decision_id)
    option = bundled().options.get(row.given)
    return FollowUpShown(
        version=row.number,
        decision=decision.number,
        name=row.given if option is None else option.name,
        at=moment_words(row.at),
        who=row.who,
        **msgspec.structs.asdict(followed_of(row)),
    )


def _groups(decided: str) -> Iterator[OptionGroup]:
    """The options of the strategy that was chosen first."""
    known = bundled()
    by_strategy: dict[str, list[OptionChoice]] = {}
    for option in known.options.values():
        choice = OptionChoice(option=option.id, name=option.name)
        by_strategy.setdefault(option.strategy, []).append(choice)
    for strategy in sorted(by_strategy, key=lambda x: (x != decided, known.words.of_strategy(x))):
        yield OptionGroup(
            title=known.words.of_strategy(strategy),
            decided=strategy == decided,
            options=tuple(by_strategy[strategy]),
        )
