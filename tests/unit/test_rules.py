"""Conditions: what is read, what is refused, and the three values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rearm.interval import Interval
from rearm.knowledge.catalogue import Catalogue, Finding
from rearm.rules import (
    ConditionRefused,
    condition_from_json,
    evaluate,
    findings_frame,
    parse_condition,
    trace,
    truth,
    unknown_findings,
    with_values,
)

CATALOGUE = Catalogue(
    {
        f.name: f
        for f in (
            Finding(name="a", group="g", type="bool", meaning=""),
            Finding(name="b", group="g", type="bool", meaning=""),
            Finding(name="x", group="g", type="number", meaning="", unit="g/dL"),
            Finding(name="y", group="g", type="number", meaning=""),
            Finding(name="n", group="g", type="integer", meaning=""),
            Finding(name="w", group="g", type="word", meaning="", values=("low", "high")),
            Finding(name="v", group="g", type="word", meaning="", values=("a", "b", "c")),
        )
    },
    {"g": "Group"},
)


def both(text: Any, row: Any, intervals: Any = None) -> Any:
    """The truth by Polars and by the walk over the tree, which have to agree."""
    condition = parse_condition(text, CATALOGUE)
    assert condition_from_json(condition.to_json()) == condition
    frame = findings_frame([row], condition.reads, CATALOGUE, [intervals or {}])
    (by_polars,) = evaluate([condition], frame)[0]
    by_walk = truth(condition, row, intervals)
    assert by_polars == {True: 1, False: 0, None: -1}[by_walk], text
    assert trace(condition, row, intervals).truth is by_walk
    return by_walk


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("a", {"a": True}, True),
        ("a", {}, None),
        ("NOT a", {"a": False}, True),
        ("a AND b", {"a": False}, False),
        ("a AND b", {"a": True}, None),
        ("a OR b", {"b": True}, True),
        ("a OR b", {"b": False}, None),
        ("NOT (a AND b)", {"b": False}, True),
        ("x < 3", {"x": 2.0}, True),
        ("x <> 3", {"x": 3.0}, False),
        ("x <> 3", {}, None),
        ("x BETWEEN 1 AND 3", {"x": 3.0}, True),
        ("x NOT BETWEEN 1 AND 3", {"x": 3.0}, False),
        ("n IN (1, 2)", {"n": 2}, True),
        ("n NOT IN (1, 2)", {"n": 2}, False),
        ("n NOT IN (1, 2)", {}, None),
        ("w = 'low'", {"w": "high"}, False),
        ("w <> 'low'", {"w": "high"}, True),
        ("w NOT IN ('low', 'high')", {}, None),
        ("w IN ('low', 'high')", {"w": "low"}, True),
        ("x + y * 2 > 5", {"x": 1.0, "y": 2.5}, True),
        ("x - y > -1", {"x": 1.0}, None),
        ("x > y", {"x": 1.0, "y": 0.0}, True),
        ("3 > x", {"x": 2.0}, True),
        ("n >= 2 AND (a OR NOT b)", {"n": 2, "a": False, "b": False}, True),
    ],
)
def test_three_values(text: Any, row: Any, expected: Any) -> None:
    assert both(text, row) is expected


HALF = Interval(0.0, 0.5)
BELOW_HALF = Interval(0.0, 0.5, high_open=True)
ABOVE_HALF = Interval(0.5, math.inf, low_open=True)


@pytest.mark.parametrize(
    ("text", "interval", "expected"),
    [
        ("x < 0.6", HALF, True),
        ("x < 0.4", HALF, None),
        ("x >= 0.4", HALF, None),
        ("NOT x >= 0.6", HALF, True),
        ("x > 0.5", HALF, False),
        ("x = 0.3", HALF, None),
        ("x = 0.7", HALF, False),
        ("x <> 0.7", HALF, True),
        ("x BETWEEN 0.2 AND 0.9", HALF, None),
        ("x BETWEEN 0 AND 0.9", HALF, True),
        # true by logic, but each clause is unknown: never more certain than its clauses
        ("x < 0.4 OR x >= 0.4", HALF, None),
        ("x + 1 < 1.6", HALF, True),
        ("2 - x < 1.6", HALF, None),
        ("x * 2 < 1.6", HALF, None),  # products of bounds are left unknown
        ("x > 100", Interval(90.0, math.inf), None),
        ("x > 80", Interval(90.0, math.inf), True),
        # an end that is left out decides what the same end, included, leaves open
        ("x < 0.5", HALF, None),
        ("x < 0.5", BELOW_HALF, True),
        ("x <= 0.5", HALF, True),
        ("x <= 0.5", BELOW_HALF, True),
        ("x >= 0.5", HALF, None),
        ("x >= 0.5", BELOW_HALF, False),
        ("x > 0.5", ABOVE_HALF, True),
        ("x >= 0.5", ABOVE_HALF, True),
        ("x <= 0.5", ABOVE_HALF, False),
        ("x < 0.5", ABOVE_HALF, False),
        ("x = 0.5", HALF, None),
        ("x = 0.5", BELOW_HALF, False),
        ("x = 0", BELOW_HALF, None),
        ("0.5 > x", BELOW_HALF, True),
        # sums and differences keep the end that is left out, in the binary numbers too
        ("x + 1 < 1.5", BELOW_HALF, True),
        ("x + 1 < 1.5", HALF, None),
        ("1 - x > 0.5", BELOW_HALF, True),
        ("1 - x > 0.5", HALF, None),
    ],
)
def test_bounds_decide_a_comparison_only_as_a_whole(
    text: Any, interval: Any, expected: Any
) -> None:
    assert both(text, {"x": None}, {"x": interval}) is expected


def test_an_exact_value_put_into_a_frame_takes_the_place_of_the_bounds() -> None:
    condition = parse_condition("x < 0.5", CATALOGUE)
    rows: list[dict[str, Any]] = [{"x": None}, {"x": None}, {"x": 3.0}]
    frame = findings_frame(rows, ["x"], CATALOGUE, [{"x": BELOW_HALF}, {"x": BELOW_HALF}, {}])
    assert evaluate([condition], frame)[:, 0].tolist() == [1, 1, 0]
    changed = with_values(frame, {"x": ([1, 2], [0.5, None])})
    assert evaluate([condition], changed)[:, 0].tolist() == [1, 0, -1]
    assert evaluate([condition], frame)[:, 0].tolist() == [1, 1, 0]  # the frame is left as it was


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("COALESCE(a, b)", "not of the allowed part"),
        ("a IS NULL", "not of the allowed part"),
        ("a IS TRUE", "not of the allowed part"),
        ("CASE WHEN a THEN b END", "not of the allowed part"),
        ("GREATEST(x, y) > 1", "not of the allowed part"),
        ("SUM(x) > 1", "not of the allowed part"),
        ("x > (SELECT 1)", "not of the allowed part"),
        ("x IN (SELECT 1)", "not of the allowed part"),
        ("x / 2 > 1", "not of the allowed part"),
        ("x % 2 > 1", "not of the allowed part"),
        ("w LIKE 'l%'", "not of the allowed part"),
        ("x > NULL", "not of the allowed part"),
        ("a = TRUE", "write it alone"),
        ("a IN (TRUE)", "write it alone"),
        ("x = CAST('1' AS INT)", "not of the allowed part"),
        ("t.a", "not of the allowed part"),
        ("x", "no yes-or-no finding"),
        ("w", "no yes-or-no finding"),
        ("w = 'middle'", "no value 'middle'"),
        ("w IN ('low', NULL)", "single quotes"),
        ("n IN (1, NULL)", "not of the allowed part"),
        ("w > 'low'", "no order"),
        ("w = x", "single quotes"),
        ("x = 'low'", "in place of a number"),
        ("x = w", "single quotes"),
        ("x > a", "yes-or-no finding"),
        ("z > 1", "no finding named z"),
        ("A", "no finding named A"),
        ("a; DROP TABLE x", "several statements"),
        ("a -- b", "comments"),
        ("a AND", "can't be read"),
        ("", "can't be read"),
        ("a b", "can't be read"),
        ("1 < x < 3", "not of the allowed part"),
        ("x IS DISTINCT FROM y", "not of the allowed part"),
        ("a XOR b", "can't be read"),
        ("x > 1e999", "too large"),
        ("a IS NULL", "no condition can ask whether it is missing"),
        ("a IS TRUE", "Allowed are AND, OR, NOT"),
        ("a && b", "write AND in place of &&"),
        ("x >= 0,5", "a decimal point, not a comma"),
        ("x >= 4 lines", "the number alone"),
        ("(a AND b", "A bracket has no partner"),
        ("w = 'low", "A quotation mark is missing"),
        ("w = low", "They are low"),
        ("x IN ()", "IN needs a list of literals"),
        ("n IN (1, y)", "IN takes literals only"),
        ("w + 1 > 2", "w is no number"),
        ("w BETWEEN 1 AND 2", "w is no number"),
    ],
)
def test_the_rest_of_sql_is_refused_with_a_sentence(text: Any, why: Any) -> None:
    with pytest.raises(ConditionRefused, match=why):
        parse_condition(text, CATALOGUE)


def test_the_trace_shows_each_clause_with_what_it_read() -> None:
    condition = parse_condition("n >= 2 AND (w <> 'low' OR NOT a)", CATALOGUE)
    tree = trace(condition, {"n": 3, "w": None, "a": True})
    assert (tree.text, tree.truth) == ("n >= 2 AND (w <> 'low' OR NOT a)", None)
    first, second = tree.parts
    assert (first.text, first.truth, first.values) == ("n >= 2", True, {"n": 3})
    assert [(p.text, p.truth) for p in second.parts] == [("w <> 'low'", None), ("NOT a", False)]
    assert second.parts[1].parts[0].values == {"a": True}


def test_reads_and_limits() -> None:
    condition = parse_condition(
        "n >= 2 AND x BETWEEN 1 AND 3 AND 5 > y AND x + y < 9 AND n IN (7)", CATALOGUE
    )
    assert condition.reads == ("n", "x", "y")
    assert condition.limits == (("n", 2.0), ("x", 1.0), ("x", 3.0), ("y", 5.0), ("n", 7.0))


def test_many_rows_at_once() -> None:
    conditions = [parse_condition(t, CATALOGUE) for t in ("a", "x < 2", "w = 'low'")]
    frame = findings_frame(
        [{"a": True}, {"x": 1}, {"w": "low", "a": False}], ["a", "x", "w"], CATALOGUE
    )
    assert evaluate(conditions, frame).tolist() == [[1, -1, -1], [-1, 1, -1], [0, -1, 1]]
    assert evaluate([], frame).shape == (3, 0)
    assert evaluate(conditions[:1], findings_frame([], ["a"], CATALOGUE)).dtype == np.int8


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", math.nan), ("a", 1), ("a", "yes"), ("x", "1"), ("n", 1.5), ("w", True), ("n", True)],
)
def test_a_value_of_another_type_is_refused(name: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=f"The finding {name} is"):
        findings_frame([{name: value}], [name], CATALOGUE)


def test_the_value_that_is_refused_is_named_past_what_is_unknown() -> None:
    rows: list[dict[str, Any]] = [{"n": None}, {}, {"n": 2}, {"n": "three"}]
    with pytest.raises(ValueError, match="n is of type integer, 'three' is not"):
        findings_frame(rows, ["n"], CATALOGUE)


def test_what_is_no_kept_condition_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\['perhaps', 'a'\] is no condition"):
        condition_from_json(["NOT a", ["not", ["perhaps", "a"]]])


LOST_OR_PART = {"v": ("a", "b")}  # of a, b, c


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v IN ('a', 'b')", True),
        ("v = 'a' OR v = 'b'", True),  # each clause alone is unknown
        ("v NOT IN ('a', 'b')", False),
        ("v = 'c'", False),
        ("v <> 'c'", True),
        ("v = 'a'", None),
        ("v = 'a' AND v = 'b'", False),
        ("v = 'a' AND n > 2", None),
    ],
)
def test_a_set_of_words_decides_where_it_holds_for_all_of_them(
    text: str, expected: bool | None
) -> None:
    condition = parse_condition(text, CATALOGUE)
    row = {"v": None, "n": 3}
    assert truth(condition, row, LOST_OR_PART) is expected
    assert trace(condition, row, LOST_OR_PART).truth is expected
    frame = findings_frame([row, {"v": "c"}], ["v", "n"], CATALOGUE, [LOST_OR_PART, {}])
    answers = evaluate([condition], frame)[:, 0].tolist()
    assert answers[0] == {True: 1, False: 0, None: -1}[expected]
    assert unknown_findings(condition, row, LOST_OR_PART) == (("v",) if expected is None else ())


def test_a_set_is_put_in_and_taken_out_of_a_frame() -> None:
    condition = parse_condition("v IN ('a', 'b')", CATALOGUE)
    frame = findings_frame([{"v": "c"}, {"v": None}], ["v"], CATALOGUE)
    assert evaluate([condition], frame)[:, 0].tolist() == [0, -1]
    put_in = with_values(frame, {"v": ([0, 1], [("a", "b"), ("b", "c")])})
    assert evaluate([condition], put_in)[:, 0].tolist() == [1, -1]
    taken_out = with_values(put_in, {"v": ([0, 1], ["c", None])})
    assert evaluate([condition], taken_out)[:, 0].tolist() == [0, -1]
