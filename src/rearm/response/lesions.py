"""Lesions over time: what each examination showed, what is new, what grew.

A lesion that an examination does not name keeps its last size: a magnetic resonance image of the
spine does not measure the liver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rearm.record import Fact, Imaging, Record
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, over

__all__ = ["Exam", "LesionLog", "Pd", "answers", "histology", "read_exams", "unread_soft"]

_SOFT_KINDS = (None, "plasmacytoma", "extramedullary", "paraskeletal")


@dataclass(frozen=True, slots=True)
class Pd:
    """A criterion of progression that was met: which, on which day, whether it needs a repeat,
    whether it is too early to tell.
    """

    criterion: (
        str  # serum | urine | dflc | marrow | circulating | new_lesion | lesion_growth | calcium
    )
    day: int
    repeat: bool
    provisional: bool
    text: str


@dataclass(slots=True)
class _Lesion:
    kind: str | None
    longest: float | None = None  # mm
    product: float | None = None  # mm2, of all lesions that the row stands for
    count: int = 1
    present: bool = True


@dataclass(slots=True)
class Exam:
    """All imaging rows of one day."""

    day: int
    rows: list[Imaging] = field(default_factory=list)


def histology(facts: Iterable[Fact]) -> dict[str, str]:
    """What a biopsy said of each lesion. Two biopsies of one lesion: plasma cells in either make it
    myeloma, else the last word stands.
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
    for row in record.imaging:
        day = row.when.day
        if day is not None and row.result is not None:
            exams.setdefault(day, Exam(day)).rows.append(row)
    return [exams[d] for d in sorted(exams)]


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
    if exam.day < day:
        return False
    if row.lesion is None:
        return True
    return any(
        x.lesion == row.lesion
        or (x.result == "negative" and x.lesion is None and _covers(x.kind, row.kind))
        for x in exam.rows
    )


def _name(row: Imaging) -> str:
    return row.lesion or row.site or row.kind or "lesion"


def uptake_only(row: Imaging) -> bool:
    """PET uptake that was not measured: it never is progression by itself (DESIGN 5), a lesion with
    a size is.
    """
    return (
        (row.method or "").upper().startswith("PET")
        and row.length_mm is None
        and row.width_mm is None
        and row.short_axis_mm is None
        and row.spd_mm2 is None
    )


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
        self.was_large: set[str] = set()  # lesions once longer than the limit in their short axis
        self.baseline_spd: float | None = None
        self.baseline_soft = False
        self.last_day: int | None = None  # last examination of the course
        self.first_met: dict[
            str, int
        ] = {}  # criterion of progression -> day it was first met, kept while it holds
        self.new_ids: dict[
            str, int
        ] = {}  # lesions new in this course -> day on which each was last seen
        self.uptake: list[
            tuple[int, str]
        ] = []  # (day, text) of uptake that may be new: a signal, not progression
        self.across_unknown: dict[
            str, tuple[int, str]
        ] = {}  # growth that would be progression if the lesion was large enough
        self.across_known: set[str] = set()  # lesions of which an examination stated a short axis
        self.grown: list[int] = []  # days of growth that also makes a relapse clinical (A21)

    # ---- state ----------------
    def _mine(self, name: str) -> bool:
        return self.said.get(name, "plasma_cells") == "plasma_cells"

    def soft(self) -> list[tuple[str, _Lesion]]:
        """Plasmacytomas that are there, those explained by another histology left out."""
        return [
            (n, x)
            for n, x in self.lesions.items()
            if x.present and x.kind in _SOFT_KINDS and self._mine(n)
        ]

    def spd(self) -> float | None:
        """Sum of the products of diameters in mm2; None where one of them was not measured."""
        products = [x.product for _, x in self.soft()]
        return (
            None if any(p is None for p in products) else sum(p for p in products if p is not None)
        )

    def count(self) -> int:
        return sum(x.count for _, x in self.soft())

    def shown(self) -> str:
        """The plasmacytomas that are there, in words; empty where no examination was told."""
        soft, spd = self.soft(), self.spd()
        if not soft:
            return "none" if self.methods else ""
        many = f" in {self.count()} lesions" if self.count() > 1 else ""
        return (
            f"{spd:g} mm2{many}"
            if spd is not None
            else f"{', '.join(n for n, _ in soft)}, size not known"
        )

    def set_baseline(self) -> None:
        self.baseline_soft = bool(self.soft())
        self.baseline_spd = self.spd() if self.baseline_soft else None

    def set_floor(self) -> None:
        """From here on the nadir counts."""
        self.nadir_spd = self.spd() if self.soft() else None
        self.nadir_longest = {
            n: x.longest for n, x in self.lesions.items() if x.present and x.longest is not None
        }

    def tell(self, exam: Exam) -> None:
        """An examination before the course: only what is there."""
        for row in exam.rows:
            self._apply(row)

    def _apply(self, row: Imaging) -> None:
        self.methods.add(row.method or "")
        if row.result == "negative":
            names = (
                [row.lesion]
                if row.lesion
                else [n for n, x in self.lesions.items() if _covers(row.kind, x.kind)]
            )
            for name in names:
                if name in self.lesions:
                    self.lesions[name].present = False
                    self.lesions[name].product = 0.0
            return
        product = _product(row)
        # a size of zero is a lesion that is gone (case files write SPD 0)
        there = product is None or product > 0
        longest = (
            row.length_mm if row.length_mm else None
        )  # a lesion that is there has no diameter of zero
        lesion = _Lesion(row.kind, longest, product, row.n_lesions or 1, there)
        self.lesions[_name(row)] = lesion
        across = _across(row)
        if across is not None:
            self.across_known.add(_name(row))
        if across is not None and over(across, self.criteria.lesion_short_axis):
            self.was_large.add(_name(row))

    # ---- progression ----------------
    def examine(self, exam: Exam) -> list[Pd]:
        """The criteria of progression that this examination meets (new lesion; growth of old ones),
        and update of nadirs.
        """
        large_before = set(self.was_large)
        met: dict[str, str] = {}
        for row in exam.rows:
            if row.result != "positive":
                continue
            name = _name(row)
            if not self._mine(name):
                continue
            before = self.lesions.get(name)
            product = _product(row)
            if product is not None and product <= 0:
                continue
            came_back = before is not None and not before.present
            if name in self.new_ids and not came_back:
                self.new_ids[name] = exam.day
                met[f"new_lesion:{name}"] = (
                    f"{_called(row)}, new since"
                    f" {self.first_met.get(f'new_lesion:{name}', exam.day)}, still there"
                )
            elif came_back or row.new is True or (row.new is None and before is None):
                self._judge_new(row, name, came_back, met, exam.day)
        for row in exam.rows:
            self._apply(row)
        self.last_day = exam.day
        for name in self.new_ids:  # what this examination does not name is as it was
            if self.lesions[name].present and f"new_lesion:{name}" not in met:
                met[f"new_lesion:{name}"] = f"{name}, new and not examined again"
        self._judge_growth(met, large_before, exam.day)
        for key in [k for k in self.first_met if k not in met]:
            del self.first_met[key]
        self._lower_nadirs()
        return [self._pd(key, text, exam.day) for key, text in met.items()]

    def _judge_new(
        self, row: Imaging, name: str, came_back: bool, met: dict[str, str], day: int
    ) -> None:
        biopsied = self.said.get(name) == "plasma_cells"
        # a lesion not stated as new is new only against an earlier examination by the same method
        compared = came_back or row.new is True or (row.method or "") in self.methods
        if (uptake_only(row) and not biopsied) or not compared:
            why = (
                "uptake without a measured lesion"
                if uptake_only(row)
                else "no earlier examination by the same method to compare with"
            )
            self.uptake.append((day, f"{_called(row)} on day {day}: {why}; biopsy or repeat"))
            return
        self.new_ids[name] = day
        met[f"new_lesion:{name}"] = f"{_called(row)} {'came back' if came_back else 'is new'}" + (
            ", plasma cells on biopsy" if biopsied else ""
        )

    def _judge_growth(self, met: dict[str, str], large_before: set[str], day: int) -> None:
        c = self.criteria
        spd = self.spd()
        biggest = 0.0
        for name, lesion in self.soft():
            low = self.nadir_longest.get(name)
            if low is None or lesion.longest is None or name in self.new_ids:
                continue
            biggest = max(biggest, lesion.longest - low)
            if at_least(lesion.longest - low, c.lesion_pd_rise * low) and lesion.longest > low:
                text = f"longest diameter of {name} {low:g} to {lesion.longest:g} mm"
                if name in large_before:
                    met[f"lesion_growth:{name}"] = text
                elif name not in self.across_known:
                    self.across_unknown.setdefault(name, (day, text))
        if (
            spd is not None
            and self.nadir_spd
            and at_least(spd - self.nadir_spd, c.lesion_pd_rise * self.nadir_spd)
        ):
            if self.count() > 1:
                met["lesion_growth:spd"] = (
                    f"sum of products of {self.count()} lesions {self.nadir_spd:g} to {spd:g} mm2"
                )
            early = (
                self.provisional_until is not None and day < self.provisional_until
            )  # swelling after CAR-T is no relapse yet
            if not early and (c.A21 == "spd" or at_least(biggest, c.lesion_relapse_growth)):
                self.grown.append(day)

    def _lower_nadirs(self) -> None:
        spd = self.spd() if self.soft() else (0.0 if self.baseline_soft else None)
        if spd is not None:
            self.nadir_spd = spd if self.nadir_spd is None else min(self.nadir_spd, spd)
        for name, lesion in self.lesions.items():
            if lesion.present and lesion.longest is not None:
                self.nadir_longest[name] = min(
                    lesion.longest, self.nadir_longest.get(name, lesion.longest)
                )

    def _pd(self, key: str, text: str, day: int) -> Pd:
        criterion, _, name = key.partition(":")
        first = self.first_met.setdefault(key, day)
        seen = self.new_ids.get(name, day) if criterion == "new_lesion" else day
        early = (
            self.provisional_until is not None
            and seen < self.provisional_until
            and self.said.get(name) != "plasma_cells"
        )
        return Pd(criterion, first, False, early, text)


def _covers(said_kind: str | None, lesion_kind: str | None) -> bool:
    """Does a negative examination for `said_kind` speak for a lesion of `lesion_kind`?"""
    return (
        said_kind is None
        or said_kind == lesion_kind
        or (said_kind == "plasmacytoma" and lesion_kind in _SOFT_KINDS)
    )


def _called(row: Imaging) -> str:
    kind = {
        "bone": "bone lesion",
        "plasmacytoma": "plasmacytoma",
        "extramedullary": "extramedullary lesion",
        "paraskeletal": "paraskeletal lesion",
    }.get(row.kind or "", "lesion")
    return f"{kind} {row.lesion or ''}{f' ({row.site})' if row.site else ''}".replace(
        "  ", " "
    ).strip()
