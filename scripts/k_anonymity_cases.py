"""Invented tables with the k-anonymity that pyCANON computes for them: writes
`tests/reference/golden/k_anonymity.json`.

    python -m scripts.k_anonymity_cases

pyCANON 1.3.6 asks for older versions of NumPy, SciPy and Typer than Rearm's tests run with, so it
needs an environment of its own: `python -m venv canon; canon/bin/pip install pycanon==1.3.6`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

FILE = Path(__file__).parents[1] / "tests" / "reference" / "golden" / "k_anonymity.json"
COLUMNS = ("sex", "age_band", "product")
_WORDS = (("F", "M"), ("50-59", "60-69", "70-79", "90 or more"), ("ide-cel", "cilta-cel", "other"))


def cases() -> list[list[list[str]]]:
    """Tables of 1 to 120 rows; small ones are mostly of people who stand alone."""
    draw = random.Random(11)
    sizes = (1, 2, 3, 8, 20, 40, 80, 120, 120, 120)
    return [
        [[draw.choice(words) for words in _WORDS[:width]] for _ in range(size)]
        for size in sizes
        for width in (1, 2, 3)
    ]


def main() -> None:
    import pandas as pd
    from pycanon import anonymity  # type: ignore[import-not-found]

    found = []
    for rows in cases():
        columns = list(COLUMNS[: len(rows[0])])
        k = anonymity.k_anonymity(pd.DataFrame(rows, columns=columns), columns)
        found.append({"columns": columns, "rows": rows, "k": int(k)})
    FILE.write_text(json.dumps({"pycanon": "1.3.6", "cases": found}) + "\n", "utf-8")


if __name__ == "__main__":
    main()
