"""Batches on several processes: in order, bounded ahead, and no item ends the work of others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from rearm.cohort.pool import each_batch

_offset = 0


def prepare(offset: int) -> None:
    global _offset
    _offset = offset


def work(batch: Sequence[int]) -> list[str]:
    if 13 in batch:
        os._exit(9)  # as the system ends a process that is out of memory
    return [f"{item + _offset}" for item in batch]


def failed(item: int, error: Exception) -> str:
    return f"{item}: {error}"


def numbers(count: int, size: int = 3) -> list[list[int]]:
    items = list(range(100, 100 + count))
    return [items[i : i + size] for i in range(0, count, size)]


def results(batches: Sequence[Sequence[int]], jobs: int) -> list[list[str]]:
    return list(
        each_batch(work, batches, jobs=jobs, prepare=prepare, settings=(1000,), failed=failed)
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_batches(jobs: int) -> None:
    assert results(numbers(20), jobs) == [[str(n + 1000) for n in batch] for batch in numbers(20)]


def test_an_item_that_ends_its_process_fails_alone() -> None:
    batches = [[1, 2], [3, 13, 4], [5], [6, 7], [8]]
    made = results(batches, jobs=2)
    assert made == [
        ["1001", "1002"],
        ["1003", "13: its process was stopped", "1004"],
        ["1005"],
        ["1006", "1007"],
        ["1008"],
    ]


def test_only_a_few_batches_are_taken_ahead() -> None:
    taken = 0

    def endless() -> Iterator[list[int]]:
        nonlocal taken
        while True:
            taken += 1
            yield [taken + 100]

    made = each_batch(work, endless(), jobs=2, prepare=prepare, settings=(0,), failed=failed)
    assert next(made) == ["101"]
    assert taken <= 5
    made.close()  # type: ignore[attr-defined]
