"""What a user may ask to have explained: strategies, options and factors, by their ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from rearm.assessment.patient import AssessmentError
from rearm.errors import near
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.option_names import options_named

__all__ = ["Kind", "one_of"]

Kind = Literal["strategy", "option", "factor"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_A: Mapping[Kind, str] = {"strategy": "a strategy", "option": "an option", "factor": "a factor"}
_OFFERED = 6


def one_of(knowledge: Knowledge, subject: str, *kinds: Kind) -> None:
    """Nothing where `subject` is the id of one of these kinds. Else AssessmentError with the ids
    that were perhaps meant, or all of them, a line for each strategy or group.
    """
    listed = {kind: _listed(knowledge, kind) for kind in kinds}
    every = [name for lines in listed.values() for names in lines.values() for name in names]
    if subject in every:
        return
    sentence = f"There is no {' or '.join(kinds)} {subject}."
    of_another = next((kind for kind in _KINDS if subject in _ids(knowledge, kind)), None)
    if of_another is not None:
        raise AssessmentError(f"{sentence} It is the id of {_A[of_another]}.")
    meant = _meant(knowledge, subject, kinds, every)
    if meant:
        raise AssessmentError(f"{sentence} Did you mean {' or '.join(meant)}?")
    for kind in _KINDS:
        if close := near(subject, _ids(knowledge, kind)):
            raise AssessmentError(f"{sentence} Did you mean the {kind} {close[0]}?")
    lines = [
        f"{heading}: {', '.join(names)}"
        for kind in kinds
        for heading, names in listed[kind].items()
    ]
    raise AssessmentError("\n".join((f"{sentence} There are:", *lines)))


def _ids(knowledge: Knowledge, kind: Kind) -> Sequence[str]:
    return [name for names in _listed(knowledge, kind).values() for name in names]


def _listed(knowledge: Knowledge, kind: Kind) -> dict[str, list[str]]:
    """The ids of one kind in lines with a heading: options by strategy, factors by group."""
    of_strategies = _by_strategy(knowledge)
    if kind == "strategy":
        return {"strategies": list(of_strategies)}
    if kind == "option":
        return {f"options of {strategy}": names for strategy, names in of_strategies.items()}
    found: dict[str, list[str]] = {}
    for factor in knowledge.factors.values():
        found.setdefault(f"factors of the group {factor.group}", []).append(factor.id)
    return found


def _by_strategy(knowledge: Knowledge) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for option in knowledge.options.values():
        found.setdefault(option.strategy, []).append(option.id)
    return found


def _meant(
    knowledge: Knowledge, subject: str, kinds: Sequence[Kind], every: Sequence[str]
) -> Sequence[str]:
    """Ids that are written like it, hold it, or are of the drug or class that it names."""
    folded = subject.casefold()
    named = options_named(knowledge, subject) if folded else ()
    if "option" not in kinds and "strategy" in kinds:
        named = tuple(knowledge.options[name].strategy for name in named)
    holding = [name for name in every if folded and folded in name]
    starting = sorted((name for name in holding if name.startswith(folded)), key=len)
    usable = [name for name in named if name in every]
    found = dict.fromkeys((*starting, *holding, *usable, *near(subject, every, most=3)))
    return tuple(found)[:_OFFERED]
