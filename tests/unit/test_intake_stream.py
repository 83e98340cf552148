"""Records one by one; knowledge of a folder; one broken file among many; characters that a screen
could obey.
"""

from __future__ import annotations

import gc
import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_builder import bundle, patient, read_text

from rearm.characters import printable
from rearm.intake import InputError, read, read_each, read_tables
from rearm.intake.cells import ColumnCells
from rearm.intake.readers import READERS, reader_of
from rearm.knowledge.bundle import DATA, bundled, load

EXAMPLES = Path(__file__).parents[2] / "examples"
UNASSIGNED = "\u0378"


def test_the_stream_gives_the_records_and_keeps_none() -> None:
    reading = read(EXAMPLES / "tables")
    streamed = list(read_each(EXAMPLES / "tables"))
    assert len(streamed) == 11
    assert tuple(streamed) == reading.records == tuple(reading.stream())


def test_a_record_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from rearm.intake.build import records

    made: list[str] = []
    make = records._record

    def counted(patient_id: str, *given: Any) -> Any:
        made.append(patient_id)
        return make(patient_id, *given)

    monkeypatch.setattr(records, "_record", counted)
    stream = read(EXAMPLES / "tables").stream()
    assert made == []
    next(stream)
    assert made == ["SYN-01"]


def test_reading_leaves_the_collection_of_circles_as_it_was() -> None:
    assert gc.isenabled()
    assert read(EXAMPLES / "tables").records
    assert gc.isenabled()


def test_a_text_is_read_once_and_numbers_by_their_type() -> None:
    columns = bundled().tidy_tables.tables["labs"].columns
    cells = ColumnCells(columns["day"], None, {})
    assert cells.of("28") is cells.of("28")
    assert cells.of(1) is cells.of(1)
    assert [cells.of(value).text for value in (1, 1.0, True)] == ["1", "1", "yes"]
    assert cells.of(True).problem is not None
    assert cells.of(1).value.first == 1


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        (EXAMPLES / "tables", "tidy"),
        (EXAMPLES / "fhir", "fhir"),
        (EXAMPLES / "fhir" / "continuing-vgpr.json", "fhir"),
        (EXAMPLES / "tables" / "labs.csv", "tidy"),
    ],
)
def test_each_format_has_its_reader(path: Path, format_: str) -> None:
    assert reader_of(path, bundled()) is READERS[format_]


# ---------------------------------------------------------------- knowledge of a folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The bundled knowledge with a test, a unit's factor, an agent and a regimen of its own."""
    folder = tmp_path / "knowledge"
    shutil.copytree(DATA, folder)
    with (folder / "agents.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[agent]]\nid = "novelumab"\nname = "novelumab"\nclass = "anti-CD38"\n'
            'kind = "antibody"\nbrands = ["Novelux"]\n'
        )
    regimen = '{ id = "novel-d", names = ["NovD"], agents = ["novelumab", "dexamethasone"] },'
    _insert(folder / "regimens.toml", behind="\nregimens = [", text=regimen)
    test = (
        '[test.novel_marker]\nname = "novel marker"\naliases = ["NM"]\ngroup = "blood"\n'
        'units = ["mg/L"]\nhard = [0, 1000]\nsoft = [0, 100]\n'
    )
    with (folder / "tests.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{test}")
    return folder


def _insert(file: Path, *, behind: str, text: str) -> None:
    content = file.read_text("utf-8")
    assert behind in content
    file.write_text(content.replace(behind, behind + text, 1), "utf-8")


ROWS: dict[str, list[dict[str, Any]]] = {
    "patients": [{"patient_id": "A"}],
    "labs": [{"patient_id": "A", "day": 3, "test": "NM", "value": "7", "unit": "mg/L"}],
    "therapies": [
        {"patient_id": "A", "start_day": -100, "agents": "Novelux"},
        {"patient_id": "A", "start_day": -50, "regimen": "NovD"},
    ],
    "refractoriness": [{"patient_id": "A", "agent_or_class": "Novelux", "status": "refractory"}],
}


def test_tests_agents_and_regimens_of_a_folder_count(own: Path) -> None:
    (record,) = read_tables(ROWS, knowledge=load(own)).records
    assert record.issues == ()
    assert [(x.test, x.quantity.exact) for x in record.labs if x.quantity] == [("novel_marker", 7)]
    assert [t.agents for t in record.therapies] == [
        ("novelumab",),
        ("novelumab", "dexamethasone"),
    ]
    assert [r.agent_or_class for r in record.refractoriness] == ["novelumab"]
    (bundled_record,) = read_tables(ROWS).records
    assert {i.code for i in bundled_record.issues} >= {"unknown_test", "unknown_agent"}
    assert bundled_record.labs == ()


def test_a_folder_counts_in_files_too(own: Path, tmp_path: Path) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text("patient_id,day,test,value,unit\nA,3,NM,7,mg/L\n", "utf-8")
    (record,) = read(labs, knowledge=load(own)).records
    assert [x.test for x in record.labs] == ["novel_marker"]
    (record,) = read(labs).records
    assert record.labs == ()


# ---------------------------------------------------------------- one broken file among many


def test_one_broken_table_of_a_folder_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,sex\nA,F\n", "utf-8")
    (tmp_path / "labs.csv").write_bytes(b"\x00\x01\x02")
    reading = read(tmp_path)
    assert [(r.patient_id, r.sex) for r in reading.records] == [("A", "F")]
    (issue,) = reading.issues
    assert (issue.severity, issue.code, issue.done) == ("error", "file_unreadable", "refused")
    assert issue.source.file == "labs.csv"
    assert issue.message.endswith("The file is not read; the others are.")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("labs.csv", "patient_id,day,day\nA,1,1\n", "the column 'day' appears twice"),
        ("labs.csv", "day,test\n1,crp\n", "the column patient_id is missing"),
        ("labs.csv", None, "is a folder"),
        ("labs.ods", "PK", "an OpenDocument file"),
        ("Labs.tsv", "patient_id\nA\n", "The table labs appears twice"),
    ],
)
def test_one_table_of_a_folder_that_cannot_be_used_is_an_error_and_the_others_are_read(
    tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,sex\nA,F\n", "utf-8")
    if why.endswith("appears twice") and "table" in why:
        (tmp_path / "labs.csv").write_text("patient_id\nA\n", "utf-8")
    if text is None:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text(text, "utf-8")
    reading = read(tmp_path)
    assert [(r.patient_id, r.sex, r.labs) for r in reading.records] == [("A", "F", ())]
    (issue,) = reading.issues
    assert (issue.severity, issue.code, issue.done) == ("error", "file_unreadable", "refused")
    assert why in issue.message and issue.message.endswith("is not read; the others are.")


def test_a_spreadsheet_beside_the_table_saved_from_it_is_no_error(tmp_path: Path) -> None:
    for name in ("patients.csv", "patients.xls"):
        (tmp_path / name).write_text("patient_id,sex\nA,F\n", "utf-8")
    told = [(i.severity, i.source.file) for i in read(tmp_path).issues]
    assert told == [("note", "patients.xls")]


def test_a_folder_without_its_patients_says_what_is_unknown(tmp_path: Path) -> None:
    labs = "patient_id,day,test,value,unit\nA,1,crp,3,mg/L\n"
    (tmp_path / "labs.csv").write_text(labs, "utf-8")
    (issue,) = read(tmp_path).issues
    assert (issue.severity, issue.code, issue.done) == ("warning", "no_patient_table", "used")
    assert "sex, date of birth" in issue.message
    assert read(tmp_path / "labs.csv").issues == (), "a file by itself was meant so"
    (tmp_path / "patients.csv").write_text("patient_id,sex\nA,F\n", "utf-8")
    assert read(tmp_path).issues == (), "tables that are not there make no noise"


def test_a_folder_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_bytes(b"\x00\x01\x02")
    with pytest.raises(InputError, match=r"labs\.csv is named like a text file but is not one"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"labs\.csv is named like a text file but is not one"):
        read(tmp_path / "labs.csv")


def test_one_broken_bundle_of_a_folder_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    for name in ("a", "c"):
        resources = json.loads((EXAMPLES / "fhir" / "continuing-vgpr.json").read_text("utf-8"))
        text = json.dumps(resources).replace(_id_of(resources), f"P-{name}")
        (tmp_path / f"{name}.json").write_text(text, "utf-8")
    (tmp_path / "b.json").write_text('{"resourceType": "Bundle", "type"', "utf-8")
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["P-a", "P-c"]
    assert [r.patient_id for r in reading.stream()] == ["P-a", "P-c"]
    (issue,) = reading.issues
    assert (issue.code, issue.source.file) == ("file_unreadable", "b.json")
    with pytest.raises(InputError, match=r"b\.json ends in the middle"):
        read(tmp_path / "b.json")


def _id_of(bundle: dict[str, Any]) -> str:
    entries = (entry["resource"] for entry in bundle["entry"])
    return next(str(r["id"]) for r in entries if r["resourceType"] == "Patient")


# ---------------------------------------------------------------- text that a screen could obey


@pytest.mark.parametrize("character", [UNASSIGNED, "\x1b", "\u202e", "\ud800", "\u2028", "\ue000"])
def test_no_character_reaches_a_sentence_as_it_is(character: str) -> None:
    assert unicodedata.category(character) in ("Cn", "Cc", "Cf", "Cs", "Zl", "Co")
    text = f"a{character}b"
    assert printable(text).isprintable()
    assert printable("serum, 5 µg · ≤ 3") == "serum, 5 µg · ≤ 3"
    rows: dict[str, Any] = {
        "labs": [
            {"patient_id": "A", "day": 1, "test": "immunofixation", "value": "positive"}
            | {"specimen": text},
            {"patient_id": "A", "day": 1, "test": text, "value": "1", "unit": text},
            {"patient_id": "A", "day": 1, "test": text, "sample_id": text},
        ],
        "infusions": [{"patient_id": "A", "product": text, "target": text, "infused": "yes"}],
    }
    (record,) = read_tables(rows).records
    assert {"unknown_test", "value_blank", "infusion_without_day"} <= {
        i.code for i in record.issues
    }
    assert all(issue.message.isprintable() for issue in record.issues)
    assert str(InputError(f"{text} can't be read.")).isprintable()


# ---------------------------------------------------------------- cells that were set aside


def test_a_birth_that_two_sources_contradict_is_not_used() -> None:
    """It was said that it is not used, and one of the two was."""
    own = "urn:rearm:column:birth_date"
    resource = patient(birthDate="1960-01-01")
    resource["extension"] = [{"url": own, "valueDate": "1961-02-02"}]
    (record,) = read_text(json.dumps(bundle(resource))).records
    assert [i.code for i in record.issues] == ["twin_contradiction"]
    assert record.birth_date is None


def test_an_infusion_of_a_spreadsheet_with_0_for_no_gives_no_day_zero() -> None:
    """The number of a spreadsheet is 0.0."""
    rows: dict[str, Any] = {
        "infusions": [
            {"patient_id": "A", "day": "2024-01-05", "product": "ide-cel", "infused": 0.0},
            {"patient_id": "A", "day": "2024-03-01", "product": "ide-cel", "infused": 1.0},
        ]
    }
    (record,) = read_tables(rows).records
    assert str(record.day_zero) == "2024-03-01"
