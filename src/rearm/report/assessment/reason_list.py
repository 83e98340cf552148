"""The reasons that the page names with options, each once and numbered: some stand whole with an
option, the others in a list, first what holds, then what is not known by what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.assessment.result import Assessment
from rearm.report.assessment.sentences import asked_as
from rearm.report.assessment.strategies import (
    StrategyPart,
    numbered_reasons,
    said_reasons,
)

__all__ = ["ReasonList", "UnknownReasons", "reason_list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownReasons:
    """Reasons that nobody knows for want of the same findings.

    `missing`: what is to be found out, in words; `told_by`: titles of the work-ups that would tell;
    `reasons`: the ids of the reasons.
    """

    missing: str
    told_by: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonList:
    """Where each reason stands whole, once, and its number in the order of the page.

    `homes`: by its id, the option with which a reason stands whole. The others stand in a list:
    `known` those that hold, or are known not to, `unknown` the rest. `numbers`: from 1.
    """

    homes: dict[str, str]
    known: tuple[str, ...]
    unknown: tuple[UnknownReasons, ...]
    numbers: dict[str, int]


def reason_list(result: Assessment, parts: Iterable[StrategyPart]) -> ReasonList:
    """The reasons of the options of these strategies, in the order of the page."""
    shown = [(part, option) for part in parts for option in part.options]
    homes: dict[str, str] = {}
    for part, option in shown:
        for key in said_reasons(result, part, option):
            homes.setdefault(key, option.id)
    named = (key for part, option in shown for key in numbered_reasons(result, part, option))
    others = [key for key in dict.fromkeys(named) if key not in homes]
    known = tuple(key for key in others if result.reasons[key].truth is not None)
    unknown = _by_missing(result, (key for key in others if result.reasons[key].truth is None))
    ordered = (*homes, *known, *(key for group in unknown for key in group.reasons))
    return ReasonList(
        homes=homes,
        known=known,
        unknown=unknown,
        numbers={key: n for n, key in enumerate(ordered, 1)},
    )


def _by_missing(result: Assessment, keys: Iterable[str]) -> tuple[UnknownReasons, ...]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for key in keys:
        names = result.missing(result.reasons[key])
        labels = dict.fromkeys(asked_as(result, name) for name in names)
        groups.setdefault(tuple(sorted(labels)), []).append(key)
    return tuple(
        UnknownReasons(
            missing=", ".join(labels) or "the findings behind it",
            told_by=_told_by(result, keys),
            reasons=tuple(keys),
        )
        for labels, keys in groups.items()
    )


def _told_by(result: Assessment, keys: Iterable[str]) -> tuple[str, ...]:
    asked = dict.fromkeys(name for key in keys for name in result.reasons[key].asks)
    return tuple(result.titles.workups[name] for name in asked)
