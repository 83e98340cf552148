"""What is different between two results of one patient: in codes, with the reasons that moved it.

Of a strategy the reasons are those that hold it in its new place and did not hold before, and those
that held it in its old place and no longer do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rearm.assessment.result import Alert, AnswerStrategy, Assessment, Reason
from rearm.assessment.result.moves import Move, MovedBy, MoveKind

__all__ = ["grades", "moves", "tiers", "verdicts"]


def moves(before: Assessment, after: Assessment) -> tuple[Move, ...]:
    """Everything that moves: the state and the first choice, the tiers of strategies, alerts, the
    failure and the relapse, causes, verdicts of options, actions, tests. In this order.
    """
    return tuple(_moves(before, after))


def tiers(result: Assessment) -> dict[str, str]:
    """The tier of each strategy that the answer places."""
    return {s.strategy: tier.tier for tier in result.answer.tiers for s in tier.strategies}


def verdicts(result: Assessment) -> dict[str, str]:
    """The verdict of each option that has one."""
    return {o.id: o.verdict for o in result.options if o.verdict is not None}


def grades(result: Assessment) -> dict[str, str]:
    """The grade of each cause."""
    return {f.id: f.grade for group in result.causes.groups for f in group.factors}


def _moves(before: Assessment, after: Assessment) -> Iterator[Move]:
    yield from _differing("state", _one(before.answer.state), _one(after.answer.state))
    yield from _differing("first", _one(_first(before)), _one(_first(after)))
    for move in _differing("strategy", tiers(before), tiers(after)):
        yield _with_reasons(move, before, after)
    yield from _differing("alert", _alerts(before.alerts), _alerts(after.alerts))
    yield from _differing("failure", _failure(before), _failure(after))
    yield from _differing("relapse", _relapse(before), _relapse(after))
    yield from _differing("group", _groups(before), _groups(after))
    for move in _differing("factor", grades(before), grades(after)):
        yield _of_cause(move, before, after)
    for move in _differing("option", verdicts(before), verdicts(after)):
        yield _of_option(move, before, after)
    yield from _differing("action", _actions(before), _actions(after))
    yield from _differing("test", _tests(before), _tests(after))


def _one(code: str) -> dict[str, str]:
    return {"": code} if code else {}


def _differing(kind: MoveKind, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Move]:
    for what in dict.fromkeys([*old, *new]):
        if old.get(what) != new.get(what):
            yield Move(kind=kind, what=what, before=old.get(what), after=new.get(what))


def _first(result: Assessment) -> str:
    """The strategies of the highest tier that speaks for one, by their ids."""
    for tier in result.answer.tiers:
        if tier.strategies:
            against = tier.tier in ("avoid", "not_possible")
            return "" if against else " ".join(sorted(x.strategy for x in tier.strategies))
    return ""


def _alerts(alerts: Sequence[Alert]) -> dict[str, str]:
    return {alert.id: alert.status for alert in alerts}


def _failure(result: Assessment) -> dict[str, str]:
    if not result.failures:
        return {}
    last = result.failures[-1]
    return _one(_course(last.status, last.certainty, last.when.low, last.when.high))


def _relapse(result: Assessment) -> dict[str, str]:
    now = result.relapse
    if now is None:
        return {}
    return _one(_course(now.status, now.certainty, now.day.low, now.day.high))


def _course(status: str, certainty: str | None, low: int | None, high: int | None) -> str:
    return " ".join(str(x) for x in (status, certainty, low, high))


def _groups(result: Assessment) -> dict[str, str]:
    return {group.group: group.grade for group in result.causes.groups}


def _actions(result: Assessment) -> dict[str, str]:
    return {action.id: action.status for action in result.actions}


def _tests(result: Assessment) -> dict[str, str]:
    """`before` the decision, or `further`."""
    found = {" ".join(test.ids): "further" for test in result.further_tests}
    return found | {" ".join(test.ids): "before" for test in result.tests}


# ---------------------------------------------------------------- reasons


def _with_reasons(move: Move, before: Assessment, after: Assessment) -> Move:
    old, new = _placed(before, move.what), _placed(after, move.what)
    now, then = _because(after, new), _because(before, old)
    return _reasoned(move, then, now, before, after)


def _placed(result: Assessment, strategy: str) -> AnswerStrategy | None:
    placed = (x for tier in result.answer.tiers for x in tier.strategies)
    return next((x for x in placed if x.strategy == strategy), None)


def _because(result: Assessment, placed: AnswerStrategy | None) -> list[str]:
    """The reasons of the place, and what stops the option that is meant."""
    if placed is None:
        return []
    option = result.option(placed.option)
    return list(dict.fromkeys((*placed.because, *option.against)))


def _of_option(move: Move, before: Assessment, after: Assessment) -> Move:
    ids = [{o.id: o for o in result.options}.get(move.what) for result in (before, after)]
    then, now = (() if o is None else o.against for o in ids)
    return _reasoned(move, then, now, before, after)


def _of_cause(move: Move, before: Assessment, after: Assessment) -> Move:
    then, now = (
        [
            reason
            for group in result.causes.groups
            for cause in group.factors
            if cause.id == move.what
            for reason in (*cause.for_, *cause.against)
            if result.reasons[reason].truth
        ]
        for result in (before, after)
    )
    return _reasoned(move, then, now, before, after)


def _reasoned(
    move: Move, then: Sequence[str], now: Sequence[str], before: Assessment, after: Assessment
) -> Move:
    """With what holds now and did not, and what held and no longer does. Of what is no longer
    judged at all no reason is told.
    """
    if move.before is None or move.after is None:
        return move
    come = [after.reasons[name] for name in now if not _same(name, then, before, after)]
    gone = [before.reasons[name] for name in then if not _same(name, now, before, after)]
    return Move(
        kind=move.kind,
        what=move.what,
        before=move.before,
        after=move.after,
        come=_told(come),
        gone=_told(gone),
    )


def _same(name: str, others: Sequence[str], before: Assessment, after: Assessment) -> bool:
    """Does the reason stand on both sides, with the same truth?"""
    return name in others and before.reasons[name].truth == after.reasons[name].truth


def _told(reasons: Iterable[Reason]) -> tuple[MovedBy, ...]:
    found = (MovedBy(text=x.text, truth=x.truth, findings=x.findings) for x in reasons)
    return tuple(dict.fromkeys(found))
