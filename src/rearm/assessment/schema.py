"""The published JSON Schema of the result object, made from its classes.

python -m rearm.assessment.schema > src/rearm/assessment/schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rearm.assessment.result import SCHEMA_VERSION, Assessment

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Assessment.to_dict()`; `schema.json` holds it."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Assessment).json_schema(mode="serialization")
    named: dict[str, Any] = _renamed(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Assessment of one patient by Rearm",
        "version": SCHEMA_VERSION,
        **{key: value for key, value in named.items() if key != "title"},
    }


def _renamed(node: Any) -> Any:
    """Drops the trailing underscore of keys that are words of Python, makes every key required and
    allows no others.
    """
    if isinstance(node, list):
        return [_renamed(x) for x in node]
    if not isinstance(node, dict):
        return node
    found = {key: _renamed(value) for key, value in node.items() if key not in ("title", "default")}
    if "properties" in node:
        found["properties"] = {
            key.rstrip("_"): _renamed(value) for key, value in node["properties"].items()
        }
        found["required"] = list(found["properties"])
        found["additionalProperties"] = False
    return found


if __name__ == "__main__":
    json.dump(json_schema(), sys.stdout, indent=1)
    sys.stdout.write("\n")
