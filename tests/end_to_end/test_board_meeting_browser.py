"""A meeting in a real browser, by keyboard alone and without JavaScript, on a projector."""

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


def _press_until(view: Any, name: str) -> None:
    """Tab through the page until the element of this id, or the link of this name, is in focus."""
    for _ in range(60):
        focus = view.evaluate(
            "[document.activeElement.id, document.activeElement.textContent.trim()]"
        )
        if name in focus:
            return
        view.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by Tab")


def _follow(view: Any, name: str) -> None:
    _press_until(view, name)
    with view.expect_navigation():
        view.keyboard.press("Enter")


def test_the_board_meets_by_keyboard(tmp_path: Path) -> None:
    with running(tmp_path / "board") as link, chromium() as browser:
        context = browser.new_context(viewport={"width": 1920, "height": 1080})
        view = context.new_page()
        troubles: list[str] = []
        view.on("console", lambda m: troubles.append(m.text))
        view.on("pageerror", lambda e: troubles.append(str(e)))
        view.goto(link)
        root = view.url.removesuffix("/worklist")
        rows = view.locator("tbody th a[href^='/patients']")
        _schedule(view, root, [rows.nth(i).get_attribute("href") for i in range(2)])
        view.goto(f"{root}/meetings/{DAY}")
        _follow(view, "Start with the first patient")
        assert view.get_by_text("Patient 1 of 2").is_visible()
        first = view.locator("h1").inner_text()
        _press_until(view, "strategy")
        view.keyboard.press("ArrowDown")
        _press_until(view, "reason")
        view.keyboard.type("All agreed")
        _press_until(view, "participants")
        view.keyboard.type("Dr A, Dr B")
        view.keyboard.press("Tab")
        with view.expect_navigation():
            view.keyboard.press("Enter")
        assert view.locator(".decision").get_by_text("All agreed").is_visible()
        _follow(view, "Next")
        assert view.get_by_text("Patient 2 of 2").is_visible()
        assert view.locator("h1").inner_text() != first
        assert view.get_by_label("Who takes part").input_value() == "Dr A, Dr B"
        _follow(view, "Previous")
        assert view.locator("h1").inner_text() == first
        # the whole of a slide stands on a projector, and no page is wider than its window
        assert view.evaluate("document.documentElement.scrollHeight") <= 1180
        for width in (1920, 1100, 400):
            view.set_viewport_size({"width": width, "height": 1000})
            for path in (f"/meetings/{DAY}", f"/meetings/{DAY}/minutes", "/worklist", "/centre",
                         "/knowledge", "/follow-ups", view.url.removeprefix(root)):  # fmt: skip
                view.goto(root + path)
                wide = view.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (path, width, wide)
        assert troubles == []
