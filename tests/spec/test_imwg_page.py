"""The worked cases as printed in the docs are those of the file, with what the program says of them
today.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.places import DATA, ROOT

PAGE = ROOT / "docs" / "response-cases.md"


def test_the_page_of_worked_cases_is_up_to_date() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "scripts.imwg_page", str(DATA / "imwg_cases.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert made.stdout == PAGE.read_text("utf-8"), (
        "run: python -m scripts.imwg_page tests/data/imwg_cases.yaml > docs/response-cases.md"
    )


def test_the_page_says_how_many_agreed() -> None:
    text = PAGE.read_text("utf-8")
    cases = len(re.findall(r"^## ", text, re.M))
    assert cases >= 40
    closing = re.search(
        r"Cases (\d+), visits agreed (\d+) of (\d+), best agreed (\d+) of (\d+)", text
    )
    assert closing is not None
    assert closing[1] == closing[4] == closing[5] == str(cases) and closing[2] == closing[3]
