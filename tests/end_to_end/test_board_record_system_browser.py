"""A physician in a real browser: the chart in the record system shows the card, its link opens the
board, the data are looked at and taken in, and there is the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.record_system import FakeRecordSystem, bundle_file, running_record_system
from tests.support.running_board import running
from tests.support.two_patients import on_sheet, untold

import rearm
from rearm.assessment import assess
from rearm.board.child.reading import summary_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeRecordSystem]:
    """The record system, with a board that runs as a centre starts it."""
    folder = tmp_path_factory.mktemp("record-system")
    with running_record_system(FakeRecordSystem()) as ehr:
        options = ("--no-examples", "--record-system", str(ehr.configuration(folder)))
        with running(folder / "board", *options) as link:
            ehr.board = link.split("/start/")[0]
            yield ehr


@pytest.mark.parametrize(
    ("patient", "script"), [("SYN-01", True), ("SYN-04", False)], ids=["script on", "script off"]
)
def test_from_the_chart_to_the_sheet(ehr: FakeRecordSystem, patient: str, script: bool) -> None:
    with chromium() as browser:
        view = browser.new_context(java_script_enabled=script).new_page()
        troubles: list[str] = []
        asked: list[str] = []
        view.on("console", lambda m: troubles.append(m.text))
        view.on("pageerror", lambda e: troubles.append(str(e)))
        view.on("request", lambda r: asked.append(r.url))
        view.goto(f"{ehr.origin}/chart/{patient}")
        assert "Relapse after CAR-T" in view.locator("p.info").inner_text()
        _follow(view, view.get_by_role("link", name="Open the sheet for the board"))
        assert view.url.startswith(f"{ehr.board}/uploads/")
        assert view.get_by_text("Opened from St Anna").is_visible()
        assert view.locator("h2", has_text=patient).is_visible()
        assert view.get_by_role("link", name="Worklist").count() == 0
        (record,) = rearm.read(bundle_file(patient)).records
        result = assess(record)  # of the same data, read from a file
        told = summary_of(record, result)
        assert untold(view.locator("main").inner_text(), [told.first, *told.missing]) == []
        _follow(view, view.get_by_role("button", name="Take in 1 patient"))
        assert view.locator("h1", has_text=f"{patient}: myeloma after CAR-T").is_visible()
        assert untold(view.locator("#sheet").inner_text(), on_sheet(result)) == []
        view.set_viewport_size({"width": 400, "height": 900})
        assert view.evaluate("document.documentElement.scrollWidth") <= 400
        sheet = view.url
        view.goto(f"{ehr.origin}/chart/{patient}")  # the next day, with nothing new
        _follow(view, view.get_by_role("link", name="Open the sheet for the board"))
        assert view.url == sheet
        assert troubles == []
        assert all(patient not in url for url in asked if url.startswith(ehr.board))
        homes = (f"{ehr.board}/", f"{ehr.origin}/", "data:")
        assert all(url.startswith(homes) for url in asked)


def _follow(view: Any, locator: Any) -> None:
    with view.expect_navigation(wait_until="load"):
        locator.click()
