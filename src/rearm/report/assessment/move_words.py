"""What moves between two results of one patient, as sentences: `BCMA bispecific moves from first to
not possible now, because the relapsed clone has lost BCMA`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rearm.assessment.result import Assessment
from rearm.assessment.result.moves import Move, MovedBy, MoveKind
from rearm.report.assessment.answer_words import state_words, tier_words
from rearm.report.assessment.dated import dated
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.sentences import action_text
from rearm.report.words import capital, words

__all__ = ["MoveGroup", "MoveLine", "first_words", "moves_in_words"]

_TITLES: Mapping[MoveKind, str] = {
    "state": "The decision",
    "first": "The decision",
    "strategy": "Strategies",
    "alert": "Alerts",
    "failure": "Failure and relapse",
    "relapse": "Failure and relapse",
    "group": "Causes",
    "factor": "Causes",
    "option": "Single options",
    "action": "What to do in any case",
    "test": "Tests",
}
_TIERS = ("not_possible", "avoid", "situational", "alternative", "first")  # rising
_MOST_REASONS = 3
_VERDICTS: Mapping[str, str] = {
    "excluded": "excluded",
    "discouraged": "discouraged",
    "needs_information": "waiting for information",
    "open": "open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """One sentence of what moves. `because`: the reasons that hold then and do not now;
    `no_longer`: those that hold now and would not. `worse`: it is taken away, or moves down.
    """

    text: str
    because: tuple[str, ...] = ()
    no_longer: tuple[str, ...] = ()
    worse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGroup:
    """What moves of one kind."""

    title: str
    lines: tuple[MoveLine, ...]


def moves_in_words(
    before: Assessment, after: Assessment, moved: Sequence[Move]
) -> tuple[MoveGroup, ...]:
    """The moves of two results in their groups; empty where nothing moves. Where there is nothing
    to choose before or after, that is said once and not of each strategy.
    """
    return tuple(
        MoveGroup(title=title, lines=tuple(x for move in own for x in _lines(before, after, move)))
        for title, own in groupby(_told(before, after, moved), key=lambda move: _TITLES[move.kind])
    )


def _told(before: Assessment, after: Assessment, moved: Iterable[Move]) -> Iterator[Move]:
    chosen = bool(before.answer.tiers) and bool(after.answer.tiers)
    judged = bool(before.causes.groups) and bool(after.causes.groups)
    for move in moved:
        if move.kind in ("strategy", "option") and not chosen:
            continue
        if move.kind in ("group", "factor") and not judged:
            continue
        yield move


def _lines(before: Assessment, after: Assessment, move: Move) -> Iterator[MoveLine]:
    if move.kind == "state":
        yield MoveLine(text=f"{state_words(after)} At present: {state_words(before)}")
    elif move.kind == "first":
        yield MoveLine(
            text=f"First choice: {first_words(after)}. At present: {first_words(before)}."
        )
    elif move.kind == "strategy":
        yield _strategy(before, after, move)
    elif move.kind == "alert":
        yield _alert(before, after, move)
    elif move.kind == "failure":
        yield MoveLine(text=f"{_failure(after)} At present: {_failure(before)}")
    elif move.kind == "relapse":
        yield MoveLine(text=f"{_disease(after)} At present: {_disease(before)}")
    elif move.kind in ("group", "factor"):
        yield _cause(before, after, move)
    elif move.kind == "option":
        yield _option(before, after, move)
    elif move.kind == "action":
        yield _action(before, after, move)
    else:
        yield _test(before, after, move)


def first_words(result: Assessment) -> str:
    """The strategies of the highest tier that speaks for one; `nothing to choose` without."""
    for tier in result.answer.tiers:
        if tier.strategies:
            if tier.tier in ("avoid", "not_possible"):
                break
            names = [result.titles.strategies[x.strategy] for x in tier.strategies]
            few = ", ".join(names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            if tier.tier == "first":
                return f"{few}{more}"
            return f"none; {tier_words(tier.tier)}: {few}{more}"
    return "nothing to choose"


def _strategy(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    titles = {**before.titles.strategies, **after.titles.strategies}
    was, now = _tier(move.before), _tier(move.after)
    text = f"{capital(titles[move.what])} moves from {was} to {now}"
    return _reasoned(text, move, worse=_worse(move, _TIERS))


def _tier(tier: str | None) -> str:
    return "no place" if tier is None else f"“{tier_words(tier)}”"


def _worse(move: Move, rising: Sequence[str]) -> bool:
    places = [-1 if x is None or x not in rising else rising.index(x)
              for x in (move.before, move.after)]  # fmt: skip
    return places[1] < places[0]


def _reasoned(text: str, move: Move, *, worse: bool) -> MoveLine:
    """With what stops or caps it now, where it moves down; where it moves up, what no longer
    does.
    """
    come, gone = _texts(move.come), _texts(move.gone)
    return MoveLine(
        text=text,
        because=come[:_MOST_REASONS],
        no_longer=() if worse and come else gone[:_MOST_REASONS],
        worse=worse,
    )


def _texts(reasons: Iterable[MovedBy]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x.text for x in reasons))


def _alert(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    if move.after is None:
        text = next(x.text for x in before.alerts if x.id == move.what)
        name = capital(words(move.what))
        return MoveLine(text=f"{name} is no longer an alert: {text}", worse=True)
    text = next(x.text for x in after.alerts if x.id == move.what)
    if move.before is None:
        return MoveLine(text=f"{capital(words(move.what))} becomes an alert: {text}")
    now = "certain" if move.after == "certain" else "to be settled"
    return MoveLine(text=f"{capital(words(move.what))} is now {now}: {text}")


def _failure(result: Assessment) -> str:
    if not result.failures:
        return "no CAR-T."
    last = result.failures[-1]
    day = "" if last.day is None else f" on day {last.day}"
    certainty = "" if last.certainty is None else f", {words(last.certainty)}"
    return dated(f"The last CAR-T: {words(last.status)}{day}{certainty}.", result)


def _disease(result: Assessment) -> str:
    told = disease_sentence(result) or "Nothing can be said of a relapse."
    return dated(told, result)


def _cause(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    name = words(move.what)
    for result in (after, before):
        for group in result.causes.groups:
            name = next((x.name for x in group.factors if x.id == move.what), name)
    was = "not applicable" if move.before is None else words(move.before)
    now = "not applicable" if move.after is None else words(move.after)
    what = "Causes of the group " if move.kind == "group" else ""
    return MoveLine(
        text=f"{what or ''}{name if what else capital(name)}: from {was} to {now}",
        because=_texts(move.come)[:_MOST_REASONS],
        no_longer=_texts(move.gone)[:_MOST_REASONS],
    )


def _option(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    names = {o.id: o.name for result in (before, after) for o in result.options}
    was = "not judged" if move.before is None else _VERDICTS[move.before]
    now = "not judged" if move.after is None else _VERDICTS[move.after]
    text = f"{capital(names[move.what])}: from {was} to {now}"
    return _reasoned(text, move, worse=_worse(move, tuple(_VERDICTS)))


def _action(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    if move.after is None:
        text = next(x.text for x in before.actions if x.id == move.what)
        return MoveLine(text=f"No longer to be done: {text}", worse=True)
    action = next(x for x in after.actions if x.id == move.what)
    return MoveLine(text=f"To be done: {action_text(after, action)}")


def _test(before: Assessment, after: Assessment, move: Move) -> MoveLine:
    names = {" ".join(x.ids): x.name for result in (before, after) for x in result.next_tests}
    name = capital(names[move.what])
    if move.after is None:
        return MoveLine(text=f"{name} is no longer asked for.", worse=True)
    if move.after == "before":
        return MoveLine(text=f"{name} is asked for before deciding.")
    was = ", no longer before deciding" if move.before == "before" else ""
    return MoveLine(text=f"{name} is asked for{was}.")
