"""New lesions seen by PET without a size: uptake alone is no progression, one with a size is."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Imaging, Issue, Record

__all__ = ["flag_new_without_size"]

_KINDS = ("plasmacytoma", "extramedullary", "paraskeletal")


def flag_new_without_size(record: Record) -> Iterator[Issue]:
    """A warning for each soft-tissue lesion that is stated as new and that only uptake shows, where
    neither a row of the same day nor a biopsy tells more.
    """
    biopsied = {
        fact.value.partition("=")[0].strip()
        for fact in record.facts
        if fact.finding == "lesion_histology"
    }
    for row in record.imaging:
        if row.new is not True or row.result != "positive" or row.kind not in _KINDS or _sized(row):
            continue
        by_pet = (row.method or "").upper().startswith("PET")
        name = row.lesion or row.site or row.kind
        if by_pet and name not in biopsied and not _measured(row, record):
            yield issue_at(row.source, _problem(row), record.patient_id)


def _sized(row: Imaging) -> bool:
    return any(
        size is not None for size in (row.length_mm, row.width_mm, row.short_axis_mm, row.spd_mm2)
    )


def _measured(row: Imaging, record: Record) -> bool:
    """Whether another row of the day may measure this lesion."""
    return any(
        _sized(x)
        and x.when == row.when
        and (
            x.lesion == row.lesion
            if x.lesion is not None and row.lesion is not None
            else x.site is not None and x.site == row.site
        )
        for x in record.imaging
    )


def _problem(row: Imaging) -> CellProblem:
    sentence = (
        f"The {row.kind} lesion ({row.when}) is entered as new without a size. By uptake on PET "
        "alone it is a sign of relapse and not progression: enter its size, or what a biopsy "
        "(lesion_histology) or the next examination said."
    )
    return CellProblem("warning", "new_lesion_without_size", sentence, "used")
