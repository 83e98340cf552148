"""How the report of a store shows counts: what is hidden, what is rounded, what can't be told from
what is left.
"""

from __future__ import annotations

import itertools
import random

import pytest

from rearm.errors import InputError
from rearm.report.cohort.counts import Counted, CountRule, shown_text
from rearm.report.cohort.merged import merged_rows


@pytest.mark.parametrize("least", [3, 5, 7, 10, 11])
def test_a_count_is_hidden_or_shown_to_the_nearest(least: int) -> None:
    rule = CountRule(least)
    assert rule.base % 2 == 1 and 3 <= rule.base <= least
    for count in range(300):
        shown = rule.shown(count)
        if 0 < count < least:
            assert shown is None
        else:
            assert shown is not None and abs(shown - count) <= rule.base // 2
            assert shown % rule.base == 0 and (shown == 0) == (count == 0)


def test_the_exact_report_shows_every_count() -> None:
    rule = CountRule(1)
    assert [rule.shown(n) for n in range(5)] == [0, 1, 2, 3, 4]
    assert rule.table([[1, 2], [0, 3]]) == Counted(
        cells=((1, 2), (0, 3)), row_totals=(3, 3), column_totals=(1, 5), total=6
    )


@pytest.mark.parametrize("least", [2, 0, -1, 1001])
def test_a_minimum_that_hides_nothing_is_refused(least: int) -> None:
    with pytest.raises(InputError, match="Name 3 or more"):
        CountRule(least)


def test_a_share_is_made_of_shown_counts() -> None:
    rule = CountRule(5)
    assert rule.part_of(9, 17) == (9, 18, 0.5)
    assert rule.part_of(3, 17) == (None, 18, None)
    # 15 of 16 is shown alike, so that 100 % may be false
    assert rule.part_of(16, 16) == rule.part_of(15, 16) == (15, 15, None)
    assert rule.part_of(6, 7) == (6, 6, None)
    assert rule.part_of(6, 2000) == (6, 2001, None)  # nor 0 %
    assert rule.part_of(0, 16) == (0, 15, 0.0)
    assert CountRule(1).part_of(16, 16) == (16, 16, 1.0)
    assert shown_text(None) == "*" and shown_text(1200) == "1,200"


def possible(counted: Counted, rule: CountRule) -> list[list[set[int]]]:
    """The slow reader: every table that shows exactly these counts, by trying all of them; for each
    cell the values that it has in one of these.
    """
    top = 6 * rule.min_cell

    def may_be(shown: int | None) -> list[int]:
        if shown is None:
            return list(range(top))
        return [n for n in range(top * 3) if rule.shown(n) == shown]

    def fits(total: int, shown: int | None) -> bool:
        return shown is None or rule.shown(total) == shown

    rows, columns = len(counted.cells), len(counted.cells[0])
    found: list[list[set[int]]] = [[set() for _ in range(columns)] for _ in range(rows)]
    values = [may_be(x) for line in counted.cells for x in line]
    for drawn in itertools.product(*values):
        lines = [drawn[i * columns : (i + 1) * columns] for i in range(rows)]
        if not all(fits(sum(x), t) for x, t in zip(lines, counted.row_totals, strict=True)):
            continue
        down = zip(*lines, strict=True)
        if not all(fits(sum(x), t) for x, t in zip(down, counted.column_totals, strict=True)):
            continue
        if fits(sum(drawn), counted.total):
            for i, line in enumerate(lines):
                for j, n in enumerate(line):
                    found[i][j].add(n)
    return found


def _few(values: set[int], rule: CountRule) -> set[int]:
    """What a reader is left with who guesses that a hidden count is one of a few."""
    return {n for n in values if n < rule.min_cell}


def _drawn(seed: int) -> tuple[CountRule, list[list[int]]]:
    d = random.Random(seed)
    least = d.choice((3, 5))
    rows, columns = d.choice(((1, 2), (1, 3), (2, 2)))
    kinds = (lambda: 0, lambda: d.randint(1, least - 1), lambda: d.randint(least, 3 * least))
    return CountRule(least), [[d.choice(kinds)() for _ in range(columns)] for _ in range(rows)]


def test_no_total_minus_the_others_tells_a_hidden_count() -> None:
    told = tried = 0
    for seed in range(120):
        rule, cells = _drawn(seed)
        counted = rule.table(cells)
        if sum(x is None for line in counted.cells for x in line) > 2:
            continue
        values = possible(counted, rule)
        for i, line in enumerate(cells):
            for j, n in enumerate(line):
                if 0 < n < rule.min_cell:
                    tried += 1
                    few = _few(values[i][j], rule)
                    assert n in few
                    told += len(few) < 2
    assert tried > 30
    assert told == 0


@pytest.mark.parametrize("least", [3, 5, 7])
def test_of_two_parts_neither_is_told_whatever_they_are(least: int) -> None:
    rule = CountRule(least)
    told = [
        (few, other)
        for few in range(1, least)
        for other in range(4 * least)
        if len(_few(possible(rule.table([[few, other]]), rule)[0][0], rule)) < 2
    ]
    assert told == []


class _OnlyTheSmall(CountRule):
    """The guard without its second half: the small are hidden, the others as they are."""

    def shown(self, count: int) -> int | None:
        return None if 0 < count < self.min_cell else count

    def table(self, cells: list[list[int]]) -> Counted:  # type: ignore[override]
        return Counted(
            cells=tuple(tuple(map(self.shown, line)) for line in cells),
            row_totals=tuple(self.shown(sum(line)) for line in cells),
            column_totals=tuple(self.shown(sum(x)) for x in zip(*cells, strict=True)),
            total=self.shown(sum(map(sum, cells))),
        )


def test_the_same_reader_finds_them_where_only_the_small_are_hidden() -> None:
    rule = _OnlyTheSmall(5)
    assert possible(rule.table([[3, 20]]), rule)[0][0] == {3}
    kept = CountRule(5)
    assert len(possible(kept.table([[3, 20]]), kept)[0][0]) >= 2


def test_one_more_is_hidden_where_rounding_alone_would_tell() -> None:
    # 26 is shown as 27 and 22 as 21: the rest would be 4 and nothing else
    assert CountRule(5).table([[4, 22]]).cells == ((None, None),)
    assert CountRule(5).table([[3, 20]]).cells == ((None, 21),)


def test_where_a_total_is_of_a_few_its_zeros_are_hidden_too() -> None:
    counted = CountRule(5).table([[2, 0, 0], [30, 40, 50]])
    assert counted.cells[0] == (None, None, None) and counted.row_totals[0] is None


def test_rows_of_a_few_are_one_row_that_is_large_enough() -> None:
    rule = CountRule(5)
    labels, counts = merged_rows(["a", "b", "c", "not_recorded"], [[50], [3], [4], [9]], rule)
    assert (labels, counts) == (["a", "others (2)", "not_recorded"], [[50], [7], [9]])
    labels, counts = merged_rows(["a", "b", "c"], [[50], [9], [1]], rule)
    assert (labels, counts) == (["a", "others (2)"], [[50], [10]])
    assert merged_rows(["a", "b"], [[50], [9]], rule) == (["a", "b"], [[50], [9]])
