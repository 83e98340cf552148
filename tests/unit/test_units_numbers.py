"""Reading numbers, and the sentences of refusals."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from rearm.units import (
    Number,
    NumberUnreadable,
    UnitMissing,
    UnitNotAllowed,
    ValueImpossible,
    bound,
    check_range,
    factor,
    normal_unit,
    parse_number,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (3, Number(3.0)),
        (0.25, Number(0.25)),
        (Decimal("1.50"), Number(1.5)),
        ("0", Number(0.0)),
        ("0.0", Number(0.0)),
        (" 7.5 ", Number(7.5)),
        ("+7.5", Number(7.5)),
        ("−7.5", Number(-7.5)),
        (".5", Number(0.5)),
        ("5.", Number(5.0)),
        ("1,5", Number(1.5)),
        ("0,123", Number(0.123)),
        ("1234,567", Number(1234.567)),
        ("1.234,5", Number(1234.5)),
        ("1,234.5", Number(1234.5)),
        ("1.234.567", Number(1234567.0)),
        ("1,234,567", Number(1234567.0)),
        ("1\u2009234", Number(1234.0)),
        ("1\u00a0234\u00a0567,5", Number(1234567.5)),
        ("12'345", Number(12345.0)),
        ("1e5", Number(100000.0)),
        ("1.2x10^5", Number(120000.0)),
        ("1,2 × 10⁵", Number(120000.0)),
        ("1·10^-5", Number(0.00001)),
        ("<0.1", Number(0.1, "<")),
        ("< 0,1", Number(0.1, "<")),
        ("≤0.1", Number(0.1, "<=")),
        ("=<0.1", Number(0.1, "<=")),
        (">100", Number(100.0, ">")),
        ("≥ 100", Number(100.0, ">=")),
        (">\u00a0100", Number(100.0, ">")),
        ("<0", Number(0.0, "<")),
    ],
)
def test_numbers_are_read(text: str | int | float | Decimal, expected: Number) -> None:
    assert parse_number(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("n.d.", "not a number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        (math.nan, "NaN"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "too large|NaN"),
        (math.inf, "infinite"),
        (-math.inf, "infinite"),
        ("1e400", "too large"),
        (10**400, "too large"),
        ("1e-400", "too small"),
        (Decimal("1e-400"), "too small"),
        ("1,234", "can mean 1.234 or 1234"),
        ("<12,345", "can mean 12.345 or 12345"),
        ("1 234", "not a number"),
        ("12 34", "not a number"),
        ("1.23.4", "not a number"),
        ("1,2,3", "not a number"),
        ("1.5,3.2", "not a number"),
        ("1,234.567.8", "not a number"),
        ("5-10", "not a number"),
        ("1+", "not a number"),
        ("0x1F", "not a number"),
        ("1_000", "not a number"),
        ("٣", "not a number"),
        ("5 %", "not a number"),
        ("5 mg/L", "not a number"),
        ("~5", "not a number"),
        ("<>5", "comparator"),
        ("<", "not a number"),
        (True, "yes or no"),
        ("9" * 500, "too long"),
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(text: object, words: str) -> None:
    with pytest.raises(NumberUnreadable, match=words) as refusal:
        parse_number(text)  # type: ignore[arg-type]
    assert str(refusal.value).endswith((".", "…")) and len(str(refusal.value)) < 250


def test_a_stated_decimal_mark_settles_what_is_ambiguous() -> None:
    assert parse_number("1,234", decimal=",") == Number(1.234)
    assert parse_number("1,234", decimal=".") == Number(1234.0)
    assert parse_number("1.234", decimal=",") == Number(1234.0)
    assert parse_number("1.234") == Number(1.234)
    with pytest.raises(NumberUnreadable):
        parse_number("12,34", decimal=".")
    with pytest.raises(NumberUnreadable):
        parse_number("0.5", decimal=",")  # a point that can't separate thousands


def test_a_comparator_beside_the_value() -> None:
    assert parse_number(5, comparator="<") == Number(5.0, "<")
    assert parse_number("5", comparator=">=") == Number(5.0, ">=")
    assert parse_number("<5", comparator="<") == Number(5.0, "<")
    with pytest.raises(NumberUnreadable, match="entered next to it"):
        parse_number("<5", comparator=">")
    with pytest.raises(NumberUnreadable, match="comparator"):
        parse_number(5, comparator="ad")


def test_a_comparator_survives_as_an_interval() -> None:
    below, upto = bound(Number(1, "<"), 0.1), bound(Number(1, "<="), 0.1)
    assert (below.low, below.high, below.low_open, below.high_open) == (0, 0.1, False, True)
    assert (upto.low, upto.high, upto.low_open, upto.high_open) == (0, 0.1, False, False)
    above, least = bound(Number(1, ">"), 10), bound(Number(1, ">="), 10)
    assert (above.low, above.high, above.low_open, above.high_open) == (10, math.inf, True, False)
    assert (least.low, least.high, least.low_open, least.high_open) == (10, math.inf, False, False)


def test_multiplication_leaves_no_float_dust() -> None:
    assert bound(Number(3), 0.1).low == 0.3


def test_refusals_name_what_was_given_and_what_is_allowed() -> None:
    table = {"g/dL": 1.0, "g/L": 0.1}
    with pytest.raises(
        UnitMissing, match=r"^Serum M-protein has no unit. Enter one of g/L, g/dL\.$"
    ):
        factor(None, table, test_name="Serum M-protein", allowed=["g/L", "g/dL"])
    with pytest.raises(UnitMissing):
        factor("  ", table, test_name="x")
    with pytest.raises(
        UnitNotAllowed, match=r"^Serum M-protein is not accepted in 'mg'; allowed: g/L, g/dL\.$"
    ):
        factor("mg", table, test_name="Serum M-protein")


def test_case_is_kept_where_it_means_something() -> None:
    assert normal_unit("mg/dl") == "mg/dL"
    assert normal_unit("mmol/l") == "mmol/L"
    assert normal_unit("Mg/dl") == "Mg/dL"
    assert normal_unit("cells/µl") == normal_unit("cells/μL") == "cells/uL"
    assert normal_unit("mg/lb") == "mg/lb"


def test_range_check() -> None:
    def check(value: float) -> str | None:
        return check_range(
            value, hard=(0, 15), soft=(0, 10), test_name="Serum M-protein", unit="g/dL"
        )

    assert check(0) is None
    assert check(10) is None
    assert (
        check(12)
        == "Serum M-protein: 12 g/dL is unusual (expected 0 to 10); check the value and its unit."
    )
    for impossible in (-0.1, 15.1, math.inf):
        with pytest.raises(ValueImpossible, match="not possible"):
            check(impossible)
