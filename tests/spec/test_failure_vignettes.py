"""The failure that careful reading expects for each vignette."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.places import DATA
from tests.support.vignette_record import record_of
from tests.support.yaml_files import read_yaml

from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures

VIGNETTES: list[dict[str, Any]] = read_yaml(DATA / "vignettes.yaml")


def test_there_are_fourteen_vignettes() -> None:
    assert len(VIGNETTES) == 14


def _check(found: Failure, expected: dict[str, Any]) -> None:
    for key in ("status", "certainty", "kind", "timing"):
        if key in expected:
            allowed = expected[key] if isinstance(expected[key], list) else [expected[key]]
            assert getattr(found, key) in allowed, (key, getattr(found, key), allowed, found.reason)
    if "day" in expected:
        assert found.day is not None
        assert abs(found.day - expected["day"]) <= expected.get("day_tolerance", 0)
    assert set(expected.get("pattern_includes", ())) <= set(found.pattern)
    assert set(expected.get("signals_include", ())) <= {s.id for s in found.signals}
    assert found.reason
    assert found.basis


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda v: v["id"])
def test_failure_of_vignette(vignette: dict[str, Any]) -> None:
    record = record_of(vignette["tables"]).known_at(vignette["as_of"])
    found = failures(record)
    expected = vignette["expect"]["failure"]
    if "infusion_day" in expected:
        _check(next(f for f in found if f.infusion_day == expected["infusion_day"]), expected)
    else:
        _check(found[-1], expected)
    for earlier in vignette["expect"].get("earlier_failures", ()):
        _check(next(f for f in found if f.infusion_day == earlier["infusion_day"]), earlier)


def test_numbers_of_the_reasoning() -> None:
    """Nadirs and values that the reasoning of the vignettes spells out."""
    by_id = {v["id"]: record_of(v["tables"]).known_at(v["as_of"]) for v in VIGNETTES}
    d04 = failures(by_id["D04"])[0]
    assert d04.course is not None
    at = {v.day: v for v in d04.course.visits}
    assert d04.course.measurable == ("flc",)
    assert at[28].response == "PR"
    assert at[84].response == "VGPR"
    assert at[112].response == "NE"  # chains contradict the reported ratio
    assert at[150].nadir["dflc"].high == pytest.approx(5.1)
    d10 = failures(by_id["D10"])[0]
    assert d10.course is not None
    assert d10.course.baseline.values["serum_m_protein"] == Interval.of(3.6)
    assert d10.course.visits[0].nadir["serum"].high == pytest.approx(1.4)
    d13 = failures(by_id["D13"])[1]
    assert d13.course is not None
    assert d13.course.baseline.values["serum_m_protein"] == Interval.of(2.3)
    assert "could not be used (no unit)" in d13.reason
    d12 = failures(by_id["D12"])[0]
    assert d12.course is not None
    assert [v.confirmed for v in d12.course.visits if v.day in (112, 140)] == ["CR", "CR"]
    assert "other_bands" in {f.id for f in d12.flags}
