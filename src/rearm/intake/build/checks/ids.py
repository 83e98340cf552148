"""Patients' ids that look like one patient written twice: said, never merged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem
from rearm.intake.values import shown
from rearm.record import Issue, Source

__all__ = ["flag_ids_alike", "id_key"]

_SEPARATORS = re.compile(r"[\s_.\-\u2010-\u2015]+")
_DIGITS = re.compile(r"[0-9]+")


def id_key(patient_id: str) -> str:
    """What is left of an id without case, invisible characters, the kind of separator, and leading
    zeros of a pure number.
    """
    visible = "".join(
        c for c in unicodedata.normalize("NFKC", patient_id) if unicodedata.category(c) != "Cf"
    )
    key = _SEPARATORS.sub("-", visible.strip()).casefold()
    return (key.lstrip("0") or "0") if _DIGITS.fullmatch(key) else key


def flag_ids_alike(ids: Iterable[str], place_of: Callable[[str], Source]) -> Iterable[Issue]:
    """One error for every group of ids that differ only in what `id_key` drops. `place_of`: where
    an id stands first.
    """
    groups: dict[str, list[str]] = {}
    for patient_id in ids:
        groups.setdefault(id_key(patient_id), []).append(patient_id)
    for alike in groups.values():
        if len(alike) > 1:
            # ascii() shows what can't be seen: two ids may look the same on the page
            names = " and ".join(i if i.isprintable() and i.isascii() else ascii(i) for i in alike)
            sentence = (
                f"The ids {names} differ only in case, separators, leading zeros or invisible "
                f"characters. They are read as {len(alike)} patients. If they are one patient, "
                f"write the id the same way everywhere (first seen: {shown(alike[0])})."
            )
            yield issue_at(
                place_of(alike[1]),
                CellProblem("error", "ids_alike", sentence, "used"),
                column="patient_id",
                value=alike[1],
                places=[
                    place_at(place_of(patient_id), patient_id, "patient_id", patient_id)
                    for patient_id in alike
                ],
            )
