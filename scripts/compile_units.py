"""Write src/rearm/knowledge/data/units.toml: the factor from each allowed unit of each test to its
canonical unit.

Needs pint and ucumvert (extra `units`). `--check` writes nothing and fails where the file is not
what would be written.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from ucumvert import PintUcumRegistry

DATA = Path(__file__).parent.parent / "src" / "rearm" / "knowledge" / "data"
HEADER = """\
# Written by `python -m scripts.compile_units` from tests.toml with pint and UCUM definitions; not
# edited here. (In a folder of your own knowledge it is written by hand, for your tests only.)
# [factors.test]  unit = what a value in this unit is multiplied by to be in the canonical unit of
#                 the test (the one with 1).

"""


def factors(tests: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Factor of every allowed unit of every test, derived by pint from the UCUM expressions and the
    molar mass where one is needed.

    Raises pint.DimensionalityError where a unit can't be brought to the canonical one.
    """
    registry = PintUcumRegistry()

    def quantity(label: str) -> Any:
        parsed = registry.from_ucum(tests["unit"][label]["ucum"])
        return (
            parsed if hasattr(parsed, "to") else parsed * registry.from_ucum("1")
        )  # annotations alone come back as a bare number

    found: dict[str, dict[str, float]] = {}
    for test_id, test in tests["test"].items():
        if "units" not in test:
            continue
        canonical = quantity(test["units"][0])
        found[test_id] = {}
        for label in test["units"]:
            given = quantity(label)
            if "molar_mass" in test:
                molar = test["molar_mass"]["g_per_mol"] * registry.from_ucum("g/mol")
                if given.check("[substance] / [length] ** 3") and canonical.check(
                    "[mass] / [length] ** 3"
                ):
                    given = given * molar
                elif given.check("[mass] / [length] ** 3") and canonical.check(
                    "[substance] / [length] ** 3"
                ):
                    given = given / molar
            found[test_id][label] = float(
                f"{(given / canonical).to('dimensionless').magnitude:.12g}"
            )
    return found


def text(tests: dict[str, Any]) -> str:
    blocks = (
        f"[factors.{test_id}]\n"
        + "".join(f'"{label}" = {value!r}\n' for label, value in units.items())
        for test_id, units in factors(tests).items()
    )
    return HEADER + "\n".join(blocks)


def main() -> int:
    tests = tomllib.loads((DATA / "tests.toml").read_text("utf-8"))
    path, new = DATA / "units.toml", text(tests)
    if "--check" in sys.argv[1:]:
        if path.read_text("utf-8") != new:
            print(
                "units.toml is not what tests.toml gives; run scripts/compile_units.py.",
                file=sys.stderr,
            )
            return 1
        return 0
    path.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
