"""Facts that the team states over the computed ones, as a reader sees them: both, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from rearm.assessment.result import Alert, Assessment, Overruled
from rearm.report.assessment.dated import dated
from rearm.report.assessment.sentences import alert_title
from rearm.report.words import capital

__all__ = ["OverruledLine", "lost_alerts_in_words", "overruled_count", "overruled_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverruledLine:
    """One overruled fact. `notes`: what the reader must know of it, each a sentence: that it is not
    applied any more, that the computed value has changed, that both now agree.
    """

    id: str
    name: str
    stated: str
    computed: str
    reason: str
    who: str
    notes: tuple[str, ...]
    stale: bool


def overruled_count(number: int) -> str:
    """`1 fact overruled by the team`."""
    return f"{number} {'fact' if number == 1 else 'facts'} overruled by the team"


def overruled_lines(result: Assessment) -> tuple[OverruledLine, ...]:
    """Every overruled fact of the answer; those that are assumed in a hypothetical one too."""
    return tuple(
        OverruledLine(
            id=x.id,
            name=capital(x.name),
            stated=dated(x.stated, result) if _of_course(x) else x.stated,
            computed=dated(x.computed, result) if _of_course(x) else x.computed,
            reason=x.reason,
            who=f"{x.by}, {x.at[:10]}" if x.by else "",
            notes=tuple(_notes(x)),
            stale=x.status == "stale",
        )
        for x in result.overruled
    )


def _of_course(x: Overruled) -> bool:
    """Whether its days are those of the axis of the patient."""
    return x.kind not in ("finding", "cause")


def _notes(x: Overruled) -> list[str]:
    found = []
    if x.status == "stale":
        found.append(f"Not applied: it no longer fits the record. {x.why}")
    if x.changed:
        found.append(f"The computed value has changed since: it was {x.was}.")
    if x.agrees:
        found.append("The record now says the same: the overrule can be taken back.")
    return found


def lost_alerts_in_words(result: Assessment) -> tuple[tuple[str, str], ...]:
    """The title of each alert that is lost by an overruled fact, and its text with what was
    computed.
    """
    return tuple((alert_title(x), _lost(result, x)) for x in result.lost_alerts)


def _lost(result: Assessment, alert: Alert) -> str:
    read = [result.findings[name] for name in alert.findings]
    told = [x.computed.text for x in read if x.computed is not None]
    computed = dated("; ".join(told), result)
    return f"{alert.text} (computed: {computed})" if told else alert.text
