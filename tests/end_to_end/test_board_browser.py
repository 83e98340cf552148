"""A coordinator's way in a real browser, without JavaScript: open the link, upload a file, look at
the sheet, record the decision. Nothing that a page holds runs, and nothing is asked for elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.places import ROOT
from tests.support.running_board import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


class Seen:
    """A window, with what it asked for and what went wrong in it."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1100, "height": 900}, **options)
        self.view = self.context.new_page()
        self.asked: list[str] = []
        self.troubles: list[str] = []
        self.view.on("request", lambda r: self.asked.append(r.url))
        self.view.on("console", lambda m: self.troubles.append(m.text))
        self.view.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.view.on("dialog", self._dismiss)

    def follow(self, locator: Any) -> None:
        """Clicks on what leads to another page, and waits until it is there."""
        with self.view.expect_navigation(wait_until="load"):
            locator.click()

    def _dismiss(self, dialog: Any) -> None:
        self.troubles.append(f"dialog {dialog.message}")
        dialog.dismiss()


@pytest.mark.parametrize("script", [True, False], ids=["script on", "script off"])
def test_from_the_link_to_the_decision(browser: Any, tmp_path: Path, script: bool) -> None:
    with running(tmp_path / "board", "--no-examples") as link:
        seen = Seen(browser, java_script_enabled=script)
        view = seen.view
        view.goto(link)
        assert view.url.endswith("/worklist")
        assert view.locator("h1", has_text="Worklist").is_visible()
        seen.follow(view.get_by_role("link", name="Upload", exact=True))
        view.get_by_label("File", exact=True).set_input_files(BUNDLE)
        seen.follow(view.get_by_role("button", name="Read the file"))
        assert view.locator("h2", has_text="SYN-01").is_visible()
        seen.follow(view.get_by_role("button", name="Take in 1 patient"))
        sheet = view.locator("#sheet")
        assert sheet.locator("h2", has_text="Choice").is_visible()
        assert sheet.get_by_text("Talquetamab").first.is_visible()
        seen.follow(view.get_by_role("link", name="Everything behind the sheet"))
        assert view.locator("h1", has_text="SYN-01").is_visible()
        assert view.locator("#options").count() == 1
        # the style of the report was let through, by its hash
        assert view.locator("body").evaluate("x => getComputedStyle(x).maxWidth") != "none"
        view.go_back(wait_until="load")
        seen.follow(view.get_by_role("link", name="Record the decision"))
        view.get_by_label("Reason for the decision").fill("Talquetamab in two weeks")
        seen.follow(view.get_by_role("button", name="Record the decision"))
        alert = view.locator("[role=alert]")
        assert alert.get_by_text("Choose a strategy").is_visible()
        assert alert.get_by_text("who took part").is_visible()
        view.get_by_role("radio").first.check()
        view.get_by_label("Who took part").fill("Dr A\nDr B")
        seen.follow(view.get_by_role("button", name="Record the decision"))
        decided = view.locator("#decisions")
        assert decided.get_by_text("Talquetamab in two weeks").is_visible()
        assert "Dr A\nDr B" in decided.inner_text()
        seen.follow(view.get_by_role("link", name="Worklist"))
        row = view.locator("section", has=view.locator("#state-decided")).locator("tbody tr")
        assert "SYN-01" in row.inner_text() and "Decided:" in row.inner_text()
        seen.follow(view.get_by_role("button", name="Sign out"))
        assert view.locator("h1", has_text="You are signed out").is_visible()
        home = link.split("/start/")[0]
        refusals = [x for x in seen.troubles if "401" not in x and "422" not in x]
        assert refusals == []
        assert all(url.startswith((f"{home}/", "data:")) for url in seen.asked)


def test_the_pages_fit_a_phone_and_the_keyboard_reaches_them(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "board") as link:
        seen = Seen(browser)
        view = seen.view
        view.goto(link)
        view.keyboard.press("Tab")
        assert view.locator(".skip").evaluate("x => x === document.activeElement")
        first = view.locator("tbody th a").first
        patient = first.inner_text()
        first.focus()
        with view.expect_navigation(wait_until="load"):
            view.keyboard.press("Enter")
        assert patient in view.locator("h1").inner_text()
        case = view.url
        view.set_viewport_size({"width": 400, "height": 900})
        for path in (case, f"{case}/decision", case.split("/patients/")[0] + "/worklist"):
            view.goto(path)
            assert view.evaluate("document.documentElement.scrollWidth") <= 400, path
        assert seen.troubles == []


def test_text_of_a_file_runs_nowhere(browser: Any, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    rows = ["patient_id,day,test,value,unit", f"{evil},10,m_protein,12,g/L",
            f"{evil},12,{evil},{evil},{evil}"]  # fmt: skip
    file = tmp_path / "labs.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    with running(tmp_path / "board", "--no-examples") as link:
        seen = Seen(browser)
        view = seen.view
        view.goto(link)
        view.goto(link.split("/start/")[0] + "/upload")
        view.get_by_label("File", exact=True).set_input_files(file)
        seen.follow(view.get_by_role("button", name="Read the file"))
        assert evil in view.locator("main").inner_text()
        seen.follow(view.get_by_role("button", name="Take in 1 patient"))
        assert evil in view.locator("h1").inner_text()
        seen.follow(view.get_by_role("link", name="Everything behind the sheet"))
        assert "onerror" in view.locator("h1").inner_text()
        assert view.locator("script, main img").count() == 0
        assert seen.troubles == []
