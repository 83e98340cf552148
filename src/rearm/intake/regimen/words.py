"""Words of a regimen column: cuts a text into items, each an agent, a regimen, a procedure, a
purpose, another drug, a remark, a separator or unread.

The longest listed phrase wins. German and English. What is in no list keeps the kind `unread`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from rearm.knowledge.lexicon import Lexicon, Regimen, lookup_key

__all__ = ["SEPARATORS", "Item", "RegimenWords"]

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
# the plus of CD34+ is of its name, every other one parts drugs
_JOINER = re.compile(r"(?:(?<=CD34)\+)?(?:[ \u00a0]?[-–‑./'’][ \u00a0]?|[ \u00a0]{1,2}|)", re.I)
_LONGEST = 8  # atoms in one listed phrase at most
_SIGNS = dict(
    zip(
        ",+&([)]=:/",
        ("comma", "plus", "plus", "open", "open", "close", "close", "equals", "equals", "slash"),
        strict=True,
    )
)


class RegimenWords:
    """Cuts texts into items by the lists of one lexicon.

    `definitions` are the centre's own names. A text that is one of them as it is written (`Foo +
    Bar (trial)`) is that name, before anything is cut.
    """

    def __init__(self, lexicon: Lexicon, definitions: Mapping[str, tuple[str, ...]]) -> None:
        self.lexicon = lexicon
        by_letters: dict[str, set[tuple[str, ...]]] = {}
        for name, agents in definitions.items():
            by_letters.setdefault(lookup_key(name), set()).add(agents)
        self.definitions = {key: next(iter(x)) for key, x in by_letters.items() if len(x) == 1}
        self._whole = {_whole(name): a for name, a in definitions.items() if name.strip()}
        roles = lexicon.words["roles"]
        self._steering = _steering(lexicon)
        self._remarks = frozenset(lookup_key(w) for group in _REMARKS for w in roles[group])
        self._unnamed = frozenset(map(lookup_key, roles["unnamed"]))
        self._before_pd = frozenset(map(lookup_key, roles["before_pd"]))
        names = (name for regimen in lexicon.regimens.values() for name in regimen.names)
        self._names_with_blank = frozenset(lookup_key(name) for name in names if " " in name)

    def items(self, text: str) -> list[Item]:
        """The items of a text, in order and without overlap; white space and bare punctuation
        between them gives none or a separator.

        Every letter and digit of the text lies in exactly one item.
        """
        if self._whole and (own := self._whole.get(_whole(text))) is not None:
            start = len(text) - len(text.lstrip())
            return [Item("regimen", start, len(text.rstrip()), ids=own)]
        items: list[Item] = []
        at = 0
        # behind `wegen`, `due to`: unknown words up to the next separator are the reason
        because = False
        while at < len(text):
            item = _pattern(text, at) or self._phrase(text, at, items) or _sign(text, at)
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

    def _phrase(self, text: str, at: int, items: list[Item]) -> Item | None:
        """The longest listed phrase at this place, else the single word as unread; None where no
        word begins here.
        """
        ends = _ends(text, at)
        for end in reversed(ends):
            if item := self._listed(text, at, end, items):
                return item
        if not ends:
            # A letter or digit that the word pattern does not take (a superscript, a digit of
            # another script) is unread by itself.
            return Item("unread", at, at + 1) if text[at].isalnum() else None
        return Item("unread", at, ends[0])

    def _listed(self, text: str, start: int, end: int, items: list[Item]) -> Item | None:
        """What this stretch is in the lists, the centre's own first; remarks come last, so that no
        agent or regimen is taken for one.
        """
        written = text[start:end]
        key = lookup_key(written)
        if key in self.definitions:
            return Item("regimen", start, end, ids=self.definitions[key])
        if written in _RESPONSES or self._is_progression(written, text, items):
            return Item("remark", start, end)
        if word := self._steering.get(key):
            kind, ids, number = word
            return Item(kind, start, end, ids=ids, number=number)
        if product := self.lexicon.find_product(written):
            return Item("infusion", start, end, ids=(product.id,))
        if agent := self.lexicon.find_agent(written):
            return Item("agent", start, end, ids=(agent.id,))
        if self.lexicon.is_other_medication(written):
            return Item("other_drug", start, end)
        blank = any(c.isspace() for c in written)
        regimens = self.lexicon.find_regimens(written)
        if regimens and (not blank or key in self._names_with_blank):
            return Item("regimen", start, end, regimens=regimens)
        if key in self._remarks:
            return Item("remark", start, end)
        if key in self._unnamed:
            return Item("unnamed", start, end)
        return None if blank else self._compound(written, start, end)

    def _is_progression(self, written: str, text: str, items: list[Item]) -> bool:
        """`bis PD`, `wegen PD`: progressive disease. `Pd` never is."""
        if written != "PD" or not items:
            return False
        return lookup_key(text[items[-1].start : items[-1].end]) in self._before_pd

    def _compound(self, written: str, start: int, end: int) -> Item | None:
        split = self.lexicon.split_name(written)
        if split is None:
            return None
        agents, regimens = split
        kind = "regimen" if regimens else "agent"
        return Item(kind, start, end, ids=agents, regimens=regimens)


def _whole(text: str) -> str:
    """A whole text for comparison: without case and spaces, its punctuation kept."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


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


def _steering(lexicon: Lexicon) -> dict[str, tuple[str, tuple[str, ...], int]]:
    """Words that steer the reading: lookup key -> kind, ids, number."""
    words = lexicon.words
    index: dict[str, tuple[str, tuple[str, ...], int]] = {}
    for kind in ("hard", "because", "negation", "choice", "doubt", "plus_word"):
        index.update({lookup_key(w): (kind, (), 1) for w in words["roles"][kind]})
    index.update({lookup_key(w): ("donor", (), 1) for w in words["roles"]["donor"]})
    for word in words["roles"]["tandem"]:
        index[lookup_key(word)] = ("procedure", ("autologous-sct",), 2)
    for group, kind in (("procedures", "procedure"), ("purposes", "purpose")):
        for name, listed in words[group].items():
            index.update({lookup_key(w): (kind, (name,), 1) for w in listed})
    index.update({lookup_key(w): ("infusion", (), 1) for w in words["roles"]["car_t"]})
    return index
