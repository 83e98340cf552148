"""Stretches of a calendar year in words: part of a month, quarter, half, season.

The convention, so that no day is lost that may be meant: `early` is the first half of a month,
`mid` its days 8 to 23, `late` the second half; of a year the first half, April to September, the
second half. A season is that of the northern hemisphere, by the
wider of the meteorological and the astronomical reading, and only in German: in English it may be
that of another half of the earth.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from rearm.intake.values import Refused, shown

__all__ = ["MONTHS", "MONTH_NAME", "span_of", "without_preposition"]

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner", "feb february februar", "mar march mär märz mrz maerz",
            "apr april", "may mai", "jun june juni", "jul july juli", "aug august",
            "sep sept september", "oct october okt oktober", "nov november",
            "dec december dez dezember",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
MONTH_NAME = rf"(?P<name>{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_YEAR = r"(?P<year>[0-9]{4})"
_PREPOSITION = re.compile(r"(?:in|im|am|on|during|i\.)\s+(?:the\s+|dem\s+)?(?=\S)", re.IGNORECASE)
_EARLY = r"(?P<early>anfang|beginn|early|beginning\sof|start\sof)"
_MID = r"(?P<mid>mitte|mid|middle\sof)"
_LATE = r"(?P<late>ende|spät|late|end\sof)"
_PART_OF_MONTH = re.compile(
    rf"(?:{_EARLY}|{_MID}|{_LATE})[\s-]*(?:{MONTH_NAME}\.?[\s,/-]*|(?P<month>0?[1-9]|1[0-2])[./-]){_YEAR}",
    re.IGNORECASE,
)
_PART_OF_YEAR = re.compile(
    rf"(?:{_EARLY}|{_MID}|{_LATE})[\s-]*(?:of\s|des\sjahres\s)?{_YEAR}", re.IGNORECASE
)
_ORDINALS = {
    "1": 1, "i": 1, "first": 1, "erstes": 1, "ersten": 1,
    "2": 2, "ii": 2, "second": 2, "zweites": 2, "zweiten": 2,
    "3": 3, "iii": 3, "third": 3, "drittes": 3, "dritten": 3,
    "4": 4, "iv": 4, "fourth": 4, "viertes": 4, "vierten": 4,
}  # fmt: skip
_ORDINAL = rf"(?P<number>{'|'.join(sorted(_ORDINALS, key=len, reverse=True))})(?:\.|st|nd|rd|th)?"
_QUARTER = r"(?P<quarter>quartal|quarter|q)"
_HALF = r"(?P<half>halbjahr|half(?:[\s-]year)?|h|hj)"
_LINK = r"[\s,/-]*(?:of\s+)?(?:the\s+year\s+)?"
_PARTS_OF_YEAR = tuple(
    re.compile(form, re.IGNORECASE)
    for kind in (_QUARTER, _HALF)
    for form in (
        rf"{_ORDINAL}[\s-]*{kind}{_LINK}{_YEAR}",
        rf"{kind}[\s-]*(?P<number>[1-4]){_LINK}{_YEAR}",
        rf"{_YEAR}[\s,/-]*{kind}[\s-]*(?P<number>[1-4])",
    )
)
# first month and day, last month and day
_SEASONS = {
    "frühjahr": ((3, 1), (6, 21)), "frühling": ((3, 1), (6, 21)),
    "sommer": ((6, 1), (9, 23)), "herbst": ((9, 1), (12, 21)),
}  # fmt: skip
_SEASON = re.compile(rf"(?P<season>{'|'.join(_SEASONS)})\s+{_YEAR}", re.IGNORECASE)
_WINTER = re.compile(rf"winter\s+{_YEAR}\s?[/–-]\s?(?P<next>[0-9]{{4}}|[0-9]{{2}})", re.IGNORECASE)
_REFUSED = re.compile(
    rf"(?:early\s|late\s|mid[\s-])?(?P<season>spring|summer|autumn|fall|winter)\s+(?:of\s+)?{_YEAR}"
    r"(?:\s?[/–-]\s?[0-9]{2,4})?",
    re.IGNORECASE,
)


def without_preposition(given: str) -> str:
    """`October 2024` of `in October 2024`, `im Oktober 2024`, `am 3. Oktober 2024`."""
    match = _PREPOSITION.match(given)
    return given if match is None else given[match.end() :]


def span_of(given: str) -> tuple[date, date] | None:
    """First and last day of a stretch in words; None for any other text.

    Raises Refused for a season of which the half of the earth, or the year, is not certain.
    """
    if match := _PART_OF_MONTH.fullmatch(given):
        return _part_of_month(match)
    if match := _PART_OF_YEAR.fullmatch(given):
        year = int(match["year"])
        if match["mid"]:
            return date(year, 4, 1), date(year, 9, 30)
        return (date(year, 1, 1), date(year, 6, 30)) if match["early"] else _second_half(year)
    for form in _PARTS_OF_YEAR:
        if match := form.fullmatch(given):
            return _part_of_year(match)
    if match := _SEASON.fullmatch(given):
        (month, day), (last_month, last_day) = _SEASONS[match["season"].casefold()]
        year = int(match["year"])
        return date(year, month, day), date(year, last_month, last_day)
    if match := _WINTER.fullmatch(given):
        year = int(match["year"])
        if int(match["next"]) % 100 == (year + 1) % 100:
            return date(year, 12, 1), date(year + 1, 3, 21)
    if match := _REFUSED.fullmatch(given):
        raise Refused("season_unclear", _unclear(given, match))
    return None


def _part_of_month(match: re.Match[str]) -> tuple[date, date]:
    year = int(match["year"])
    month = MONTHS[match["name"].casefold()] if match["name"] else int(match["month"])
    last = calendar.monthrange(year, month)[1]
    first, end = (1, 15) if match["early"] else (8, 23) if match["mid"] else (16, last)
    return date(year, month, first), date(year, month, end)


def _second_half(year: int) -> tuple[date, date]:
    return date(year, 7, 1), date(year, 12, 31)


def _part_of_year(match: re.Match[str]) -> tuple[date, date] | None:
    groups = match.groupdict()
    length = 3 if groups.get("quarter") else 6
    number = _ORDINALS[match["number"].casefold()]
    if number * length > 12:
        return None
    year, first = int(match["year"]), (number - 1) * length + 1
    after = date(year + 1, 1, 1) if number * length == 12 else date(year, first + length, 1)
    return date(year, first, 1), after - timedelta(days=1)


def _unclear(given: str, match: re.Match[str]) -> str:
    year = match["year"]
    why = "falls at another time of the year south of the equator"
    if match["season"].casefold() == "winter":
        why = "spans two years"
    return (
        f"{shown(given)} is a season, which {why}. Enter the month ({year}-04), quarter (Q2 "
        f"{year}), half-year (H1 {year}) or year instead."
    )
