"""Drafts of registries in French and of German exports with short headers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from rearm.intake import read
from rearm.intake.mapping.draft.write import draft_mapping, write_draft

PATIENTS = "N° patient;Sexe;Date de naissance\n1;F;28/06/1950\n2;M;05/06/1951\n"
CAR_T = (
    "N° patient;Produit;Aphérèse;Date de réinjection;LD\n1;ide-cel;01/05/2022;28/06/2022;Flu/Cy\n"
)
LINES = "N° patient;Protocole;Début;Fin;Réponse\n1;VRd;13/01/2020;05/06/2020;RP\n"
LABS = "N° patient;Date;Paramètre;Valeur;Unité\n1;28/05/2022;CRP;3;mg/L\n1;05/06/2022;CRP;4;mg/L\n"
DEATHS = "N° patient;Date de décès\n1;25/12/2023\n"


def _folder(folder: Path, **files: str) -> Path:
    source = folder / "in"
    source.mkdir()
    for name, text in files.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    return source


def _sheets(source: Path) -> dict[str, dict[str, Any]]:
    return {sheet["file"]: sheet for sheet in tomllib.loads(draft_mapping(source))["sheet"]}


def _columns(sheet: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        row["table"]: {k: v["column"] for k, v in row.items() if isinstance(v, dict)}
        for row in sheet["row"]
    }


@pytest.mark.parametrize("upper", [False, True])
def test_a_french_registry(upper: bool, tmp_path: Path) -> None:
    files = {"p": PATIENTS, "c": CAR_T, "t": LINES, "l": LABS, "d": DEATHS}
    if upper:  # as capitals are often written, without accents
        plain = str.maketrans("éèÉÈ", "eeEE")
        lines = {name: text.split("\n", 1) for name, text in files.items()}
        files = {n: f"{h.upper().translate(plain)}\n{rest}" for n, (h, rest) in lines.items()}
    sheets = _sheets(_folder(tmp_path, **files))
    assert {s["id"].casefold() for s in sheets.values()} == {"n° patient"}
    named = {file: set(_columns(sheet)) for file, sheet in sheets.items()}
    assert named == {
        "p": {"patients"}, "c": {"infusions"}, "t": {"therapies"}, "l": {"labs"}, "d": {"deaths"},
    }  # fmt: skip
    found = {table: set(cols) for s in sheets.values() for table, cols in _columns(s).items()}
    assert found == {
        "patients": {"sex", "birth_date"},
        "infusions": {"product", "apheresis_days", "day"},
        "therapies": {"regimen", "start_day", "end_day", "best_response"},
        "labs": {"day", "test", "value", "unit"},
        "deaths": {"day"},
    }


def test_the_order_of_dates_is_drafted_with_a_mark(tmp_path: Path) -> None:
    source = _folder(tmp_path, p=PATIENTS, c=CAR_T, t=LINES, l=LABS, d=DEATHS)
    draft = draft_mapping(source)
    assert draft.count('date_order = "dmy"   # check: the day comes first') == 4
    assert "date_order" not in _sheets(source)["d"], "nothing is open there"
    reading = read(source, mapping=write_draft(tmp_path / "m.toml", source))
    record = next(r for r in reading.records if r.patient_id == "1")
    assert [x.day for x in record.labs] == [-31, -23]
    assert "date_ambiguous" not in {i.code for i in reading.all_issues()}


def test_the_order_is_left_to_the_person_where_dates_do_not_show_it(tmp_path: Path) -> None:
    text = "Pat;Datum;CRP [mg/L]\nA;05/06/2022;3\nA;07/08/2022;4\n"
    draft = draft_mapping(_folder(tmp_path, l=text))
    assert "# check: some dates can be read as day/month or month/day; write date_order" in draft
    assert "date_order" not in tomllib.loads(draft)["sheet"][0]


@pytest.mark.parametrize("header", ["PatID", "Fall", "N° patient", "Patienten-ID"])
def test_short_headers_of_german_exports(header: str, tmp_path: Path) -> None:
    text = f"{header};Geschl.;GebDatum\nA;w;01.02.1960\n"
    (sheet,) = _sheets(_folder(tmp_path, q=text)).values()
    assert (sheet["id"], _columns(sheet)) == (
        header, {"patients": {"sex": "Geschl.", "birth_date": "GebDatum"}},
    )  # fmt: skip


# what stands under LD, and whether it is drafted as LDH
LD = [("Flu/Cy", False), ("2022-06-20", False), ("250", True)]


@pytest.mark.parametrize(("cell", "drafted"), LD)
def test_ld_is_ldh_only_with_a_mark(cell: str, drafted: bool, tmp_path: Path) -> None:
    draft = draft_mapping(_folder(tmp_path, c=f"Pat;Datum;LD;CRP\nA;2022-06-28;{cell};3\n"))
    assert ('test = "ldh"' in draft) is drafted
    assert ("# check: LD is assumed to be LDH; it may mean lymphodepletion" in draft) is drafted


def test_a_file_without_ids_does_not_stop_the_others(tmp_path: Path) -> None:
    """It is no file of the mapping, so that the check tells that it is not read."""
    source = _folder(tmp_path, a="x;y\n1;2\n", p=PATIENTS, z="u;v\n1;2\n")
    draft = draft_mapping(source)
    assert set(_sheets(source)) == {"p"} == set(tomllib.loads(draft)["files"])
    assert "# not mapped, because no column with patient ids was found: a.csv" in draft
    reading = read(source, mapping=write_draft(tmp_path / "m.toml", source))
    assert {i.source.file for i in reading.issues if i.code == "file_not_read"} == {
        "a.csv", "z.csv",
    }  # fmt: skip
