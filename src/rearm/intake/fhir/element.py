"""FHIR elements as JSON gives them, read by type: what has another type than FHIR's becomes a
problem of its resource, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rearm.intake.rows import Moment, Value

__all__ = ["Dated", "Element", "bounds_of", "dated", "moment_of"]

_NOTHING: Mapping[str, Any] = {}
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}:[0-9]{2}):[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_OLDEST_YEAR = 1880


@dataclass(frozen=True, slots=True)
class Element:
    """A JSON object of FHIR with its path.

    Getters give None (or nothing) where a key is absent; a value of another type is noted in
    `problems`.
    """

    data: Mapping[str, Any]
    path: str = ""
    problems: list[str] = field(default_factory=list, compare=False)

    def __bool__(self) -> bool:
        return bool(self.data)

    def has(self, key: str) -> bool:
        return key in self.data

    def text(self, key: str) -> str | None:
        value = self.data.get(key)
        if isinstance(value, str):
            return value.strip() or None
        if value is not None:
            self._problem(key, "a text")
        return None

    def number(self, key: str) -> float | int | None:
        value = self.data.get(key)
        if isinstance(value, bool):
            self._problem(key, "a number")
            return None
        found = self._typed(key, (int, float), "a number")
        return found if isinstance(found, int | float) else None

    def boolean(self, key: str) -> bool | None:
        value = self._typed(key, bool, "true or false")
        return value if isinstance(value, bool) else None

    def child(self, key: str) -> Element:
        value = self.data.get(key)
        if value is None:
            return _ABSENT
        if not isinstance(value, dict):
            self._problem(key, "an object")
            return _ABSENT
        return Element(value, self._below(key), self.problems)

    def children(self, key: str) -> list[Element]:
        """The objects of a list; FHIR has no other lists that are read here."""
        if key not in self.data:
            return []
        value = self._typed(key, list, "a list")
        found: list[Element] = []
        for place, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                found.append(Element(item, f"{self._below(key)}[{place}]", self.problems))
            else:
                self.problems.append(f"{self._below(key)}[{place}] is not an object")
        return found

    def choice(self, stem: str) -> str | None:
        """The key of a choice type: `valueQuantity` for the stem `value`. Two of them are a
        problem.
        """
        keys = [
            k
            for k in self.data
            if k.startswith(stem) and len(k) > len(stem) and k[len(stem)].isupper()
        ]
        if len(keys) > 1:
            self.problems.append(
                f"{self.path or 'the resource'} has {' and '.join(keys)}, but only one is allowed"
            )
            return None
        return keys[0] if keys else None

    def extension(self, prefix: str) -> Iterator[tuple[str, Element]]:
        """Extensions whose url begins with `prefix`, with the rest of the url."""
        for item in self.children("extension"):
            url = item.text("url")
            if url is not None and url.startswith(prefix):
                yield url[len(prefix) :], item

    def _typed(self, key: str, kinds: type | tuple[type, ...], what: str) -> object:
        value = self.data.get(key)
        if value is not None and not isinstance(value, kinds):
            self._problem(key, what)
            return None
        return value

    def _problem(self, key: str, what: str) -> None:
        self.problems.append(f"{self._below(key)} is not {what}")

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


_ABSENT = Element(_NOTHING)


@dataclass(frozen=True, slots=True)
class Dated:
    """A time of FHIR for a row: the value of the day column, the time of day, and the reason where
    it can't be used. `written` is the text with its offset from UTC, where it has one.
    """

    value: Value | Moment = None
    time: str | None = None
    why_not: str | None = None
    written: str | None = None


def moment_of(text: str) -> Dated:
    """A date, dateTime or instant: a whole date, or the interval of a partial one. The date is the
    local one, as it is written.
    """
    match = _DATE.fullmatch(text)
    if match is None or int(match[1]) < _OLDEST_YEAR:
        shown = text if len(text) <= 40 else text[:39] + "…"
        return Dated(
            why_not=(
                f"{shown!r} is not a FHIR date (YYYY, YYYY-MM or YYYY-MM-DD, with the time only "
                "together with a time zone)."
            )
        )
    if match[2] is None:
        return Dated(
            Moment(
                date(int(match[1]), 1, 1).toordinal(),
                date(int(match[1]), 12, 31).toordinal(),
                dated=True,
            )
        )
    day = "-".join(part for part in match.group(1, 2, 3) if part is not None)
    return Dated(day, match[4], written=text if match[4] is not None else None)


def dated(element: Element, stem: str) -> Dated:
    """The choice `stem` + DateTime, Period, Instant or Date.

    A period of two consecutive days (a 24-hour collection) counts on the day it ends; a longer one
    is an interval.
    """
    key = element.choice(stem)
    if key is None:
        return Dated()
    kind = key[len(stem) :]
    if kind in ("DateTime", "Instant", "Date"):
        text = element.text(key)
        return Dated() if text is None else moment_of(text)
    if kind == "Period":
        return _period(element.child(key))
    return Dated(why_not=f"{key} is not read as a time.")


def _period(period: Element) -> Dated:
    start, end = (
        moment_of(text) if (text := period.text(key)) is not None else Dated()
        for key in ("start", "end")
    )
    if start.why_not or end.why_not:
        return Dated(why_not=start.why_not or end.why_not)
    first, last = bounds_of(start.value), bounds_of(end.value)
    if first[0] is not None and last[1] is not None and last[1] < first[0]:
        return Dated(why_not="The period ends before it starts.")
    if (
        first[0] is not None
        and first[0] == first[1]
        and last[0] == last[1]
        and last[0] in (first[0], first[0] + 1)
    ):
        return Dated(end.value)
    if first[0] is None and last[1] is None:
        return Dated()
    return Dated(Moment(first[0], last[1], dated=True))


def bounds_of(value: Value | Moment) -> tuple[int | None, int | None]:
    """First and last ordinal that a value of `moment_of` allows; an impossible date allows none
    (the row's reader says so).
    """
    if isinstance(value, Moment):
        return value.first, value.last
    if not isinstance(value, str):
        return None, None
    try:
        if len(value) == 7:
            year, month = int(value[:4]), int(value[5:])
            after = date(year + month // 12, month % 12 + 1, 1).toordinal()
            return date(year, month, 1).toordinal(), after - 1
        exact = date.fromisoformat(value).toordinal()
    except ValueError:
        return None, None
    return exact, exact
