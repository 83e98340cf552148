"""FHIR R4 as a server exports it: bulk NDJSON, a file a type of resource with a manifest; or one
bundle a patient.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from rearm.demo import rates
from rearm.demo.chart import Tables
from rearm.demo.write.fhir_resources import bundle, resources_of
from rearm.demo.write.folder import empty_folder

__all__ = ["write_bundles", "write_ndjson"]

_NOTE = "Invented patient; derived from no real person."
_TEST_DATA = {
    "tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
}


def write_ndjson(registry: Iterable[Tables], folder: Path) -> int:
    """`Patient.000.ndjson`, `Observation.000.ndjson` ... and `manifest.json`; gives the number of
    patients.
    """
    empty_folder(folder)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        files: dict[str, IO[str]] = {}
        for tables in registry:
            for resource in resources_of(tables):
                kind = resource["resourceType"]
                if kind not in files:
                    path = folder / _file_name(kind)
                    files[kind] = stack.enter_context(path.open("w", encoding="utf-8"))
                counts[kind] += 1
                files[kind].write(_line({**resource, "meta": _TEST_DATA}))
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(_manifest(counts), indent=1) + "\n", "utf-8")
    return counts["Patient"]


def write_bundles(registry: Iterable[Tables], folder: Path) -> int:
    """One bundle a patient, named by his id; gives the number of patients."""
    empty_folder(folder)
    count = 0
    for tables in registry:
        count += 1
        name = str(tables["patients"][0]["patient_id"])
        content = bundle(tables, name=name, tag=_NOTE)
        (folder / f"{name}.json").write_text(_line(content), "utf-8")
    return count


def _file_name(kind: str) -> str:
    return f"{kind}.000.ndjson"


def _manifest(counts: Counter[str]) -> dict[str, Any]:
    return {
        "transactionTime": f"{rates.DATA_CUT.isoformat()}T00:00:00Z",
        "request": "https://example.org/rearm/$export",
        "requiresAccessToken": False,
        "output": [
            {"type": kind, "url": f"https://example.org/rearm/{_file_name(kind)}", "count": count}
            for kind, count in sorted(counts.items())
        ],
        "error": [],
    }


def _line(resource: dict[str, Any]) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n"
