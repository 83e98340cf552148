"""Patients' ids that look like one patient written twice: said, never merged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

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


def flag_ids_alike(places: Mapping[str, Source]) -> Iterable[Issue]:
    """One error for every group of ids that differ only in what `id_key` drops. `places`: where
    each id stands first.
    """
    groups: dict[str, list[str]] = {}
    for patient_id in places:
        groups.setdefault(id_key(patient_id), []).append(patient_id)
    for ids in groups.values():
        if len(ids) > 1:
            # ascii() shows what can't be seen: two ids may look the same on the page
            names = " and ".join(
                i if i.isprintable() and i.isascii() else ascii(i) for i in map(str, ids)
            )
            message = (
                f"The ids {names} differ only in case, separators, leading zeros or invisible"
                f" characters. They are read as {len(ids)} patients; if they are one, write the id"
                f" alike everywhere (first seen: {shown(ids[0])})."
            )
            yield Issue("error", "ids_alike", places[ids[1]], message, "used")
