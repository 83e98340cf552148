"""The dictionary of tests: complete, consistent, and guarded."""

from __future__ import annotations

import copy
import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest
from tests.support.loops import some
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

from rearm.knowledge.lab_tests import check_loinc, load_tests, read_tests

ALL_CODES = [code.code for test in load_tests().values() for code in test.loinc]


def raw() -> tuple[dict[str, Any], dict[str, Any]]:
    data = files("rearm.knowledge") / "data"
    return tomllib.loads((data / "tests.toml").read_text("utf-8")), tomllib.loads(
        (data / "units.toml").read_text("utf-8")
    )


def test_every_number_test_has_a_unit_and_ranges() -> None:
    for test in some(load_tests().values()):
        if test.kind == "number":
            assert test.unit is not None and test.unit == test.allowed[0]
            assert all(f > 0 for f in test.units.values())
            assert test.hard[0] <= test.soft[0] < test.soft[1] <= test.hard[1]
        else:
            assert test.words and test.unit is None and not test.units
        assert test.name and test.group


def test_only_scores_and_ratios_need_no_unit() -> None:
    assert {t.unit for t in load_tests().values() if "" in t.units} == {"ratio", "score"}


@pytest.mark.parametrize("code", ALL_CODES)
def test_loinc_check_digits(code: str) -> None:
    assert check_loinc(code)
    for place, digit in enumerate(some(code)):
        if digit != "-":
            for other in set("0123456789") - {digit}:
                assert not check_loinc(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize(
    "code",
    [
        "",
        "-",
        "123",
        "33944-",
        "33944-00",
        "33944 0",
        "-0",
        "a-1",
        "33944-0\n",
        "12345678-9",
        "３３９４４-0",
    ],
)
def test_what_has_not_the_form_of_a_loinc_is_refused(code: str) -> None:
    assert not check_loinc(code)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("33944-8", "no LOINC code; differs from free lambda by one character"),
        ("33945-5", "no LOINC code"),
        ("32730-5", "no LOINC code; in use for urine M-protein"),
        ("98847-0", "no LOINC code; in use for a panel of residual disease"),
        ("26098-4", "an X-ray of the ankle, mistaken for marrow plasma cells"),
        ("11050-2", "total, not free, light chains"),
        ("11051-0", "total, not free, light chains"),
    ],
)
def test_codes_that_must_not_be_read(code: str, why: str) -> None:
    assert code not in load_tests().by_loinc, why


def test_kappa_and_lambda_codes_are_not_swapped() -> None:
    for code, test in some(load_tests().by_loinc.items()):
        display = next(c.display for c in test.loinc if c.code == code)
        if "light chains.free" in display and "/Lambda" not in display:
            assert test.id == ("kappa_flc" if display.startswith("Kappa") else "lambda_flc")


def test_panels_and_narratives_are_known_but_not_read() -> None:
    assert "49275-1" not in load_tests().by_loinc
    assert any(c.code == "49275-1" for c in load_tests()["serum_immunofixation"].loinc)


def test_units_lead_to_the_sister_test() -> None:
    for test_id, unit, expected in [
        ("car_t_cells_flow", "% of T cells", "car_t_cells_flow"),
        ("car_t_cells_flow", "/µL", "car_t_cells_absolute"),
        ("car_t_cells_flow", "% of lymphocytes", "car_t_cells_of_lymphocytes"),
        ("circulating_plasma_cells", "%", "circulating_plasma_cells_percent"),
        ("regulatory_t_cells", "cells/uL", "regulatory_t_cells_absolute"),
        ("serum_m_protein", None, "serum_m_protein"),
    ]:
        found = load_tests().definition(test_id, unit)
        assert found is not None and found.id == expected
    assert load_tests().definition("no_such_test", "g/dL") is None


def test_words() -> None:
    tests = load_tests()
    for test_id, text, expected in [
        ("serum_immunofixation", " Positive", "positive"),
        ("serum_immunofixation", "nicht  nachweisbar", "negative"),
        ("serum_immunofixation", "IgG kappa", None),
        ("serum_immunofixation", "+", None),
        ("mrd", "not done", None),
        ("hbv_dna", "Not detected", "not_detected"),
        ("iss", "stage ii", "II"),
        ("r_iss", "3.0", "III"),
        ("dira", "not_shifted", "not_shifted"),
        ("marrow_clonality", "Polyclonal", "polyclonal"),
        ("serum_m_protein", "positive", None),
    ]:
        assert tests[test_id].word(text) == expected, (test_id, text)


def test_no_word_means_unknown() -> None:
    unknown = {
        "unknown",
        "not done",
        "n.d.",
        "nd",
        "not assessed",
        "n/a",
        "na",
        "missing",
        "-",
        "?",
        "pending",
        "nicht bestimmt",
    }
    for test in some(load_tests().values()):
        assert not unknown & set(test.words), test.id


def break_tests(change: str) -> tuple[dict[str, Any], dict[str, Any]]:
    tests, compiled = copy.deepcopy(raw())
    m = tests["test"]["serum_m_protein"]
    match change:
        case "check digit":
            m["loinc"][0][0] = "33358-4"
        case "may belong to only one test":
            tests["test"]["igg"]["loinc"].append(m["loinc"][0])
        case "role":
            m["loinc"][0][2] = "guessed"
        case "hard range":
            m["soft"] = [0, 16]
        case "not a unit in the dictionary":
            m["units"].append("furlong")
            compiled["factors"]["serum_m_protein"]["furlong"] = 1.0
        case "run scripts/compile_units.py":
            m["units"].append("mg/L")
        case "no units and no words":
            del m["units"]
        case "unknown key":
            m["unit"] = "g/dL"
        case "two meanings":
            tests["unit"]["g/L"]["spellings"] = ["gm/dL"]
        case "does not accept it":
            m["elsewhere"] = {"mg/24h": "igg"}
    return tests, compiled


@pytest.mark.parametrize(
    "sentence",
    [
        "check digit",
        "may belong to only one test",
        "role",
        "hard range",
        "not a unit in the dictionary",
        "run scripts/compile_units.py",
        "no units and no words",
        "unknown key",
        "two meanings",
        "does not accept it",
    ],
)
def test_an_inconsistent_dictionary_is_refused_with_a_sentence(sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_tests(*break_tests(sentence))


def test_the_vocabulary_is_covered() -> None:
    vocabulary = read_yaml(DATA / "vocabulary.yaml")["lab_tests"]
    assert vocabulary
    for test_id, entry in some(vocabulary.items()):
        test = load_tests()[test_id]
        if "units" in entry:
            assert test.unit == entry["units"][0]
            for unit in entry["units"]:
                assert unit in load_tests().definition(test_id, unit).allowed  # type: ignore[union-attr]
        assert {test.word(word) for word in entry.get("words", ())} == set(entry.get("words", ()))
        if "units" not in entry:
            assert set(test.words.values()) == set(entry["words"])


def test_the_terminology_is_covered_and_displays_agree() -> None:
    names = {
        "calcium": "calcium",
        "anc": "neutrophils",
        "alc": "lymphocytes",
        "marrow_plasma_cells_pct": "marrow_plasma_cells",
        "marrow_abnormal_plasma_cells_flow": "marrow_abnormal_plasma_cells_flow",
        "blood_plasma_cells": "circulating_plasma_cells",
        "blood_plasma_cells_pct": "circulating_plasma_cells_percent",
        "spep_ife_interpretation": "serum_immunofixation",
    }
    left_out = {
        "40661-1": "display not established",
        "2460-4": "marked unverified",
        "98847-0": "wrong check digit",
        "97509-4": "no test",
    }
    codes = {c.code: (test.id, c.display) for test in load_tests().values() for c in test.loinc}
    items = json.loads((DATA / "lab_codes.json").read_text("utf-8"))
    assert items
    for item in some(items):
        code = item["loinc"]
        if code is None or code in left_out:
            assert code not in codes
            continue
        test_id, display = codes[code]
        assert test_id == names.get(item["key"], item["key"])
        if "[" in item["display"] and "ratio by" not in item["display"].lower():
            assert display.lower().startswith(
                item["display"].lower().split(" by ")[0].split(" in serum")[0]
            )
