"""Every condition gives the same three values in Polars and in DuckDB, a second engine that reads
the SQL itself.
"""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rearm.interval import Interval
from rearm.knowledge import load
from rearm.knowledge.catalogue import Catalogue, Finding
from rearm.rules import (
    ConditionRefused,
    conditions_of,
    evaluate,
    findings_frame,
    parse_condition,
    truth,
)


def by_duckdb(texts: Any, frame: Any) -> Any:
    rows_read = frame.to_arrow()
    select = ", ".join(f'({text}) AS "{i}"' for i, text in enumerate(texts))
    with duckdb.connect() as connection:
        rows = (
            connection.register("findings", rows_read)
            .execute(f"SELECT {select} FROM findings")
            .fetchall()
        )
    return np.array([[-1 if v is None else int(v) for v in row] for row in rows], dtype=np.int8)


def random_value(finding: Any, limits: Any, rng: Any) -> Any:
    if rng.random() < 0.3:
        return None
    if finding.type == "bool":
        return rng.random() < 0.5
    if finding.type == "word":
        return rng.choice(finding.values)
    near = rng.choice([*limits, 0, 1]) + rng.choice([-1, -0.5, 0, 0.5, 1])
    return round(near) if finding.type == "integer" else float(near)


@pytest.mark.parametrize("nulls", ["some", "whole columns", "all"])
def test_every_condition_of_the_bundle(nulls: Any) -> None:
    knowledge = load()
    conditions = list(conditions_of(knowledge).values())
    names = sorted({name for c in conditions for name in c.reads})
    limits = {name: [v for c in conditions for n, v in c.limits if n == name] for name in names}
    rng = random.Random(7)
    rows = [
        {name: random_value(knowledge.catalogue[name], limits[name], rng) for name in names}
        for _ in range(300)
    ]
    if nulls != "some":
        gone = set(names if nulls == "all" else rng.sample(names, len(names) // 2))
        rows = [
            {name: None if name in gone else value for name, value in row.items()} for row in rows
        ]
    frame = findings_frame(rows, names, knowledge.catalogue)
    answers = evaluate(conditions, frame)
    expected = by_duckdb([c.text for c in conditions], frame)
    assert (answers == expected).all(), [
        c.text for c, bad in zip(conditions, (answers != expected).any(axis=0), strict=True) if bad
    ]
    if (
        nulls == "some"
    ):  # the comparison says something: nearly every condition is seen true, false and unknown
        assert np.mean([len(np.unique(column)) == 3 for column in answers.T]) > 0.9
    walked = [
        [{True: 1, False: 0, None: -1}[truth(c, row)] for c in conditions] for row in rows[:40]
    ]
    assert (answers[:40] == walked).all()


CATALOGUE = Catalogue(
    {
        f.name: f
        for f in (
            Finding(name="p", group="g", type="bool", meaning=""),
            Finding(name="q", group="g", type="bool", meaning=""),
            Finding(name="x", group="g", type="number", meaning=""),
            Finding(name="y", group="g", type="number", meaning=""),
            Finding(name="n", group="g", type="integer", meaning=""),
            Finding(name="w", group="g", type="word", meaning="", values=("a", "b", "c")),
        )
    },
    {"g": ""},
)
literals = st.sampled_from(["-1", "0", "0.5", "1", "2", "2.5", "3"])
numeric = st.recursive(
    st.sampled_from(["x", "y", "n"]) | literals,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner),
    max_leaves=3,
)
clauses = st.one_of(
    st.sampled_from(["p", "q", "w = 'a'", "w <> 'b'", "w IN ('a', 'c')", "w NOT IN ('a', 'c')"]),
    st.builds(
        "{} {} {}".format, numeric, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), numeric
    ),
    st.builds("{} BETWEEN {} AND {}".format, numeric, literals, literals),
    st.builds("{} NOT IN ({}, {})".format, numeric, literals, literals),
)
texts = st.recursive(
    clauses,
    lambda inner: st.one_of(
        st.builds("(NOT {})".format, inner),
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
    ),
    max_leaves=6,
)
numbers = st.none() | st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0])
rows = st.fixed_dictionaries(
    {
        "p": st.none() | st.booleans(),
        "q": st.none() | st.booleans(),
        "x": numbers,
        "y": numbers,
        "n": st.none() | st.integers(-1, 4),
        "w": st.none() | st.sampled_from(["a", "b", "c"]),
    }
)


def _reads(text: str) -> bool:
    """Whether it names a finding: a condition of literals alone is refused."""
    return any(re.search(rf"\b{name}\b", text) for name in CATALOGUE)


texts = texts.filter(_reads)


@pytest.mark.slow
@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(texts, min_size=1, max_size=8), st.lists(rows, min_size=1, max_size=12))
def test_generated_conditions(conditions: Any, found: Any) -> None:
    read = [parse_condition(text, CATALOGUE) for text in conditions]
    frame = findings_frame(found, list(CATALOGUE), CATALOGUE)
    answers = evaluate(read, frame)
    assert (answers == by_duckdb(conditions, frame)).all()
    assert answers.tolist() == [
        [{True: 1, False: 0, None: -1}[truth(c, row)] for c in read] for row in found
    ]
    again = [parse_condition(c.node_text, CATALOGUE) for c in read]
    assert (evaluate(again, frame) == answers).all()  # the text shown in a trace means the same


@settings(max_examples=150, deadline=None)
@given(
    texts,
    rows,
    st.lists(st.tuples(numbers, numbers, st.booleans(), st.booleans()), min_size=2, max_size=2),
)
def test_a_bound_never_says_more_than_every_value_inside_it(
    text: Any, row: Any, bounds: Any
) -> None:
    """With x or y known only within bounds, a known answer is that of each value in them, and the
    frame gives the same as the walk over the tree.
    """
    condition = parse_condition(text, CATALOGUE)
    intervals = {}
    for name, (one, other, low_open, high_open) in zip("xy", bounds, strict=True):
        if one is not None and other is not None and one != other:
            intervals[name] = Interval(min(one, other), max(one, other), low_open, high_open)
    row = row | dict.fromkeys(intervals)
    answer = truth(condition, row, intervals)
    frame = findings_frame([row], condition.reads, CATALOGUE, [intervals])
    assert evaluate([condition], frame)[0] == [{True: 1, False: 0, None: -1}[answer]]
    steps = [-1.0, -0.999, 0.0, 0.001, 0.5, 1.0, 1.7, 1.999, 2.0, 2.5, 2.999, 3.0]
    inside = {
        name: [v for v in steps if intervals[name].contains(v)]
        if name in intervals
        else [row[name]]
        for name in "xy"
    }
    assert all(inside.values())
    if answer is not None:
        for x, y in itertools.product(inside["x"], inside["y"]):
            assert truth(condition, row | {"x": x, "y": y}) is answer


word_sets = st.sets(st.sampled_from(["a", "b", "c"]), min_size=2)


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6), rows, word_sets)
def test_a_set_of_words_is_answered_where_every_word_gives_the_same(
    conditions: Any, row: Any, possible: Any
) -> None:
    """DuckDB reads one row for each word that is possible; frame and walk give the answer on which
    these agree, and unknown where they differ.
    """
    read = [parse_condition(text, CATALOGUE) for text in conditions]
    words = sorted(possible)
    each = [row | {"w": word} for word in words]
    by_word = by_duckdb([c.text for c in read], findings_frame(each, list(CATALOGUE), CATALOGUE))
    agreed = np.where((by_word == by_word[0]).all(axis=0), by_word[0], -1)
    open_row, bounds = row | {"w": None}, {"w": tuple(words)}
    frame = findings_frame(
        [row, open_row], list(CATALOGUE), CATALOGUE, [{}, bounds]
    )  # beside an exact row
    assert (evaluate(read, frame)[1] == agreed).all(), conditions
    exact = findings_frame([row], list(CATALOGUE), CATALOGUE)
    assert (evaluate(read, frame)[0] == evaluate(read, exact)[0]).all()
    walked = [{True: 1, False: 0, None: -1}[truth(c, open_row, bounds)] for c in read]
    assert walked == agreed.tolist()


def test_a_condition_of_literals_alone_is_refused() -> None:
    with pytest.raises(ConditionRefused, match="reads no finding"):
        parse_condition("-1 BETWEEN -1 AND -1", CATALOGUE)
