"""The criteria are data: no limit stands in the code that applies them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[2] / "src" / "rearm" / "response"
MODULES = ("levels", "progression", "score", "confirm", "lesions", "measurable", "signals")
# counting, places in a row, the eight levels, units (mg/L to mg/dL, percent), days that stand for
# "never"; 2: a doubling is two times
ALLOWED = {0, 1, 2, 3, 8, 9, 10, 100}


@pytest.mark.parametrize("module", MODULES)
def test_no_limit_in_the_code(module: str) -> None:
    tree = ast.parse((COURSE / f"{module}.py").read_text("utf-8"))
    found = {
        (n.lineno, n.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant)
        and isinstance(n.value, int | float)
        and not isinstance(n.value, bool)
        and n.value not in ALLOWED
    }
    assert found == set()
