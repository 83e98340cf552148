"""Pages of the board in a real browser: on a phone, and with text of a file that would run. The way
of a coordinator through all of them stands in `test_board_morning`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.hands import Seen
from tests.support.running_board import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_the_pages_fit_a_phone(browser: Any, tmp_path: Path) -> None:
    with running(tmp_path / "board") as link:
        seen = Seen(browser)
        view = seen.view
        view.goto(link)
        seen.follow(view.locator("tbody th a").first)
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
