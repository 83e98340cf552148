"""What a finding is, the register of their functions, and logic with unknown."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rearm.interval import Interval
from rearm.record import Source

if TYPE_CHECKING:
    from rearm.findings.chart import PatientChart
    from rearm.knowledge.lexicon import Lexicon

__all__ = [
    "FAMILIES",
    "FUNCTIONS",
    "NOTHING",
    "Family",
    "Found",
    "Function",
    "Text",
    "Value",
    "all3",
    "any3",
    "family",
    "finding",
    "joined",
    "measured",
    "not3",
    "rows_of",
    "sources_of",
    "suspected",
    "texts",
    "unknown",
]

_Row = TypeVar("_Row")


class _HasSource(Protocol):
    @property
    def source(self) -> Source: ...


class _HasSources(Protocol):
    @property
    def sources(self) -> tuple[Source, ...]: ...


class _HasText(Protocol):
    @property
    def has_text(self) -> bool: ...
    @property
    def text(self) -> str: ...


Value = bool | int | float | str | None
Text = str | Callable[[], str]


class Found:
    """One finding of one patient.

    `value` is None where it is not known. A number that is known only within bounds has no value
    but an `interval`, a word of which several are left has `possible`; where nothing is known all
    are None. `sources` are the rows of the input that it rests on, `text` is a sentence fragment
    that says what was seen there, or why something that is there could not be used. Given as a
    function, the text is made when it is first read: most findings of a patient are never shown.
    `stated_by`: who stated it, where nothing was measured that tells it. `suspected`: not known,
    but the last that is on record points to it (a value that is out of date, or only a bound).
    `computed`: what the record tells, where something else stands in its place. `last`: of a number
    that is not known because its result is too old, that result; `day`: the first day that the
    result, or the last one, may be of.
    """

    __slots__ = (
        "_text",
        "computed",
        "day",
        "interval",
        "last",
        "possible",
        "sources",
        "stated_by",
        "suspected",
        "value",
    )

    def __init__(
        self,
        value: Value,
        sources: tuple[Source, ...] = (),
        text: Text = "",
        *,
        interval: Interval | None = None,
        possible: tuple[str, ...] | None = None,
        stated_by: str | None = None,
        suspected: bool = False,
        computed: Found | None = None,
        last: Interval | None = None,
        day: int | None = None,
    ) -> None:
        self.value = value
        self.sources = sources
        self.interval = interval
        self.possible = possible
        self.stated_by = stated_by
        self.suspected = suspected
        self.computed = computed
        self.last = last
        self.day = day
        self._text = text

    @property
    def text(self) -> str:
        if not isinstance(self._text, str):
            self._text = self._text()
        return self._text

    @property
    def has_text(self) -> bool:
        """Whether there is a text, without making it."""
        return bool(self._text)

    @property
    def known(self) -> bool:
        """Whether anything is known: the value, or bounds of it."""
        return self.value is not None or self.bound is not None

    @property
    def bound(self) -> Interval | tuple[str, ...] | None:
        """What is known of it short of its value: the interval of a number, the words left."""
        return self.interval if self.interval is not None else self.possible

    @property
    def quantity(self) -> Interval | None:
        """The number as an interval; None where it is not a number or nothing is known."""
        if self.value is None:
            return self.interval
        return None if isinstance(self.value, bool | str) else Interval.of(float(self.value))

    def _parts(self) -> tuple[Any, ...]:
        return (
            self.value,
            self.sources,
            self.text,
            self.interval,
            self.possible,
            self.stated_by,
            self.suspected,
            self.computed,
            self.last,
            self.day,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Found) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        value, sources, text, interval, *rest = self._parts()
        names = ("possible", "stated_by", "suspected", "computed", "last", "day")
        told = zip(names, rest, strict=True)
        beside = "".join(f", {name}={part!r}" for name, part in told if part not in (None, False))
        return f"Found({value!r}, {sources!r}, {text!r}, interval={interval!r}{beside})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, self._parts()


def _found(
    value: Value,
    sources: tuple[Source, ...],
    text: str,
    interval: Interval | None,
    possible: tuple[str, ...] | None,
    stated_by: str | None,
    suspected: bool,
    computed: Found | None,
    last: Interval | None,
    day: int | None,
) -> Found:
    return Found(
        value,
        sources,
        text,
        interval=interval,
        possible=possible,
        stated_by=stated_by,
        suspected=suspected,
        computed=computed,
        last=last,
        day=day,
    )


Function = Callable[["PatientChart"], Found]
FUNCTIONS: dict[str, Function] = {}


FamilyFunction = Callable[["PatientChart"], Mapping[str, Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Findings that one function gives at once, such as those of each agent; `names` are theirs."""

    give: FamilyFunction
    names: Callable[[Lexicon], Collection[str]]


FAMILIES: list[Family] = []


def family(
    names: Callable[[Lexicon], Collection[str]],
) -> Callable[[FamilyFunction], FamilyFunction]:
    """Registers a function that gives several findings at once; `names` says which."""

    def register(function: FamilyFunction) -> FamilyFunction:
        FAMILIES.append(Family(give=function, names=names))
        return function

    return register


def finding(name: str) -> Callable[[Function], Function]:
    """Registers the function of one entry of the catalogue."""

    def register(function: Function) -> Function:
        if name in FUNCTIONS:
            raise ValueError(f"The finding {name} has two functions.")
        FUNCTIONS[name] = function
        return function

    return register


NOTHING = Found(None)


def unknown(text: Text = "", sources: Iterable[Source] = ()) -> Found:
    """A finding that is not known; `text` says why where something was there that could not be
    used.
    """
    return Found(None, tuple(sources), text)


def suspected(text: Text, sources: Iterable[Source]) -> Found:
    """A finding that is not known while the last that is on record points to it."""
    return Found(None, tuple(sources), text, suspected=True)


def measured(
    quantity: Interval | None, text: Text, sources: Iterable[Source] = (), *, whole: bool = False
) -> Found:
    """A number as a finding: its value where it is exact, else its bounds. `whole` makes it an
    integer.

    Raises ValueError for NaN: it would answer false to every comparison.
    """
    rows = tuple(sources)
    if len(rows) > 1:
        rows = tuple(dict.fromkeys(rows))
    if quantity is None:
        return Found(None, rows, text)
    low, high = quantity.low, quantity.high
    if low != low or high != high:
        raise ValueError(f"A finding is not a number (NaN): {Found(None, rows, text).text}.")
    if low == high and math.isfinite(low):
        return Found(round(low) if whole else low, rows, text)
    if math.isinf(low) and math.isinf(high):
        return Found(None, rows, text)
    return Found(None, rows, text, interval=quantity)


def texts(rows: Iterable[_Row], describe: Callable[[_Row], str], *, once: bool = False) -> Text:
    """The rows in words, made when they are read; `once`: the same words no second time."""
    kept = tuple(rows)

    def text() -> str:
        words = [describe(x) for x in kept]
        return "; ".join(dict.fromkeys(words) if once else words)

    return text if kept else ""


def joined(*parts: _HasText) -> Text:
    """The texts of several findings or results that have one, made when they are read."""
    told = [x for x in parts if x.has_text]
    return (lambda: "; ".join(x.text for x in told)) if told else ""


def sources_of(*parts: _HasSources) -> tuple[Source, ...]:
    """The rows that several findings or results rest on, one after the other."""
    return tuple([s for x in parts for s in x.sources])


def rows_of(rows: Iterable[_HasSource]) -> tuple[Source, ...]:
    """Where each of these events stands in the input."""
    return tuple([x.source for x in rows])


def any3(values: Iterable[bool | None]) -> bool | None:
    """OR with unknown: true where one is, false where all are, else unknown."""
    seen = list(values)
    if True in seen:
        return True
    return False if seen and None not in seen else None


def all3(values: Iterable[bool | None]) -> bool | None:
    """AND with unknown: false where one is, true where all are, else unknown."""
    seen = list(values)
    if False in seen:
        return False
    return True if seen and None not in seen else None


def not3(value: bool | None) -> bool | None:
    """NOT with unknown."""
    return None if value is None else not value
