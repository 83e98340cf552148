"""What a coordinator stumbled over who knew the board from its documentation alone: each page leads
back, says where things come from, how dates were read, and what was decided.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader
from tests.end_to_end.test_board_kept import (
    corrected,
    decide,
    move,
    overruled,
    result_added,
    version,
)
from tests.support.answered import answered
from tests.support.board import Visitor, examples_read, new_board, stock
from tests.support.filled_form import FilledForm

from rearm.assessment import Assessment
from rearm.board.board import Board
from rearm.board.child.reading import ReadFile, read_file
from rearm.board.compare.contents import _reason
from rearm.board.routes import ADDRESSES
from rearm.board.upload.contexts import EXAMPLE
from rearm.report.assessment.page import page
from rearm.report.sheet.pdf import PdfError, check_pdf_can_be_made

CASE = "SYN-01"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = new_board(tmp_path / "board")
    yield made
    made.press.close()


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


@pytest.fixture
def case(board: Board) -> str:
    return stock(board, CASE)[CASE]


def _pdf_can_be_made() -> bool:
    try:
        check_pdf_can_be_made()
    except PdfError:
        return False
    return True


# ---------------------------------------------------------------- ways back


def _pages_of_a_patient() -> list[str]:
    """Every page that is looked at of a patient; files and JSON are none."""
    endings = (".json", ".csv", ".pdf")
    found = {
        x.path
        for x in ADDRESSES
        if x.method == "GET" and "{case}" in x.path and not x.path.endswith(endings)
    }
    return sorted(found - {"/patients/{case}"})


def _address(visitor: Visitor, case: str, path: str) -> str:
    """The page with its parts filled."""
    if "{job}" in path:
        asked = visitor.post(f"/patients/{case}/results/1/report")
        return str(asked.headers["location"])
    choices = visitor.get(f"/patients/{case}/compare.json").json()["choices"]
    a, b = [x["id"] for topic in choices for x in topic["members"]][:2]
    return path.format(
        case=case, number=1, fact="failure_day", a=a, b=b, before=1, after=2, day="2026-12-07"
    )


@pytest.mark.parametrize("path", _pages_of_a_patient())
def test_every_page_of_a_patient_leads_back(visitor: Visitor, case: str, path: str) -> None:
    result_added(visitor, case)
    move(visitor, case, state="scheduled", meeting_day="2026-12-07")
    page = visitor.get(_address(visitor, case, path))
    assert page.status_code == 200
    back = rf'href="/patients/{case}(/entry)?"'  # that of a table leads back to its form
    assert re.search(back, page.text)


def test_the_evidence_leads_back_to_its_entry(visitor: Visitor) -> None:
    page = visitor.get("/knowledge/evidence/talquetamab").text
    assert '<a href="/knowledge/entries/talquetamab">Back to the entry</a>' in page


def test_a_page_that_stands_by_itself_leads_nowhere() -> None:
    assert "Back to the patient" not in page(answered()[CASE], with_picture=False)


# ---------------------------------------------------------------- what was decided


@pytest.mark.skipif(not _pdf_can_be_made(), reason="no PDF can be made here")
def test_the_print_of_the_sheet_tells_the_decision(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/results/1"
    assert "next review, names, date" in _words(visitor.get(f"{path}/sheet.pdf").content)
    form = f"/patients/{case}/decision"
    groups = visitor.get(f"{form}.json").json()["groups"]
    lower = groups[-1]["choices"][0]
    typed = {"strategy": lower["strategy"], "reason": "WHY & <so>", "deviation": "OTHER THAN",
             "participants": "Dr Anna\nDr Berta"}  # fmt: skip
    hidden = version(visitor, form) | version(visitor, form, "answer")
    assert visitor.post(form, hidden | typed).status_code == 303
    at = visitor.get(f"/patients/{case}.json").json()["decisions"][0]["at"]
    words = _words(visitor.get(f"{path}/sheet.pdf").content)
    for told in (
        f"Decision of the board: {lower['name']}", "WHY & <so>", "OTHER THAN",
        "Dr Anna Dr Berta", f"Recorded {at} by somebody, on answer 1.",
    ):  # fmt: skip
        assert told.lower() in words.lower(), told
    assert "next review, names, date" not in words
    behind = visitor.get(path).text
    assert "WHY &amp; &lt;so&gt;" in behind and "Dr Anna\nDr Berta" in behind
    result_added(visitor, case)
    later = _words(visitor.get(f"/patients/{case}/results/2/sheet.pdf").content)
    assert "on answer 1, which is another version than this one." in later


@pytest.mark.skipif(not _pdf_can_be_made(), reason="no PDF can be made here")
def test_the_whole_report_tells_the_decision(
    board: Board, visitor: Visitor, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(visitor, case)
    monkeypatch.setattr(board.press, "wake", lambda: None)  # else its thread would take the job
    job = visitor.post(f"/patients/{case}/results/1/report").headers["location"]
    assert board.press.work_off() == 1
    words = _words(visitor.get(f"{job}.pdf").content)
    assert "Decision of the board: " in words and "Dr A" in words


def _words(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


# ---------------------------------------------------------------- where things come from


def test_each_version_says_what_made_it(visitor: Visitor, case: str) -> None:
    result_added(visitor, case)
    decide(visitor, case)
    path = f"/patients/{case}/follow-up"
    given = {"done": "yes", "given": "talquetamab", "started": "2025-04-20"}
    visitor.post(path, version(visitor, path) | given)
    overruled(visitor, case)
    page = visitor.get(f"/patients/{case}.json").json()
    assert [(x["number"], x["file"]) for x in page["answers"]] == [
        (4, "facts that the team states over the computed ones"),
        (3, "follow-up of a decision"), (2, "added result"), (1, "examples.csv"),
    ]  # fmt: skip
    records = visitor.get(f"/patients/{case}/record.json").json()["versions"]
    assert [x["file"] for x in records] == [
        "follow-up of a decision", "added result", "examples.csv",
    ]  # fmt: skip
    steps = visitor.get(f"/patients/{case}/history.json").json()["steps"]
    assert steps[0]["cause"] == "facts that the team states over the computed ones"
    between = visitor.get(f"/patients/{case}/history/3/4.json").json()
    assert between["reasons"] == [
        "The data are the same. What changed is what the team states over the computed facts."
    ]
    both = visitor.get(f"/patients/{case}/history/2/4.json").json()
    assert both["reasons"] == [
        "The data changed, and so did what the team states over the computed facts.",
        "What each of them changed can't be told apart.",
    ]


def test_a_correction_names_the_cell_that_was_corrected(visitor: Visitor) -> None:
    path = corrected(visitor, "").headers["location"]
    (told,) = visitor.get(f"{path}.json").json()["patients"][0]["corrected"]
    assert (told["place"], told["column"]) == ("labs.csv: row 3, unit", "unit")
    assert "<code>labs.csv: row 3, unit</code></td>" in visitor.get(path).text


def test_the_unit_of_a_filled_form_has_its_own_cell(visitor: Visitor, tmp_path: Path) -> None:
    form = FilledForm(tmp_path / "form.xlsx")
    form.fill("patient_id", patient_id="P1")
    row = form.fill("hemoglobin", value="9.1", unit="furlongs", day="2025-03-09")
    data = form.save().read_bytes()
    given = visitor.post("/upload", files={"file": ("form.xlsx", data, "application/zip")})
    path = given.headers["location"]
    todo = visitor.get(f"{path}.json").json()["patients"][0]["not_used"]
    wrong = next(x for x in todo if x["value"] == "furlongs")
    sent = {"patient": "0", "row": str(wrong["row"]), "cell.unit": "g/dL"}
    visitor.post(f"{path}/correct", sent | version(visitor, path, "mark"))
    (told,) = visitor.get(f"{path}.json").json()["patients"][0]["corrected"]
    assert told["place"] == f"form.xlsx: Board!C{row}" and told["new"] == "g/dL"


# ---------------------------------------------------------------- files


def test_the_blank_form_is_that_of_the_command(visitor: Visitor, tmp_path: Path) -> None:
    assert 'href="/upload/form.xlsx"' in visitor.get("/upload").text
    answer = visitor.get("/upload/form.xlsx")
    file = tmp_path / "form.xlsx"
    command = [sys.executable, "-m", "rearm.cli", "template", "--xlsx", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    assert answer.content == file.read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="rearm-form.xlsx"'


def test_the_example_of_a_file_can_be_read(visitor: Visitor, tmp_path: Path) -> None:
    assert EXAMPLE in visitor.get("/upload").text
    (tmp_path / "labs.csv").write_text(EXAMPLE, encoding="utf-8")
    read = msgspec.json.decode(read_file(tmp_path / "labs.csv"), type=ReadFile)
    (patient,) = read.patients
    assert len(patient.rows) >= 2
    assert [x for x in patient.issues if x.done != "used" and x.severity == "error"] == []


def test_notes_on_how_a_file_was_read_are_shown(visitor: Visitor) -> None:
    rows = b"patient_id,day,test,value,unit\nP1,5.1.26,m_protein,12,g/L\n"
    given = visitor.post("/upload", files={"file": ("labs.csv", rows, "text/csv")})
    text = visitor.get(given.headers["location"]).text
    assert "&#39;5.1.26&#39; is read as 2026-01-05." in text


# ---------------------------------------------------------------- tests and dates


def test_the_tests_are_a_list_that_needs_no_script(visitor: Visitor, case: str) -> None:
    page = visitor.get(f"/patients/{case}/result").text
    names = re.findall(r"<option value=\"([^\"]+)\"", page.partition("</select>")[0])
    assert len(names) > 100 and names[0] == "serum M-protein"
    again = visitor.post(
        f"/patients/{case}/result",
        version(visitor, f"/patients/{case}/result") | {"test": names[3], "value": "x"},
    )
    assert f'<option value="{names[3]}" selected>' in again.text


def _found(visitor: Visitor, **texts: str) -> str:
    draft = visitor.post("/entry").headers["location"]
    typed = {"patient_id.0.patient_id": "P1", **texts}
    return str(visitor.post(f"{draft}/check", typed).text)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("5.1.26", "<q>5.1.26</q> is read as <b>2026-01-05</b> (day, month, year): check it"),
        ("05.01.2026", "<q>05.01.2026</q> is read as 2026-01-05"),
        ("1/13/2026", "is read as <b>2026-01-13</b> (the only day that it can be): check it"),
        ("January 2026", "<q>January 2026</q> is read as 2026-01"),
        ("early 2026", "<q>early 2026</q> is read as 2026-01-01 to 2026-06-30"),
    ],
)
def test_how_a_date_is_read_stands_beside_the_form(visitor: Visitor, typed: str, told: str) -> None:
    row = {"hemoglobin.0.value": "9.1", "hemoglobin.0.unit": "g/dL", "hemoglobin.0.day": typed}
    assert told in _found(visitor, **row)


@pytest.mark.parametrize("typed", ["2026-01-05", "2026-01", "2026", "30", "5/1/2026", "5/1/26"])
def test_of_other_dates_nothing_is_told(visitor: Visitor, typed: str) -> None:
    row = {"hemoglobin.0.value": "9.1", "hemoglobin.0.unit": "g/dL", "hemoglobin.0.day": typed}
    assert "is read as" not in _found(visitor, **row)


def test_a_date_of_two_orders_is_not_used(visitor: Visitor) -> None:
    row = {"hemoglobin.0.value": "9.1", "hemoglobin.0.unit": "g/dL", "hemoglobin.0.day": "5/1/2026"}
    found = _found(visitor, **row)
    assert "The day and the month can be read in two orders" in found
    assert "mapping" not in found


def test_nobody_is_born_in_a_guessed_century(visitor: Visitor) -> None:
    found = _found(visitor, **{"t-patients.0.birth_date": "5.1.62"})
    assert "is read as" not in found and "century" in found


def test_before_a_single_result_is_kept_its_date_is_asked(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/result"
    sent = version(visitor, path) | {
        "test": "LDH", "value": "311", "unit": "U/L", "day": "16.4.25",
    }  # fmt: skip
    asked = visitor.post(path, sent)
    assert asked.status_code == 422 and "is read as 2025-04-16 (day, month, year)" in asked.text
    assert 'name="day" value="2025-04-16"' in asked.text
    assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 1
    assert visitor.post(path, sent | {"day": "2025-04-16"}).status_code == 303


def test_no_line_begins_with_a_colon(visitor: Visitor) -> None:
    found = _found(visitor, **{"t-patients.0.day_zero": "2027-05-01"})
    assert "2027-05-01" in found
    assert not re.search(r"<li>\s*:", found)


# ---------------------------------------------------------------- days with dates


def test_days_stand_with_their_dates(visitor: Visitor, case: str) -> None:
    move(visitor, case, state="scheduled", meeting_day="2026-12-07")
    form = visitor.get(f"/patients/{case}/overrule/failure_day").text
    assert "day 402 (2025-03-20)" in form
    for path in ("/worklist", f"/patients/{case}", "/meetings/2026-12-07",
                 f"/meetings/2026-12-07/patients/{case}"):  # fmt: skip
        page = re.sub(r"<[^>]+>", " ", visitor.get(path).text.partition("</header>")[2])
        days = re.findall(r"\b[Dd]ay -?[0-9]+(?![0-9]| to )(.{0,3})", page)
        assert days, path
        assert all(x.startswith(" (") for x in days), (path, days)


def test_the_row_of_a_change_has_its_date(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/result"
    typed = {"test": "LDH", "value": "311", "unit": "U/L", "day": "300"}
    assert visitor.post(path, version(visitor, path) | typed).status_code == 303
    assert "day: 300 (2024-12-08)" in visitor.get(f"/patients/{case}/history").text


# ---------------------------------------------------------------- too old


def test_the_page_of_the_patient_says_what_is_too_old(visitor: Visitor, case: str) -> None:
    move(visitor, case, state="scheduled", meeting_day="2025-05-20")
    row = visitor.get("/worklist.json").json()["groups"][0]["rows"][0]
    page = visitor.get(f"/patients/{case}.json").json()
    assert page["ready"] == row["ready"] and row["ready"]["old"]
    text = visitor.get(f"/patients/{case}").text
    for old in row["ready"]["old"]:
        assert f"of {old['date']}: {old['age']} days, at most {old['max_age']}" in text
    decide(visitor, case)
    assert "Missing or too old" not in visitor.get(f"/patients/{case}").text


# ---------------------------------------------------------------- compare


def _reasons(result: Assessment) -> Iterator[str]:
    for option in result.options:
        yield from (*option.unknown, *option.cautions, *option.checklist)


def test_what_is_known_in_part_says_what_is_not() -> None:
    in_part, wrong = 0, []
    for read in examples_read().patients:
        result = Assessment.from_json(read.result)
        for name in _reasons(result):
            reason = result.reasons[name]
            missing = result.missing(reason)
            expected = bool(missing) and bool(set(reason.findings) - set(missing))
            in_part += expected
            if ("Not known of it: " in _reason(result, name)) is not expected:
                wrong.append((read.patient_id, name))
    assert in_part > 10
    assert wrong == []
