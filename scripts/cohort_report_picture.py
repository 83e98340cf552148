"""Draws the picture of `docs/cohort-report.md`: a part of the report of invented patients, in a
headless Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.browser import CHROMIUM, chromium
from tests.support.generated_patients import write_patients

from rearm.cohort.store.build import Wanted, build
from rearm.report.cohort.contents import cohort_report
from rearm.report.cohort.page import cohort_page

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "cohort-report.png"
PATIENTS, SEED = 600, 1
WINDOW = {"width": 980, "height": 1250}


def main() -> int:
    if CHROMIUM is None:
        print(
            "No Chromium on this machine: `make browser` installs one where it can.",
            file=sys.stderr,
        )
        return 2
    IMAGE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        data = write_patients(PATIENTS, folder / "data", SEED)
        build(data, folder / "store", Wanted(jobs=1))
        page = folder / "report.html"
        page.write_text(cohort_page(cohort_report(folder / "store")), encoding="utf-8")
        view = browser.new_page(viewport=WINDOW)
        view.goto(page.as_uri())
        view.evaluate("document.getElementById('salvage').scrollIntoView()")
        view.screenshot(path=str(IMAGE))
    print(IMAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
