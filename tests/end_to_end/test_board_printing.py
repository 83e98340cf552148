"""What leaves a page of the board: the sheet and the whole report as PDF, tables as CSV, the answer
as FHIR. Each PDF is tagged, says when and from what it was printed, and tells the numbers of the
result.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from tests.support.answered import answered
from tests.support.board import Visitor, new_board, stock
from tests.support.fhir_r4 import faults_of_bundle
from tests.support.hostile import HOSTILE, faults_of_pdf
from tests.support.loops import some
from tests.support.read_back import otherwise_in_pdf, untold_in_page, untold_in_pdf
from tests.support.tagged_pdf import elements, fonts, opened, painted

from rearm.assessment import Assessment
from rearm.board.board import Board
from rearm.board.child.drawing import print_sheet
from rearm.board.child.worker import Worker
from rearm.board.refusals import Died, NotUsable
from rearm.board.store import jobs
from rearm.board.store.audit import verify
from rearm.board.store.tables import Case, Decision, Job, Result
from rearm.board.store.utc import now
from rearm.report.assessment.printed import printed_page, report_pdf, timeline_words
from rearm.report.sheet import sheet
from rearm.report.sheet.pdf import PdfError, check_pdf_can_be_made, pdf_of, sheet_pdf
from rearm.report.stamp import Stamp

try:
    check_pdf_can_be_made()
except PdfError as error:
    pytest.skip(str(error), allow_module_level=True)

pytestmark = pytest.mark.slow

STAMP = Stamp(printed="2026-11-30 08:15 UTC", answer=2, head="ab12" * 16)
SHORT = "SYN-08"  # nothing to choose: the shortest report
SHEETS = 5  # of which the numbers are read back; the gate reads 100


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    made = new_board(tmp_path / "board")
    yield made
    made.press.close()


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def _words(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


# ---------------------------------------------------------------- the sheet


def test_the_sheet_is_had_as_pdf_from_its_page(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    assert f"/patients/{case}/results/1/sheet.pdf" in visitor.get(f"/patients/{case}").text
    answer = visitor.get(f"/patients/{case}/results/1/sheet.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    reader = opened(answer.content)
    assert len(reader.pages) == 1
    assert reader.metadata is not None and reader.metadata.title == "Sheet for the board"
    text = _words(reader)
    (head,) = re.findall(r"audit head ([0-9a-f]{64})", text)
    assert re.search(r"Printed \d{4}-\d\d-\d\d \d\d:\d\d UTC, answer 1, audit head", text)
    with board.database.reading() as session:  # a printed head proves what stood before it
        assert verify(session, head).faults == ()
        assert [x.kind for x in verify(session, "0" * 64).faults] == ["head_unknown"]
    assert visitor.get(f"/patients/{case}/results/2/sheet.pdf").status_code == 404
    # the page of the sheet, printed by the browser, says the same
    told = visitor.get(f"/patients/{case}").text
    assert re.search(
        r"Page made \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Answer 1 .*Audit head \w{64}", told
    )


def test_the_numbers_of_sheets_are_those_of_the_result() -> None:
    chosen = [name for name, x in answered().items() if x.answer.tiers][:SHEETS]
    for name in some(chosen):
        result = answered()[name]
        pdf, html = sheet_pdf(result, STAMP), sheet(result, STAMP)
        assert untold_in_pdf(result, pdf) == [], name
        assert untold_in_page(result, html) == [], name
        assert otherwise_in_pdf(html, pdf) == [], name


def test_another_number_would_be_seen() -> None:
    result = answered()["SYN-01"]
    wrong = sheet(result, STAMP).replace("of 64", "of 46").replace("73 %", "37 %")
    assert {"73", "64"} <= set(untold_in_page(result, wrong))
    pdf = pdf_of(wrong)
    assert {"73", "64"} <= set(untold_in_pdf(result, pdf))
    assert set(otherwise_in_pdf(sheet(result, STAMP), pdf)) == {"37", "46", "64", "73"}


# ---------------------------------------------------------------- the whole report


def test_the_report_is_tagged_and_read_in_order() -> None:
    result = answered()[SHORT]
    pdf = report_pdf(result, STAMP)
    reader = opened(pdf)
    root: Any = reader.root_object
    assert root["/MarkInfo"] == {"/Marked": True} and root["/Lang"] == "en"
    assert reader.metadata is not None and reader.metadata.title == "Report for the board"
    metadata = root["/Metadata"].get_object().get_data().decode("utf-8")
    assert re.search(r'pdfuaid:part(?:="|>)1["<]', metadata)
    assert result.patient_id not in metadata and result.patient_id in _words(reader)
    every = [*elements(reader)]
    levels = [int(str(x["/S"])[2:]) for x in every if re.fullmatch(r"/H\d", str(x["/S"]))]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    figures = [str(x.get("/Alt", "")) for x in every if x["/S"] == "/Figure"]
    assert figures == [timeline_words(result)]
    for element in some(x for x in every if x["/S"] == "/TH"):
        assert element["/A"]["/Scope"] in ("/Column", "/Row")
    titles = [x["/Title"] for x in _flat(reader.outline)]
    assert {"Timeline", "The case", "Did the CAR-T fail?", "Basis"} <= set(titles)
    for number, page in enumerate(some(reader.pages), 1):
        assert painted(page, reader).lost == []
        text = re.sub(r"\s+", " ", page.extract_text())
        assert f"{STAMP.line} {number} of {len(reader.pages)}" in text
        assert {(inside, readable) for _, inside, readable in fonts(page)} == {(True, True)}
        assert all("Rearm-Sheet" in name for name, _, _ in fonts(page))
    assert not reader.attachments
    assert report_pdf(Assessment.from_json(result.to_json()), STAMP) == pdf


def _flat(outline: Any) -> Iterator[Any]:
    for part in outline:
        if isinstance(part, list):
            yield from _flat(part)
        else:
            yield part


def test_headings_of_every_report_skip_no_level_and_its_title_names_nobody() -> None:
    for name, result in some(list(answered().items())[:12]):
        html = printed_page(result, STAMP)
        levels = [int(x) for x in re.findall(r"<h(\d)", html)]
        assert levels.count(1) == 1 and levels[0] == 1, name
        assert all(b <= a + 1 for a, b in pairwise(levels)), name
        assert "<title>Report for the board</title>" in html
        assert "<dl" not in html and html.count("<th ") == html.count("scope=")


def test_the_words_for_the_timeline_tell_its_numbers() -> None:
    told = timeline_words(answered()["SYN-01"])
    assert "day 28 PR" in told and "day 402 PD" in told
    assert "Serum M-protein (g/dL): 11 values, first 3.1 on day -50, lowest 0.2 on day 84" in told


def test_a_stamp_ends_no_string_of_the_style() -> None:
    evil = Stamp(printed='"; } @import url(http://x/); a { content: "\\', answer=1, head="</style>")
    assert re.fullmatch(r'"[A-Za-z0-9 .:,\\]*"', evil.css)
    html = printed_page(answered()[SHORT], evil)
    assert html.count("</style>") == 1 and "@import url(http" not in html.split("</style>")[0]


# ---------------------------------------------------------------- the job


def _asked(board: Board, visitor: Visitor, patient: str = SHORT) -> tuple[str, str]:
    case = stock(board, patient)[patient]
    answer = visitor.post(f"/patients/{case}/results/1/report")
    assert answer.status_code == 303
    return case, answer.headers["location"]


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread makes reports: the test does, and of each the sheet, which is sooner made."""
    monkeypatch.setattr(jobs.Press, "wake", lambda self: None)
    monkeypatch.setattr(jobs, "print_report", print_sheet)


def test_the_whole_report_is_made_while_its_page_is_looked_at(
    board: Board, visitor: Visitor
) -> None:
    case, path = _asked(board, visitor)
    assert re.fullmatch(rf"/patients/{case}/jobs/[0-9a-f]{{16}}", path)
    for _ in range(600):
        page = visitor.get(path).text
        if "Open the report" in page:
            break
        assert "is being made" in page and f'href="{path}"' in page  # a link looks again
    answer = visitor.get(f"{path}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert SHORT in _words(opened(answer.content))
    assert SHORT not in str(answer.headers)
    assert not [x for x in board.folder.path.rglob("*") if x.suffix == ".pdf"]


@pytest.mark.usefixtures("asleep")
def test_a_report_is_gone_after_an_hour(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = _asked(board, visitor)
    assert visitor.get(f"{path}.pdf").status_code == 404  # not made yet
    assert board.press.work_off() == 1
    assert visitor.get(f"{path}.pdf").status_code == 200
    moment = now()
    monkeypatch.setattr(jobs, "now", lambda: moment + timedelta(minutes=61))
    assert visitor.get(path).status_code == visitor.get(f"{path}.pdf").status_code == 404
    board.press.work_off()
    with board.database.reading() as session:
        assert session.query(Job).count() == 0


@pytest.mark.usefixtures("asleep")
def test_a_process_that_comes_down_loses_no_report(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Falls(Worker):
        times = 1

        def do(self, work: Any, item: Any) -> Any:
            if self.times:
                self.times -= 1
                raise Died("The report brought the process down.")
            return work(item)

    board.printer = Falls(what="The report", seconds=1, megabytes=1)
    _, path = _asked(board, visitor)
    assert board.press.work_off() == 2  # begun again
    assert "Open the report" in visitor.get(path).text
    board.printer.times = 5
    _, path = _asked(board, visitor)
    board.press.work_off()
    page = visitor.get(path).text
    assert 'role="alert"' in page and "twice" in page
    # where the board itself was stopped in the middle of one, the next press begins it again
    _, path = _asked(board, visitor)
    with board.database.writing() as session:
        job = session.query(Job).filter(Job.state == "waiting").one()
        job.state, job.tries, job.begun_at = "working", 1, now() - timedelta(minutes=7)
    board.printer.times = 0
    assert board.press.work_off() == 1 and "Open the report" in visitor.get(path).text


@pytest.mark.usefixtures("asleep")
def test_a_report_that_can_t_be_made_is_told(board: Board, visitor: Visitor) -> None:
    class Refuses(Worker):
        def do(self, work: Any, item: Any) -> Any:
            raise NotUsable("A PDF needs WeasyPrint, which is not installed.")

    board.printer = Refuses(what="The report", seconds=1, megabytes=1)
    _, path = _asked(board, visitor)
    board.press.work_off()
    assert "A PDF needs WeasyPrint" in visitor.get(path).text
    assert visitor.get(f"{path}.json").json()["state"] == "failed"


@pytest.mark.usefixtures("asleep")
def test_few_reports_wait_at_once(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = stock(board, SHORT)[SHORT]
    path = f"/patients/{case}/results/1/report"
    answers = [visitor.post(path) for _ in range(jobs.MOST_OF_ONE + 1)]
    assert [x.status_code for x in answers] == [303] * jobs.MOST_OF_ONE + [503]
    assert answers[-1].headers["retry-after"] and "not ready" in answers[-1].text
    monkeypatch.setattr(jobs, "MOST_OF_ONE", 99)
    assert visitor.post(path).status_code == 303
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 4)
    assert visitor.post(path).status_code == 503


@pytest.mark.usefixtures("asleep")
def test_a_report_is_had_only_by_way_of_its_patient(board: Board, visitor: Visitor) -> None:
    """Who may see a patient is looked at by the case in the address."""
    cases = stock(board, SHORT, "SYN-11")
    _, path = _asked(board, visitor)
    board.press.work_off()
    for ending in ("", ".pdf", ".json"):
        assert visitor.get(path + ending).status_code == 200
        other = path.replace(cases[SHORT], cases["SYN-11"]) + ending
        assert visitor.get(other).status_code == 404


# ---------------------------------------------------------------- tables and FHIR


def _decide(visitor: Visitor, case: str, text: str) -> None:
    path = f"/patients/{case}/decision"
    sent = {"version": visitor.hidden(path, "version"), "answer": visitor.hidden(path, "answer"),
            "strategy": "-", "participants": text, "reason": text, "deviation": text}  # fmt: skip
    assert visitor.post(path, sent).status_code == 303


def _table(answer: Any) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]


def test_tables_of_a_page_are_had_as_csv(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    _decide(visitor, case, "Müller, Łódź\nand a second line")
    plain = visitor.get(f"/patients/{case}.json").json()
    page = visitor.get(f"/patients/{case}").text
    for name, rows in (("decisions", plain["decisions"]), ("versions", plain["answers"])):
        assert f"/patients/{case}/{name}.csv" in page
        answer = visitor.get(f"/patients/{case}/{name}.csv")
        assert _table(answer) == [{k: str(v) for k, v in row.items()} for row in rows]
        assert "SYN-01" not in str(answer.headers)


def test_an_answer_and_its_decisions_are_had_as_fhir(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    _decide(visitor, case, "as discussed")
    stock(board, "SYN-01")
    first, second = (visitor.get(f"/patients/{case}/results/{n}/fhir.json") for n in (1, 2))
    assert first.headers["content-type"] == "application/fhir+json"
    for answer, decided in ((first, 1), (second, 0)):
        bundle = answer.json()
        assert faults_of_bundle(bundle) == []
        inside = [e["resource"] for e in bundle["entry"]]
        plans = [x for x in inside if x["resourceType"] == "CarePlan"]
        assert [x["intent"] for x in plans] == ["proposal", *(["plan"] * decided)]
    assert first.json()["entry"][-1]["resource"]["description"].endswith("as discussed")


# ---------------------------------------------------------------- hostile text


def test_hostile_texts_run_in_no_table_and_no_json(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    with board.database.writing() as session:
        stored = session.query(Result).one()
        for number, text in enumerate(HOSTILE, 1):
            session.add(
                Decision(id=f"{number:016x}", case_id=case, number=number, result_id=stored.id,
                         strategy="", tier="", participants=text, reason=text, deviation=text,
                         at=now(), who=text)
            )  # fmt: skip
    answer = visitor.get(f"/patients/{case}/decisions.csv")
    rows = [*csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]
    assert len(rows) == len(HOSTILE) + 1
    computed = re.compile(r"[=+@\t\r]|-(?![0-9.]*$)")
    assert [cell for row in some(rows) for cell in row if computed.match(cell)] == []
    page = visitor.get(f"/patients/{case}").text
    opened_tags = set(re.findall(r"<(\w+)", page.split('id="decisions"')[1]))
    assert not opened_tags & {"script", "img", "svg", "iframe", "style", "object", "base", "meta"}
    for path in (f"/patients/{case}.json", f"/patients/{case}/results/1/fhir.json"):
        answer = visitor.get(path)
        assert "json" in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "\u202e" not in answer.text
    assert len(visitor.get(f"/patients/{case}.json").json()["decisions"]) == len(HOSTILE)
    assert faults_of_bundle(answer.json()) == []


def test_hostile_texts_reach_out_from_no_pdf() -> None:
    """All of them in one sheet: it holds each as a text, no link, no script, no file."""
    import msgspec

    result = msgspec.structs.replace(answered()[SHORT], patient_id=" ".join(HOSTILE))
    for pdf in (sheet_pdf(result, STAMP), report_pdf(result, STAMP)):
        reader = opened(pdf)
        text = re.sub(r"\s", "", _words(reader))
        assert "<script>alert(1)</script>" in text and "file:///etc/passwd" in text
        assert faults_of_pdf(pdf) == []


def test_a_case_that_is_nobody_s_has_nothing_to_print(board: Board, visitor: Visitor) -> None:
    stock(board, SHORT)
    none = "0" * 16
    for path in ("results/1/sheet.pdf", "results/1/fhir.json", "decisions.csv", "versions.csv",
                 f"jobs/{none}", f"jobs/{none}.pdf"):  # fmt: skip
        assert visitor.get(f"/patients/{none}/{path}").status_code == 404
    assert visitor.post(f"/patients/{none}/results/1/report").status_code == 404
    with board.database.reading() as session:
        assert session.query(Case).count() == 1
