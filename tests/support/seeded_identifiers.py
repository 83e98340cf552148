"""Eighteen kinds of things that tell who a patient is, put into inputs and stores to see whether
they come out again. All are invented.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import polars as pl
from tests.support.generated_patients import write_patients

__all__ = ["IDENTIFIERS", "hits", "marked_store", "texts_of", "write_marked_patients"]

# the kinds of the HIPAA Safe Harbor list
IDENTIFIERS = {
    "name": "Quillhaven",
    "place": "Oberfriedrichswalde",
    "date of birth": "1951-03-14",
    "phone": "0351-5550199",
    "fax": "0351-5550177",
    "e-mail": "quillhaven@mail.example",
    "social security": "078-05-1120",
    "record number": "MRN-0048213",
    "health plan": "KVNR-A123456780",
    "account": "DE02-1203-0000",
    "licence": "LANR-888777601",
    "vehicle": "PIR-QH-417",
    "device": "SN-PACE-99231",
    "web address": "https://portal.example/p/48213",
    "network address": "203.0.113.77",
    "biometric": "IRIS-7F3A9C",
    "photograph": "quillhaven_face.jpg",
    "other code": "BATCH-CC-00417-QH",
}
_PLACES = {  # kind, table, column: where a centre writes such things
    "name": ("therapies", "stop_reason"),
    "place": ("imaging", "site"),
    "phone": ("facts", "by"),
    "fax": ("labs", "value"),
    "e-mail": ("assessments", "by"),
    "social security": ("conditions", "condition"),
    "health plan": ("variants", "assay"),
    "account": ("infusions", "reason"),
    "licence": ("refractoriness", "by"),
    "vehicle": ("toxicities", "toxicity"),
    "device": ("infusions", "construct"),
    "web address": ("labs", "unit"),
    "network address": ("labs", "method"),
    "biometric": ("variants", "change"),
    "photograph": ("imaging", "method"),
    "other code": ("infusions", "product"),
}


def write_marked_patients(number: int, folder: Path, seed: int = 5) -> Path:
    """Generated patients whose tables hold every kind: in ids, dates, free texts, words that can't
    be read, headers and file names.
    """
    write_patients(number, folder, seed)
    for kind, (table, column) in _PLACES.items():
        _put(folder / f"{table}.csv", column, IDENTIFIERS[kind])
    for file in folder.glob("*.csv"):
        text = file.read_text("utf-8")
        file.write_text(text.replace("G00", f"{IDENTIFIERS['record number']}-"), "utf-8")
    _put(folder / "patients.csv", "birth_date", IDENTIFIERS["date of birth"], every=True)
    _put(folder / "patients.csv", IDENTIFIERS["name"], IDENTIFIERS["e-mail"])
    (folder / f"{IDENTIFIERS['photograph']}.csv").write_text("a,b\n1,2\n", "utf-8")
    return folder


def _put(file: Path, column: str, text: str, *, every: bool = False) -> None:
    """The text in a column of every third row, or of all."""
    with file.open(encoding="utf-8", newline="") as open_file:
        rows = list(csv.DictReader(open_file))
    for row in rows if every else rows[::3]:
        row[column] = text
    names = [*rows[0], *([column] if column not in rows[0] else [])]
    with file.open("w", encoding="utf-8", newline="") as open_file:
        writer = csv.DictWriter(open_file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def marked_store(store: Path, text: str, *, ids: bool) -> int:
    """Every text cell of every table of a store holds the text beside what it held; of a list, as a
    word of its own. The number of columns. `ids`: the patients' ids begin with it, too.
    """
    columns = 0
    for file in sorted(store.rglob("*.parquet")):
        frame = pl.read_parquet(file, glob=False)
        changes = [_marked(name, kind, text, ids=ids) for name, kind in frame.schema.items()]
        found = [change for change in changes if change is not None]
        columns += len(found)
        frame.with_columns(found).write_parquet(file)
    return columns


def _marked(name: str, kind: pl.DataType, text: str, *, ids: bool) -> pl.Expr | None:
    if name == "patient_id":
        return (pl.lit(text) + pl.col(name)).alias(name) if ids else None
    if kind == pl.String:
        return pl.concat_str(pl.col(name).fill_null(""), pl.lit(text)).alias(name)
    if kind == pl.List(pl.String):
        empty = pl.lit([], dtype=pl.List(pl.String))
        return pl.col(name).fill_null(empty).list.concat(pl.lit(text)).alias(name)
    return None


def texts_of(folder: Path) -> Iterable[str]:
    """Everything that the files of a folder say: names, headers, cells, and what Parquet files keep
    beside their rows.
    """
    for file in sorted(x for x in folder.rglob("*") if x.is_file()):
        yield file.name
        yield file.read_bytes().decode("latin-1")
        if file.suffix == ".parquet":
            frame = pl.read_parquet(file, glob=False)
            yield from frame.columns
            yield from _with_texts(frame).write_csv().split("\n")


def _with_texts(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(c).list.join(";") for c, kind in frame.schema.items() if kind.is_nested()
    )


def hits(folder: Path, wanted: Iterable[str]) -> dict[str, int]:
    """How many texts of a folder hold each wanted text, whatever its case."""
    found = dict.fromkeys(wanted, 0)
    for text in texts_of(folder):
        lower = text.lower()
        for one in found:
            found[one] += one.lower() in lower
    return found
