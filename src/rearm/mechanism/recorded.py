"""What a record says of the mechanism and the model does not read: where it does, or where nobody
looked for what the model would name, no mechanism is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.record import Imaging, Lab, Record, Variant, When
from rearm.response.lesion_kind import soft_kind
from rearm.response.lesions import histology

__all__ = [
    "RecordedFact",
    "antigen_facts",
    "dated_within",
    "days_on_record",
    "imaging_facts",
    "lesion_of",
    "myeloma_imaging",
    "no_imaging",
    "stated_facts",
    "why_withheld",
]

# an antigen tested up to so many days before the progression speaks for it
ANTIGEN_BEFORE_DAYS = 30
_STAINS = ("bcma_positive_plasma_cells", "gprc5d_positive_plasma_cells")
_RNA = ("bcma_rna_positive_plasma_cells", "gprc5d_rna_positive_plasma_cells")
_DENSITY = ("bcma_molecules_per_cell",)
_GENES = {
    "BCMA": ("TNFRSF17", "BCMA", "16P", "16P13", "16P13.13"),
    "GPRC5D": ("GPRC5D", "12P", "12P13", "12P13.1"),
}
_STATED = {
    "car_t_expansion": "the expansion of the CAR-T cells",
    "car_t_persistence": "the persistence of the CAR-T cells",
    "car_t_exhaustion": "exhaustion of the CAR-T cells",
    "marrow_regulatory_t_cells": "the number of regulatory T cells in the marrow",
}
_LESIONS = ("extramedullary", "plasmacytoma")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFact:
    """A fact that keeps the model from naming a mechanism.

    `test`: the id of the test, the gene, the fact that is stated, or the method of imaging; `day`
    from the infusion, None where it is not exact; `text`: what is on record, a clause of a
    sentence.
    """

    code: Literal[
        "antigen_on_cells", "antigen_gene", "stated", "t_cell_neoplasm", "imaging", "no_imaging"
    ]
    text: str
    test: str | None = None
    day: int | None = None


def antigen_facts(
    record: Record, *, target: str, zero: int, progression: float | None
) -> tuple[RecordedFact, ...]:
    """Results on the antigen of the CAR-T that were taken at or after the failure, or, where none
    is known, after the infusion; also those that may have been, as their day is not exact.
    """
    since = _since(zero, progression)
    labs = [
        lab
        for lab in record.labs
        if lab.test in (*_STAINS, *_RNA, *_DENSITY)
        and lab.test.startswith(f"{target.lower()}_")
        and _may_be_since(lab.when, since)
    ]
    variants = [
        row
        for row in record.variants
        if row.gene.upper() in _GENES.get(target, ()) and _may_be_since(row.when, since)
    ]
    facts = [
        *(_of_cells(lab, target, zero) for lab in labs),
        *(_of_gene(row, zero) for row in variants),
    ]
    return tuple(dict.fromkeys(facts))


def stated_facts(
    record: Record, *, target: str, zero: int, progression: float | None
) -> tuple[RecordedFact, ...]:
    """What a clinician stated of the antigen (as `antigen_facts` for its days) and of the CAR-T
    cells, and a neoplasm of T cells, whose CAR copies are none of a CAR-T that works.
    """
    since = _since(zero, progression)
    antigen = f"antigen_{target.lower()}"
    names = {antigen: f"{target} on the tumour cells", **_STATED}
    stated = [
        RecordedFact(
            code="stated",
            test=fact.finding,
            day=None if fact.day is None else fact.day - zero,
            text=f"{names[fact.finding]} is stated as {fact.value.replace('_', ' ')}",
        )
        for fact in record.facts
        if fact.finding in names and (fact.finding != antigen or _may_be_since(fact.when, since))
    ]
    named = any(
        x.condition == "t_cell_lymphoma" and x.status == "present" for x in record.conditions
    )
    if named or "t_cell_neoplasm" in histology(record.facts).values():
        stated.append(RecordedFact(code="t_cell_neoplasm", text="a T-cell neoplasm is on record"))
    return tuple(dict.fromkeys(stated))


def imaging_facts(
    record: Record, *, zero: int, since: int, until: float, read: bool | None
) -> tuple[RecordedFact, ...]:
    """Imaging that is not known to lie between `since` and `until` (days from the infusion), may be
    later than `since`, and says something else than what the model reads (`read`: a lesion seen,
    not seen, not looked for).
    """
    return tuple(
        RecordedFact(
            code="imaging",
            test=row.method,
            day=None if row.day is None else row.day - zero,
            text=f"imaging ({_shifted(row.when, zero)}) {_shows(row)}",
        )
        for row in myeloma_imaging(record)
        if lesion_of(row) not in (None, read)
        and not dated_within(row.when, zero, since, until)
        and _may_be_since(row.when, zero + since)
    )


def myeloma_imaging(record: Record) -> list[Imaging]:
    """The imaging without lesions that a histology shows to be something else than myeloma."""
    said = histology(record.facts)
    return [x for x in record.imaging if said.get(x.lesion or "") in (None, "plasma_cells")]


def lesion_of(row: Imaging) -> bool | None:
    """Whether the examination shows an extramedullary lesion; None where it does not say."""
    outside = row.kind in _LESIONS or soft_kind(row) == "extraosseous"
    if outside and row.result == "positive":
        return True
    return False if row.result == "negative" else None


def dated_within(when: When, zero: int, since: float, until: float) -> bool:
    """Whether all days that it may have been lie between the two, which count from `zero`."""
    first, last = when.first, when.last
    return first is not None and last is not None and since <= first - zero <= last - zero <= until


def no_imaging() -> RecordedFact:
    """That nobody looked for a lesion that the markers leave open."""
    return RecordedFact(
        code="no_imaging",
        text=(
            "the markers leave a lesion outside the marrow open, and no imaging is on record that"
            " shows or excludes one"
        ),
    )


def why_withheld(facts: Sequence[RecordedFact]) -> str:
    """The sentences that stand in place of an answer."""
    said = "; ".join(fact.text for fact in facts)
    told = f"{said[:1].upper()}{said[1:]}"
    if all(fact.code == "no_imaging" for fact in facts):
        return f"{told}: no mechanism is named."
    them = "it" if len(facts) == 1 else "them"
    return f"{told}. The model does not read {them}, so no mechanism is named."


def _since(zero: int, progression: float | None) -> int:
    """From which day on the antigen speaks for the failure."""
    return zero + 1 if progression is None else zero + int(progression) - ANTIGEN_BEFORE_DAYS


def _may_be_since(when: When, since: int) -> bool:
    return when.last is None or when.last >= since


def _of_cells(lab: Lab, target: str, zero: int) -> RecordedFact:
    how = [x.replace("_", " ") for x in (lab.method, lab.specimen) if x]
    day = "" if lab.day is None else f" on day {lab.day - zero}"
    told = [*how] if day else [_shifted(lab.when, zero), *how]
    return RecordedFact(
        code="antigen_on_cells",
        test=lab.test,
        day=None if lab.day is None else lab.day - zero,
        text=f"{_found(lab, target)}{day}{_bracket(told)}",
    )


def _found(lab: Lab, target: str) -> str:
    quantity = lab.quantity
    rna = f"{target} RNA" if lab.test in _RNA else target
    if quantity is None:
        return f"{rna} on the tumour cells is {lab.word}"
    if quantity.high == 0:
        return f"{rna} was not detected"
    if lab.test in _DENSITY:
        return f"{rna} was measured at {_amount(quantity)} molecules a cell"
    return f"{rna} was found on {_amount(quantity)} % of the tumour cells"


def _amount(quantity: Interval) -> str:
    if quantity.exact is not None:
        return f"{quantity.exact:g}"
    if quantity.low <= 0:
        return f"{'less than' if quantity.high_open else 'at most'} {quantity.high:g}"
    if math.isinf(quantity.high):
        return f"{'more than' if quantity.low_open else 'at least'} {quantity.low:g}"
    return f"{quantity.low:g} to {quantity.high:g}"


def _of_gene(row: Variant, zero: int) -> RecordedFact:
    day = "" if row.day is None else f" on day {row.day - zero}"
    changed = "was found altered" if row.result == "present" else "was tested"
    told = [x for x in ("" if day else _shifted(row.when, zero), row.change or row.kind or "") if x]
    return RecordedFact(
        code="antigen_gene",
        test=row.gene,
        day=None if row.day is None else row.day - zero,
        text=f"{row.gene} {changed}{day}{_bracket(told)}",
    )


def _bracket(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""


def _shows(row: Imaging) -> str:
    return "shows an extramedullary lesion" if lesion_of(row) else "shows none"


def _shifted(when: When, zero: int) -> str:
    first = None if when.first is None else when.first - zero
    last = None if when.last is None else when.last - zero
    return str(When(first, last))


def days_on_record(record: Record, test: str, zero: int) -> Iterator[int]:
    """The days from the infusion on which the record holds a result of the test, also one that
    could not be read.
    """
    for lab in (*record.labs, *record.set_aside):
        if lab.test == test and lab.day is not None:
            yield lab.day - zero
