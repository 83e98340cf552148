"""Several bands of M-protein: one band alone is not the M-protein, and which belong to one clone
is not known, so none of them is read as the whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rearm.intake.build.labs import LabRow
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms

__all__ = ["set_bands_aside"]

_M_PROTEIN = (
    r"m[\s-]?(?:protein|spike|gradient|peak|komponente|component)|paraprotein|mono[ck]lonal"
)
_NUMBER = r"(?:no\.?|nr\.?|#)?\s*([1-9])\b"
_BAND = re.compile(
    rf"(?=.*(?:{_M_PROTEIN}))(?:.*\b(?:band|bande|clone|klon)\s*{_NUMBER}"
    rf"|.*(?:{_M_PROTEIN})\s*{_NUMBER}|.*\b(second|third|zweite[sr]?|dritte[sr]?)\b)",
    re.IGNORECASE,
)
_URINE = re.compile(r"urin", re.IGNORECASE)
_SERUM_TEST, _URINE_TEST = "serum_m_protein", "urine_m_protein_24h"


def set_bands_aside(rows: Sequence[LabRow], log: IssueLog, terms: Terms) -> None:
    """Where results of a further band are there, those of the first are not the M-protein: both are
    kept as results of it that can't be used. What is given as the whole M-protein stays.
    """
    further = [x for x in rows if x.lab.test not in terms.lab_tests and _is_further(x.lab.test)]
    tests = dict.fromkeys(map(_test_of, further))
    if not tests:
        return
    why = (
        "The M-protein is entered by bands, and it is unknown which of them belong to one "
        "clone. No band is read as the M-protein. Enter the total M-protein."
    )
    firsts = [x for x in rows if x.usable and x.lab.test in tests and _band(_name(x, terms)) == "1"]
    for item in firsts:
        item.usable = False
        item.lab = replace(item.lab, quantity=None, word=None, why_set_aside=why)
    for item in further:
        item.lab = replace(item.lab, test=_test_of(item), why_set_aside=why)
    log.warning((firsts or further)[0].row, "test", "m_protein_by_bands", why)


def _test_of(item: LabRow) -> str:
    """The test of which a band is a part."""
    in_urine = _URINE.search(item.lab.test) or (item.lab.specimen or "").startswith("urine")
    return _URINE_TEST if in_urine else _SERUM_TEST


def _is_further(name: str) -> bool:
    return _band(name) not in (None, "1")


def _name(item: LabRow, terms: Terms) -> str:
    """What the row calls its test; for a LOINC code its display."""
    given = item.row.cell("test").text
    test = terms.lab_tests.get(item.lab.test)
    codes = () if test is None else test.loinc
    return next((c.display for c in codes if c.code == given), given)


def _band(name: str) -> str | None:
    """The number of the band that a name speaks of; None where it speaks of none."""
    found = _BAND.match(name)
    return None if found is None else found[1] or found[2] or found[3]
