"""The slides of a meeting, and the pages around it, on a projector, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.running_board import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
DAY = "2026-12-07"


def _schedule(view: Any, root: str, paths: list[str]) -> None:
    for path in paths:
        view.goto(root + path)
        view.get_by_label("State").select_option("scheduled")
        view.get_by_label("Day of the meeting").fill(DAY)
        with view.expect_navigation():
            view.get_by_role("button", name="Save", exact=True).click()


def test_slides_fit_a_projector_and_no_page_is_wider_than_its_window(tmp_path: Path) -> None:
    with running(tmp_path / "board") as link, chromium() as browser:
        view = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        view.goto(link)
        root = view.url.removesuffix("/worklist")
        rows = view.locator("tbody th a[href^='/patients']")
        _schedule(view, root, [rows.nth(i).get_attribute("href") for i in range(2)])
        view.goto(f"{root}/meetings/{DAY}")
        with view.expect_navigation():
            view.get_by_role("link", name="Start with the first patient").click()
        slide = view.url.removeprefix(root)
        assert view.evaluate("document.documentElement.scrollHeight") <= 1180
        for width in (1920, 1100, 400):
            view.set_viewport_size({"width": width, "height": 1000})
            for path in (f"/meetings/{DAY}", f"/meetings/{DAY}/minutes", "/worklist", "/centre",
                         "/knowledge", "/follow-ups", slide):  # fmt: skip
                view.goto(root + path)
                wide = view.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (path, width, wide)
