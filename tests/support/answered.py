"""The results of the examples and of all vignettes, by the id of the patient."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.support.results import examples
from tests.support.yaml_files import read_yaml

import rearm
from rearm.assessment.result import Assessment
from rearm.intake import read_tables

__all__ = ["answered"]

_DATA = Path(__file__).parents[1] / "data"


@cache
def answered() -> dict[str, Assessment]:
    """Each as it is asked for: at its day, in its region."""
    found = dict(examples())
    for name in ("vignettes", "vignettes_2"):
        for one in read_yaml(_DATA / f"{name}.yaml"):
            (record,) = read_tables(one["tables"]).records
            found[one["id"]] = rearm.assess(
                record, as_of=one.get("as_of"), region=one.get("region")
            )
    return found
