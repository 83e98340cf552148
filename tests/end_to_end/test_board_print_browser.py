"""What a browser prints of the sheet, of the meeting and of the minutes: the words of the page,
none cut, nothing to press, and the head of the audit by which a sheet is known again.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from pypdf import PdfReader
from tests.support.browser import CHROMIUM, chromium
from tests.support.hands import Mouse, Seen
from tests.support.loops import some
from tests.support.running_board import running
from tests.support.tagged_pdf import opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

DAY = "2026-12-07"
LONG = "We weighed all of it, at length, and came back to it twice. " * 30 + "So it was."
PEOPLE = "\n".join(f"Dr {x} of a department with a long name" for x in range(1, 12)) + "\nThe last"


_NUMBERS = "xs => xs.map(x => [...x.children].map((_, place) => place + 1).join(' '))"  # of lists


_HEAD = re.compile(r"Audit\s+head\s+((?:[0-9a-f]\s*){63}[0-9a-f])")  # may go on in the next line


@dataclass
class Printer:
    """A board that runs with two patients in a meeting, and a browser that prints its pages."""

    folder: Path
    home: str
    view: Any
    patients: list[str]  # addresses of their sheets

    def printed(self, path: str) -> tuple[str, PdfReader]:
        """What the page says on paper, and what the paper says."""
        self.view.goto(path if path.startswith("http") else self.home + path)
        self.view.emulate_media(media="print")
        page = self.view.locator("body").inner_text()
        page = " ".join([page, *self.view.locator("ol").evaluate_all(_NUMBERS)])
        return page, opened(self.view.pdf(prefer_css_page_size=True))


@pytest.fixture(scope="module")
def printer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printer]:
    folder = tmp_path_factory.mktemp("printed") / "board"
    with running(folder) as link, chromium() as browser:
        seen = Seen(browser)
        view, hands = seen.view, Mouse(seen.view)
        view.goto(link)
        home = link.split("/start/")[0]
        patients = view.locator("tbody th a").evaluate_all("xs => xs.map(x => x.href)")
        for path in patients[:2]:
            view.goto(path)
            hands.enter(view.locator("#state"), "scheduled")
            hands.enter(view.locator("#meeting_day"), DAY)
            hands.follow(view.locator("form[action$='/state'] button"))
        view.goto(f"{home}/meetings/{DAY}")
        hands.enter(view.locator("#participants"), PEOPLE)
        hands.follow(view.locator("form[action$='/participants'] button"))
        hands.follow(view.locator("a[accesskey=s]"))
        strategy = view.locator("#strategy option").nth(1).get_attribute("value")
        hands.enter(view.locator("#strategy"), strategy)
        hands.enter(view.locator("#reason"), LONG)
        hands.follow(view.locator("#decision form button"))
        yield Printer(folder, home, view, patients)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", normalize("NFKC", text).casefold()))


def on_paper(pdf: PdfReader) -> str:
    """Its text; letters that the font joins (ff) stand by themselves again."""
    return normalize("NFKC", " ".join(page.extract_text() for page in pdf.pages))


def check(printer: Printer, page: str, pdf: PdfReader) -> str:
    """The words of both are the same, and nothing stands beyond the edge; gives the head."""
    text = on_paper(pdf)
    (broken,) = _HEAD.findall(text)
    head = re.sub(r"\s+", "", broken)
    text = text.replace(broken, head)
    assert words(page) - words(text) == Counter(), "not on paper"
    again = words(" ".join(printer.view.locator("thead").all_inner_texts()))
    once_more = Counter({word: n * (len(pdf.pages) - 1) for word, n in again.items()})
    assert words(text) - words(page) - once_more == Counter(), "on paper only"
    assert [x for sheet in pdf.pages for x in beyond(sheet)] == []
    shown = printer.view.locator("button, input, select, textarea, .button, nav, .skip")
    assert shown.evaluate_all("xs => xs.filter(x => x.getClientRects().length)") == []
    return head


def beyond(sheet: Any) -> list[str]:
    """Texts that begin outside the paper."""
    found: list[str] = []
    width, height = float(sheet.mediabox.width), float(sheet.mediabox.height)

    def visit(text: str, cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        if text.strip() and not (0 < x < width and 0 < y < height):
            found.append(text)

    sheet.extract_text(visitor_text=visit)
    return found


def test_every_sheet_is_printed_as_it_stands(printer: Printer) -> None:
    for path in some(printer.patients):
        page, pdf = printer.printed(path)
        head = check(printer, page, pdf)
        for name in ("Sign out", "Worklist", "Record the decision", "As FHIR", "Skip to"):
            assert name not in on_paper(pdf)
    done = subprocess.run(
        [sys.executable, "-m", "rearm.cli", "serve", "audit", "verify",
         "--folder", str(printer.folder), "--head", head],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_meeting_is_printed_with_its_patients_and_people(printer: Printer) -> None:
    page, pdf = printer.printed(f"/meetings/{DAY}")
    text = on_paper(pdf)
    assert words(page) == words(text)
    assert all(name in re.sub(r"\s+", " ", text) for name in PEOPLE.split("\n"))
    case = printer.patients[0].split("/patients/")[1]
    page, pdf = printer.printed(f"/meetings/{DAY}/patients/{case}")
    check(printer, page, pdf)
    assert "So it was." in re.sub(r"\s+", " ", on_paper(pdf))


def test_minutes_are_printed_whole(printer: Printer) -> None:
    page, pdf = printer.printed(f"/meetings/{DAY}/minutes")
    check(printer, page, pdf)
    text = re.sub(r"\s+", " ", on_paper(pdf))
    assert re.sub(r"\s+", " ", LONG) in text
    assert all(name in text for name in PEOPLE.split("\n"))
    assert "No decision was recorded." in text and "Signed:" in text


def test_what_paper_lacks_is_seen(printer: Printer) -> None:
    """The checks above fail where a word is cut off or a button is printed."""
    page, pdf = printer.printed(printer.patients[0])
    with pytest.raises(AssertionError, match="not on paper"):
        check(printer, f"{page} unprinted", pdf)
    printer.view.locator("#sheet").evaluate("x => x.style.cssText = 'height: 2em; overflow: clip'")
    cut = opened(printer.view.pdf(prefer_css_page_size=True))
    with pytest.raises(AssertionError, match="not on paper"):
        check(printer, page, cut)
