"""The one place in which a count of patients becomes something that is shown.

A count below the minimum is not shown, nor one that would give it away; the others are shown to
the nearest multiple of a small base, totals by themselves, so that no difference is exact. Every
share is made of shown counts, and tells nothing that they do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rearm.errors import InputError

__all__ = ["HIDDEN", "CountRule", "Counted", "shown_text"]

HIDDEN = "*"
_LARGEST = 1000
_NO_END = 10**9
_ROUNDS = 50
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A table of counts as shown: cells by row and column, and the totals; None: not shown."""

    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class CountRule:
    """How counts are shown. `min_cell`: the smallest count of patients that is; 1: all, as they
    are, for those who may see the patients anyway. Raises InputError for 2 (a hidden count would
    be 1), below 1 and above 1,000.
    """

    min_cell: int = 5

    def __post_init__(self) -> None:
        if self.min_cell == 2 or not 1 <= self.min_cell <= _LARGEST:
            raise InputError(
                f"A minimum cell of {self.min_cell} hides nothing. Name 3 or more (5 is usual), or"
                " 1 to show every count as it is."
            )

    @property
    def exact(self) -> bool:
        """Whether counts are shown as they are."""
        return self.min_cell == 1

    @property
    def base(self) -> int:
        """Counts are shown to the nearest multiple of it. Odd: there is always a nearest."""
        return 1 if self.exact else max(3, (self.min_cell // 2) | 1)

    def shown(self, count: int) -> int | None:
        """One count by itself; None where it is not shown. Zero is."""
        if 0 < count < self.min_cell:
            return None
        return (count + self.base // 2) // self.base * self.base

    def table(self, cells: Sequence[Sequence[int]]) -> Counted:
        """A table of patients each of whom is in one cell, with its totals. More is hidden, the
        smallest first, until no hidden count can be narrowed down by the others.
        """
        whole = _with_totals(cells)
        if not self.exact:
            return _counted(_Hiding(self, whole).shown())
        return _counted([[int(count) for count in line] for line in whole])

    def parts(self, counts: Sequence[int]) -> tuple[tuple[int | None, ...], int | None]:
        """The parts of one total, and the total."""
        counted = self.table([counts])
        return counted.cells[0], counted.total

    def share(self, part: int | None, whole: int | None) -> float | None:
        """The share of a shown count in a shown total; None where either is not shown, and where
        rounded counts would say all or almost none of patients of whom it may not be true.
        """
        if part is None or not whole:
            return None
        share = min(1.0, part / whole)
        if not self.exact and part and round(100 * share) in (0, 100):
            return None
        return share

    def part_of(self, part: int, whole: int) -> tuple[int | None, int | None, float | None]:
        """A count among a total, with the share; the rest is not shown and never exact."""
        shown, of = self.shown(part), self.shown(whole)
        if of is None:  # a zero would tell it of each of a few
            shown = None
        if shown is not None and of is not None:
            shown = min(shown, of)
        return shown, of, self.share(shown, of)


def _with_totals(cells: Sequence[Sequence[int]]) -> Ints:
    """The table with a last row and a last column of totals."""
    if not cells:
        return np.zeros((1, 1), dtype=np.int64)
    inner = np.array(cells, dtype=np.int64).reshape(len(cells), -1)
    lines = np.column_stack([inner, inner.sum(axis=1)])
    return np.vstack([lines, lines.sum(axis=0)])


def _counted(shown: Sequence[Sequence[int | None]]) -> Counted:
    return Counted(
        cells=tuple(tuple(line[:-1]) for line in shown[:-1]),
        row_totals=tuple(line[-1] for line in shown[:-1]),
        column_totals=tuple(shown[-1][:-1]),
        total=shown[-1][-1],
    )


class _Hiding:
    """A table while it is decided what of it is shown."""

    def __init__(self, rule: CountRule, whole: Ints) -> None:
        self.rule, self.whole = rule, whole
        self.few = (whole > 0) & (whole < rule.min_cell)
        # where a total is of a few, its zeros would say where they are
        self.hidden = self.few | self.few[:, -1:] | self.few[-1:, :]
        self.least_values = min(3, rule.min_cell - 1)

    def shown(self) -> list[list[int | None]]:
        while (given_away := self._given_away()) is not None:
            self.hidden[self._to_hide(*given_away)] = True
        return [
            [
                None if gone else self.rule.shown(int(count))
                for count, gone in zip(a, b, strict=True)
            ]
            for a, b in zip(self.whole, self.hidden, strict=True)
        ]

    def _given_away(self) -> tuple[int, int] | None:
        """A hidden count of a few that what is shown narrows down to fewer values than it may be,
        and that something else could still hide.
        """
        low, high = self._bounds()
        narrow = self.few & (high - low + 1 < self.least_values)
        for i, j in np.argwhere(narrow):
            if self._to_hide(i, j) is not None:
                return int(i), int(j)
        return None

    def _bounds(self) -> tuple[Ints, Ints]:
        """Between what each count lies for a reader who knows the rule and adds up every line."""
        half = self.rule.base // 2
        shown = (self.whole + half) // self.rule.base * self.rule.base
        zero = self.whole == 0
        low = np.where(zero, 0, np.maximum(shown - half, self.rule.min_cell))
        high = np.where(zero, 0, shown + half)
        low = np.where(self.hidden, np.where(zero, 0, 1), low)
        most = np.where(self.few | zero, self.rule.min_cell - 1, _NO_END)
        high = np.where(self.hidden, most, high)
        for _ in range(_ROUNDS):
            before = low.copy(), high.copy()
            for a, b in ((low, high), (low.T, high.T)):
                _narrow(a, b)
            if (before[0] == low).all() and (before[1] == high).all():
                break
        return low, high

    def _to_hide(self, i: int, j: int) -> tuple[int, int] | None:
        """The smallest count that is shown in the row or the column of a hidden one; a total only
        where there is no other.
        """
        row = [(i, column) for column in range(self.whole.shape[1])]
        column = [(line, j) for line in range(self.whole.shape[0])]
        last = self.whole.shape[0] - 1, self.whole.shape[1] - 1
        open_ones = [at for at in row + column if not self.hidden[at] and self.whole[at] > 0]
        return min(
            open_ones,
            key=lambda at: (at[0] == last[0] or at[1] == last[1], self.whole[at]),
            default=None,
        )


def _narrow(low: Ints, high: Ints) -> None:
    """What the sum of each line says of its total and of its parts, in place."""
    np.maximum(low[:, -1], low[:, :-1].sum(axis=1), out=low[:, -1])
    np.minimum(high[:, -1], np.minimum(high[:, :-1].sum(axis=1), _NO_END), out=high[:, -1])
    others_low = low[:, :-1].sum(axis=1, keepdims=True) - low[:, :-1]
    others_high = high[:, :-1].sum(axis=1, keepdims=True) - high[:, :-1]
    np.minimum(high[:, :-1], high[:, -1:] - others_low, out=high[:, :-1])
    np.maximum(low[:, :-1], low[:, -1:] - others_high, out=low[:, :-1])


def shown_text(count: int | None) -> str:
    """A shown count as text, with thousands apart."""
    return HIDDEN if count is None else f"{count:,}"
