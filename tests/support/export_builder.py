"""FHIR bulk exports for tests: folders with a file of lines for each type of resource."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from tests.support.places import ROOT

__all__ = ["BUNDLES", "exploded", "line", "manifest", "write_export"]

Json = dict[str, Any]
BUNDLES = sorted((ROOT / "examples" / "fhir").glob("*.json"))


def line(resource: Json) -> str:
    return json.dumps(resource)


def write_export(folder: Path, files: dict[str, Iterable[Json | str]]) -> Path:
    """A folder with these files; resources become lines, texts stand as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        text = "".join(f"{x if isinstance(x, str) else line(x)}\n" for x in lines)
        (folder / name).write_text(text, "utf-8")
    return folder


def manifest(
    output: dict[str, int | None], deleted: Iterable[str] = (), error: Iterable[str] = ()
) -> str:
    """A manifest that names files (by type before the first dot), with their counts."""
    server = "https://example.org/export/7"
    listed = [
        {"type": name.split(".")[0], "url": f"{server}/{name}"}
        | ({} if count is None else {"count": count})
        for name, count in output.items()
    ]
    return json.dumps(
        {
            "transactionTime": "2026-01-01T00:00:00Z",
            "request": f"{server}/$export",
            "output": listed,
            "deleted": [{"type": "Bundle", "url": f"{server}/{name}"} for name in deleted],
            "error": [{"type": "OperationOutcome", "url": f"{server}/{name}"} for name in error],
        }
    )


def exploded(folder: Path, seed: int, *, files_a_type: int = 2) -> Path:
    """All example bundles as one export: a few files a type, their lines shuffled."""
    random = Random(seed)
    lines: dict[str, list[str]] = defaultdict(list)
    for path in BUNDLES:
        for entry in json.loads(path.read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            name = f"{resource['resourceType']}.{random.randrange(files_a_type):03d}.ndjson"
            lines[name].append(line(resource))
    for own in lines.values():
        random.shuffle(own)
    return write_export(folder, dict(lines))
