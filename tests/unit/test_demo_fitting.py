"""Patients who certainly meet a condition over the dictionary's findings."""

from __future__ import annotations

import re

import pytest
from tests.support.demo_registry import records_of
from tests.support.loops import some
from tests.support.places import ROOT

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.demo import demo_patients
from rearm.demo.chart import Tables
from rearm.demo.fitting import (
    FEWEST_DRAWN,
    MOST_DRAWN,
    condition_of,
    fitting_patients,
)
from rearm.errors import InputError
from rearm.knowledge import load

SEED = 5


def fitting(text: str, count: int) -> list[Tables]:
    known = load()
    return [*fitting_patients(count, SEED, condition_of(text, known), known)]


def test_those_who_are_kept_fit_and_those_before_them_do_not() -> None:
    """Whoever is passed over does not fit for certain: unknown is not enough."""
    kept = fitting("relapse_pattern_extraosseous AND relapse_status = 'failed'", 6)
    ids = [tables["patients"][0]["patient_id"] for tables in kept]
    assert len(ids) == 6
    last = int(ids[-1].removeprefix("DEMO-"))
    plan = plan_of(load())
    fits = []
    for record in some(records_of(demo_patients(last, SEED))):
        values = patient_at(record, None, plan).values
        if (values["relapse_pattern_extraosseous"], values["relapse_status"]) == (True, "failed"):
            fits.append(record.patient_id)
    assert fits == ids


def test_the_kept_are_the_first_of_more() -> None:
    where = "cart_bcma_status = 'retained'"
    assert fitting(where, 3) == fitting(where, 5)[:3]


def test_who_is_unknown_is_kept_by_neither_side() -> None:
    """BCMA is tested in a share: the others fit neither the condition nor its opposite."""
    retained = {t["patients"][0]["patient_id"] for t in fitting("cart_bcma_status = 'retained'", 8)}
    others = {t["patients"][0]["patient_id"] for t in fitting("cart_bcma_status <> 'retained'", 3)}
    last = max(int(x.removeprefix("DEMO-")) for x in retained)
    assert not retained & others
    assert last > 2 * len(retained)


def test_nobody_fits_what_is_never_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rearm.demo.fitting.MOST_DRAWN", 10)
    monkeypatch.setattr("rearm.demo.fitting.FEWEST_DRAWN", 60)
    assert fitting("age < 10", 2) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [("no_such_finding", "no_such_finding"), ("age >", "age >"), ("age = 'old'", "age")],
)
def test_a_condition_that_cannot_be_read_is_said(text: str, word: str) -> None:
    with pytest.raises(InputError, match="--where can't be used") as told:
        condition_of(text, load())
    assert word in str(told.value)


def test_the_conditions_and_limits_of_the_page_are_those_of_the_program() -> None:
    page = (ROOT / "docs" / "demo-cohort.md").read_text("utf-8")
    conditions = re.findall(r'--where "(.+?)" --to', page)
    assert len(conditions) == 2
    assert all(condition_of(text, load()).reads for text in conditions)
    assert f"up to {MOST_DRAWN} patients for each one wanted, at least {FEWEST_DRAWN:,}" in page
