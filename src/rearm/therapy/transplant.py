"""Whose cells a transplant was made with, by the words of its text."""

from __future__ import annotations

import re

from rearm.record import Therapy

__all__ = ["is_autologous"]

_OF_A_DONOR = re.compile(r"\b(?:allo|haplo|donor|unrelated|sibling|spender|fremdspender)", re.I)
_OF_THE_PATIENT = re.compile(r"\b(?:auto|asct|aszt|apbs|ahsct|hdt|hdm|own\b)", re.I)
_OF_MARROW = re.compile(r"bone.?marrow|marrow transpl|knochenmark|\b[bk]mt\b", re.I)


def is_autologous(row: Therapy) -> bool | None:
    """A transplant of the patient's own stem cells: one of which nothing says that it came from a
    donor. None for a transplant of marrow, which may be either.
    """
    text = row.regimen or ""
    if row.purpose != "transplant" or _OF_A_DONOR.search(text):
        return False
    return None if _OF_MARROW.search(text) and not _OF_THE_PATIENT.search(text) else True
