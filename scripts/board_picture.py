"""Draws the picture of `docs/board.md`: the worklist with invented patients, in a headless Chromium
that goes the way of a coordinator.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.support.browser import CHROMIUM, chromium
from tests.support.running_board import running

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "board.png"
WINDOW = {"width": 1180, "height": 800}
MEETING = "2026-12-07"


def main() -> int:
    if CHROMIUM is None:
        print(
            "No Chromium on this machine: `make browser` installs one where it can.",
            file=sys.stderr,
        )
        return 2
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        chromium() as browser,
        running(Path(name) / "board") as link,
    ):
        view = browser.new_page(viewport=WINDOW)
        view.goto(link)
        _move(view, "SYN-04", "scheduled", MEETING)
        _move(view, "SYN-05", "scheduled", MEETING)
        _move(view, "SYN-09", "prepared")
        _decide(view, "SYN-01")
        view.locator("main").screenshot(path=str(IMAGE))
    print(IMAGE)
    return 0


def _follow(locator: Any) -> None:
    with locator.page.expect_navigation(wait_until="load"):
        locator.click()


def _move(view: Any, patient: str, state: str, day: str = "") -> None:
    _follow(view.get_by_role("link", name=patient))
    view.get_by_label("State").select_option(state)
    view.get_by_label("Day of the meeting").fill(day)
    _follow(view.get_by_role("button", name="Save"))
    _follow(view.get_by_role("link", name="Worklist"))


def _decide(view: Any, patient: str) -> None:
    _follow(view.get_by_role("link", name=patient))
    _follow(view.get_by_role("link", name="Record the decision"))
    view.get_by_role("radio").first.check()
    view.get_by_label("Reason for the decision").fill("Both copies of BCMA are lost")
    view.get_by_label("Who took part").fill("Haematology, radiology, pathology")
    _follow(view.get_by_role("button", name="Record the decision"))
    _follow(view.get_by_role("link", name="Worklist"))


if __name__ == "__main__":
    sys.exit(main())
