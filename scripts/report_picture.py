"""Draws the picture of a report that the README shows: the page of one invented example, in a
headless Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import rearm
from rearm.report import page

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def main(patient: str = "SYN-04") -> int:
    browser_path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if browser_path is None:
        print(
            "No Chromium on this machine: `make browser` installs one where it can.",
            file=sys.stderr,
        )
        return 2
    record = next(
        r for r in rearm.read(ROOT / "examples" / "tables").records if r.patient_id == patient
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(page(rearm.assess(record)), encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page(viewport={"width": 980, "height": 1500})
        view.goto(file.as_uri())
        view.locator("nav").evaluate("node => node.remove()")
        target = ROOT / "docs" / "images" / "report.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        view.screenshot(path=str(target))
        browser.close()
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
