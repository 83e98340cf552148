"""A datum that is missing never makes an option look better in silence: a seeded part of what
`make gate-removals` tries in full.
"""

from __future__ import annotations

import random

import pytest
from scripts.removals import Removal, examples, removals, tried

PATIENTS = examples()
# A line of therapy, or its progression, of which nobody says anything leaves no trace.
WITHOUT_TRACE = {("therapies", None), ("therapies", "progression_on")}


def test_what_is_missing_stands_on_the_line_of_the_option() -> None:
    every = list(removals(PATIENTS))
    found = tried(PATIENTS, random.Random(10).sample(every, 120))
    assert found
    silent = [x for x in found if not x.named]
    assert {(x.removal.table, x.removal.column) for x in silent} <= WITHOUT_TRACE, silent


@pytest.mark.parametrize(
    ("patient", "table", "column", "word"),
    [
        ("SYN-07", "labs", "test", "platelets"),
        ("SYN-10", "conditions", "condition", "active_infection"),
        ("SYN-01", "variants", "gene", "TNFRSF17"),
    ],
)
def test_removals_that_a_review_found_silent(
    patient: str, table: str, column: str, word: str
) -> None:
    rows = [place for place, row in enumerate(PATIENTS[patient][table]) if row[column] == word]
    assert rows
    chosen = [Removal(patient=patient, table=table, row=place, column=None) for place in rows]
    found = tried(PATIENTS, chosen)
    assert found
    assert all(x.named for x in found), found
