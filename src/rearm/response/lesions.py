"""Lesions over time: what each examination showed, what is new, what grew.

A lesion that an examination does not name keeps its last size: a magnetic resonance image of the
spine does not measure the liver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from rearm.record import Fact, Imaging, Record, When
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, at_most, over
from rearm.response.progression import MetCriterion
from rearm.response.sentences import Because, called

__all__ = [
    "Exam",
    "LesionLog",
    "answers",
    "histology",
    "measured_by_another",
    "name_of",
    "read_exams",
    "unread_soft",
]

_SOFT_KINDS = (None, "plasmacytoma", "extramedullary", "paraskeletal")
_LesionCriterion = Literal["new_lesion", "lesion_growth"]
# criterion and lesion -> why; "" stands for the sum of all lesions
_Met = dict[tuple[_LesionCriterion, str], Because]


@dataclass(slots=True)
class _Lesion:
    kind: str | None
    longest: float | None = None  # mm
    across: float | None = None  # short axis, mm
    product: float | None = None  # mm2, of all lesions that the row stands for
    count: int = 1
    present: bool = True


@dataclass(slots=True)
class Exam:
    """All imaging rows of one day."""

    day: int
    rows: list[Imaging] = field(default_factory=list)

    @property
    def between(self) -> When | None:
        """The days that it may have been on, where `day` is only one of them."""
        stated = [row.when.stated for row in self.rows]
        return None if None in stated else stated[0]

    def lesions(self) -> list[Imaging]:
        """The rows, each lesion once: one that is named without a size is the one that was measured
        at the same site.
        """
        return [x for x in self.rows if not measured_by_another(x, self.rows)]

    def methods(self, row: Imaging) -> set[str]:
        """The methods by which the lesion of a row was seen."""
        return {x.method or "" for x in self.rows if x is row or _same(x, row)}


def histology(facts: Iterable[Fact]) -> dict[str, str]:
    """What a biopsy said of each lesion, by its name, from the statements in `facts`. Two biopsies
    of one lesion: plasma cells in either make it myeloma, else the last word stands. A lesion
    without a biopsy is absent: its tissue is unknown. Raises nothing.

    >>> import rearm
    >>> from rearm.response import histology
    >>> histology(rearm.read("examples/tables").records[4].facts)
    {'L1': 'plasma_cells'}
    """
    said: dict[str, str] = {}
    for fact in facts:
        if fact.finding == "lesion_histology" and "=" in fact.value:
            lesion, word = (part.strip() for part in fact.value.split("=", 1))
            if said.get(lesion) != "plasma_cells":
                said[lesion] = word
    return said


def read_exams(record: Record) -> list[Exam]:
    """The examinations with a known day, oldest first."""
    exams: dict[int, Exam] = {}
    kinds = _kinds(record.imaging)
    for row in record.imaging:
        day = row.when.day
        if day is not None and row.result is not None:
            exams.setdefault(day, Exam(day)).rows.append(_of_kind(row, kinds))
    return [exams[d] for d in sorted(exams)]


def _kinds(rows: Iterable[Imaging]) -> dict[str, str]:
    """The kind of each lesion that only some of its rows state."""
    stated: dict[str, set[str]] = {}
    blank: set[str] = set()
    for row in rows:
        if row.lesion is not None and row.kind is not None:
            stated.setdefault(row.lesion, set()).add(row.kind)
        elif row.lesion is not None:
            blank.add(row.lesion)
    return {name: min(stated[name]) for name in blank if len(stated.get(name, ())) == 1}


def _of_kind(row: Imaging, kinds: Mapping[str, str]) -> Imaging:
    kind = kinds.get(row.lesion or "") if row.kind is None else None
    return row if kind is None else replace(row, kind=kind)


def unread_soft(record: Record) -> list[tuple[int, Imaging]]:
    """Examinations for soft tissue whose result could not be read, with the day, oldest first:
    whether a plasmacytoma is there is open.
    """
    rows = [
        (day, row)
        for row in record.imaging
        if row.result is None
        and row.kind in _SOFT_KINDS
        and (day := row.when.last if row.when.last is not None else row.when.first) is not None
    ]
    return sorted(rows, key=lambda x: x[0])


def answers(exam: Exam, day: int, row: Imaging) -> bool:
    """Does a readable examination tell what the unreadable `row` of `day` did not: the same lesion,
    or the whole of its kind?
    """
    return exam.day >= day and any(_tells(x, row) for x in exam.rows)


def _tells(told: Imaging, row: Imaging) -> bool:
    if told.lesion is not None:
        # a single lesion does not speak for the whole body
        return told.lesion == row.lesion
    whole = row.lesion is None or told.result == "negative"
    return whole and _covers(told.kind, row.kind)


def name_of(row: Imaging) -> str:
    """The name under which the lesion of a row is followed."""
    return row.lesion or row.site or row.kind or "lesion"


def measured_by_another(row: Imaging, rows: Iterable[Imaging]) -> bool:
    """Does another row of the same day give the size of a lesion that this row only names?"""
    if _sized(row):
        return False
    return any(_sized(x) and x.when == row.when and _same(x, row) for x in rows)


def _sized(row: Imaging) -> bool:
    sizes = (row.length_mm, row.width_mm, row.short_axis_mm, row.spd_mm2)
    return any(size is not None for size in sizes)


def _same(row: Imaging, other: Imaging) -> bool:
    """May two rows of one day be of one lesion, positive in both?"""
    if row.result != "positive" or other.result != "positive":
        return False
    if row.lesion is not None and other.lesion is not None:
        return row.lesion == other.lesion
    return row.site is not None and row.site == other.site


def _uptake_only(row: Imaging) -> bool:
    """PET uptake that was not measured: it never is progression by itself, a lesion with a size
    is.
    """
    return (row.method or "").upper().startswith("PET") and not _sized(row)


def _product(row: Imaging) -> float | None:
    if row.spd_mm2 is not None:
        return row.spd_mm2
    if row.length_mm is not None:
        across = row.width_mm if row.width_mm is not None else row.short_axis_mm
        return None if across is None else row.length_mm * across
    return None


def _across(row: Imaging) -> float | None:
    """Short axis. Where none is stated: the diameter across the longest one, by whichever name the
    two stand.
    """
    if row.short_axis_mm is not None or row.width_mm is None:
        return row.short_axis_mm
    return row.width_mm if row.length_mm is None else min(row.width_mm, row.length_mm)


class LesionLog:
    """State of all lesions of one course; examinations are told to it in the order of time."""

    def __init__(
        self, criteria: Criteria, said: dict[str, str], provisional_until: int | None
    ) -> None:
        self.criteria = criteria
        self.said = said  # histology by lesion
        self.provisional_until = provisional_until
        self.lesions: dict[str, _Lesion] = {}
        self.methods: set[str] = set()
        self.nadir_spd: float | None = None
        self.nadir_longest: dict[str, float] = {}
        # lesions: was the short axis above the limit when the lesion was smallest, or since (None:
        # not stated)?
        self.large_since_nadir: dict[str, bool | None] = {}
        self.baseline_spd: float | None = None
        self.baseline_soft = False
        self.last_day: int | None = None  # last examination of the course
        # criterion and lesion -> day it was first met, kept while it holds
        self.first_met: dict[tuple[_LesionCriterion, str], int] = {}
        # lesions new in this course -> day on which each was last seen
        self.new_ids: dict[str, int] = {}
        # (day, lesion, text) of uptake that may be new: a signal, not progression
        self.uptake: list[tuple[int, str, str]] = []
        # growth that would be progression if the lesion was large enough
        self.across_unknown: dict[str, tuple[int, Because]] = {}
        self.grown: list[int] = []  # days of growth that also makes a relapse clinical (A21)

    # ---- state ----------------
    def soft(self) -> list[tuple[str, _Lesion]]:
        """Plasmacytomas that are there, those explained by another histology left out."""
        return [
            (name, x)
            for name, x in self.lesions.items()
            if x.present and x.kind in _SOFT_KINDS and self._myeloma(name)
        ]

    def _myeloma(self, name: str) -> bool:
        return self.said.get(name, "plasma_cells") == "plasma_cells"

    def spd(self) -> float | None:
        """Sum of the products of diameters in mm2; None where one of them was not measured."""
        products = [x.product for _, x in self.soft()]
        known = [p for p in products if p is not None]
        return sum(known) if len(known) == len(products) else None

    def count(self) -> int:
        return sum(x.count for _, x in self.soft())

    def in_words(self) -> str:
        """The plasmacytomas that are there; empty where no examination was told."""
        soft, spd = self.soft(), self.spd()
        if not soft:
            return "none" if self.methods else ""
        if spd is None:
            return f"{', '.join(name for name, _ in soft)}, size unknown"
        return f"{spd:g} mm2{f' in {self.count()} lesions' if self.count() > 1 else ''}"

    def new_days(self) -> dict[str, int]:
        """Lesions that are new in this course, with the day each was first seen."""
        return {
            name: day
            for (criterion, name), day in self.first_met.items()
            if criterion == "new_lesion"
        }

    def set_baseline(self) -> None:
        self.baseline_soft = bool(self.soft())
        self.baseline_spd = self.spd() if self.baseline_soft else None

    def set_floor(self) -> None:
        """From here on the nadir counts."""
        self.nadir_spd = self.spd() if self.soft() else None
        there = {n: x for n, x in self.lesions.items() if x.present}
        self.nadir_longest = {n: x.longest for n, x in there.items() if x.longest is not None}
        self.large_since_nadir = {n: self._large(there[n]) for n in self.nadir_longest}

    def tell(self, exam: Exam) -> None:
        """An examination before the course: only what is there."""
        self.methods.update(x.method or "" for x in exam.rows)
        for row in exam.lesions():
            self._apply(row)

    def _apply(self, row: Imaging) -> None:
        self.methods.add(row.method or "")
        if row.result == "negative":
            for name, lesion in self.lesions.items():
                meant = name == row.lesion if row.lesion else _covers(row.kind, lesion.kind)
                if meant:
                    lesion.present = False
                    lesion.product = 0.0
            return
        name, product, across = name_of(row), _product(row), _across(row)
        self.lesions[name] = _Lesion(
            kind=row.kind,
            longest=row.length_mm or None,  # a lesion that is there has no diameter of zero
            across=across,
            product=product,
            count=row.n_lesions or 1,
            # a size of zero is a lesion that is gone (case files write SPD 0)
            present=product is None or product > 0,
        )

    # ---- progression ----------------
    def examine(self, exam: Exam) -> list[MetCriterion]:
        """The criteria of progression that this examination meets: a new lesion, growth of old
        ones.
        """
        large_before = self._large_before()
        met: _Met = {}
        for row in exam.lesions():
            product = _product(row)
            there = row.result == "positive" and (product is None or product > 0)
            if there and self._myeloma(name_of(row)):
                met |= self._new(row, exam.day, exam.methods(row))
        self.tell(exam)
        self.last_day = exam.day
        met |= self._not_examined(met)
        met |= self._growth(large_before, exam.day)
        self.first_met = {key: day for key, day in self.first_met.items() if key in met}
        self._lower_nadirs()
        return [self._criterion(key, because, exam.day) for key, because in met.items()]

    def _new(self, row: Imaging, day: int, methods: set[str]) -> _Met:
        """Is the lesion of this row, seen by these methods, new, or back, or was it new before?"""
        name = name_of(row)
        key: tuple[_LesionCriterion, str] = ("new_lesion", name)
        before = self.lesions.get(name)
        came_back = before is not None and not before.present
        if name in self.new_ids and not came_back:
            self.new_ids[name] = day
            return {key: ("new-lesion-still-there", row, self.first_met.get(key, day))}
        stated_new = row.new is True
        if not (came_back or stated_new or (row.new is None and before is None)):
            return {}
        biopsied = self.said.get(name) == "plasma_cells"
        # a lesion not stated as new is new only against an earlier examination by the same method
        compared = came_back or stated_new or not methods.isdisjoint(self.methods)
        uptake_only = _uptake_only(row)
        if compared and (biopsied or not uptake_only):
            self.new_ids[name] = day
            return {key: ("new-lesion", row, came_back, biopsied)}
        why = (
            "uptake without a measured lesion"
            if uptake_only
            else "no earlier examination by the same method to compare with"
        )
        self.uptake.append((day, name, f"{called(row)}: {why}; size, biopsy or repeat"))
        return {}

    def _not_examined(self, met: _Met) -> _Met:
        """New lesions that this examination does not name are as they were."""
        return {
            ("new_lesion", name): ("new-lesion-not-examined", name)
            for name in self.new_ids
            if self.lesions[name].present and ("new_lesion", name) not in met
        }

    def _large(self, lesion: _Lesion) -> bool | None:
        """Is its short axis above the limit? None where it is not stated."""
        limit = self.criteria.lesion_short_axis
        if lesion.across is not None:
            return over(lesion.across, limit)
        # the short axis is not longer than the longest diameter
        small = lesion.longest is not None and not over(lesion.longest, limit)
        return False if small else None

    def _large_before(self) -> dict[str, bool | None]:
        """By lesion: does growth count by itself (A22)?"""
        if self.criteria.A22 == "previous":
            return {name: self._large(lesion) for name, lesion in self.lesions.items()}
        return dict(self.large_since_nadir)

    def _growth(self, large_before: Mapping[str, bool | None], day: int) -> _Met:
        """Growth of single lesions, and of their sum."""
        met: _Met = {}
        biggest = 0.0
        for name, low, longest in self._old_lesions():
            growth = longest - low
            biggest = max(biggest, growth)
            if growth > 0 and at_least(growth, self.criteria.lesion_pd_rise * low):
                because = ("lesion-longer", name, low, longest)
                large = large_before.get(name)
                if large:
                    met["lesion_growth", name] = because
                elif large is None:
                    self.across_unknown.setdefault(name, (day, because))
        return met | self._growth_of_sum(biggest, day)

    def _old_lesions(self) -> Iterator[tuple[str, float, float]]:
        """Name, nadir and size of the longest diameter, of lesions that are not new."""
        for name, lesion in self.soft():
            low = self.nadir_longest.get(name)
            if low is not None and lesion.longest is not None and name not in self.new_ids:
                yield name, low, lesion.longest

    def _growth_of_sum(self, biggest: float, day: int) -> _Met:
        """Growth of the sum of products; with one lesion it stands for that lesion's own growth
        and is none of its own.
        """
        c, spd, nadir = self.criteria, self.spd(), self.nadir_spd
        if spd is None or not nadir or not at_least(spd - nadir, c.lesion_pd_rise * nadir):
            return {}
        # swelling after CAR-T is no relapse yet
        early = self.provisional_until is not None and day < self.provisional_until
        if not early and (c.A21 == "spd" or at_least(biggest, c.lesion_relapse_growth)):
            self.grown.append(day)
        if self.count() <= 1:
            return {}
        return {("lesion_growth", ""): ("lesions-larger", self.count(), nadir, spd)}

    def _lower_nadirs(self) -> None:
        spd = self.spd() if self.soft() else (0.0 if self.baseline_soft else None)
        if spd is not None:
            self.nadir_spd = spd if self.nadir_spd is None else min(self.nadir_spd, spd)
        for name, lesion in self.lesions.items():
            if not lesion.present or lesion.longest is None:
                continue
            lowest, large = self.nadir_longest.get(name, lesion.longest), self._large(lesion)
            if at_most(lesion.longest, lowest):
                self.large_since_nadir[name] = large
            elif large:  # it has passed the limit again
                self.large_since_nadir[name] = True
            self.nadir_longest[name] = min(lesion.longest, lowest)

    def _criterion(
        self, key: tuple[_LesionCriterion, str], because: Because, day: int
    ) -> MetCriterion:
        criterion, name = key
        seen = self.new_ids.get(name, day) if criterion == "new_lesion" else day
        early = self.provisional_until is not None and seen < self.provisional_until
        return MetCriterion(
            criterion=criterion,
            day=self.first_met.setdefault(key, day),
            repeat=False,
            provisional=early and self.said.get(name) != "plasma_cells",
            because=because,
        )


def _covers(said_kind: str | None, lesion_kind: str | None) -> bool:
    """Does a negative examination for `said_kind` speak for a lesion of `lesion_kind`?"""
    return (
        said_kind is None
        or said_kind == lesion_kind
        or (said_kind == "plasmacytoma" and lesion_kind in _SOFT_KINDS)
    )
