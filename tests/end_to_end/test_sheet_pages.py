"""The sheet of each patient is one page of A4, printed by a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.answered import answered
from tests.support.browser import CHROMIUM, chromium

from rearm.report.sheet import sheet

pytestmark = pytest.mark.slow


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_each_sheet_is_one_page(tmp_path: Path) -> None:
    pages, fonts = {}, {}
    with chromium() as browser:
        view = browser.new_page()
        for name, result in answered().items():
            file = tmp_path / f"{name}.html"
            file.write_text(sheet(result), encoding="utf-8")
            view.goto(file.as_uri())
            fonts[name] = view.evaluate(
                "document.fonts.ready.then(fonts => [...fonts].map(font => font.status))"
            )
            printed = view.pdf(prefer_css_page_size=True)
            pages[name] = len(re.findall(rb"/Type\s*/Page[^s]", printed))
    assert len(pages) == 46
    assert {name: x for name, x in fonts.items() if "loaded" not in x} == {}
    assert {name: n for name, n in pages.items() if n != 1} == {}
