"""The published JSON Schema of the result object, made from its classes.

python -m rearm.assessment.schema > src/rearm/assessment/schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from rearm.assessment.result import SCHEMA_VERSION, Assessment

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Assessment.to_dict()`; `schema.json` holds it."""
    schema = msgspec.json.schema(Assessment)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Assessment of one patient by Rearm",
        "version": SCHEMA_VERSION,
        **schema,
    }


if __name__ == "__main__":
    json.dump(json_schema(), sys.stdout, indent=1)
    sys.stdout.write("\n")
