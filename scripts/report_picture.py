"""Draws the pictures that the README shows: sheet and page of one invented example, in a
headless Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.browser import CHROMIUM, chromium

import rearm
from rearm.report import page
from rearm.report.sheet import sheet

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
A4 = {"width": 794, "height": 1123}
WINDOW = {"width": 980, "height": 1500}


def main(patient: str = "SYN-04") -> int:
    if CHROMIUM is None:
        print(
            "No Chromium on this machine: `make browser` installs one where it can.",
            file=sys.stderr,
        )
        return 2
    record = next(
        r for r in rearm.read(ROOT / "examples" / "tables").records if r.patient_id == patient
    )
    assessment = rearm.assess(record)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, html, size in (
            ("sheet", sheet(assessment), A4),
            ("report", page(assessment), WINDOW),
        ):
            file = Path(folder) / f"{name}.html"
            file.write_text(html, encoding="utf-8")
            view = browser.new_page(viewport=size)
            view.goto(file.as_uri())
            for navigation in view.locator("nav").all():
                navigation.evaluate("node => node.remove()")
            view.screenshot(path=str(IMAGES / f"{name}.png"))
            print(IMAGES / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
