"""Names and words as centres write them: read where they are listed, set aside with a sentence
where they are not.
"""

from __future__ import annotations

import copy
import tomllib
from importlib.resources import files
from typing import Any

import pytest
from tests.support.loops import some

from rearm.intake import read_tables
from rearm.knowledge.lab_tests import load_tests, read_tests
from rearm.record import Record

PATIENT: dict[str, Any] = {"patient_id": "A", "last_seen_day": 400}


def _record(**tables: Any) -> Record:
    rows = {
        name: [{"patient_id": "A", **row} for row in entries] for name, entries in tables.items()
    }
    return read_tables({"patients": [PATIENT], **rows}).records[0]


def _labs(*rows: dict[str, Any]) -> Record:
    return _record(labs=[{"day": 1, **row} for row in rows])


@pytest.mark.parametrize(
    ("called", "value", "unit", "test"),
    [
        ("M-Protein", 1.2, "g/dL", "serum_m_protein"),
        ("M-Gradient", 12, "g/L", "serum_m_protein"),
        ("m_spike", 1.2, "g/dL", "serum_m_protein"),
        ("Paraprotein", 12, "g/l", "serum_m_protein"),
        ("Hb", 10, "g/dl", "hemoglobin"),
        ("Hämoglobin", 10, "g/dl", "hemoglobin"),
        ("Ha\u0308moglobin", 10, "g/dl", "hemoglobin"),  # the umlaut as two characters
        ("Leukozyten", 4, "/nl", "leukocytes"),
        ("Thrombozyten", 90, "/nl", "platelets"),
        ("Neutrophile", 2, "/nl", "neutrophils"),
        ("Lymphozyten", 1, "/nl", "lymphocytes"),
        ("Kreatinin", 80, "µmol/l", "creatinine"),
        ("Kalzium", 2.4, "mmol/l", "calcium"),
        ("Ferritin", 900, "ng/ml", "ferritin"),
        ("CRP", 5, "mg/l", "crp"),
        ("LDH", 240, "U/l", "ldh"),
        ("Kappa (frei)", 40, "mg/l", "kappa_flc"),
        ("FLC lambda", 40, "mg/l", "lambda_flc"),
        ("Immunfixation (Serum)", "positiv", None, "serum_immunofixation"),
        ("Immunofixation (Urin)", "negativ", None, "urine_immunofixation"),
        ("Plasmazellen im Knochenmark", 60, "%", "marrow_plasma_cells"),
        ("33358-3", 1.2, "g/dL", "serum_m_protein"),
    ],
)
def test_common_names_are_read(called: str, value: Any, unit: str | None, test: str) -> None:
    record = _labs({"test": called, "value": value, "unit": unit})
    assert [x.test for x in record.labs] == [test]
    assert record.issues == ()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            {"test": "Kappa", "value": 8, "unit": "g/L"},
            "docs/dictionary/tests.md",
        ),  # total chains are called so too
        (
            {"test": "M-Proteinn", "value": 1, "unit": "g/dL"},
            "nearest are M-Protein",
        ),  # near is not listed
        (
            {"test": "M-Protein", "value": 900, "unit": "mg/24h", "specimen": "Sammelurin"},
            "not measured there",
        ),
        (
            {"test": "M-Protein", "value": 1, "unit": "g/L", "specimen": "Pleuraerguss"},
            "not measured there",
        ),
        ({"test": "Immunfixation", "value": "negativ"}, "Enter the specimen"),
        ({"test": "XYZ", "value": 1, "unit": "g/L"}, "docs/dictionary/tests.md"),
    ],
)
def test_other_names_are_set_aside_under_the_name_given(row: dict[str, Any], told: str) -> None:
    record = _labs(row)
    assert record.labs == ()
    assert [x.test for x in record.set_aside] == [row["test"]]
    (issue,) = [i for i in record.issues if i.code == "unknown_test"]
    assert told in issue.message and issue.message.count(",") <= 3


def test_no_unlike_name_is_suggested() -> None:
    record = _labs(
        {"test": "Thrombozytn", "value": 90, "unit": "/nl"},
        {"test": "Elastase", "value": 1, "unit": "/nl"},
    )
    near, far = (i.message for i in record.issues if i.code == "unknown_test")
    assert "Thrombozyten" in near and "serum_m_protein" not in near
    assert "nearest" not in far


def test_specimen_tells_which_immunofixation() -> None:
    rows = [
        {"test": "Immunfixation", "value": "negativ", "specimen": s}
        for s in ("Serum", "Urin", "Sammelurin")
    ]
    assert [x.test for x in _labs(*rows).labs] == [
        "serum_immunofixation",
        "urine_immunofixation",
        "urine_immunofixation",
    ]


def test_every_alias_names_its_test_alone_or_by_specimen() -> None:
    for test in some(load_tests().values()):
        for alias in test.aliases:
            assert test in load_tests().find(alias)


@pytest.mark.parametrize(
    ("alias", "to"), [("serum M-protein", "igg"), ("Hb", "ferritin"), ("ferritin", "ldh")]
)
def test_an_alias_of_two_tests_is_refused(alias: str, to: str) -> None:
    data = files("rearm.knowledge") / "data"
    tests, units = (
        tomllib.loads((data / name).read_text("utf-8")) for name in ("tests.toml", "units.toml")
    )
    broken = copy.deepcopy(tests)
    broken["test"][to]["aliases"] = [alias]
    if alias == "Hb":  # two tests of one specimen may not share a name
        broken["test"]["ldh"]["aliases"] = [alias]
    with pytest.raises(ValueError, match=r"names|is the name of"):
        read_tests(broken, units)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("90 %", None, 90.0),
        ("90%", "%", 90.0),
        (
            "90 %",
            "Prozent",
            None,
        ),  # the same unit by another spelling is not equal as written: said
        ("90 %", "fraction", None),
        ("0,9 Anteil", None, 90.0),
        ("90 bananas", None, None),
    ],
)
def test_a_unit_beside_the_number(value: str, unit: str | None, expected: float | None) -> None:
    record = _labs({"test": "marrow_plasma_cells", "value": value, "unit": unit})
    assert [x.quantity.exact for x in record.labs if x.quantity] == (
        [] if expected is None else [expected]
    )
    assert len(record.set_aside) == (expected is None)


def test_a_comparator_and_a_unit_beside_the_number() -> None:
    (lab,) = _labs({"test": "M-Gradient", "value": "<0,5 g/dl"}).labs
    assert lab.quantity is not None and lab.quantity.high == 0.5 and lab.quantity.high_open


@pytest.mark.parametrize(
    ("word", "response"),
    [
        ("Progress", "PD"),
        ("Progression", "PD"),
        ("progrediente Erkrankung", "PD"),
        ("sehr gute partielle Remission", "VGPR"),
        ("komplette Remission", "CR"),
        ("stable disease", "SD"),
        ("vgpr", "VGPR"),
        ("cr", "CR"),
        ("partielle Remission", "PR"),
        ("Rezidiv", None),
    ],
)
def test_words_for_a_response(word: str, response: str | None) -> None:
    record = _record(
        assessments=[{"day": 30, "response": word}],
        therapies=[{"line": 1, "agents": "lenalidomide", "best_response": word}],
    )
    assert [r.response for r in record.responses] == ([response] if response else [])
    assert record.therapies[0].best_response == response
    assert [(x.test, x.day, x.as_given) for x in record.set_aside] == (
        [] if response else [("team response", 30, word)]
    )


def test_words_for_results_and_status() -> None:
    record = _record(
        conditions=[
            {"condition": f"hiv{n}", "status": s} for n, s in enumerate(("vorhanden", "ja", "nein"))
        ],
        variants=[{"gene": "TP53", "result": r} for r in ("positiv", "negativ")],
        imaging=[{"day": 5, "result": r} for r in ("positiv", "negativ", "unklar")],
        labs=[
            {"day": 3, "test": t, "value": v} for t, v in (("mrd", "negativ"), ("pet", "positiv"))
        ],
    )
    assert [c.status for c in record.conditions] == ["present", "present", "absent"]
    assert [v.result for v in record.variants] == ["present", "absent"]
    assert [i.result for i in record.imaging] == ["positive", "negative", None]
    assert [x.word for x in record.labs] == ["negative", "positive"]
    assert [(x.test, x.day) for x in record.set_aside] == [("imaging", 5)]


GRADES: list[tuple[Any, int | None]] = [
    *(
        ("I", 1),
        ("II", 2),
        ("iii", 3),
        ("IV", 4),
        ("V", 5),
        ("Grad 2", 2),
        ("G3", 3),
        ("2", 2),
        (4, 4),
    ),
    *(("VI", None), ("6", None), (9, None)),
]


@pytest.mark.parametrize(("grade", "read"), GRADES)
def test_grades(grade: Any, read: int | None) -> None:
    record = _record(
        toxicities=[{"day": 3, "toxicity": "crs", "grade": grade}],
        conditions=[{"condition": "cytopenia", "status": "ja", "grade": grade}],
    )
    assert (record.toxicities[0].grade, record.conditions[0].grade) == (read, read)
