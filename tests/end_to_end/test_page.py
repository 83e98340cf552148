"""The page in a real browser: opens from disk, asks for nothing, works by keyboard, says what the
result says, runs no input text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.loops import some

import rearm
from rearm.record import Fact, Record, When
from rearm.report import page
from rearm.report.assessment.index import index_row
from rearm.report.assessment.page import index_page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RECORDS = {r.patient_id: r for r in rearm.read(ROOT / "examples" / "tables").records}
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


class Opened:
    """A page opened from disk, with what it asked for and what went wrong."""

    def __init__(self, browser: Any, folder: Path, record: Record, *, width: int = 1100) -> None:
        self.assessment = rearm.assess(record)
        file = folder / "page.html"
        file.write_text(page(self.assessment), encoding="utf-8")
        self.view = browser.new_page(viewport={"width": width, "height": 900})
        self.requests: list[str] = []
        self.troubles: list[str] = []
        self.view.on("request", lambda r: self.requests.append(r.url))
        self.view.on("console", lambda m: self.troubles.append(m.text))
        self.view.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.view.on("dialog", self._dismiss)
        self.view.goto(file.as_uri())

    def _dismiss(self, dialog: Any) -> None:
        self.troubles.append(f"dialog {dialog.message}")
        dialog.dismiss()


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("patient", ["SYN-01", "SYN-08", "SYN-09", "SYN-10"])
def test_opens_from_disk_and_says_what_the_result_says(
    browser: Any, tmp_path: Path, patient: str
) -> None:
    opened = Opened(browser, tmp_path, RECORDS[patient])
    assert opened.troubles == []
    assert len(opened.requests) == 1 and opened.requests[0].startswith("file:")
    shown = {o.id: o.verdict for o in opened.assessment.options if o.verdict}
    found = {}
    for node in opened.view.query_selector_all("details[id^=option-]"):
        chip = node.query_selector("summary .chip")
        if chip is not None:
            found[(node.get_attribute("id") or "").removeprefix("option-")] = (
                chip.get_attribute("class") or ""
            ).split()[-1]
    assert found == shown
    links = opened.view.eval_on_selector_all(
        "a[href^='#']", "nodes => nodes.map(n => n.getAttribute('href').slice(1))"
    )
    missing = [x for x in set(links) if opened.view.query_selector(f'[id="{x}"]') is None]
    assert missing == []


@needs_browser
@pytest.mark.browser
def test_keyboard_opens_an_option(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path, RECORDS["SYN-01"])
    lines = opened.assessment.answer.tiers[0].strategies
    assert opened.assessment.answer.tiers[0].tier == "first"
    for line in lines:  # what leads is named in the table of the sheet; its option is a click away
        name = opened.assessment.option(line.option).name
        assert opened.view.locator("#answer", has_text=name).is_visible()
        assert opened.view.locator(f"#option-{line.option}").get_attribute("open") is None
    strategy = opened.view.locator("#options details.strategy").first
    strategy.locator("summary").first.focus()
    opened.view.keyboard.press("Enter")
    closed = strategy.locator("details[id^=option-]:not([open])").first
    name = closed.get_attribute("id")
    closed.locator("summary").first.focus()
    opened.view.keyboard.press("Enter")
    option = opened.view.locator(f'[id="{name}"]')
    assert option.get_attribute("open") is not None
    assert option.locator("h4", has_text="What to expect").is_visible()
    assert opened.view.locator("html").get_attribute("lang") == "en"
    assert opened.view.locator("h1").count() == 1


@needs_browser
@pytest.mark.browser
def test_text_of_the_input_stays_text(browser: Any, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>"
    record = RECORDS["SYN-01"]
    source = record.labs[0].source
    attacked = replace(
        record,
        patient_id=evil,
        heavy_chain=(evil,),
        therapies=tuple(replace(t, regimen=evil) for t in record.therapies),
        labs=tuple(
            replace(x, as_given=evil, method=evil if x.method else None) for x in record.labs
        ),
        facts=(
            Fact(
                finding="trials_open",
                value=evil,
                source=replace(source, place=evil),
                when=When.on(400),
            ),
        ),
    )
    opened = Opened(browser, tmp_path, attacked)
    assert opened.troubles == []
    assert opened.view.locator("main img, script").count() == 0
    assert "onerror" in opened.view.locator("h1").inner_text()


@needs_browser
@pytest.mark.browser
def test_the_printed_page_shows_the_references_that_are_folded_on_the_screen(
    browser: Any, tmp_path: Path
) -> None:
    opened = Opened(browser, tmp_path, RECORDS["SYN-01"])
    first = opened.view.locator('[id="ref-1"]')
    assert not first.is_visible()
    opened.view.emulate_media(media="print")
    references = opened.view.locator('li[id^="ref-"]')
    assert references.count() > 100
    hidden = [
        item.get_attribute("id")
        for item in references.all()
        if not item.is_visible() or (item.bounding_box() or {"height": 0})["height"] < 5
    ]
    assert hidden == []
    reasons = opened.view.locator('li[id^="r"]:not([id^="ref-"])')
    assert reasons.count() == opened.view.evaluate(
        "[...document.querySelectorAll('li[id^=r]:not([id^=ref-])')]"
        ".filter(x => x.getBoundingClientRect().height > 5).length"
    )
    assert len(opened.view.pdf(format="A4")) > 100_000


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("patient", ["SYN-01", "SYN-05", "SYN-07", "SYN-10", "SYN-11"])
@pytest.mark.parametrize("unfolded", [False, True])
def test_a_narrow_window_scrolls_inside_the_figure_only(
    browser: Any, tmp_path: Path, patient: str, unfolded: bool
) -> None:
    opened = Opened(browser, tmp_path, RECORDS[patient], width=400)
    if unfolded:
        opened.view.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    wide = opened.view.evaluate("document.documentElement.scrollWidth")
    assert wide <= 400
    # what is wider than the window lies in a part that scrolls by itself
    outside = opened.view.evaluate(
        """[...document.querySelectorAll('main *')].filter(x =>
            !x.closest('.figure, table') && x.checkVisibility()
            && x.getBoundingClientRect().right > 401).map(x => x.outerHTML.slice(0, 80))"""
    )
    assert outside == []
    figure = opened.view.locator(".figure")
    if figure.count():
        assert figure.evaluate("x => x.scrollWidth > x.clientWidth")


@needs_browser
@pytest.mark.browser
def test_paper_has_what_a_reader_needs_there(browser: Any, tmp_path: Path) -> None:
    opened = Opened(browser, tmp_path, RECORDS["SYN-05"])
    opened.view.emulate_media(media="print")
    for part in ("failure", "causes", "tests", "actions", "references"):
        inside = opened.view.locator(f"#{part} > :not(summary, span)").first
        assert (inside.bounding_box() or {"height": 0})["height"] > 5, part
    for line in (x for t in opened.assessment.answer.tiers for x in t.strategies if x.open):
        option = opened.view.locator(f"#option-{line.option} > p").first
        assert (option.bounding_box() or {"height": 0})["height"] > 5
    assert not opened.view.locator("nav").is_visible()


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1100])
def test_the_table_of_patients_fits_the_window(browser: Any, tmp_path: Path, width: int) -> None:
    rows = [index_row(f"{name}.html", rearm.assess(record)) for name, record in RECORDS.items()]
    file = tmp_path / "index.html"
    file.write_text(index_page(rows), encoding="utf-8")
    view = browser.new_page(viewport={"width": width, "height": 900})
    view.goto(file.as_uri())
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    assert view.locator("tbody tr").count() == len(RECORDS)
    assert view.locator("tbody tr", has_text="SYN-04").locator("td").nth(5).is_visible()


def test_every_number_of_an_expected_figure_is_on_the_page() -> None:
    record = RECORDS["SYN-04"]
    assessment = rearm.assess(record)
    text = re.sub(r"<[^>]+>", " ", page(assessment, with_picture=False))
    figures = {o.id: assessment.evidence[o.evidence].expected for o in assessment.options}
    assert any(figures.values())
    for option, expected in some(figures.items()):
        for e in expected:
            if e.of_class:
                continue  # told in a line, without limits
            scale = 1 if e.unit == "months" else 100
            shape = "{:.1f} months" if e.unit == "months" else "{:.0f} %"
            limits = " ({:.1f} to {:.1f})" if e.unit == "months" else " ({:.0f} to {:.0f} %)"
            numbers = [scale * e.estimate]
            if e.low is not None and e.high is not None:
                shape += limits
                numbers += [scale * e.low, scale * e.high]
            assert shape.format(*numbers) in text, (option, e)


def test_no_figure_after_car_t_without_direct_evidence() -> None:
    indirect = [
        evidence
        for record in RECORDS.values()
        for evidence in rearm.assess(record).evidence.values()
        if evidence.directness != "direct"
    ]
    assert any(evidence.expected for evidence in indirect)
    for evidence in some(indirect):
        own = [e for e in evidence.expected if not e.of_class]
        assert all(e.directness != "direct" for e in own), evidence.note


def test_nothing_after_as_of_is_on_the_page() -> None:
    record = RECORDS["SYN-04"]
    text = re.sub(r"<[^>]+>", " ", page(rearm.assess(record, as_of=300)))
    assert not re.search(r"day (590|640|645|655)\b", text)
