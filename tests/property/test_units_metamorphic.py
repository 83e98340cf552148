"""The same amount said in another way is the same value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.units import (
    NumberUnreadable,
    UnitMissing,
    UnitNotAllowed,
    bound,
    factor,
    normal_unit,
    parse_number,
    scaled,
)

NUMBER_TESTS = [t for t in load_tests().values() if t.kind == "number"]
with_unit = [t for t in NUMBER_TESTS if "" not in t.units]


@given(st.data())
def test_every_unit_of_a_test_says_the_same_value(data: st.DataObject) -> None:
    test: TestDef = data.draw(st.sampled_from(NUMBER_TESTS))
    value = data.draw(st.floats(max(test.hard[0], 1e-6), test.hard[1]))
    spelling = data.draw(st.sampled_from(sorted(test.units)))
    comparator = data.draw(st.sampled_from(["", "<", "<=", ">", ">="]))
    multiply_by = factor(spelling, test.units, test_name=test.name)
    number = parse_number(f"{comparator}{value / multiply_by!r}")
    assert number.comparator == comparator
    assert math.isclose(scaled(number, multiply_by), value, rel_tol=1e-10)


@given(st.sampled_from(with_unit), st.sampled_from(["", " ", None]))
def test_without_its_unit_a_value_is_never_used(test: TestDef, unit: str | None) -> None:
    with pytest.raises(UnitMissing):
        factor(unit, test.units, test_name=test.name)


@given(st.sampled_from(NUMBER_TESTS), st.text(max_size=12))
def test_a_unit_is_read_by_name_or_not_at_all(test: TestDef, unit: str) -> None:
    if normal_unit(unit) in test.units:
        assert factor(unit, test.units, test_name=test.name) == test.units[normal_unit(unit)]
    else:
        with pytest.raises((UnitMissing, UnitNotAllowed)):
            factor(unit, test.units, test_name=test.name)


@given(st.text(max_size=80))
def test_normal_unit_is_stable(text: str) -> None:
    assert normal_unit(normal_unit(text)) == normal_unit(text)


@given(
    st.one_of(
        st.text(max_size=80),
        st.from_regex(r"[<>=]{0,2} ?[-+]?[0-9.,]{1,12}(e[-+]?[0-9]{1,4})?", fullmatch=True),
    )
)
def test_any_text_is_a_finite_number_or_a_sentence(text: str) -> None:
    try:
        number = parse_number(text)
    except NumberUnreadable as refusal:
        assert str(refusal)
    else:
        assert math.isfinite(number.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_is_read_back(value: float) -> None:
    assert parse_number(repr(value)).value == value
    assert parse_number(value).value == value


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_german_and_english_grouping_agree(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02d}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_number(english) == parse_number(german) == parse_number(f"{whole}.{cents:02d}")


@given(st.floats(1e-6, 1e6), st.sampled_from(["<", "<=", ">", ">="]))
def test_a_bound_never_becomes_a_point(value: float, comparator: str) -> None:
    known = bound(parse_number(value, comparator=comparator), 1)
    assert known.low < known.high
