"""The card of CDS Hooks: an alert, or that there is a sheet for the relapse after CAR-T."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from rearm.board.child.carding import CardFacts
from rearm.board.exchange.prefetch import MAY_TELL_OF_CAR_T

__all__ = ["LONGEST_SUMMARY", "Link", "card_of"]

LONGEST_SUMMARY = 139
"""Characters; the specification wants fewer than 140."""

_OF_MARKDOWN = re.compile(
    r"([\\`*_\[\]<>~&|@]|^[-+#]|^\d+(?=[.)])|:(?=//)|(?<=www)\.)", re.IGNORECASE
)
_LONGEST_LINE = 400
_MOST_LINES = 12
_SOURCE = "Rearm: multiple myeloma after CAR-T"
_FOOT = "Decision support for professionals, not a cleared medical device; silence is no all-clear."

Link = dict[str, str]


def card_of(
    facts: CardFacts,
    *,
    number: str,
    lacking: Collection[str],
    incomplete: Sequence[str],
    links: Sequence[Link],
) -> dict[str, Any] | None:
    """The card, None where there is nothing to say: no CAR-T, no judgement, or neither alert nor
    relapse. `number`: its uuid. `lacking`: the keys of the prefetched data that are incomplete,
    `incomplete` the sentences for them.

    Incomplete data are always told: without an infusion on record only where one may be among what
    is missing.
    """
    told = (*incomplete, *facts.incomplete)
    if not facts.car_t:
        is_open = bool(MAY_TELL_OF_CAR_T & set(lacking))
        return _without_answer("whether CAR-T was given", number, told) if is_open else None
    if not facts.judged:
        is_open = facts.may_be_judged and bool(told)
        return _without_answer("what became of CAR-T", number, told) if is_open else None
    if not (facts.alerts or facts.relapse or told):
        return None
    lines = [_line(f"**{_plain(x.title)}** {_plain(x.text)}") for x in facts.alerts]
    lines += [_line(_plain(x)) for x in _findings(facts)]
    lines += [_line(f"**Incomplete data.** {_plain(x)}") for x in told]
    return _card(
        _summary(facts, is_incomplete=bool(told)),
        number=number,
        indicator="critical" if facts.emergency else "warning" if facts.alerts else "info",
        lines=lines,
        links=links,
    )


def _summary(facts: CardFacts, *, is_incomplete: bool) -> str:
    if facts.alerts:
        text = f"After CAR-T: {'; '.join(x.title for x in facts.alerts)}"
    elif facts.relapse:
        what = "Relapse suspected" if facts.suspected else "Relapse"
        text = f"{what} after CAR-T: the sheet for the board is ready"
    else:
        text = "After CAR-T: no relapse in the data that were sent"
    return _shortened(text, " (incomplete data)" if is_incomplete else "")


def _shortened(text: str, end: str) -> str:
    room = LONGEST_SUMMARY - len(end)
    return f"{text if len(text) <= room else text[: room - 1] + '…'}{end}"


def _findings(facts: CardFacts) -> Iterator[str]:
    if facts.relapse:
        yield f"Relapse: {facts.relapse}."
    yield facts.state
    if facts.missing:
        yield f"Tests that would change the answer: {', '.join(facts.missing)}."
    if facts.left_out:
        yield facts.left_out


def _without_answer(what: str, number: str, told: Sequence[str]) -> dict[str, Any]:
    """Of data from which too much is missing for an answer."""
    return _card(
        f"Incomplete data: {what} can't be told",
        number=number,
        indicator="info",
        lines=[_line(f"**Incomplete data.** {_plain(x)}") for x in told],
        links=(),
    )


def _card(
    summary: str, *, number: str, indicator: str, lines: Sequence[str], links: Sequence[Link]
) -> dict[str, Any]:
    shown = [*lines[:_MOST_LINES], _line(_plain(_FOOT))]
    found: dict[str, Any] = {
        "uuid": number,
        "summary": summary,
        "detail": "\n".join(shown),
        "indicator": indicator,
        "source": {"label": _SOURCE},
    }
    if links:
        found["links"] = list(links)
    return found


def _line(text: str) -> str:
    return f"- {text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + '…'}"


def _plain(text: str) -> str:
    """The text as Markdown shows it letter by letter: nothing in it is markup."""
    return _OF_MARKDOWN.sub(_inert, " ".join(text.split()))


def _inert(match: re.Match[str]) -> str:
    return f"{match[0]}\\" if match[0][-1].isdigit() else f"\\{match[0]}"
