"""Lesions whose kind is blank, on imaging at failure: contact with bone or the site may tell the
kind, else it is not known; it is never "no lesion of this kind". Failure on day 200, read on day
220.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.findings_case import Row, fact, findings, imaging, shown, stain

from rearm import assess
from rearm.intake import read_tables

# emd, any soft-tissue lesion, bone lesion or cord, number of soft-tissue lesions
Told = tuple[object, object, object, object]
EXTRA: Told = (True, True, False, 1)
BESIDE: Told = (False, True, False, 1)
SOFT: Told = (None, True, False, 1)  # soft tissue, contact with bone not stated
OPEN: Told = (None, None, None, None)

_FINDINGS = (
    "emd_at_failure",
    "any_plasmacytoma_at_relapse",
    "bone_lesion_or_cord_at_relapse",
    "lesions_at_relapse",
)


def lesion(site: str | None = None, kind: str | None = None, **more: Any) -> Row:
    return imaging(200, "positive", kind, site=site, **more)


def on(day: str, **more: Any) -> Row:
    return "imaging", {"day": day, "method": "PET-CT", "result": "positive", **more}


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("liver", EXTRA),
        ("Leber", EXTRA),
        ("Leberherd Segment 6", EXTRA),
        ("right kidney", EXTRA),
        ("Niere rechts", EXTRA),
        ("Haut", EXTRA),
        ("subkutan gluteal", EXTRA),
        ("cervical lymph node", EXTRA),
        ("Halslymphknoten", EXTRA),
        ("M. psoas, intramuskulär", EXTRA),
        ("extramedullär", EXTRA),
        ("paraskeletal", BESIDE),
        ("paraossär thorakal", BESIDE),
        ("Weichteil", SOFT),
        ("soft tissue of the thigh", SOFT),
        ("L3", OPEN),
        ("Os ilium", OPEN),
        ("Darmbein", OPEN),  # the bone, not the bowel
        ("Becken", OPEN),
        ("rib with liver contact", OPEN),
        ("keine Leber", OPEN),
        ("neben der Niere", OPEN),
        ("thorax", OPEN),
        (None, OPEN),
    ],
)
def test_the_site_tells_the_kind_or_it_is_not_known(site: str | None, told: Told) -> None:
    found = findings(lesion(site))
    assert tuple(found[name].value for name in _FINDINGS) == told, site


@pytest.mark.parametrize(
    ("what", "rows", "told"),
    [
        ("named by its site", [lesion(lesion="Leber")], EXTRA),
        ("no contact with bone", [lesion(contiguous_with_bone="no")], EXTRA),
        ("contact with bone", [lesion(contiguous_with_bone="yes")], BESIDE),
        ("stated plasmacytoma, in the liver", [lesion("liver", "plasmacytoma")], EXTRA),
        ("the kind as stated stands", [lesion("liver", "bone")], (False, False, True, 0)),
        ("kind in German", [lesion(None, "Extramedullär")], EXTRA),
        ("soft tissue in German", [lesion(None, "Weichteil")], SOFT),
        ("bone in German", [lesion(None, "Knochen")], (False, False, True, 0)),
        ("a word that is no kind", [lesion(None, "Herd")], OPEN),
        ("a biopsy shows plasma cells, of bone or not",
         [lesion(lesion="L1"), fact(205, "lesion_histology", "L1=plasma_cells")], OPEN),
        ("a biopsy shows something else",
         [lesion(lesion="L1"), fact(205, "lesion_histology", "L1=t_cell_neoplasm")],
         (False, False, False, 0)),
        ("soft tissue denied on the same day",
         [lesion("thorax"), imaging(200, "negative", "plasmacytoma")], (False, False, None, 0)),
        ("by month, the whole month at failure",
         [on("2024-12", site="Leber")], EXTRA),
        ("by month, no site", [on("2024-12")], OPEN),
        ("examined, nothing seen", [imaging(200, "negative")], (False, False, False, 0)),
    ],
)  # fmt: skip
def test_what_else_tells_it(what: str, rows: list[Row], told: Told) -> None:
    found = findings(*rows)
    assert tuple(found[name].value for name in _FINDINGS) == told, what


def test_an_organ_and_a_lesion_of_unknown_kind_are_one_or_two() -> None:
    found = findings(lesion("liver", lesion="L1"), lesion("thorax", lesion="L2"))
    assert found["emd_at_failure"].value is True
    assert shown(found["lesions_at_relapse"]) == "[1, 2]"


@pytest.mark.parametrize(
    ("site", "untested", "bare"), [("Leber", True, True), ("thorax", None, None)]
)
def test_its_antigen_and_histology_are_asked_for(site: str, untested: object, bare: object) -> None:
    found = findings(stain(205, 90), lesion(site))
    assert found["untested_lesion"].value is untested
    assert found["lesion_without_histology"].value is bare


def test_the_sentence_says_what_is_missing() -> None:
    text = findings(lesion("thorax"))["emd_at_failure"].text
    assert text.endswith("thorax, day 200: bone or soft tissue not stated")


@pytest.mark.parametrize("when", ["-20", "2024-05-10"])
def test_before_the_infusion_too(when: str) -> None:
    found = findings(on(when, site="Milz"))
    assert found["emd_before_infusion"].value is True
    assert findings(on(when))["emd_before_infusion"].value is None


def test_radiotherapy_is_not_excluded_by_a_blank_kind() -> None:
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "P"}],
        "infusions": [{"patient_id": "P", "day": 0, "product": "ide-cel"}],
        "assessments": [{"patient_id": "P", "day": 200, "response": "PD", "by": "team"}],
        "imaging": [
            {
                "patient_id": "P",
                "day": 200,
                "method": "PET-CT",
                "result": "positive",
                "site": "thorax",
            }
        ],
    }
    options = {x.id: x for x in assess(read_tables(tables).records[0]).options}
    assert options["radiotherapy"].verdict != "excluded"
