"""The command line as a user meets it: a real process, real files, exit codes, and a sentence for
whatever can't be used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.support.command_line import run, run_alone, says

from rearm.knowledge.bundle import DATA

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "examples" / "tables"
BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"


def test_assess_prints_the_sheet_of_a_bundle() -> None:
    result = run("assess", BUNDLE)
    says(
        result,
        0,
        "NOW, WHATEVER IS CHOSEN",
        "after the CAR-T, day 402",
        "Cause of the failure",
        "CHOICE",
        "Talquetamab",
        "not a cleared medical device",
    )
    assert "Why did it fail?" not in result.stdout


def test_assess_prints_what_stands_behind_the_sheet_on_request() -> None:
    result = run("assess", BUNDLE, "--full")
    says(
        result,
        0,
        "CHOICE",
        "Did the CAR-T fail?",
        "failed on day 402",
        "Why did it fail?",
        "Options, by these rules",
        "Talquetamab",
        "not a cleared medical device",
    )


@pytest.mark.parametrize("command", [["assess"], ["assess", "--jobs", "2"], ["explain"]])
@pytest.mark.slow
def test_a_finding_without_a_function_ends_with_a_sentence(
    tmp_path: Path, command: list[str]
) -> None:
    shutil.copytree(DATA, tmp_path / "k")
    with (tmp_path / "k" / "findings.toml").open("a", encoding="utf-8") as out:
        out.write(
            '\n[finding.phosphate]\ngroup = "patient"\ntype = "number"\nunit = "mg/dL"\n'
            'meaning = "Phosphate."\n'
        )
    told = "finding phosphate: no function computes it"
    says(run("knowledge", "check", tmp_path / "k"), 1, told)
    rest = ["--option", "talquetamab"] if command == ["explain"] else []
    called = run_alone if "--jobs" in command else run
    result = called(*command, BUNDLE, "--knowledge", tmp_path / "k", *rest)
    says(result, 2, told)
    assert "internal error" not in result.stdout + result.stderr
    assert (result.stdout + result.stderr).count(told) == 1


def test_assess_writes_pages_and_results(tmp_path: Path) -> None:
    says(
        run("assess", TABLES, "--html", tmp_path / "h", "--json", tmp_path / "j", "--quiet"),
        0,
        "index.html",
    )
    assert (
        len(list((tmp_path / "h").glob("SYN-*.html")))
        == len(list((tmp_path / "j").glob("SYN-*.json")))
        == 11
    )
    assert "SYN-04.html" in (tmp_path / "h" / "index.html").read_text()
    result = json.loads((tmp_path / "j" / "SYN-01.json").read_text())
    assert result["patient_id"] == "SYN-01" and result["failures"][0]["day"] == 402
    # no half-written file is left, only the record of the run
    assert [file.name for file in tmp_path.rglob(".rearm-*")] == [".rearm-run.jsonl"]


def test_json_lines_on_standard_output() -> None:
    result = run("assess", TABLES, "--patient", "SYN-02", "--patient", "SYN-08", "--json", "-")
    says(result, 0)
    assert [json.loads(line)["patient_id"] for line in result.stdout.splitlines()] == [
        "SYN-02",
        "SYN-08",
    ]


def test_as_of_is_a_day_or_a_date() -> None:
    by_day = run("assess", TABLES, "--patient", "SYN-01", "--as-of", "100", "--json", "-")
    by_date = run("assess", TABLES, "--patient", "SYN-01", "--as-of", "2024-05-22", "--json", "-")
    says(by_day, 0)
    assert json.loads(by_day.stdout)["failures"][0]["status"] == "not_failed"
    assert by_day.stdout == by_date.stdout
    says(run("assess", TABLES, "--patient", "SYN-01", "--as-of", "soon"), 2, "soon", "date")


@pytest.mark.slow
def test_unknown_patient_region_option() -> None:
    says(run("assess", TABLES, "--patient", "nobody"), 2, "nobody", "SYN-01")
    says(run("assess", TABLES, "--region", "XX"), 2, "XX", "US")
    says(
        run("explain", TABLES, "--patient", "SYN-01", "--option", "aspirin"),
        2,
        "aspirin",
        "talquetamab",
    )
    says(run("explain", TABLES, "--patient", "SYN-01"), 2, "--option")


def test_explain_shows_rules_clauses_findings_and_rows() -> None:
    result = run("explain", TABLES, "--patient", "SYN-01", "--option", "teclistamab")
    says(result, 0, "TRUE", "exclude", "bcma_status = 'lost'", "variants.csv: row", "UNKNOWN")
    traces = json.loads(
        run("explain", TABLES, "--patient", "SYN-01", "--option", "teclistamab", "--json").stdout
    )
    assert {r["condition"]["truth"] for r in traces[0]["rules"]} == {True, False, None}


def test_check_is_clean_for_the_examples_and_finds_a_missing_unit(tmp_path: Path) -> None:
    says(run("check", TABLES), 0, "11 patients")
    shutil.copytree(TABLES, tmp_path / "t")
    labs = tmp_path / "t" / "labs.csv"
    labs.write_text(labs.read_text().replace(",3.1,g/dL,", ",3.1,,", 1))
    result = run("check", tmp_path / "t")
    says(result, 1, "labs.csv", "unit")
    issues = json.loads(run("check", tmp_path / "t", "--json").stdout)["issues"]
    assert [(i["done"], i["code"], i["file"], i["row"], i["column"]) for i in issues] == [
        ("set_aside", "unit_missing", "labs.csv", 2, "value")
    ]


def test_template_can_be_read_back(tmp_path: Path) -> None:
    says(run("template", tmp_path / "t"), 0, "patients")
    says(run("check", tmp_path / "t"), 2, "only headers")


def test_init_drafts_a_mapping_that_loads(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Pat-ID", "Geschlecht", "M-Protein [g/dL]", "Wetter"])
    sheet.append(["A", "w", 1.2, "sonnig"])
    book.save(tmp_path / "centre.xlsx")
    says(run("init", tmp_path / "centre.toml", "--from", tmp_path / "centre.xlsx"), 0, "written")
    draft = (tmp_path / "centre.toml").read_text()
    assert all(header in draft for header in ("Pat-ID", "Geschlecht", "M-Protein [g/dL]", "Wetter"))
    assert run(
        "check", tmp_path / "centre.xlsx", "--mapping", tmp_path / "centre.toml"
    ).returncode in (0, 1)


def test_knowledge_is_sound_and_named() -> None:
    says(run("knowledge", "check"), 0, "sound")
    says(run("knowledge", "list"), 0, "talquetamab", "bcma_biallelic_loss")


# ---------------------------------------------------------------- input that can't be used


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", "<Types/>")
        z.writestr("xl/worksheets/sheet1.xml", b" " * (150 * 1024 * 1024))


BAD = {
    "empty.json": b"",
    "truncated.json": BUNDLE.read_bytes()[:5000] if BUNDLE.exists() else b"{",
    "duplicate.json": (
        b'{"resourceType": "Bundle", "type": "collection", "type": "collection", "entry": []}'
    ),
    "nan.json": b'{"resourceType": "Bundle", "type": "collection", "entry": [NaN]}',
    "huge.json": b'{"resourceType": "Bundle", "type": "collection", "total": 1e400}',
    "deep.json": b"[" * 100 + b"]" * 100,
    "list.json": b"[1, 2]",
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "empty.xlsx": b"",
    "text.xlsx": b"this is no workbook",
    "binary.csv": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("name", BAD)
def test_unusable_input_ends_with_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(BAD[name])
    result = run("assess", tmp_path / name)
    says(result, 2, name)
    sentence = result.stderr.strip()
    assert sentence.endswith((".", "?")) and len(sentence) > 30


def test_workbook_bomb_is_refused(tmp_path: Path) -> None:
    _bomb(tmp_path / "bomb.xlsx")
    says(run("assess", tmp_path / "bomb.xlsx"), 2, "bomb.xlsx")


def test_missing_file_and_missing_mapping(tmp_path: Path) -> None:
    says(run("assess", tmp_path / "nothing.json"), 2, "nothing.json")
    says(run("assess", TABLES, "--mapping", tmp_path / "nothing.toml"), 2, "nothing.toml")


def test_mapping_that_names_a_column_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,sex\nA,F\n")
    (tmp_path / "m.toml").write_text('this is = "no mapping"\n')
    says(run("assess", tmp_path / "t.csv", "--mapping", tmp_path / "m.toml"), 2, "m.toml")


def test_no_car_t_is_said(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id,sex,birth_year\nA,F,1960\n")
    (tmp_path / "labs.csv").write_text(
        "patient_id,day,test,value,unit\nA,0,serum_m_protein,3,g/dL\nA,30,serum_m_protein,1,g/dL\n"
    )
    says(run("assess", tmp_path), 0, "no CAR-T in this record")


def test_text_of_the_input_is_never_markup_or_a_path(tmp_path: Path) -> None:
    evil = "../../evil<script>alert(1)</script>"
    (tmp_path / "patients.csv").write_text(f'patient_id,sex\n"{evil}",F\n')
    (tmp_path / "infusions.csv").write_text(
        f'patient_id,day,product,infused\n"{evil}",0,"<img src=x onerror=alert(2)>",yes\n'
    )
    (tmp_path / "facts.csv").write_text(
        f'patient_id,day,finding,value\n"{evil}",5,trials_open,"<b>bold</b>"\n'
    )
    (tmp_path / "therapies.csv").write_text(
        f'patient_id,start_day,regimen\n"{evil}",-50,"<svg onload=alert(3)>"\n'
    )
    out = tmp_path / "out"
    says(run("assess", tmp_path, "--html", out, "--quiet"), 0)
    (page,) = (p for p in out.glob("*.html") if p.name != "index.html")
    assert page.parent == out and ".." not in page.name
    text = page.read_text() + (out / "index.html").read_text()
    for tag in ("<script>alert", "<img src=x", "<b>bold", "<svg onload"):
        assert tag not in text


@pytest.mark.slow
@pytest.mark.slow
def test_another_knowledge_is_used_where_it_is_named(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    shutil.copytree(ROOT / "src" / "rearm" / "knowledge" / "data", ours)
    option = ours / "options" / "talquetamab.toml"
    option.write_text(
        option.read_text().replace('name = "Talquetamab"', 'name = "Talquetamab of our house"')
    )
    says(
        run("assess", BUNDLE, "--knowledge", ours, "--html", tmp_path / "h"),
        0,
        "Talquetamab of our house",
    )
    assert "Talquetamab of our house" in (tmp_path / "h" / "SYN-01.html").read_text()
    says(run("evidence", "talquetamab", "--knowledge", ours), 0, "Talquetamab of our house")
    says(
        run("explain", BUNDLE, "--option", "talquetamab", "--knowledge", ours),
        0,
        "Talquetamab of our house",
    )
    assert "of our house" not in run("assess", BUNDLE).stdout
    says(run("assess", BUNDLE, "--knowledge", tmp_path / "none"), 2, "There is no folder")
    with (ours / "agents.toml").open("a", encoding="utf-8") as agents:
        agents.write('[[class]]\nname = "IMiD"\nspellings = ["ours"]\n')
    says(run("assess", BUNDLE, "--knowledge", ours), 0, "Talquetamab of our house")
    option.write_text("id = ")
    says(run("assess", BUNDLE, "--knowledge", ours), 2, "talquetamab.toml")


@pytest.mark.slow
@pytest.mark.slow
def test_a_patient_without_a_course_does_not_end_the_model_for_the_others(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    for name in ("patients", "infusions", "labs"):
        shutil.copy(TABLES / f"{name}.csv", tmp_path)
    with (tmp_path / "patients.csv").open("a") as table:
        table.write(
            "SYN-99"
            + "," * ((TABLES / "patients.csv").read_text().splitlines()[0].count(","))
            + "\n"
        )
    result = run(
        "mechanism", tmp_path, "--patient", "SYN-99", "--patient", "SYN-03", "--draws", "3000"
    )
    says(result, 0, "SYN-99: no CAR-T infusion is recorded", "SYN-03: A model's hypothesis")
    says(
        run_alone("mechanism", tmp_path, "--patient", "SYN-99", "--draws", "3000"),
        2,
        "SYN-99: no CAR-T infusion is recorded",
    )


@pytest.mark.slow
def test_two_outputs_that_would_replace_each_other_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    to_both = (
        "response",
        BUNDLE,
        "--quiet",
        "--json",
        out,
        "--fhir",
        tmp_path / "x" / ".." / "out",
    )
    says(run(*to_both), 2, "--json and --fhir both write NAME.json", "Name two folders")
    assert not out.exists()
    says(run("response", BUNDLE, "--quiet", "--json", "-", "--fhir", out), 0)
    says(run("response", BUNDLE, "--quiet", "--json", tmp_path / "json", "--fhir", out), 0)
    assert len(list(out.iterdir())) == len(list((tmp_path / "json").iterdir())) == 1


@pytest.mark.slow
def test_endpoints_are_counted_as_asked(tmp_path: Path) -> None:
    usual = ("response", TABLES, "--patient", "SYN-03")
    says(run(*usual), 0, "Endpoints: PFS 84 days (PD)")
    says(run(*usual, "--censoring", "ema"), 0, "Endpoints (EMA censoring): PFS 84 days")
    says(
        run(*usual, "--censoring", "fda"),
        0,
        "PFS not computable (FDA-style censoring needs the planned days",
    )
    says(
        run(*usual, "--origin", "salvage"),
        0,
        "Endpoints (from salvage): PFS not computable (no salvage therapy with a day)",
    )
    says(run(*usual, "--planned", "soon"), 2, "is not a list of days")
    # two visits missed before the progression of day 84: censored where the last one was kept
    missed = run(
        *usual,
        "--censoring",
        "fda",
        "--planned",
        "28,56,60,65,70,84",
        "--json",
        "-",
        "--adam",
        tmp_path,
    )
    says(missed, 0)
    found = json.loads(missed.stdout)["endpoints"]["PFS"]
    assert (found["status"], found["day"], found["style"]) == ("censored", 56, "fda")
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(tmp_path / "adtte.parquet")
    assert all(p.endswith("(FDA censoring)") for p in frame["PARAM"])


def test_a_terminal_without_the_letters_is_no_fault(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "rearm.cli", "assess", str(BUNDLE), "--json", "-"]
    result = subprocess.run(command, capture_output=True, env=environment, timeout=120)
    assert (
        result.returncode == 0
        and json.loads(result.stdout.decode("utf-8"))["patient_id"] == "SYN-01"
    )


def test_a_car_t_that_stands_only_among_the_therapies_is_told(tmp_path: Path) -> None:
    (tmp_path / "therapies.csv").write_text(
        "patient_id,start_day,end_day,regimen\nA,0,0,CAR-T (cilta-cel)\n"
    )
    says(run("check", tmp_path), 1, "includes a CAR-T, but no infusion was read")
    says(run("assess", tmp_path), 0, "no CAR-T that could be read in this record")
    (tmp_path / "infusions.csv").write_text("patient_id,day,product\nA,0,cilta-cel\n")
    assert "no infusion was read" not in run("check", tmp_path).stdout


def test_a_file_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    result = run("evidence", "talquetamab", "--html", tmp_path)
    says(result, 2, f"rearm: {tmp_path} can't be read or written")
    assert ".rearm-" not in result.stderr and not list(tmp_path.iterdir())
