"""Every factor and every named synonym against pint with the UCUM definitions."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.loops import some

from rearm.knowledge.lab_tests import load_tests
from rearm.units import normal_unit

ucumvert = pytest.importorskip("ucumvert")
ROOT = Path(__file__).parents[2]
TESTS: Mapping[str, Any] = tomllib.loads(
    (files("rearm.knowledge") / "data" / "tests.toml").read_text("utf-8")
)
COMPILED: Mapping[str, Any] = tomllib.loads(
    (files("rearm.knowledge") / "data" / "units.toml").read_text("utf-8")
)
ATOMS = {
    "C": 12.011,
    "H": 1.008,
    "N": 14.007,
    "O": 15.999,
    "Ca": 40.078,
}  # IUPAC abridged standard atomic weights


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "compile_units", ROOT / "scripts" / "compile_units.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def ucum() -> Any:
    return ucumvert.PintUcumRegistry()


def test_the_table_is_what_pint_gives(script: ModuleType) -> None:
    derived = script.factors(TESTS)
    assert derived == COMPILED["factors"]
    assert script.text(TESTS) == (files("rearm.knowledge") / "data" / "units.toml").read_text(
        "utf-8"
    )


def test_a_wrong_factor_would_be_seen(script: ModuleType) -> None:
    changed = {**TESTS, "unit": {**TESTS["unit"], "g/L": {"ucum": "g/dL"}}}
    assert script.factors(changed) != COMPILED["factors"]


def test_a_unit_of_another_dimension_can_not_be_compiled(script: ModuleType) -> None:
    wrong = {**TESTS, "test": {"serum_m_protein": {"units": ["g/dL", "mg/24h"]}}}
    with pytest.raises(Exception, match="Cannot convert"):
        script.factors(wrong)


def test_ucum_braces_would_lose_the_day(ucum: Any) -> None:
    """The trap that makes mg/{24_h} a named synonym: UCUM reads a mass, without its time."""
    assert ucum.from_ucum("mg/{24_h}").check("[mass]")
    assert ucum.from_ucum("mg/(24.h)").check("[mass] / [time]")


@pytest.mark.parametrize("label", sorted(TESTS["unit"]))
def test_synonyms_agree_with_ucum_where_it_reads_them(label: str, ucum: Any) -> None:
    one = ucum.from_ucum("1")

    def quantity(expression: str) -> Any:
        parsed = ucum.from_ucum(expression)
        if isinstance(parsed, str):  # an annotation alone, {ratio}, comes back as its text
            return one
        return parsed if hasattr(parsed, "to") else parsed * one

    unit = TESTS["unit"][label]
    meant = quantity(unit["ucum"])
    assert meant.magnitude > 0
    for spelling in (label, *unit.get("spellings", ())):
        try:
            read = quantity(spelling)
        except Exception:
            continue  # not UCUM; a named synonym
        assert read.check(meant.dimensionality), (
            f"UCUM reads {spelling} as another kind of quantity; name it under against_ucum"
        )
        assert math.isclose((read / meant).to(one.units).magnitude, 1, rel_tol=1e-9), spelling
    for spelling in unit.get("against_ucum", {}):
        read = quantity(spelling)
        assert not (
            read.check(meant.dimensionality)
            and math.isclose((read / meant).to(one.units).magnitude, 1)
        ), f"{spelling} is plain UCUM; name it under spellings"


def test_the_ucum_form_of_a_unit_is_read() -> None:
    for label, unit in some(TESTS["unit"].items()):
        if unit["ucum"] not in ("%", "1"):  # a bare percentage does not say of what
            assert normal_unit(unit["ucum"]) in {
                normal_unit(s) for s in (label, *unit.get("spellings", ()))
            }, label


def mass(formula: str) -> float:
    return sum(
        ATOMS[atom] * int(n or 1) for atom, n in re.findall(r"([A-Z][a-z]?)([0-9]*)", formula)
    )


def test_molar_masses_follow_from_the_formulas() -> None:
    checked = 0
    for test_id, test in some(TESTS["test"].items()):
        if "molar_mass" in test and test_id != "hemoglobin":
            assert math.isclose(
                test["molar_mass"]["g_per_mol"], mass(test["molar_mass"]["of"]), abs_tol=0.001
            ), test_id
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize(
    ("test_id", "unit", "published"),
    [  # conversion factors as textbooks of laboratory medicine print them
        ("calcium_corrected", "mmol/L", 1 / 0.2495),
        ("creatinine", "umol/L", 1 / 88.4),
        ("hemoglobin", "mmol/L", 1 / 0.6206),
        ("bilirubin", "umol/L", 1 / 17.1),
        ("uric_acid", "umol/L", 1 / 59.48),
        ("ldh", "ukat/L", 1 / 0.01667),
    ],
)
def test_conversions_agree_with_published_factors(
    test_id: str, unit: str, published: float
) -> None:
    assert math.isclose(load_tests()[test_id].units[unit], published, rel_tol=1e-3)


def test_pint_is_not_imported_at_run_time() -> None:
    code = (
        "import sys, rearm.units, rearm.knowledge.lab_tests as t; t.load_tests(); assert not"
        " {'pint', 'ucumvert'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
