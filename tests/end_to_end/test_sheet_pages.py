"""The sheet of each patient is one page of A4, printed by a real browser."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.support.answered import answered

from rearm.report.sheet import sheet

pytestmark = pytest.mark.slow
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_each_sheet_is_one_page(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    pages = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page()
        for name, result in answered().items():
            file = tmp_path / f"{name}.html"
            file.write_text(sheet(result), encoding="utf-8")
            view.goto(file.as_uri())
            printed = view.pdf(prefer_css_page_size=True)
            pages[name] = len(re.findall(rb"/Type\s*/Page[^s]", printed))
        browser.close()
    assert len(pages) == 46
    assert {name: n for name, n in pages.items() if n != 1} == {}
