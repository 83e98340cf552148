"""Numbers and units as they stand in a record, read without guessing.

A value is used only with a unit that the test allows, by name; the factor to the test's canonical
unit comes from a compiled table (`scripts/compile_units.py`, checked against pint and UCUM by a
test), never from a unit library at run time. Every refusal is a `UnitRefusal` whose text is a
sentence that can be shown as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, Literal, cast

from rearm.interval import Interval

__all__ = [
    "OF_CLONE",
    "Comparator",
    "Number",
    "NumberUnreadable",
    "UnitMissing",
    "UnitNotAllowed",
    "UnitRefusal",
    "ValueImpossible",
    "bound",
    "check_range",
    "factor",
    "normal_unit",
    "parse_number",
    "scaled",
]

OF_CLONE = "clone-fraction"
"""The unit of a share of the clone, kept from 0 to 1 and told as per cent."""

Comparator = Literal["", "<", "<=", ">", ">="]
DecimalMark = Literal[".", ",", "unsure"]  # unsure: the source writes both

_COMPARATORS: Mapping[str, Comparator] = {
    "": "",
    "<": "<",
    "<=": "<=",
    "=<": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "=>": ">=",
    "≥": ">=",
}
_LONGEST = 60  # characters; no laboratory value is longer
_GROUP_SPACES = (  # no-break, thin, narrow, figure space; apostrophes (Swiss)
    "\u00a0\u2009\u202f\u2007'’"
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SAME_SIGNS = str.maketrans("µμ×·²³∕⁄", "uux.23//")  # both mu characters, both slashes
_SHAPE = re.compile(
    r"([<>=≤≥]*)\s*([+-]?[0-9][0-9.,]*|[+-]?[.,][0-9]+)(?:[eE]([+-]?[0-9]{1,4})|\s*[xX×*·]\s*10\^([+-]?[0-9]{1,4}))?"
)


class UnitRefusal(ValueError):
    """A value that can't be used. `str()` is a sentence; `code` is the stable id for an issue."""

    code: ClassVar[str] = "value_refused"


class NumberUnreadable(UnitRefusal):
    code = "value_unreadable"


class UnitMissing(UnitRefusal):
    code = "unit_missing"


class UnitNotAllowed(UnitRefusal):
    code = "unit_not_allowed"


class ValueImpossible(UnitRefusal):
    code = "value_impossible"


@dataclass(frozen=True, slots=True)
class Number:
    """A number with the comparator it was given with; `<0.1` is `Number(0.1, "<")`."""

    value: float
    comparator: Comparator = ""


def parse_number(
    text: str | int | float | Decimal, *, comparator: str = "", decimal: DecimalMark | None = None
) -> Number:
    """The number that `text` states, with its comparator.

    `comparator` is one that stands apart from the value (FHIR). `decimal` is the decimal mark where
    the source states it; without it a comma is read as the decimal mark only where it can't
    separate thousands: `1,5` and `0,123` are read, `1,234` is refused. A point is the decimal mark
    unless it repeats or a comma follows it (`1.234,5`). Where the source is `unsure`, because it
    writes both, `1.234` is refused like `1,234`.

    Raises NumberUnreadable for an empty value, words, NaN, infinity, what a double can't hold, and
    two comparators that differ.
    """
    outer = _comparator(comparator.strip(), comparator)
    if isinstance(text, bool):
        raise NumberUnreadable("A number is expected, not yes or no.")
    if not isinstance(text, str):
        return Number(_finite(text, str(text)), outer)
    match = _SHAPE.fullmatch(_plain(text))
    if match is None:
        raise NumberUnreadable(_not_a_number(text))
    mark, digits, e_power, x_power = match.groups()
    inner = _comparator(mark, text)
    if outer and inner and outer != inner:
        raise NumberUnreadable(
            f"The value {_short(text)} has the comparator {inner}, but {outer} is entered "
            "next to it."
        )
    plain = _decimal_point(digits, text, decimal)
    power = e_power or x_power
    return Number(_finite(f"{plain}e{power}" if power else plain, text), inner or outer)


def _plain(text: str) -> str:
    """Typographic forms brought to ASCII: minus signs, superscripts after 10, and spaces that group
    thousands.
    """
    if len(text) > _LONGEST:
        raise NumberUnreadable(f"The value {_short(text)} is too long to be a number.")
    text = text.strip().replace("−", "-").replace("–", "-")
    text = re.sub(
        r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)", lambda m: "10^" + m.group(1).translate(_SUPERSCRIPTS), text
    )
    grouped = re.sub(rf"(?<=[0-9])[{_GROUP_SPACES}](?=[0-9]{{3}}(?![0-9]))", "", text)
    return grouped.replace("\u00a0", " ").replace("\u2009", " ").replace("\u202f", " ")


def _comparator(mark: str, text: str) -> Comparator:
    if mark not in _COMPARATORS:
        raise NumberUnreadable(f"The comparator in {_short(text)} is not one of <, <=, >, >=.")
    return _COMPARATORS[mark]


def _decimal_point(digits: str, text: str, decimal: DecimalMark | None) -> str:
    """`digits` with a decimal point and without separators of thousands."""
    points, commas = digits.count("."), digits.count(",")
    if decimal is None or decimal == "unsure":
        if points and commas:
            decimal = cast(
                DecimalMark, max(".,", key=digits.rfind)
            )  # the last one is the decimal mark
        elif (commas == 1 or decimal == "unsure") and (
            two := re.fullmatch(r"([+-]?[1-9][0-9]{0,2})[.,]([0-9]{3})", digits)
        ):
            raise NumberUnreadable(
                f"The value {_short(text)} can mean {two[1]}.{two[2]} or {two[1]}{two[2]}; "
                "write it with a decimal point and without thousands separators."
                + (" The table uses both commas and points." if decimal == "unsure" else "")
            )
        elif commas == 1:
            decimal = ","
        else:
            decimal = "," if points > 1 else "."
    separator = "," if decimal == "." else "."
    whole, _, part = digits.partition(decimal)
    grouped = separator not in whole or re.fullmatch(
        rf"[+-]?[0-9]{{1,3}}(\{separator}[0-9]{{3}})+", whole
    )
    if not grouped or separator in part or decimal in part:
        raise NumberUnreadable(_not_a_number(text))
    return whole.replace(separator, "") + "." + part


def _finite(value: str | float | Decimal, text: str) -> float:
    try:
        number = float(value)
    except (OverflowError, ValueError):  # an int or Decimal beyond a double; a signalling NaN
        number = math.inf
    if math.isnan(number):
        raise NumberUnreadable(
            "The value is NaN, which is not a number. Leave it empty if nothing was measured."
        )
    if math.isinf(number):
        raise NumberUnreadable(
            f"The value {_short(text)} is infinite or too large to be a measurement."
        )
    if number == 0 and Decimal(str(value)) != 0:
        raise NumberUnreadable(f"The value {_short(text)} is too small to distinguish from zero.")
    return number


def _not_a_number(text: str) -> str:
    return f"The value {_short(text)} is not a number." if text.strip() else "The value is empty."


def _short(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


@lru_cache(maxsize=4096)
def normal_unit(spelling: str) -> str:
    """A unit's spelling in the form that tables of units are keyed by.

    Only what can't change the meaning is brought together: both mu characters, superscripts (`10⁹`
    is `10^9`), the multiplication sign, spaces beside digits and signs, and the small l of litre.
    Case is kept otherwise: mg is not Mg.
    """
    text = re.sub(
        r"(?<![0-9])10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)",
        lambda m: "10^" + m.group(1).translate(_SUPERSCRIPTS),
        spelling.strip(),
    )
    text = text.translate(_SAME_SIGNS)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([0-9/.*^()\[\]{}]) ?", r"\1", text)
    return re.sub(r"(?<=/)([dcmunpf]?)l(?![A-Za-z])", r"\1L", text)


def factor(
    unit: str | None, units: Mapping[str, float], *, test_name: str, allowed: Iterable[str] = ()
) -> float:
    """What a value in `unit` is multiplied by to be in the test's canonical unit.

    `units` maps spellings (as `normal_unit` writes them) to factors; an empty spelling among them
    means that the test needs no unit (a score, a ratio). `allowed` are the names shown in the
    refusal, by default all spellings.

    Raises UnitMissing where there is none, UnitNotAllowed where it is not in the table. Nothing is
    guessed from the value.
    """
    given = normal_unit(unit or "")
    if given in units:
        return units[given]
    names = ", ".join(allowed or sorted(units))
    if not given:
        raise UnitMissing(f"{test_name} has no unit. Enter one of {names}.")
    raise UnitNotAllowed(f"{test_name} is not accepted in {_short(unit or '')}; allowed: {names}.")


def bound(number: Number, multiply_by: float, *, lowest: float = 0.0) -> Interval:
    """The interval, in the canonical unit, that `number` leaves. `<0.1` is [lowest, 0.1), `lowest`
    the least value the test can have.
    """
    value = scaled(number, multiply_by)
    match number.comparator:
        case "":
            return Interval(value, value)
        case "<" | "<=":
            return Interval(min(lowest, value), value, high_open=number.comparator == "<")
        case ">" | ">=":
            return Interval(value, math.inf, low_open=number.comparator == ">")


def scaled(number: Number, multiply_by: float) -> float:
    """The stated number in the canonical unit, to 12 significant digits (so that 3 g/L is 0.3 g/dL
    and not 0.30000000000000004).
    """
    return float(f"{number.value * multiply_by:.12g}")


def check_range(
    value: float,
    *,
    hard: tuple[float, float],
    soft: tuple[float, float],
    test_name: str,
    unit: str | None,
) -> str | None:
    """None where `value` (canonical unit) is plausible, a sentence where it is used but unusual.

    Raises ValueImpossible outside `hard`, where it can't be a measurement of this test. For a value
    with a comparator, give its limit.
    """
    shown = f"{value:g} {unit}" if unit else f"{value:g}"
    if not hard[0] <= value <= hard[1]:
        raise ValueImpossible(
            f"{test_name}: {shown} is not possible (limits {hard[0]:g} to {hard[1]:g}); check"
            " the value and its unit."
        )
    if not soft[0] <= value <= soft[1]:
        return (
            f"{test_name}: {shown} is unusual (expected {soft[0]:g} to {soft[1]:g}); check the"
            " value and its unit."
        )
    return None
