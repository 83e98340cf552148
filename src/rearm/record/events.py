"""What happened to a patient: one typed event for each row of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.record.issues import Source
from rearm.record.when import UNKNOWN_WHEN, When

__all__ = [
    "Condition",
    "Death",
    "Fact",
    "Graft",
    "Imaging",
    "Infusion",
    "Lab",
    "RefractorinessStatement",
    "ResponseStatement",
    "Therapy",
    "Toxicity",
    "Variant",
]

Graft = Literal["autologous", "allogeneic", "unknown"]

# Grades of CTCAE that an episode can have.
_LEAST_GRADE, _WORST_GRADE = 1.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One result. Exactly one of `quantity` (canonical unit of the test) and `word` is set; both
    are None only in `Record.set_aside`.
    """

    test: str
    when: When
    source: Source
    quantity: Interval | None = None
    word: str | None = None
    as_given: str = ""  # value and unit as they stand in the input, for display
    unit: str | None = None  # canonical unit
    time: str | None = None
    specimen: str | None = None
    method: str | None = None
    status: str | None = None
    ref_low: float | None = None
    ref_high: float | None = None
    sample_id: str | None = None
    nominal_day: int | None = None
    reported_day: int | None = None
    sensitivity: float | None = None
    cells_counted: int | None = None
    isotype: tuple[str, ...] = ()
    why_set_aside: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Therapy:
    """A stretch of treatment. `agents` are ids of the lexicon of agents; `unread` are the parts of
    the text that could not be read.

    `after_infusion` is the number (from 1) of the infusion it is known to follow where only the
    order is known; 0: before the first. `graft`: whose stem cells, of a transplant.
    """

    source: Source
    start: When = UNKNOWN_WHEN
    end: When = UNKNOWN_WHEN
    line: int | None = None
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    purpose: str | None = None
    best_response: str | None = None
    progression_on: bool | None = None
    stop_reason: str | None = None
    unread: tuple[str, ...] = ()
    after_infusion: int | None = None
    graft: Graft | None = None

    @property
    def when(self) -> When:
        return self.start

    @property
    def autologous(self) -> bool | None:
        """Whether it is a transplant of the patient's own stem cells; None for a transplant of
        which it is not known whose they were.
        """
        if self.purpose != "transplant" or self.graft == "allogeneic":
            return False
        return True if self.graft == "autologous" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """A CAR-T product, infused or only collected (`infused` False; None: nobody says, see
    `perhaps_given`). `product` is an id of the
    lexicon where known, else the text.
    """

    source: Source
    when: When = UNKNOWN_WHEN
    product: str | None = None
    targets: tuple[str, ...] = ()
    dose_cells: float | None = None
    apheresis: tuple[When, ...] = ()
    in_specification: bool | None = None
    infused: bool | None = None
    reason: str | None = None
    construct: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def perhaps_given(self) -> bool:
        """Whether nothing says that it was infused: no day, no word of order, and no yes."""
        return self.infused is None and self.when == UNKNOWN_WHEN

    @property
    def apheresis_days(self) -> tuple[int, ...]:
        """The days of the leukaphereses that are exact."""
        return tuple(when.day for when in self.apheresis if when.day is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStatement:
    """A response that somebody recorded (`by`: team or committee), kept as stated.

    `after_infusion`: as of `Therapy`.
    """

    response: str
    when: When
    source: Source
    by: str | None = None
    basis: str | None = None
    nominal_day: int | None = None
    pattern: str | None = None
    after_infusion: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class RefractorinessStatement:
    """What the centre states of one agent or class: refractory, exposed or not_exposed."""

    agent_or_class: str
    status: str
    source: Source
    when: When = UNKNOWN_WHEN
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A genomic finding; `result` present or absent. `gene` may hold a locus (17p13) or a
    translocation (`t(11;14)`).
    """

    gene: str
    result: str
    source: Source
    when: When = UNKNOWN_WHEN
    change: str | None = None
    kind: str | None = None
    copies: float | None = None
    vaf: float | None = None
    clonal_fraction: float | None = None
    specimen: str | None = None
    site: str | None = None
    assay: str | None = None
    reported_day: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """One lesion on one examination, or an examination without lesions (`result` negative)."""

    source: Source
    when: When = UNKNOWN_WHEN
    method: str | None = None
    result: str | None = None
    lesion: str | None = None
    kind: str | None = None
    site: str | None = None
    contiguous_with_bone: bool | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    short_axis_mm: float | None = None
    spd_mm2: float | None = None
    n_lesions: int | None = None
    suv: float | None = None
    new: bool | None = None
    reported_day: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """An episode. `grade_at_least`: the lowest possible grade where only a bound is known (severe:
    3); then `grade` is None.
    """

    toxicity: str
    source: Source
    when: When = UNKNOWN_WHEN
    grade: int | None = None
    end: When = UNKNOWN_WHEN
    grade_at_least: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def grades(self) -> Interval:
        """The grades that it may have; an episode of which none is stated has at least 1."""
        if self.grade is not None:
            return Interval.of(float(self.grade))
        least = _LEAST_GRADE if self.grade_at_least is None else float(self.grade_at_least)
        return Interval(least, _WORST_GRADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    condition: str
    # present | resolved | absent; unclear: the input says something of it that could not be read,
    # was only suspected or contradicts itself, so that what was known before no longer holds and
    # what holds now is unknown
    status: str
    source: Source
    when: When = UNKNOWN_WHEN
    grade: int | None = None
    end: When = UNKNOWN_WHEN
    attributed_to_myeloma: bool | None = None

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def grades(self) -> Interval:
        """The grades that it may have where it is present; 1 to 5 where none is stated."""
        every = Interval(_LEAST_GRADE, _WORST_GRADE)
        return every if self.grade is None else Interval.of(float(self.grade))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A statement of a clinician: goals of care, trials open, stored cells, lesion histology ..."""

    finding: str
    value: str
    source: Source
    when: When = UNKNOWN_WHEN
    by: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    when: When
    # myeloma | toxicity | infection | other | unknown; several, as stated, joined by "; "
    cause: str
    source: Source

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes one by one."""
        return tuple(self.cause.split("; "))

    @property
    def of_myeloma(self) -> bool | None:
        """Whether myeloma is among the causes; None where a cause that is not known may be it."""
        if "myeloma" in self.causes:
            return True
        return None if not self.cause or "unknown" in self.causes else False

    @property
    def day(self) -> int | None:
        return self.when.day
