"""Text of the input that a screen, a picture, a page or a spreadsheet program would obey, in every
place that takes text, through every way out: nobody's run ends, and nothing of it gets through.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import run, run_alone
from tests.support.loops import some

from rearm.characters import first_harmful
from rearm.intake.dictionary import load_tables

ROOT = Path(__file__).parents[2]
HOSTILE = ROOT / "tests" / "data" / "review" / "inputs_hostile"
BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"
TEXT = (
    "=HYPERLINK(1)\x1b]0;x\x07\x9b31m\u202e\u2066\u200f\ufffe\uffff\ufdd0\u2028\u2029\x01\x0b"
    "\\d\\1[red]</script><img src=x onerror=alert(1)>{{7*7}}%s\"'"
)
# columns whose text is kept as it stands somewhere
_TAKES_TEXT = {"id", "text", "regimen", "agents", "word", "words", "unit", "value", "test"}
_SOUND = {"day": "5", "days": "5", "date": "2024-03-12", "year": "1960", "integer": "1"}


def _tables(folder: Path) -> Path:
    """A patient of hostile text before one whose data are sound."""
    folder.mkdir()
    for name, table in load_tables().items():
        hostile = {
            column.name: TEXT if column.type in _TAKES_TEXT else _SOUND.get(column.type, "1")
            for column in table.columns.values()
        }
        if name == "patients":
            hostile["disease"] = ""  # with any other he would get no page
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(hostile))
            writer.writeheader()
            writer.writerow(hostile)
            if name == "infusions":  # one that is drawn
                writer.writerow(hostile | {"day": "0", "infused": "yes", "in_specification": ""})
                writer.writerow({"patient_id": "B", "day": "0", "product": "ide-cel"})
            if name == "labs":
                for day in ("-8", "30"):
                    sound = {"day": day, "test": "serum_m_protein", "value": "2", "unit": "g/dL"}
                    for who in (TEXT, "B"):
                        writer.writerow({"patient_id": who, **sound})
            if name == "patients":
                writer.writerow({"patient_id": "B", "sex": "F"})
    return folder


def _hostile(value: Any) -> Any:
    """The parsed value with hostile text in every display, text and name."""
    if isinstance(value, dict):
        return {
            key: f"{part} {TEXT}"
            if isinstance(part, str) and key in ("display", "text", "family", "title")
            else _hostile(part)
            for key, part in value.items()
        }
    return [_hostile(part) for part in value] if isinstance(value, list) else value


def _harmless(told: str) -> None:
    lines = told.replace("\ufeff", "")
    assert first_harmful(lines) is None, ascii(lines)[:200]
    assert "Traceback" not in told and "internal error" not in told


def _all_ways_out(source: Path, out: Path, patients: int) -> None:
    commands: tuple[list[str | Path], ...] = (
        ["assess", source, "--html", out / "a", "--json", out / "j", "--quiet"],
        ["assess", source],
        ["response", source, "--html", out / "r", "--json", out / "k", "--trace"],
        ["check", source, "--json", "--csv", out / "c", "--xlsx", out / "c.xlsx"],
    )
    for command in commands:
        done = run(*command)
        assert done.returncode in (0, 1), done.stderr
        _harmless(done.stdout + done.stderr)
        if "check" in command:
            assert json.loads(done.stdout)["coverage"]["patients"] == patients
    files = [path for path in out.rglob("*") if path.is_file()]
    pages = [path for path in files if path.suffix == ".html" and path.stem != "index"]
    assert len(pages) == 2 * patients
    for path in some(p for p in files if p.suffix in (".html", ".json", ".csv")):
        assert path.name.isascii()
        text = path.read_text("utf-8")
        _harmless(text)
        if path.suffix == ".html":
            assert "<img src=x" not in text and "</script><img" not in text
    for path in some(p for p in files if p.suffix == ".csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert not any(cell.startswith("=") for row in csv.reader(file) for cell in row)


@pytest.mark.slow
def test_every_text_column_of_every_table(tmp_path: Path) -> None:
    _all_ways_out(_tables(tmp_path / "in"), tmp_path / "out", 2)


def test_a_disease_that_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "patients.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["patient_id", "disease"], ["A", TEXT]])
    for more in (["assess", "--html", str(tmp_path / "a")], ["check"]):
        done = run(more[0], tmp_path, *more[1:])
        assert done.returncode in (1, 2) and done.stdout + done.stderr
        _harmless(done.stdout + done.stderr)


@pytest.mark.slow
def test_every_text_of_a_bundle(tmp_path: Path) -> None:
    bundle = _hostile(json.loads(BUNDLE.read_text("utf-8")))
    (tmp_path / "b.json").write_text(json.dumps(bundle), "utf-8")
    _all_ways_out(tmp_path / "b.json", tmp_path / "out", 1)


def test_headers_of_a_mapped_table(tmp_path: Path) -> None:
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Pat-ID", "Geschlecht", TEXT], ["A", "w", TEXT]])
    done = run("init", tmp_path / "m.toml", "--from", tmp_path / "t.csv")
    assert done.returncode == 0
    _harmless(done.stdout + done.stderr + (tmp_path / "m.toml").read_text("utf-8"))
    done = run("check", tmp_path / "t.csv", "--mapping", tmp_path / "m.toml")
    assert done.returncode in (0, 1)
    _harmless(done.stdout + done.stderr)


def test_names_of_files_sheets_and_columns(tmp_path: Path) -> None:
    """Also a name that is no text at all, as of a disk of another system."""
    odd = os.fsencode(tmp_path) + b"/evil\x1b[31m\xff.csv"
    Path(os.fsdecode(odd)).write_text("x\n")
    (tmp_path / "patients.csv").write_text("patient_id\nA\n")
    for source in (
        tmp_path,
        HOSTILE / "x_sheet_c1.xlsx",
        HOSTILE / "x_sheet_esc.xlsx",
        HOSTILE / "pq",
        HOSTILE / "x_errcell.xlsx",
    ):
        done = run("check", source)
        assert done.returncode in (0, 1, 2)
        _harmless(done.stdout + done.stderr)


@pytest.mark.slow
def test_a_bundle_whose_name_is_no_text_has_its_page(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(BUNDLE, Path(os.fsdecode(os.fsencode(folder) + b"/fh\xff.json")))
    _all_ways_out(folder, tmp_path / "out", 1)


@pytest.mark.parametrize("name", ["min", "min2", "min3"])
def test_the_smallest_that_once_ended_the_run(tmp_path: Path, name: str) -> None:
    done = run_alone("assess", HOSTILE / name, "--html", tmp_path / "a", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "a").glob("*.html"))) == 2


def test_a_plan_of_a_trial_is_refused_by_the_character() -> None:
    done = run_alone("trial", HOSTILE / "plan_bad.toml")
    assert done.returncode == 2 and "'\\x1b'" in done.stderr
    _harmless(done.stderr)
