"""The sheet as PDF: one page of A4 by PDF/UA-1, which reads nothing outside itself and is the same
file for the same result.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from pypdf import PdfReader
from tests.support.answered import answered
from tests.support.loops import some
from tests.support.places import ROOT
from tests.support.tagged_pdf import elements, fonts, numbers_in_structure, opened, painted
from typer.testing import CliRunner

from rearm.assessment import Assessment
from rearm.cli import app
from rearm.report.sheet import pdf as pdf_module
from rearm.report.sheet import sheet
from rearm.report.sheet.contents import sheet_contents
from rearm.report.sheet.pdf import PdfError, check_pdf_can_be_made, pdf_of, sheet_pdf

try:
    check_pdf_can_be_made()
except PdfError as error:
    pytest.skip(str(error), allow_module_level=True)
weasyprint = pytest.importorskip("weasyprint")

pytestmark = pytest.mark.slow

BUNDLE = ROOT / "examples" / "fhir" / "poor-expansion.json"
A4 = (595, 842)  # points


@cache
def drawn() -> dict[str, bytes]:
    """The sheet of each patient; several tests read them."""
    return {name: sheet_pdf(result) for name, result in answered().items()}


@cache
def read_back() -> dict[str, PdfReader]:
    return {name: opened(pdf) for name, pdf in drawn().items()}


def _text(reader: PdfReader) -> str:
    return re.sub(r"\s+", " ", reader.pages[0].extract_text())


def test_each_sheet_is_one_page_of_a4() -> None:
    sizes = {
        name: [(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages]
        for name, reader in read_back().items()
    }
    assert len(sizes) == len(answered()) > 40
    assert {name: found for name, found in sizes.items() if found != [A4]} == {}


def test_each_is_marked_as_pdf_ua_with_language_and_title() -> None:
    for name, reader in some(read_back().items()):
        root: Any = reader.root_object
        assert root["/MarkInfo"] == {"/Marked": True}
        assert root["/Lang"] == "en"
        assert root["/ViewerPreferences"]["/DisplayDocTitle"] is not False
        title = f"{answered()[name].patient_id}: sheet for the board"
        assert reader.metadata is not None and reader.metadata.title == title
        metadata = root["/Metadata"].get_object().get_data().decode("utf-8")
        assert re.search(r'pdfuaid:part(?:="|>)1["<]', metadata) and title in metadata
        assert str(reader.pages[0]["/Tabs"]) == "/S"


def test_all_that_is_drawn_has_its_place_in_the_structure_or_is_decoration() -> None:
    for name, reader in some(read_back().items()):
        (page,) = reader.pages
        found = painted(page, reader)
        assert found.lost == [], name
        assert found.numbers and found.numbers == numbers_in_structure(reader), name
        assert {(inside, readable) for _, inside, readable in fonts(page)} == {(True, True)}, name


def test_headings_and_lists_are_what_they_are() -> None:
    for name, reader in some(read_back().items()):
        tags = [str(element["/S"]) for element in elements(reader)]
        assert tags[0] == "/Document" and tags.count("/H1") == 1, name
        assert tags.index("/H1") < tags.index("/H2")
        kids = {
            str(kid.get_object()["/S"])
            for element in elements(reader)
            if element["/S"] == "/L"
            for kid in element["/K"]
        }
        assert kids <= {"/LI"}, name


def test_each_table_tells_its_headers() -> None:
    tables = 0
    for name, reader in some(read_back().items()):
        cells = [x for x in elements(reader) if x["/S"] in ("/TH", "/TD")]
        headers = {str(x["/ID"]): x["/A"]["/Scope"] for x in cells if x["/S"] == "/TH"}
        rows = sum(x.open for tier in answered()[name].answer.tiers for x in tier.strategies)
        html = sheet(answered()[name])
        columns, given = html.count('<th scope="col">'), html.count('<tr class="given">')
        assert (columns > 3) is (rows > 0), name
        assert given <= rows, name
        # what to arrange, and the next review, are rows of a second small table
        shown = sheet_contents(answered()[name])
        plan = bool(shown.arranged) + (answered()[name].answer.next_review is not None)
        expected = +Counter({"/Column": columns, "/Row": rows + given + plan})
        assert Counter(headers.values()) == expected, name
        named = [
            {headers[str(x)] for x in cell["/A"]["/Headers"]}
            for cell in cells
            if cell["/S"] == "/TD"
        ]
        # the second table has no heads of columns
        assert named.count({"/Row"}) == plan, name
        assert named.count({"/Column", "/Row"}) == len(named) - plan, name
        tables += bool(rows)
    assert tables > len(answered()) // 2


def test_the_words_can_be_read_back() -> None:
    for name, reader in some(read_back().items()):
        result, text = answered()[name], _text(reader)
        told = [alert.text for alert in result.alerts] + [action.text for action in result.actions]
        # a line may end after a hyphen
        text = re.sub(r"\s", "", text)
        assert [x for x in told if re.sub(r"\s", "", x) not in text] == [], name


def _named(patient_id: str) -> Assessment:
    return msgspec.structs.replace(answered()["SYN-01"], patient_id=patient_id)


def test_umlauts_and_signs_can_be_read_back_and_are_of_the_font_of_the_sheet() -> None:
    reader = opened(sheet_pdf(_named("Größe Łódź Müßig ≥5 ≤3 α→β ☐")))
    assert "Größe Łódź Müßig ≥5 ≤3 α→β ☐" in _text(reader)
    assert {name.split("+")[1][:11] for name, _, _ in fonts(reader.pages[0])} == {"Rearm-Sheet"}


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what it was asked for."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


def _reaching_out(address: str, secret: Path) -> str:
    """A page that names things outside itself in every way that a renderer follows."""
    return f"""<html lang="en"><head><title>x</title><base href="{address}/">
<link rel="stylesheet" href="{address}/a.css"><link rel="attachment" href="{secret.as_uri()}">
<style>@import url({address}/b.css); @font-face {{ font-family: F; src: url({address}/f.woff) }}
p {{ font-family: F; background: url({address}/c.png); list-style: url({address}/d.png) }}
p::before {{ content: url({secret.as_uri()}) }}</style></head>
<body><p>text</p><img src="{address}/e.png"><img src="{secret.as_uri()}"><img src="g.png">
<img src="FILE:{secret}"><object data="{address}/h.svg"></object><embed src="{address}/i.svg">
<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/j.png"/></svg></body></html>"""


def test_nothing_outside_the_sheet_is_read(
    asked: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, paths = asked
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>SECRET</title>'
        '<text y="8">SECRET</text></svg>'
    )
    page = _reaching_out(address, secret)
    monkeypatch.setenv("no_proxy", "*")
    theirs = opened(weasyprint.HTML(string=page).write_pdf(pdf_variant="pdf/ua-1"))
    # the page does reach out where it is let: the test would see it
    assert len(set(paths)) > 6 and len(theirs.attachments) == 1 and "SECRET" in _text(theirs)
    paths.clear()
    ours = opened(pdf_of(page))
    assert paths == [] and not ours.attachments
    assert "text" in _text(ours) and "SECRET" not in _text(ours)


@pytest.mark.parametrize(
    "start", ['"><img src="', "</title><link rel=stylesheet href='", "<style>@import url("]
)
def test_a_patient_id_that_reaches_out_is_a_text(
    start: str, asked: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, paths = asked
    monkeypatch.setenv("no_proxy", "*")
    hostile = f"{start}{address}/x) '\">"
    text = _text(opened(sheet_pdf(_named(hostile))))
    assert paths == []
    assert start.replace(" ", "") in text.replace(" ", "")


def test_the_same_result_gives_the_same_file(tmp_path: Path) -> None:
    """Also in another process, after other sheets, and from a result that was stored."""
    out = tmp_path / "out"
    asked_for = ["--as-of", "400", "--sheet", str(out), "--pdf", "--json", str(out), "--quiet"]
    done = CliRunner().invoke(app, ["assess", str(BUNDLE), *asked_for])
    assert done.exit_code == 0, done.output
    (file,) = out.glob("*-sheet.pdf")
    (stored,) = out.glob("*.json")
    assert (out / f"{stored.stem}-sheet.html").is_file()
    result = Assessment.from_json(stored.read_text("utf-8"))
    assert sheet_pdf(result) == file.read_bytes()
    for name in ("SYN-01", "E09"):
        assert sheet_pdf(answered()[name]) == drawn()[name]
    metadata = opened(file.read_bytes()).metadata
    assert metadata is not None and {"/CreationDate", "/ModDate"} & set(metadata) == set()


def test_no_folder_of_fonts_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert sheet_pdf(answered()["SYN-01"]) == drawn()["SYN-01"]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_resumed_makes_what_is_missing(tmp_path: Path) -> None:
    def run(*more: str) -> str:
        command = ["assess", str(BUNDLE), "--sheet", str(tmp_path), "--quiet", *more]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        return done.stderr

    assert run().startswith("1 sheet: ")
    assert not list(tmp_path.glob("*.pdf"))
    assert run("--pdf", "--resume").startswith("1 sheet, each as a page and as a PDF: ")
    (file,) = tmp_path.glob("*.pdf")
    assert "1 of them is unchanged" in run("--pdf", "--resume")
    file.unlink()
    assert "as they were" not in run("--pdf", "--resume")
    assert file.is_file()


def _without(monkeypatch: pytest.MonkeyPatch, folder: Path, start: str) -> None:
    """WeasyPrint as a module that begins with `start`."""
    package = folder / "weasyprint"
    package.mkdir()
    (package / "__init__.py").write_text(start)
    for name in [x for x in sys.modules if x.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(pdf_module, "_weasyprint", pdf_module._weasyprint.__wrapped__)


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (
            "raise ImportError('no module')",
            "rearm: A PDF needs WeasyPrint, which is not installed: `pip install 'rearm[pdf]'`"
            " installs it.\n",
        ),
        (
            "print('a long text'); raise OSError('cannot load library')",
            "rearm: A PDF needs the libraries Pango and HarfBuzz-Subset, and one is missing:"
            " install them first (Debian: `apt-get install libpango-1.0-0 libpangoft2-1.0-0"
            " libharfbuzz-subset0`, macOS: `brew install pango`).\n",
        ),
    ],
)
def test_what_is_missing_is_said_before_anybody_is_assessed(
    start: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(monkeypatch, tmp_path, start)
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["assess", str(BUNDLE), "--sheet", str(out), "--pdf"])
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", sentence)
    assert not out.exists()


def test_a_pdf_needs_a_folder() -> None:
    done = CliRunner().invoke(app, ["assess", str(BUNDLE), "--pdf"])
    assert done.exit_code == 2
    assert done.stderr == (
        "rearm: --pdf makes a PDF of each sheet: name a folder for them with --sheet.\n"
    )
