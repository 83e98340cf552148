"""Writes the example patients to `examples/`: all of them as one folder of tidy tables, each as a
FHIR bundle; always the same bytes.

python -m scripts.make_examples          # writes examples/
python -m scripts.make_examples DIR      # writes DIR/tables and DIR/fhir
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.example_patients import PATIENTS

from rearm.demo.write.fhir_resources import bundle
from rearm.intake.dictionary import load_tables

NOTE = "Invented patient of the Rearm examples; derived from no real person."


def example_files() -> Iterator[tuple[str, str]]:
    """Path below `examples/` and content of each file."""
    patients = [make() for make in PATIENTS]
    for table, definition in load_tables().items():
        rows = [row for patient in patients for row in patient.tables.get(table, ())]
        if not rows:
            continue
        columns = [
            c for c in definition.columns if any(row.get(c) not in (None, "") for row in rows)
        ]
        if unknown := {c for row in rows for c in row} - definition.columns.keys():
            raise ValueError(f"{table} has no columns {', '.join(sorted(unknown))}.")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([row.get(c, "") for c in columns] for row in rows)
        yield f"tables/{table}.csv", text.getvalue()
    for patient in patients:
        content = bundle(patient.tables, name=patient.slug, tag=f"{patient.title}. {NOTE}")
        yield f"fhir/{patient.slug}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "examples"
    for name, content in example_files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
