"""What a test would change, as the sheet says it."""

from __future__ import annotations

import pytest
from tests.support.answered import answered

from rearm.report.assessment.change_words import changes_in_words

GPRC5D = "bispecific antibody against GPRC5D"
BCMA = "bispecific antibody against BCMA"

# who, and what a test would change
TOLD = [
    ("SYN-04", f"if healthy IgG is below 400 mg/dL: first choice changes from {BCMA} or"
     f" {GPRC5D} to {GPRC5D}"),
    ("SYN-09", f"if the repeat confirms progression: first choice changes from"
     f" none to {GPRC5D}"),
    ("SYN-09", "if the repeat does not confirm it: nothing to choose for now"),
    ("D01", "if ECOG performance status is 3 or 4: first choice changes from"
     f" {GPRC5D} to none"),
]  # fmt: skip


@pytest.mark.parametrize(("patient", "told"), TOLD)
def test_a_change_is_told_by_the_result_that_brings_it(patient: str, told: str) -> None:
    result = answered()[patient]
    found = [text for x in result.tests for text in changes_in_words(result, x)]
    assert told in found


def test_without_a_relapse_no_strategy_is_said_to_move() -> None:
    changes = [
        change
        for result in answered().values()
        for test in result.next_tests
        for change in test.changes
        if change.values.get("failure_status") == "not_failed"
    ]
    assert len(changes) >= 3
    assert not [turn for change in changes for turn in change.turns if turn.kind == "strategy"]


def test_a_number_is_told_as_the_range_in_which_every_value_changes_the_same() -> None:
    told = [
        (result, name, limits, change.values[name])
        for result in answered().values()
        for test in result.tests
        for change in test.changes
        for name, limits in change.within.items()
    ]
    assert len(told) >= 5
    for _, _, limits, value in told:
        assert isinstance(value, float)
        assert limits["low"] is None or limits["low"] < value
        assert limits["high"] is None or value < limits["high"]


def test_a_share_of_the_clone_is_told_as_per_cent() -> None:
    """Never `loss of both TNFRSF17 copies is 0.2 or 0.9`."""
    told = {
        text.partition(":")[0]
        for result in answered().values()
        for test in result.tests
        if test.ids in (("tnfrsf17_sequencing",), ("gprc5d_sequencing",))
        for text in changes_in_words(result, test)
    }
    assert "if there is loss of both TNFRSF17 copies in 20 % of the clone" in told
    assert not [x for x in told if "copies is " in x or " 0.2" in x or " 0.9" in x]
