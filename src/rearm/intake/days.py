"""Days and dates as records have them: whole, in part, written out, counted, or by a word."""

from __future__ import annotations

import calendar
import re
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from rearm.intake.calendar_words import MONTH_NAME, MONTHS, span_of, without_preposition
from rearm.intake.rows import Anchor, Moment, Value
from rearm.intake.values import Refused, integer, shown

__all__ = [
    "FIRST_DAY", "LAST_DAY", "DateOrder", "SlashedOrder", "in_order", "is_dated", "may_be_year",
    "parse_moment", "slashed_order", "year_of",
]  # fmt: skip

# Days from day 0 that no living person's record can hold; beyond them a number is a calendar serial
# or a typing error.
FIRST_DAY = -130 * 366
LAST_DAY = 60 * 366
_OLDEST_YEAR = 1880
# Dates shifted for de-identification reach the 23rd century. What lies beyond is a stand-in for "no
# end" (9999-12-31), and days counted from it would leave the calendar.
_LATEST_YEAR = 2500

_NAME = MONTH_NAME
_YEAR = "(?P<year>[0-9]{4})"
_NUMBER = "[0-9]{1,2}"
_DAY = f"(?P<day>{_NUMBER})(?:st|nd|rd|th)?"
_GAP = r"[ .,/-]{1,2}"
_CLOCK = "(?:[T ]+[0-9]{1,2}:[0-9]{2}.*)?"
# the forms in which the order of day, month and year is certain; a bare year is a day number
_DATES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YEAR}(?P<mark>[-/])(?P<month>{_NUMBER})(?:(?P=mark)(?P<day>{_NUMBER})(?:[T ].*)?)?",
        rf"(?P<day>{_NUMBER})\.\s?(?P<month>{_NUMBER})\.\s?{_YEAR}{_CLOCK}",
        rf"(?P<month>0?[1-9]|1[0-2])\s?[./-]\s?{_YEAR}",
        rf"{_DAY}(?:{_GAP})?{_NAME}(?:{_GAP})?{_YEAR}{_CLOCK}",
        rf"{_NAME}(?:{_GAP})?{_DAY}{_GAP}{_YEAR}{_CLOCK}",
        rf"{_YEAR}(?:{_GAP})?{_NAME}(?:{_GAP})?{_DAY}{_CLOCK}",
        rf"{_NAME}(?:{_GAP})?{_YEAR}",
    )
)
# Points stand in day.month.year alone. Nothing of a record of today happened before 1960.
_DOTTED_SHORT = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{2})")
_FIRST_SHORT_YEAR = 60
_NAMED_YEAR = re.compile(
    r"(?:(?:in|during) the year|year|jahr|in|im jahre?)\s*([0-9]{4})", re.IGNORECASE
)
# A number between these may be a year as well as the number of a day.
_YEARS = range(1940, 2061)
_TWO_DIGIT_YEAR = re.compile(
    r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}|[0-9]{1,2}[./][0-9]{2}"
    rf"|(?:{_NUMBER}(?:{_GAP})?)?{_NAME}(?:{_GAP})?[0-9]{{2}}",
    re.IGNORECASE,
)
_SLASHED = re.compile(
    rf"(?P<one>{_NUMBER})(?P<mark>[-/])(?P<other>{_NUMBER})(?P=mark){_YEAR}{_CLOCK}"
)
# Any date whose order of day and month the text itself leaves open.
_EITHER_ORDER = re.compile(
    rf"(?<![0-9/-])({_NUMBER})([-/])({_NUMBER})\2([0-9]{{4}}|[0-9]{{2}})(?![0-9/-])"
)
DateOrder = Literal["dmy", "mdy"]
SlashedOrder = Literal["dmy", "mdy", "either"]
_DAY_WORD = re.compile(
    r"(?:day|tag|d)\s*([+-]?\s?[0-9]{1,5})|([+-]?\s?[0-9]{1,5})\s*(?:days?|tage?|d)", re.IGNORECASE
)
_MONTH_WORD = re.compile(
    r"(?:month|monat|m)\s*([0-9]{1,3})|([0-9]{1,3})\s*(?:months?|monate?|mo)", re.IGNORECASE
)
_MONTH = 30.4375

_ANCHOR_WORDS: dict[Anchor, tuple[str, ...]] = {
    "apheresis": ("apheresis", "leukapheresis", "leukapherese", "apherese"),
    "before_bridging": (
        "before bridging",
        "pre bridging",
        "prebridging",
        "pre-bridging",
        "vor bridging",
        "vor dem bridging",
        "prior to bridging",
        "pre_BT",
    ),
    "before_lymphodepletion": (
        "before lymphodepletion",
        "pre lymphodepletion",
        "pre-lymphodepletion",
        "vor lymphodepletion",
        "prior to lymphodepletion",
    ),
    "before_infusion": (
        "before infusion",
        "before the infusion",
        "prior to infusion",
        "pre infusion",
        "preinfusion",
        "before CAR-T",
        "before CAR-T infusion",
        "prior to CAR-T",
        "pre CAR-T",
        "vor CAR-T",
        "vor CAR-T-Infusion",
        "vor CAR-T-Therapie",
        "vor Infusion",
        "vor der Infusion",
        "baseline",
    ),
    "after_infusion": (
        "after infusion",
        "after the infusion",
        "post infusion",
        "postinfusion",
        "after CAR-T",
        "after CAR-T infusion",
        "post CAR-T",
        "nach CAR-T",
        "nach CAR-T-Infusion",
        "nach CAR-T-Therapie",
        "nach Infusion",
        "nach der Infusion",
    ),
    "diagnosis": ("diagnosis", "at diagnosis", "erstdiagnose", "ED"),
}


def _anchor_key(given: str) -> str:
    return re.sub(r"[\s_\-‐‑]+", " ", given).strip().casefold()


_ANCHORS = {_anchor_key(word): anchor for anchor, words in _ANCHOR_WORDS.items() for word in words}


def is_dated(value: Value) -> bool:
    """Whether a cell of a day column holds a calendar date rather than a day number."""
    if isinstance(value, date):
        return True
    return isinstance(value, str) and _is_dated_text(value.strip())


@lru_cache(maxsize=8192)
def _is_dated_text(given: str) -> bool:
    if _NAMED_YEAR.fullmatch(given):
        return True
    given = without_preposition(given)
    if _date_parts(given) is not None or _DOTTED_SHORT.fullmatch(given):
        return True
    try:
        return span_of(given) is not None
    except ValueError:  # a season that is refused, a year that is none
        return True


def may_be_year(value: Value) -> bool:
    """Whether a cell of a day column holds a bare number that may be a calendar year."""
    if isinstance(value, str):
        return re.fullmatch(r"[0-9]{4}", value.strip()) is not None and int(value) in _YEARS
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return is_number and value in _YEARS


def parse_moment(value: Value) -> Moment:
    """A day number, a date (2024-03-14, 14.03.2024, 14 March 2024), a partial date (2024-03,
    12/2017, March 2024), `Day 7`, `3 months`, or an anchor word (`Leukapheresis`, `before
    bridging`). A bare 2017 is left to the axis.

    Raises Refused: slashed dates that allow two orders (03/04/2024; 28/06/2022 allows one),
    two-digit years but in day.month.year, impossible dates, anything else.
    """
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        _check_year(value.year)
        return Moment(value.toordinal(), value.toordinal(), dated=True)
    if isinstance(value, float | int) and not isinstance(value, bool):
        return _day_number(integer(value, decimal=None))
    if isinstance(value, str):
        return _moment_of_text(value.strip())
    raise Refused("day_unreadable", f"{shown(value)} is neither a day nor a date.")


def _day_number(day: int) -> Moment:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused(
            "day_implausible",
            f"Day {day} is more than a lifetime away from day 0 and may be a spreadsheet serial "
            "number. Write the date as YYYY-MM-DD.",
        )
    return Moment(day, day, year=day if day in _YEARS else None)


@lru_cache(maxsize=8192)
def _moment_of_text(given: str) -> Moment:
    if re.fullmatch(r"[+-]?[0-9]{1,9}", given):
        return _day_number(int(given))
    if match := _NAMED_YEAR.fullmatch(given):
        return year_of(int(match[1]))
    plain = without_preposition(given)
    if plain != given and _is_dated_text(plain):
        given = plain
    if (parts := _date_parts(given)) is not None:
        return _dates(*parts, given=given)
    if match := _DOTTED_SHORT.fullmatch(given):
        short = int(match[3])
        year = short + (1900 if short >= _FIRST_SHORT_YEAR else 2000)
        return replace(_dates(year, int(match[2]), int(match[1]), given=given), short_year=True)
    if (span := _stretch(given)) is not None:
        return span
    if _TWO_DIGIT_YEAR.fullmatch(given):
        raise Refused(
            "two_digit_year",
            f"The date {given!r} has a two-digit year, so its century and the order of day and "
            f"month are unclear. {_whole_year(given)}",
        )
    if _SLASHED.fullmatch(given):
        raise Refused(
            "date_ambiguous",
            f"The date {given!r} can be read as day/month or month/day. Write YYYY-MM-DD, or "
            'read the table by a mapping with date_order="dmy" or "mdy".',
        )
    if match := _DAY_WORD.fullmatch(given):
        return replace(_day_number(int((match[1] or match[2]).replace(" ", ""))), year=None)
    if match := _MONTH_WORD.fullmatch(given):
        months = int(match[1] or match[2])
        return Moment(round((months - 0.5) * _MONTH), round((months + 0.5) * _MONTH))
    if anchor := _ANCHORS.get(_anchor_key(given)):
        return Moment(anchor=anchor)
    if re.fullmatch(r"[+-]?[0-9]+\.0{0,2}", given):  # 7.000 may be seven thousand
        return _day_number(int(float(given)))
    raise Refused(
        "day_unreadable", f"{shown(given)} is neither a day number nor a date (YYYY-MM-DD)."
    )


def _stretch(given: str) -> Moment | None:
    """A part of a month or of a year in words."""
    try:
        span = span_of(given)
    except ValueError as error:  # year 0000
        if isinstance(error, Refused):
            raise
        raise Refused("date_impossible", f"{given!r} is not a calendar date.") from None
    if span is None:
        return None
    _check_year(span[0].year)
    return Moment(span[0].toordinal(), span[1].toordinal(), dated=True)


def _whole_year(given: str) -> str:
    """What to write in place of a date with a year of two digits."""
    numbers = re.findall("[0-9]+", given)
    name = re.search(_NAME, given, re.IGNORECASE)
    if name and len(numbers) == 2:
        return "Write YYYY-MM-DD, or all four digits of the year (14 Mar 2024)."
    if len(numbers) == 3:
        return "Write YYYY-MM-DD."
    month = MONTHS[name["name"].casefold()] if name else int(numbers[0])
    year = f"20{numbers[-1]}"
    example = f", such as {year}-{month:02}" if 1 <= month <= 12 else ""
    return f"Write the month as YYYY-MM{example}; a day as YYYY-MM-DD."


def _date_parts(given: str) -> tuple[int, int, int | None] | None:
    """Year, month and day (None: of a month) of a text whose order is certain."""
    match = next((m for form in _DATES if (m := form.fullmatch(given))), None)
    if match is None:
        return _only_order(given)
    parts = match.groupdict()
    month = MONTHS[parts["name"].casefold()] if parts.get("name") else int(parts["month"])
    return int(parts["year"]), month, int(parts["day"]) if parts.get("day") else None


def _only_order(given: str) -> tuple[int, int, int] | None:
    """Year, month and day of a slashed date of which the calendar allows one order; a date that it
    allows in no order as day/month, so that it is refused as impossible.
    """
    match = _SLASHED.fullmatch(given)
    if match is None:
        return None
    one, other, year = int(match["one"]), int(match["other"]), int(match["year"])
    if one != other and 1 <= one <= 12 and 1 <= other <= 12:
        return None
    return (year, one, other) if 1 <= one <= 12 < other else (year, other, one)


def in_order(given: str, order: DateOrder) -> str:
    """A text with its slashed dates as day.month.year (YYYY-MM-DD with four digits of the year),
    by the order that its table is said to have. A date that the calendar does not allow in that
    order stays as it is.
    """

    def written(match: re.Match[str]) -> str:
        day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
        if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
            return match[0]
        if len(match[4]) == 2:
            return f"{int(day):02}.{int(month):02}.{match[4]}"
        return f"{match[4]}-{int(month):02}-{int(day):02}"

    return _EITHER_ORDER.sub(written, given)


def slashed_order(given: str) -> SlashedOrder | None:
    """The orders that a date with slashes allows; None of any other text."""
    match = _SLASHED.fullmatch(given.strip()) or _EITHER_ORDER.fullmatch(given.strip())
    if match is None:
        return None
    one, other = (int(x) for x in re.findall(r"[0-9]+", given)[:2])
    if one > 12 or other > 12:
        return "dmy" if other <= 12 else "mdy" if one <= 12 else None
    return "either"


def year_of(year: int) -> Moment:
    """The days of a calendar year. Raises Refused where nobody's record can hold it."""
    _check_year(year)
    return Moment(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal(), dated=True)


def _dates(year: int, month: int, day: int | None, *, given: str) -> Moment:
    _check_year(year)
    try:
        if day is None:
            return Moment(
                date(year, month, 1).toordinal(),
                date(year, month, calendar.monthrange(year, month)[1]).toordinal(),
                dated=True,
            )
        exact = date(year, month, day).toordinal()
    except (ValueError, calendar.IllegalMonthError):
        raise Refused("date_impossible", f"{given!r} is not a calendar date.") from None
    return Moment(exact, exact, dated=True)


def _check_year(year: int) -> None:
    if year < _OLDEST_YEAR:
        raise Refused(
            "date_impossible",
            f"The year {year} is before {_OLDEST_YEAR}, too early for a patient alive today.",
        )
    if year > _LATEST_YEAR:
        raise Refused(
            "date_impossible",
            f"The year {year} is after {_LATEST_YEAR}; such a date usually means that the date "
            "is unknown.",
        )
