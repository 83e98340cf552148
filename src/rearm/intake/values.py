"""Cells to typed values: text, numbers, yes and no, words. What can't be read is refused with a
sentence.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta

from rearm.intake.dictionary import Column, folded
from rearm.intake.rows import DecimalMark, Value
from rearm.units import UnitRefusal, parse_number

__all__ = [
    "Refused", "denies", "grade", "integer", "not_done", "number", "shown", "text", "word", "words",
    "yes_no",
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
_YES = frozenset({"yes", "y", "true", "1", "ja", "j", "x", "vorhanden", "present"})
_NO = frozenset({"no", "n", "false", "0", "nein", "kein", "keine", "none", "absent"})
_GRADE = re.compile(r"(?:grade|grad|g|°)?\s*(IV|V|I{1,3}|[0-5])\s*°?", re.IGNORECASE)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}


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
    if _is_word(_NONE, value):
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
