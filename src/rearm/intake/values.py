"""Cells to typed values: text, numbers, yes and no, words, days and dates. What can't be read is
refused with a sentence.
"""

from __future__ import annotations

import calendar
import math
import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from rearm.intake.dictionary import Column, folded
from rearm.intake.rows import Anchor, DecimalMark, Moment, Value
from rearm.units import UnitRefusal, parse_number

__all__ = [
    "Moment", "Refused", "grade", "integer", "is_dated", "is_nothing", "may_be_year", "not_done",
    "number", "parse_moment", "shown", "text", "word", "words", "year_of", "yes_no",
]  # fmt: skip

# Days from day 0 that no living person's record can hold; beyond them a number is a calendar serial
# or a typing error.
FIRST_DAY = -130 * 366
LAST_DAY = 60 * 366
_OLDEST_YEAR = 1880
# Dates shifted for de-identification reach the 23rd century. What lies beyond is a stand-in for "no
# end" (9999-12-31), and days counted from it would leave the calendar.
_LATEST_YEAR = 2500

_NOT_DONE = re.compile(
    r"n\.?\s?[dak]\.{0,2}|n\.?\s?b\.|k\.?\s?a\.{0,2}|not"
    r" (?:done|assessed|tested|available|determined|performed|known|reported|recorded|stated"
    r"|applicable)"
    r"|nicht (?:bestimmt|gemacht|untersucht|erfolgt|bekannt|angegeben|dokumentiert|zutreffend)"
    r"|unknown|unk|unbekannt|keine angaben?|#?n/a|nan|nat|null|none given|missing|pending"
    r"|ausstehend|fehlt|[-–—?._/]+",
    re.IGNORECASE,
)
# Where a treatment belongs: that there was none.
_NOTHING = re.compile(r"no|none|nil|nein|keine?[rs]?|entfällt|not given|nicht gegeben", re.I)
_YES = frozenset({"yes", "y", "true", "1", "ja", "j", "x", "vorhanden", "present"})
_NO = frozenset({"no", "n", "false", "0", "nein", "kein", "keine", "none", "absent"})
_GRADE = re.compile(r"(?:grade|grad|g|°)?\s*(IV|V|I{1,3}|[0-5])\s*°?", re.IGNORECASE)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{1,2})(?:-([0-9]{1,2})(?:[T ].*)?)?"
)  # a bare year is a day number
_MONTH_OF_YEAR = re.compile(
    r"(0?[1-9]|1[0-2])\s?[./-]\s?([0-9]{4})"
)  # the one order that it can have
_NAMED_MONTH = re.compile(r"([^\W\d_]{3,9})\.?,?[ ./-]?([0-9]{4})")
_NAMED_YEAR = re.compile(r"(?:year|jahr|in|im jahr)\s*([0-9]{4})", re.IGNORECASE)
_MONTHS = {
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
# A number between these may be a year as well as the number of a day.
_YEARS = range(1940, 2061)
_DOTTED = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
# Points stand in day.month.year alone. Nothing of a record of today happened before 1960.
_DOTTED_SHORT = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{2})")
_FIRST_SHORT_YEAR = 60
_TWO_DIGIT_YEAR = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}|[0-9]{1,2}[./][0-9]{2}")
_SLASHED = re.compile(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}")
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


class Refused(ValueError):
    """A value that can't be used; `code` is the stable id for an issue, `str()` the sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def text(value: Value) -> str:
    """The cell as text: whole numbers without `.0` (ids and codes typed into a spreadsheet), dates
    in ISO form.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time() == time()
            else value.isoformat(timespec="minutes")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)


def shown(value: Value, longest: int = 60) -> str:
    """The cell for a sentence, in quotation marks, shortened; control characters are escaped."""
    full = text(value)
    return repr(full if len(full) <= longest else full[: longest - 1] + "…")


def not_done(value: Value) -> bool:
    """Whether the cell says that nothing was measured (`n.d.`, `NA`, `not done`): no value, and no
    row.
    """
    return isinstance(value, str) and _NOT_DONE.fullmatch(value.strip()) is not None


def is_nothing(value: Value) -> bool:
    """Whether the cell says that there was none (`none`, `nein`): of a treatment, no row."""
    return isinstance(value, str) and _NOTHING.fullmatch(value.strip()) is not None


def number(value: Value, *, decimal: DecimalMark | None) -> float:
    """An exact number; `decimal` is the decimal mark of its table. Raises Refused for text, a
    comparator, NaN and infinities.
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise Refused(
                "value_unreadable",
                "The value is not a finite number; leave it empty where nothing was measured.",
            )
        return float(value)
    if not isinstance(value, str):
        raise Refused("value_unreadable", f"{shown(value)} stands where a number is expected.")
    try:
        found = parse_number(value, decimal=decimal)
    except UnitRefusal as refusal:
        raise Refused(refusal.code, str(refusal)) from None
    if found.comparator:
        raise Refused(
            "value_unreadable",
            f"{shown(value)} has a comparator; an exact number is expected here.",
        )
    return found.value


def integer(value: Value, *, decimal: DecimalMark | None) -> int:
    """A whole number. Raises Refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = number(value, decimal=decimal)
    if not found.is_integer():
        raise Refused(
            "value_unreadable", f"{shown(value)} stands where a whole number is expected."
        )
    return int(found)


def grade(value: Value, *, decimal: DecimalMark | None) -> int:
    """A grade as a whole number: `2`, `II`, `Grad 2`, `grade III`, `G3`. Raises Refused."""
    if is_nothing(value):
        raise Refused(
            "value_unreadable",
            f"{shown(value)} is no grade. Write 0 if it was looked for and did not occur; leave the"
            " cell empty if nobody looked.",
        )
    if isinstance(value, str) and (match := _GRADE.fullmatch(value.strip())):
        return _ROMAN[match[1].upper()] if match[1].isalpha() else int(match[1])
    return integer(value, decimal=decimal)


def yes_no(value: Value) -> bool:
    """yes or no, in English or German, 1 or 0. Raises Refused."""
    if isinstance(value, bool):
        return value
    given = text(value).casefold()
    if given in _YES:
        return True
    if given in _NO:
        return False
    raise Refused("unknown_word", f"{shown(value)} is neither yes nor no.")


def word(value: Value, column: Column) -> tuple[str, bool]:
    """The allowed word that the cell spells, and True; or the text as written and False. Raises
    Refused where the list is closed.
    """
    given = text(value)
    known = column.spellings.get(folded(given))
    if known is not None:
        return known, True
    if column.open:
        return given, False
    raise Refused(
        "unknown_word",
        f"{shown(value)} is not a word of the column {column.name}; allowed:"
        f" {', '.join(column.words)}.",
    )


def words(value: Value, column: Column) -> tuple[str, ...]:
    """Several allowed words joined by `;`. Raises Refused at the first that is not allowed."""
    return tuple(
        dict.fromkeys(word(part, column)[0] for part in text(value).split(";") if part.strip())
    )


def is_dated(value: Value) -> bool:
    """Whether a cell of a day column holds a calendar date rather than a day number."""
    if isinstance(value, date):
        return True
    forms = (_ISO, _DOTTED, _DOTTED_SHORT, _MONTH_OF_YEAR, _NAMED_YEAR)
    if not isinstance(value, str):
        return False
    given = value.strip()
    return any(form.fullmatch(given) for form in forms) or _named_month(given) is not None


def may_be_year(value: Value) -> bool:
    """Whether a cell of a day column holds a bare number that may be a calendar year."""
    if isinstance(value, str):
        return re.fullmatch(r"[0-9]{4}", value.strip()) is not None and int(value) in _YEARS
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return is_number and value in _YEARS


def parse_moment(value: Value) -> Moment:
    """A day number, a date, a partial date (2024-03, 12/2017, March 2024), `Day 7`, `3 months`, or
    an anchor word (`Leukapheresis`, `before bridging`). A bare 2017 is left to the axis.

    Raises Refused: slashed dates and two-digit years but in day.month.year (their order is not
    certain), impossible dates, anything else.
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
            f"Day {day} is over a lifetime away from day 0; it may be a calendar serial. Write the"
            " date as YYYY-MM-DD.",
        )
    return Moment(day, day, year=day if day in _YEARS else None)


@lru_cache(maxsize=8192)
def _moment_of_text(given: str) -> Moment:
    if re.fullmatch(r"[+-]?[0-9]{1,9}", given):
        return _day_number(int(given))
    if match := _ISO.fullmatch(given):
        return _dates(
            int(match[1]), int(match[2]), int(match[3]) if match[3] else None, given=given
        )
    if match := _DOTTED.fullmatch(given):
        return _dates(int(match[3]), int(match[2]), int(match[1]), given=given)
    if match := _DOTTED_SHORT.fullmatch(given):
        short = int(match[3])
        year = short + (1900 if short >= _FIRST_SHORT_YEAR else 2000)
        return replace(_dates(year, int(match[2]), int(match[1]), given=given), short_year=True)
    if match := _MONTH_OF_YEAR.fullmatch(given):
        return _dates(int(match[2]), int(match[1]), None, given=given)
    if (month := _named_month(given)) is not None:
        return _dates(*month, None, given=given)
    if match := _NAMED_YEAR.fullmatch(given):
        return year_of(int(match[1]))
    if _TWO_DIGIT_YEAR.fullmatch(given):
        raise Refused(
            "two_digit_year",
            f"The date {given!r} has a year of two digits, so its century and order are not"
            " certain. Write YYYY-MM-DD.",
        )
    if _SLASHED.fullmatch(given):
        raise Refused(
            "date_ambiguous",
            f"The date {given!r} can be read as day/month or month/day. Write YYYY-MM-DD.",
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


def _named_month(given: str) -> tuple[int, int] | None:
    """Year and month of `Dez 2017`, `March 2024`."""
    match = _NAMED_MONTH.fullmatch(given)
    month = _MONTHS.get(match[1].casefold()) if match is not None else None
    return None if match is None or month is None else (int(match[2]), month)


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
        raise Refused("date_impossible", f"{given!r} is not a date of the calendar.") from None
    return Moment(exact, exact, dated=True)


def _check_year(year: int) -> None:
    if year < _OLDEST_YEAR:
        raise Refused(
            "date_impossible",
            f"The year {year} is before {_OLDEST_YEAR}, which no living patient's record can hold.",
        )
    if year > _LATEST_YEAR:
        raise Refused(
            "date_impossible",
            f"The year {year} is after {_LATEST_YEAR}; such a date mostly stands for one that is"
            " not known.",
        )
