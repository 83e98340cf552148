"""A condition that names no finding: the nearest are offered, and where all are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rearm.knowledge.bundle import load
from rearm.rules import ConditionRefused, parse_condition

NEAREST = [
    ("died", "The nearest is failure_status."),
    ("BCMA_loss", "The nearest are bcma_loss_fraction, bcma_status,"),
    ("cytopenia > 1", "The nearest are prolonged_cytopenia, severe_cytopenia."),
    ("product", "Did you mean car_product?"),
    ("zzz", "there is no finding named zzz. docs"),
]


@pytest.mark.parametrize(("text", "told"), NEAREST)
def test_the_nearest_findings_are_named(text: str, told: str) -> None:
    with pytest.raises(ConditionRefused) as refused:
        parse_condition(text, load().catalogue)
    assert told in str(refused.value)
    assert "docs/dictionary/findings.md lists them all" in str(refused.value)
    assert (Path(__file__).parents[2] / "docs/dictionary/findings.md").exists()
