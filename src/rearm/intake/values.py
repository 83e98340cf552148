"""Cells to typed values: text, numbers, yes and no, words. What can't be read is refused with a
sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from rearm.intake.dictionary import Column, folded
from rearm.intake.imprecise import range_of, without_about
from rearm.intake.rows import DecimalMark, Value
from rearm.units import UnitRefusal, parse_number

__all__ = [
    "NOT_EXACT", "Refused", "denies", "grade", "integer", "lowest_grade", "not_done", "number",
    "says_none", "shown", "text", "word", "words", "yes_no",
]  # fmt: skip

# There was none, or nobody looked. That something is not known denies nothing.
_NONE = re.compile(
    r"no|none|nil|nein|keine?[rs]?|entfällt|none given|not given|nicht gegeben", re.IGNORECASE
)
_NOT_DONE = re.compile(
    r"n\.?\s?[db]\.{0,2}|not (?:done|assessed|tested|determined|performed|applicable)"
    r"|nicht (?:bestimmt|gemacht|untersucht|erfolgt|zutreffend|durchgeführt)",
    re.IGNORECASE,
)
_NOT_KNOWN = re.compile(
    r"n\.?\s?[ak]\.{0,2}|k\.?\s?a\.{0,2}|not (?:available|known|reported|recorded|stated)"
    r"|nicht (?:bekannt|angegeben|dokumentiert)|unknown|unk|unbekannt|keine angaben?|#?n/a|nan|nat"
    r"|null|missing|pending|ausstehend|fehlt|[-–—?._/]+",
    re.IGNORECASE,
)
_AND = re.compile(r"[,+/&]|\b(?:and|und)\b", re.IGNORECASE)
_YES = frozenset({"yes", "y", "true", "1", "ja", "j", "x", "vorhanden", "present"})
_NO = frozenset({"no", "n", "false", "0", "nein", "kein", "keine", "none", "absent"})
_ONE_GRADE = r"(?:grade|grad|g|°)?\s*(IV|V|I{1,3}|[0-5])\s*°?"
_GRADE = re.compile(_ONE_GRADE, re.IGNORECASE)
# The lower of two grades, or the least one.
_GRADES = re.compile(
    rf"(?P<low>{_ONE_GRADE})\s*(?:[-–—]|to|bis)\s*(?P<high>{_ONE_GRADE})"
    rf"|(?P<mark>>=|=>|≥|>)\s*(?P<least>{_ONE_GRADE})",
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}
# The code of a number that bounds what it is, or comes near it.
NOT_EXACT = "number_not_exact"


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
    """Whether the cell holds a word for a blank (`n.d.`, `NA`, `unknown`): no value, and no row."""
    return _is_word(_NOT_DONE, value) or _is_word(_NOT_KNOWN, value)


def denies(value: Value) -> bool:
    """Whether the cell says that there was none (`none`, `nein`), or that nothing was done: where
    an event belongs, that there was none.
    """
    return _is_word(_NONE, value) or _is_word(_NOT_DONE, value)


def says_none(value: Value) -> bool:
    """Whether the cell says that there was none (`no`, `nein`, `keine`)."""
    return _is_word(_NONE, value)


def _is_word(words: re.Pattern[str], value: Value) -> bool:
    return isinstance(value, str) and words.fullmatch(value.strip()) is not None


def number(value: Value, *, decimal: DecimalMark | None) -> float:
    """An exact number; `decimal` is the decimal mark of its table. Raises Refused for text, a
    comparator, NaN and infinities.
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise Refused(
                "value_unreadable",
                "The value is not a finite number. Leave the cell empty if nothing was measured.",
            )
        return float(value)
    if not isinstance(value, str):
        raise Refused("value_unreadable", f"{shown(value)} is not a number.")
    try:
        found = parse_number(value, decimal=decimal)
    except UnitRefusal as refusal:
        raise _not_exact(value) or Refused(refusal.code, str(refusal)) from None
    if found.comparator:
        raise Refused(
            NOT_EXACT,
            f"{shown(value)} has a comparator, but an exact number is expected here. Enter the "
            "measured number, or leave the cell empty.",
        )
    return found.value


def _not_exact(value: str) -> Refused | None:
    """Why a range or an approximate number can't be used; None for any other text."""
    plain, about = without_about(value)
    if range_of(plain) is not None:
        return Refused(
            NOT_EXACT,
            f"{shown(value)} is a range, but an exact number is expected here. Enter the "
            "measured number, or leave the cell empty.",
        )
    if about:
        return Refused(
            NOT_EXACT,
            f"{shown(value)} is approximate, but an exact number is expected here. Enter "
            f"{shown(plain)} if it may be read as exact, or leave the cell empty.",
        )
    return None


def integer(value: Value, *, decimal: DecimalMark | None) -> int:
    """A whole number. Raises Refused."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = number(value, decimal=decimal)
    if not found.is_integer():
        raise Refused("value_unreadable", f"{shown(value)} is not a whole number.")
    return int(found)


def grade(value: Value, *, decimal: DecimalMark | None) -> int:
    """A grade as a whole number: `2`, `II`, `Grad 2`, `grade III`, `G3`. Raises Refused."""
    if _is_word(_NONE, value):
        raise Refused(
            "value_unreadable",
            f"{shown(value)} is not a grade. Enter 0 if it was looked for and did not occur; "
            "leave the cell empty if nobody looked.",
        )
    if isinstance(value, str) and _GRADE.fullmatch(value.strip()):
        return _grade_of(value.strip())
    if lowest_grade(value) is not None:
        raise Refused(
            NOT_EXACT, f"{shown(value)} is not a single grade. Enter the highest grade reached."
        )
    return integer(value, decimal=decimal)


def lowest_grade(value: Value) -> int | None:
    """The least grade that several allow: 2 of `2-3`, 3 of `>=3` and of `> Grad II`; None of any
    other cell.
    """
    match = _GRADES.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    if match["mark"]:
        return _grade_of(match["least"]) + (match["mark"] == ">")
    low, high = _grade_of(match["low"]), _grade_of(match["high"])
    return low if low < high else None


def _grade_of(stated: str) -> int:
    match = _GRADE.fullmatch(stated)
    assert match is not None
    return _ROMAN[match[1].upper()] if match[1].isalpha() else int(match[1])


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
        f"{shown(value)} is not an allowed word for {column.name}; allowed: "
        f"{', '.join(column.words)}.",
    )


def words(value: Value, column: Column) -> tuple[str, ...]:
    """Several allowed words joined by `;`, also by `,`, `+`, `/`, `and` where each part is one.
    Raises Refused at the first that is not allowed.
    """
    return tuple(dict.fromkeys(word(part, column)[0] for part in _parts(text(value), column)))


def _parts(given: str, column: Column) -> Iterator[str]:
    for part in filter(None, map(str.strip, given.split(";"))):
        parts = [*filter(None, map(str.strip, _AND.split(part)))]
        listed = all(folded(one) in column.spellings for one in parts)
        yield from parts if listed and folded(part) not in column.spellings else (part,)
