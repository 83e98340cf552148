"""YAML of the tests, by the parser in C where PyYAML has it: every process reads much of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

__all__ = ["read_yaml"]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path) -> Any:
    return yaml.load(file.read_text("utf-8"), Loader=_LOADER)
