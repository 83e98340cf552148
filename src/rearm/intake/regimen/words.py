"""Words of a regimen column: cuts a text into items, each an agent, a regimen, a procedure, a
purpose, a remark, a separator or unread.

The longest listed phrase wins. German and English. What is in no list keeps the kind `unread`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rearm.knowledge.agents import (
    Regimen,
    find_agent,
    find_product,
    find_regimens,
    load_regimens,
    load_words,
    lookup_key,
    split_name,
)

__all__ = ["SEPARATORS", "Item", "read_items"]

SEPARATORS = frozenset(
    {"hard", "comma", "plus", "open", "close", "equals", "slash", "dash", "blank"}
)


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of the text.

    `ids` are agent ids (agent, regimen: those in front of its name), the product id (infusion) or
    one id (procedure, purpose).
    """

    kind: str
    start: int
    end: int
    ids: tuple[str, ...] = ()
    regimens: tuple[Regimen, ...] = ()
    number: int = 1


_RESPONSES = frozenset({"CR", "sCR", "nCR", "VGPR", "PR", "MR", "SD", "NE"})
_REMARKS = (
    "reason",
    "time",
    "manner",
)  # groups of words that say something of the treatment without naming any

_MONTH = r"(?:jan|feb|m(?:ä|ae|a)r|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|de[zc])[a-zäé]*\.?"
_AMOUNT = re.compile(
    r"\d+(?:[.,]\d+)?(?:\s?[/-]\s?\d+(?:[.,]\d+)?)*\s?(?:mg|µg|μg|ug|mcg|g|gy|ml|ie|iu|mio|%)"
    r"(?:\s?/\s?(?:m2|m²|m\^2|qm|kg|d|day|tag|ml))*(?![^\W_])",
    re.I,
)
_PER_AREA = re.compile(r"(?:mg|g|gy)\s?/\s?(?:m2|m²|m\^2|qm|kg)(?![^\W_])", re.I)
_SITE = re.compile(
    r"(?:[LBH]WK|[LTC])\s?\d{1,2}(?:\s?[-–/,]\s?(?:[LBH]WK|[LTC])?\s?\d{1,2})*(?![^\W_])"
)
_DATE = re.compile(
    rf"\d{{4}}-\d{{2}}(?:-\d{{2}})?(?!\d)|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}(?!\d)|\d{{1,2}}[./]\d{{2,4}}(?!\d)|{_MONTH}\s?'?\d{{2,4}}(?!\d)|(?:19|20)\d{{2}}(?!\d)",
    re.I,
)
_UNITS_OF_COUNT = (
    r"(?:zykl(?:us|en)?|zyk|cycles?|kurse?n?|courses?|gaben?|doses?|monat(?:e|en)?|months?|mo|wochen?|weeks?|wks?|tage?n?|days?|d|"
    r"jahre?n?|years?|yrs?|linien?|lines?)"
)
_COUNT = re.compile(
    rf"\d+\s?(?:-|–|bis|to)?\s?\d*\.?\s?{_UNITS_OF_COUNT}(?![^\W_])\.?|(?:{_UNITS_OF_COUNT}|c|nr|no|linie)\.?\s?\d+(?:\s?[-–]\s?\d+)?(?![\w/])|"
    r"q\s?\d+\s?[wd](?![^\W_])|[dt]\s?\d+(?:\s?[-–,]\s?\d+)*(?![\w])|\d+\.(?=\s|\)|$|[^\W\d_])",
    re.I,
)
_TIMES = re.compile(
    r"(\d{1,2})\s?[x×](?![^\W_])|[x×]\s?(\d{1,2})(?!\d)|(\d{1,2})-?(?:mal|fach)(?![^\W_])", re.I
)
_ARROW = re.compile(r"[-–=]+>|→|⇒|;|\||\n|>")
_ATOM = re.compile(r"[^\W\d_]+|\d+")
_JOINER = re.compile(r"[ \u00a0]?[-–‑./'’][ \u00a0]?|[ \u00a0]{1,2}|")
_LONGEST = 8  # atoms in one listed phrase at most
_SIGNS = dict(
    zip(
        ",+&([)]=:/",
        ("comma", "plus", "plus", "open", "open", "close", "close", "equals", "equals", "slash"),
        strict=True,
    )
)


def read_items(text: str, definitions: Mapping[str, tuple[str, ...]]) -> list[Item]:
    """Cut a text into items, in order and without overlap; white space and bare punctuation between
    them gives none or a separator.

    `definitions` are the centre's own names by lookup key. Every letter and digit of the text lies
    in exactly one item.
    """
    items: list[Item] = []
    at = 0
    because = (
        False  # behind `wegen`, `due to`: unknown words up to the next separator are the reason
    )
    while at < len(text):
        item = _pattern(text, at) or _phrase(text, at, definitions, items) or _sign(text, at)
        if item is None:
            at += 1
            continue
        if item.kind == "because":
            because, item = True, Item("remark", item.start, item.end)
        elif item.kind in {"hard", "comma", "plus", "open", "close"}:
            because = False
        elif because and item.kind == "unread":
            item = Item("remark", item.start, item.end)
        items.append(item)
        at = item.end
    return items


def _pattern(text: str, at: int) -> Item | None:
    """Amounts, dates, counts and arrows, where no letter or digit stands directly before them."""
    if arrow := _ARROW.match(text, at):
        return Item("hard", at, arrow.end())
    if (at and text[at - 1].isalnum()) or (not text[at].isalnum() and text[at] != "×"):
        return None
    if times := _TIMES.match(text, at):
        return Item("times", at, times.end(), number=int(next(g for g in times.groups() if g)))
    for pattern in (_AMOUNT, _PER_AREA, _DATE, _COUNT, _SITE):
        if found := pattern.match(text, at):
            return Item("remark", at, found.end())
    return None


def _sign(text: str, at: int) -> Item | None:
    if text[at] == "?":
        return Item("doubt", at, at + 1)
    kind = _SIGNS.get(text[at])
    return Item(kind, at, at + 1) if kind else None


def _phrase(
    text: str, at: int, definitions: Mapping[str, tuple[str, ...]], items: list[Item]
) -> Item | None:
    """The longest listed phrase at this place, else the single word as unread; None where no word
    begins here.
    """
    ends = _ends(text, at)
    for end in reversed(ends):
        if item := _listed(text, at, end, definitions, items):
            return item
    if not ends:
        # A letter or digit that the word pattern does not take (a superscript, a digit of another
        # script) is unread by itself.
        return Item("unread", at, at + 1) if text[at].isalnum() else None
    return Item("unread", at, ends[0])


def _ends(text: str, at: int) -> list[int]:
    """Where a phrase that begins here may end: after each of the next words while only a blank,
    hyphen, dot or slash stands between.
    """
    ends: list[int] = []
    place = at
    while len(ends) < _LONGEST and (atom := _ATOM.match(text, place)):
        ends.append(atom.end())
        joiner = _JOINER.match(text, atom.end())
        place = joiner.end() if joiner else atom.end()
    return ends


def _listed(
    text: str, start: int, end: int, definitions: Mapping[str, tuple[str, ...]], items: list[Item]
) -> Item | None:
    """What this stretch is in the lists, the centre's own first; remarks come last, so that no
    agent or regimen is taken for one.
    """
    written = text[start:end]
    key = lookup_key(written)
    if key in definitions:
        return Item("regimen", start, end, ids=definitions[key])
    if written in _RESPONSES or _is_progression(written, text, items):
        return Item("remark", start, end)
    if word := _word_index().get(key):
        kind, ids, number = word
        return Item(kind, start, end, ids=ids, number=number)
    if product := find_product(written):
        return Item("infusion", start, end, ids=(product.id,))
    if agent := find_agent(written):
        return Item("agent", start, end, ids=(agent.id,))
    blank = any(c.isspace() for c in written)
    regimens = find_regimens(written)
    if regimens and (not blank or key in _names_with_blank()):
        return Item("regimen", start, end, regimens=regimens)
    if key in _remark_words():
        return Item("remark", start, end)
    if key in _unnamed_words():
        return Item("unnamed", start, end)
    return None if blank else _compound(written, start, end)


def _is_progression(written: str, text: str, items: list[Item]) -> bool:
    """`bis PD`, `wegen PD`: progressive disease. `Pd` never is."""
    return (
        written == "PD"
        and bool(items)
        and lookup_key(text[items[-1].start : items[-1].end]) in _before_pd()
    )


def _compound(written: str, start: int, end: int) -> Item | None:
    found = split_name(written)
    if found is None:
        return None
    agents, regimens = found
    return Item("regimen" if regimens else "agent", start, end, ids=agents, regimens=regimens)


@cache
def _word_index() -> dict[str, tuple[str, tuple[str, ...], int]]:
    """Words that steer the reading: lookup key -> kind, ids, number."""
    words = load_words()
    index: dict[str, tuple[str, tuple[str, ...], int]] = {}
    for kind in ("hard", "because", "negation", "choice", "doubt", "plus_word"):
        index.update({lookup_key(w): (kind, (), 1) for w in words["roles"][kind]})
    index.update(
        {lookup_key(w): ("procedure", ("autologous-sct",), 2) for w in words["roles"]["tandem"]}
    )
    for group, kind in (("procedures", "procedure"), ("purposes", "purpose")):
        index.update(
            {
                lookup_key(w): (kind, (name,), 1)
                for name, listed in words[group].items()
                for w in listed
            }
        )
    index.update({lookup_key(w): ("infusion", (), 1) for w in words["roles"]["car_t"]})
    return index


@cache
def _remark_words() -> frozenset[str]:
    return frozenset(lookup_key(w) for group in _REMARKS for w in load_words()["roles"][group])


@cache
def _unnamed_words() -> frozenset[str]:
    return frozenset(lookup_key(w) for w in load_words()["roles"]["unnamed"])


@cache
def _before_pd() -> frozenset[str]:
    return frozenset(lookup_key(w) for w in load_words()["roles"]["before_pd"])


@cache
def _names_with_blank() -> frozenset[str]:
    return frozenset(lookup_key(n) for r in load_regimens().values() for n in r.names if " " in n)
