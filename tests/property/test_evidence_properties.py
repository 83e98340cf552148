"""What must hold for any set of arms."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rearm.evidence import evidence_for
from rearm.evidence.pool import Pooled
from rearm.knowledge.studies import Study
from rearm.knowledge.study_files import parse_study

Counts = tuple[int, int]


def study(index: int, counts: Counts, setting: str = "post-bcma-cart") -> Study:
    arm: dict[str, Any] = {
        "id": f"s{index}-a",
        "strategy": "celmod",
        "setting": setting,
        "population": "invented",
        "figure": "patient-level",
        "response": {"events": counts[0], "n": counts[1]},
    }
    head = {
        "id": f"s{index}",
        "authors": "x",
        "title": "x",
        "journal": "x",
        "year": 2024,
        "doi": "10.0/0",
        "url": "https://example.org",
        "read_from": "abstract",
    }
    return parse_study({**head, "design": "phase-2", "arm": [arm]}, "x.toml")


def pooled(rows: list[Study]) -> Pooled:
    figure = evidence_for("celmod", studies=rows).response
    assert figure is not None
    return figure


def numbers(figure: Pooled) -> tuple[float, ...]:
    return figure.estimate, figure.low, figure.high, figure.new_low, figure.new_high, figure.tau


counts = st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
arms = st.lists(counts, min_size=1, max_size=5)


@given(arms)
@settings(max_examples=25, deadline=None)
def test_an_arm_without_patients_changes_nothing(rows: list[Counts]) -> None:
    studies = [study(i, row) for i, row in enumerate(rows)]
    assert numbers(pooled(studies)) == numbers(pooled([*studies, study(99, (0, 0))]))


@given(arms, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_does_not_matter(rows: list[Counts], random: Any) -> None:
    studies = [study(i, row, "post-bcma-cart" if i == 0 else "mixed") for i, row in enumerate(rows)]
    shuffled = studies[:]
    random.shuffle(shuffled)
    assert pooled(studies) == pooled(shuffled)


@given(arms.filter(lambda rows: any(x < n for x, n in rows)))
@settings(max_examples=25, deadline=None)
def test_one_responder_more_never_lowers_the_figure(rows: list[Counts]) -> None:
    more = list(rows)
    index = next(i for i, (x, n) in enumerate(rows) if x < n)
    more[index] = (rows[index][0] + 1, rows[index][1])
    before, after = (
        pooled([study(i, row) for i, row in enumerate(rows)]),
        pooled([study(i, row) for i, row in enumerate(more)]),
    )
    assert after.estimate >= before.estimate - 1e-6


@given(arms)
@settings(max_examples=25, deadline=None)
def test_responders_and_non_responders_mirror_each_other(rows: list[Counts]) -> None:
    figure = pooled([study(i, row) for i, row in enumerate(rows)])
    mirror = pooled([study(i, (n - x, n)) for i, (x, n) in enumerate(rows)])
    assert abs(figure.estimate - (1 - mirror.estimate)) < 1e-4
    assert abs(figure.low - (1 - mirror.high)) < 1e-4


@given(arms)
@settings(max_examples=25, deadline=None)
def test_intervals_are_nested_and_inside_0_and_1(rows: list[Counts]) -> None:
    figure = pooled([study(i, row) for i, row in enumerate(rows)])
    assert (
        0
        < figure.new_low
        <= figure.low + 1e-9
        <= figure.estimate
        <= figure.high
        <= figure.new_high + 1e-9
        < 1
    )
    assert abs(sum(row.weight for row in figure.arms) - 1) < 1e-9
