"""Each file and folder beside what is read is named: nothing is left out without a word."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rearm.cli import app
from rearm.errors import InputError
from rearm.intake import Reading, read
from rearm.intake.mapping.draft.write import draft_mapping

PATIENTS = "patient_id,sex\nA,F\n"
LABS = "patient_id,day,test,value,unit\nA,1,ldh,200,U/L\n"
MAPPING = """
name = "m"
{top}
[files]
p = "p.csv"
l = "l.csv"
[[sheet]]
file = "p"
id = "Pat"
[[sheet.row]]
table = "patients"
sex = {{ column = "Geschlecht" }}
[[sheet]]
file = "l"
id = "Pat"
[[sheet.row]]
table = "labs"
day = {{ column = "Tag" }}
test = "ldh"
value = {{ column = "LDH" }}
unit = "U/L"
"""


def _bundle(patient: str) -> str:
    resource = {"resourceType": "Patient", "id": patient, "gender": "female"}
    entry = [{"fullUrl": f"urn:x:{patient}", "resource": resource}]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry})


def _write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return folder


def _told(reading: Reading) -> list[tuple[str, str, str]]:
    return [(i.severity, i.code, i.source.file) for i in reading.issues]


def test_a_folder_of_bundles(tmp_path: Path) -> None:
    files = {"a.json": "A", "B.JSON": "B", "sub/x.json": "X", "c.ndjson": "C", "d.txt": "D"}
    _write(tmp_path, {name: _bundle(patient) for name, patient in files.items()})
    (tmp_path / "e.json.gz").write_bytes(gzip.compress(_bundle("E").encode()))
    _write(tmp_path, {"notes.md": "x", ".hidden.json": "x"})
    (tmp_path / "empty").mkdir()
    reading = read(tmp_path)
    assert sorted(r.patient_id for r in reading.records) == ["A", "B"]
    assert _told(reading) == [
        ("warning", "file_not_read", "c.ndjson"),
        ("warning", "file_not_read", "d.txt"),
        ("warning", "file_not_read", "e.json.gz"),
        ("note", "folder_not_read", "empty"),
        ("note", "file_not_read", "notes.md"),
        ("warning", "folder_not_read", "sub"),
    ]


def test_folders_alone_are_named(tmp_path: Path) -> None:
    _write(tmp_path, {"P1/x.json": _bundle("A"), "P2/y.json": _bundle("B")})
    with pytest.raises(
        InputError, match=r"It contains P1/, P2/, which are not read\. Folders in it"
    ):
        read(tmp_path)


def test_a_folder_of_tables(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "patients.csv": PATIENTS,
            "labs/labs.csv": LABS,
            "labs_2024.csv": LABS,
            "x.json": _bundle("B"),
            "old.zip": "x",
        },
    )
    reading = read(tmp_path)
    assert _told(reading) == [
        ("warning", "bundles_beside_tables", tmp_path.name),
        ("warning", "folder_not_read", "labs"),
        ("warning", "file_not_read", "old.zip"),
        ("warning", "table_not_read", "labs_2024.csv"),
    ]
    assert CliRunner().invoke(app, ["check", str(tmp_path)]).exit_code == 1


@pytest.mark.parametrize(("table", "code"), [("labs", 1), ("infusions", 1), ("deaths", 1)])
def test_a_header_alone(tmp_path: Path, table: str, code: int) -> None:
    _write(tmp_path, {"patients.csv": PATIENTS, f"{table}.csv": "patient_id,day,test,value\n"})
    if table != "labs":
        (tmp_path / f"{table}.csv").write_text("patient_id,day\n", "utf-8")
    assert ("table_without_rows", f"{table}.csv") in {x[1:] for x in _told(read(tmp_path))}
    assert CliRunner().invoke(app, ["check", str(tmp_path)]).exit_code == code


@pytest.mark.parametrize(
    ("top", "told"),
    [
        ("", [("warning", "file_not_read", "neu.csv"), ("warning", "folder_not_read", "sub")]),
        ('ignore = ["neu*.csv", "sub"]', []),
    ],
)
def test_a_mapped_folder(tmp_path: Path, top: str, told: list[tuple[str, str, str]]) -> None:
    tables = {"p.csv": "Pat,Geschlecht\nA,w\n", "l.csv": "Pat,Tag,LDH\nA,1,200\n"}
    _write(tmp_path, {**tables, "neu.csv": "Pat\nA\n", "sub/l.csv": "x", "m.toml": ""})
    (tmp_path / "m.toml").write_text(MAPPING.format(top=top), "utf-8")
    assert _told(read(tmp_path, mapping=tmp_path / "m.toml")) == told


def test_a_file_of_no_bytes_costs_the_others_nothing(tmp_path: Path) -> None:
    _write(tmp_path, {"p.csv": "Pat,Geschlecht\nA,w\n", "l.csv": "", "m.toml": ""})
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.format(top=""), "utf-8")
    reading = read(tmp_path, mapping=mapping)
    assert [r.sex for r in reading.records] == ["F"]
    assert _told(reading) == [("error", "file_unreadable", "l.csv")]
    assert "# not read: l.csv is empty (0 bytes)" in draft_mapping(tmp_path)
    (tmp_path / "p.csv").write_text("", "utf-8")
    for reader in (lambda: read(tmp_path, mapping=mapping), lambda: draft_mapping(tmp_path)):
        with pytest.raises(InputError, match="is empty"):
            reader()


def test_a_mapped_sheet_with_a_header_alone(tmp_path: Path) -> None:
    _write(tmp_path, {"p.csv": "Pat,Geschlecht\nA,w\n", "l.csv": "Pat,Tag,LDH\n", "m.toml": ""})
    (tmp_path / "m.toml").write_text(MAPPING.format(top=""), "utf-8")
    told = _told(read(tmp_path, mapping=tmp_path / "m.toml"))
    assert told == [("warning", "table_without_rows", "l.csv")]


SWALLOWED = 'patient_id,day,cause\nA,"300,progression\n'


def _assess(source: Path, to: Path, *more: str) -> Result:
    command = ["assess", str(source), "--html", str(to / "html"), "--json", str(to / "json")]
    return CliRunner().invoke(app, [*command, *more])


def _pages(folder: Path) -> str:
    """Pages and results as one text."""
    return "\n".join(f.read_text("utf-8") for f in sorted(folder.rglob("*.*")) if f.is_file())


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"patients.csv": PATIENTS, "labs.csv": LABS, "deaths.csv": SWALLOWED}, "deaths.csv"),
        ({"patients.csv": PATIENTS, "labs.csv": ""}, "labs.csv"),
        ({"patients.csv": PATIENTS, "labs.csv": LABS, "labs_2.csv": LABS}, "labs_2.csv"),
        ({"a.json": _bundle("A"), "b.json": ""}, "b.json"),
        ({"a.json": _bundle("A"), "x.csv": "Pat,Tag\nA,1\n"}, "x.csv"),
        ({"a.json": _bundle("A"), "x.xlsx": "no workbook"}, "x.xlsx"),
    ],
)
def test_every_page_tells_what_was_not_read(
    tmp_path: Path, files: dict[str, str], named: str
) -> None:
    """On the page, in the index, in the result, on the terminal, drawn again or of the course."""
    source, to = _write(tmp_path / "in", files), tmp_path / "out"
    done = _assess(source, to)
    told = f"{named} was not read, so what it says about "
    assert done.exit_code == 1
    assert f"{told}this patient is missing here." in " ".join(done.stdout.split())
    assert f"rearm: {named}: " in done.stderr
    assert f'role="alert">{told}this patient' in (to / "html" / "A.html").read_text("utf-8")
    assert f'role="alert">{told}these patients' in (to / "html" / "index.html").read_text("utf-8")
    result = json.loads((to / "json" / "A.json").read_text("utf-8"))
    assert [x["source"] for x in result["unread"]] == [named]
    again = ["render", str(to / "json"), "--html", str(to / "again")]
    assert CliRunner().invoke(app, again).exit_code == 0
    for page in ("A.html", "index.html"):
        assert (to / "again" / page).read_bytes() == (to / "html" / page).read_bytes()
    courses = ["--html", str(to / "courses"), "--json", str(to / "courses")]
    course = CliRunner().invoke(app, ["response", str(source), *courses])
    assert course.exit_code == 1
    assert f"{told}this patient" in " ".join(course.stdout.split())
    for page in ("A.html", "index.html"):
        assert f'role="alert">{told}' in (to / "courses" / page).read_text("utf-8")
    course_of = json.loads((to / "courses" / "A.json").read_text("utf-8"))
    assert [x["source"] for x in course_of["unread"]] == [named]


def test_a_run_that_goes_on_notices_that_a_file_is_mended(tmp_path: Path) -> None:
    files = {"patients.csv": PATIENTS, "labs.csv": LABS, "deaths.csv": SWALLOWED}
    source, to = _write(tmp_path / "in", files), tmp_path / "out"
    _assess(source, to)
    assert "deaths.csv was not read" in _pages(to)
    assert "unchanged" in _assess(source, to, "--resume").stderr
    # of somebody else: nothing of this patient changes but that the file is read
    (source / "deaths.csv").write_text("patient_id,day,cause\nB,300,progression\n", "utf-8")
    done = _assess(source, to, "--resume", "--patient", "A")
    assert (done.exit_code, "unchanged" in done.stderr) == (0, False)
    assert "deaths.csv was not read" not in _pages(to)


def test_a_folder_of_bundles_with_a_stray_table_is_read(tmp_path: Path) -> None:
    files = {"a.json": _bundle("A"), "x.csv": "Pat,Tag\nA,1\n", "y.xlsx": "no workbook"}
    reading = read(_write(tmp_path, files))
    assert [record.patient_id for record in reading.records] == ["A"]
    assert _told(reading) == [
        ("warning", "file_not_read", "x.csv"),
        ("warning", "file_not_read", "y.xlsx"),
    ]
    assert CliRunner().invoke(app, ["check", str(tmp_path)]).exit_code == 1


# files of a mapping with a header twice; the file that is told, or what the run ends with
TWICE = [
    ({"p.csv": "Pat,Geschlecht\nA,w\n", "l.csv": "Pat,Tag,LDH,LDH\nA,1,200,300\n"}, "l.csv"),
    ({"p.csv": "Pat,Geschlecht\nA,w\n", "l.csv": "Pat,Pat,Tag,LDH\nA,A,1,200\n"}, "l.csv"),
    ({"p.csv": "Pat,Geschlecht,Geschlecht\nA,w,m\n", "l.csv": "Pat,Tag,LDH\nA,1,2\n"}, "p.csv"),
]


@pytest.mark.parametrize(("files", "named"), TWICE)
def test_a_mapped_table_with_a_header_twice_costs_the_others_nothing(
    tmp_path: Path, files: dict[str, str], named: str
) -> None:
    _write(tmp_path, {**files, "m.toml": MAPPING.format(top="")})
    mapping = tmp_path / "m.toml"
    reading = read(tmp_path, mapping=mapping)
    assert _told(reading) == [("error", "file_unreadable", named)]
    (record,) = reading.records
    assert (record.sex, len(record.labs)) == (("F", 0) if named == "l.csv" else (None, 1))
    done = _assess(tmp_path, tmp_path / "out", "--mapping", str(mapping))
    assert done.exit_code == 1
    page = (tmp_path / "out" / "html" / "A.html").read_text("utf-8")
    assert f"{named} was not read, so what it says about this patient is missing here." in page


def test_mapped_tables_that_all_have_a_header_twice_end_with_a_sentence(tmp_path: Path) -> None:
    files = {"p.csv": "Pat,Pat\nA,w\n", "l.csv": "Pat,Tag,LDH,LDH\nA,1,200,300\n"}
    _write(tmp_path, {**files, "m.toml": MAPPING.format(top="")})
    with pytest.raises(InputError, match="appears there twice"):
        read(tmp_path, mapping=tmp_path / "m.toml")
