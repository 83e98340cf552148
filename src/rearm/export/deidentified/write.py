"""The de-identified tables of a store, written into a folder of their own."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from rearm.cohort.store.folder import StoreFolder
from rearm.errors import InputError
from rearm.export.deidentified.anonymity import QUASI, smallest_class
from rearm.export.deidentified.days import Blur, dated_by_month, vague_ends
from rearm.export.deidentified.finding_columns import findings_in_words, findings_that_leave
from rearm.export.deidentified.new_ids import NewId, apart, new_ids, read_key, write_key
from rearm.export.deidentified.people import (
    BANDS,
    DAYS_A_YEAR,
    NEW_ID,
    People,
    age_band,
    people_of,
    with_joined_lists,
    year_band,
)
from rearm.export.deidentified.table import Leaving, shifted, treated
from rearm.export.deidentified.texts import common, only_words, replaced
from rearm.export.deidentified.treatments import FINDINGS_OF_AGENTS, TREATMENTS
from rearm.export.deidentified.vocabulary import JOINTS, of_products, vocabularies
from rearm.files import write_frame
from rearm.knowledge import Knowledge, load
from rearm.version import __version__

__all__ = ["LEAST", "Deidentified", "deidentify"]

LEAST = 5  # patients that are alike
_ROW = "__row"


@dataclass(slots=True, kw_only=True)
class Deidentified:
    """What an export holds. `smallest_group`: the least number of patients who are alike in the
    table that was written; None: there is nobody. `unlisted`: columns without a treatment, which
    stayed. `replaced`: words of a column that are in no vocabulary or that few patients have, by
    table and column.
    """

    folder: Path
    key: Path | None
    least: int
    people: People
    tables: dict[str, int] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)
    replaced: Counter[tuple[str, str]] = field(default_factory=Counter)
    rare_findings: list[str] = field(default_factory=list)
    smallest_group: int | None = None

    @property
    def patients(self) -> int:
        return self.people.frame.height


def deidentify(
    store: Path,
    folder: Path,
    *,
    key: Path | None = None,
    least: int = LEAST,
    knowledge: Knowledge | None = None,
) -> Deidentified:
    """Writes the tables of `store` into `folder` without what tells who a patient is.

    `key`: a file for the ids that lead back; without it nothing does. One of an earlier export
    keeps its ids, and new patients are added. `least`: patients of fewer than so many who are alike
    in the quasi-identifiers lose some of these; words that fewer have are replaced.

    Raises InputError where there is no store, where `folder` holds something or lies in the store,
    and where the key would lie in either.
    """
    source = StoreFolder(store)
    source.finished()
    _check_place(store, folder)
    if key is not None:
        apart(key, folder, store)
    known = read_key(key) if key is not None else {}
    made = _Export(source, knowledge or load(), least, folder, key)
    made.read(known)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".rearm-"))
    whole = work / "whole"
    whole.mkdir()
    try:
        made.write(whole)
        if key is not None:
            write_key(key, {**known, **made.ids})
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made.done


def _check_place(store: Path, folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"{folder} is not empty. Name a new folder, so that nothing that is there already "
            "leaves with the tables."
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file. Name a new folder.")
    inside = folder.resolve()
    if store.resolve() in (inside, *inside.parents):
        raise InputError(f"{folder} lies in the store. Name a folder elsewhere.")


class _Export:
    """One export while it is made."""

    def __init__(
        self, store: StoreFolder, knowledge: Knowledge, least: int, folder: Path, key: Path | None
    ) -> None:
        self.store, self.knowledge, self.least = store, knowledge, least
        self.words = vocabularies(knowledge)
        self.blur = Blur()
        self.folder, self.key = folder, key
        self.tables: dict[str, pl.DataFrame] = {}
        self.replaced: Counter[tuple[str, str]] = Counter()
        self.unlisted: list[str] = []

    def read(self, known: Mapping[str, NewId]) -> None:
        """Every table with the columns that are listed, the texts that may leave, and days counted
        from the origin.
        """
        for name, listed in TREATMENTS.items():
            if not any(t.kind == "new_id" for t in listed.values()):
                continue
            frame = self._listed(name)
            self.tables[name] = self._texts(name, frame)
        seen = pl.col("last_seen") - pl.col("infusion_day")
        patients = self.tables["patients"].with_columns(
            _filled("heavy_chain"),
            age_band(pl.col("age"), seen / DAYS_A_YEAR).alias(BANDS["age"]),
            year_band(pl.col("infusion_year")).alias(BANDS["infusion_year"]),
        )
        self.ids = new_ids(patients["patient_id"], known)
        if self.key is None:
            self.ids = self._salted_by_rows()
        self.people = people_of(patients, self.tables["infusions"], self.ids, self.least)
        self.tables["patients"] = patients
        for name, frame in self.tables.items():
            joined = frame.join(self.people.frame, on="patient_id", how="inner")
            self.tables[name] = shifted(joined, TREATMENTS[name])
        self.done = Deidentified(
            folder=self.folder,
            key=self.key,
            least=self.least,
            people=self.people,
            unlisted=self.unlisted,
            replaced=self.replaced,
        )

    def _salted_by_rows(self) -> dict[str, NewId]:
        """Without a key that keeps the salts they are made of the rows of a patient, which nobody
        outside knows: a second export widens alike.
        """
        rows = self.store.table("patients").select("patient_id", "source_hash").collect()
        hashes = dict(rows.iter_rows())
        return {p: NewId(new.id, hashes[p] or new.salt) for p, new in self.ids.items()}

    def _listed(self, name: str) -> pl.DataFrame:
        """The rows of a table in their order, with the columns that may leave."""
        lazy = self.store.table(name)
        there = lazy.collect_schema().names()
        if name == "findings":
            wanted, unlisted = findings_that_leave(there, self.knowledge)
        else:
            listed = TREATMENTS[name]
            wanted = [c for c in there if c in listed and listed[c].kind != "drop"]
            unlisted = [c for c in there if c not in listed]
        self.unlisted += [f"{name}.{column}" for column in unlisted]
        return lazy.select(wanted).collect().with_row_index(_ROW)

    def _texts(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        if name == "findings":
            return findings_in_words(frame, self.knowledge)
        changed = []
        for column, treatment in TREATMENTS[name].items():
            if treatment.words is None or column not in frame.columns:
                continue
            joint = JOINTS.get(treatment.words)
            words = self.words[treatment.words]
            if treatment.rare:
                words = common(frame, column, words, joint, self.least)
            self.replaced[name, column] += replaced(frame, column, words, joint)
            changed.append(only_words(frame, column, words, joint))
        return frame.with_columns(changed)

    def write(self, folder: Path) -> None:
        """All files of the export."""
        pairs = _pairs(self.tables)
        leaving = Leaving(
            blur=self.blur,
            ends=vague_ends(self.tables, pairs),
            by_month=dated_by_month(self.tables, pairs),
            products=of_products(self.knowledge),
            least=self.least,
        )
        for name, frame in self.tables.items():
            out = treated(name, frame, leaving)
            self.done.rare_findings += out.rare
            if name == "patients":
                self.done.smallest_group = smallest_class(with_joined_lists(out.frame))
            # the order of the store follows the ids of the input
            ready = out.frame.sort(NEW_ID, _ROW).drop(_ROW).rename({NEW_ID: "patient_id"})
            write_frame(folder / f"{name}.parquet", ready)
            self.done.tables[name] = ready.height
        (folder / "columns.csv").write_text(self._columns(), "utf-8")
        text = json.dumps(self._report(), ensure_ascii=False, indent=1)
        (folder / "report.json").write_text(text + "\n", "utf-8")

    def _columns(self) -> str:
        """What became of each column, as CSV."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("table", "column", "becomes", "how", "why", "replaced"))
        for name, listed in TREATMENTS.items():
            for column, treatment in listed.items():
                becomes = "" if treatment.kind == "drop" else BANDS.get(column, column)
                count = self._few(self.replaced.get((name, column)))
                how = treatment.kind.replace("_", " ")
                if treatment.words is not None:
                    how = f"words: {treatment.words}"
                writer.writerow((name, column, becomes, how, treatment.note, count))
        for prefix in FINDINGS_OF_AGENTS:
            why = TREATMENTS["findings"]["prior_lines"].note
            writer.writerow(("findings", f"{prefix}...", f"{prefix}...", "words: finding", why, ""))
        return out.getvalue()

    def _few(self, count: int | None) -> str:
        """A count that tells of no few patients."""
        if count is None:
            return ""
        return f"<{self.least}" if 0 < count < self.least else str(count)

    def _report(self) -> dict[str, Any]:
        people = self.people
        return {
            "software": __version__,
            "knowledge": self.knowledge.version,
            "patients": people.frame.height,
            "tables": self.done.tables,
            "quasi_identifiers": list(QUASI),
            "smallest_group_asked_for": self.least,
            "smallest_group_before": people.alike_before,
            "patients_alone_in_their_group_before": people.alone_before,
            "smallest_group": self.done.smallest_group,
            "values_withheld": dict(people.withheld),
            "findings_left_out_because_few_have_them": sorted(self.done.rare_findings),
            "columns_without_a_treatment_left_out": len(self.unlisted),
        }


def _pairs(tables: Mapping[str, pl.DataFrame]) -> list[tuple[str, str, str]]:
    """Columns that are the two ends of a day, by table; those of endpoints as days of the axis."""
    pairs = [
        (name, column, treatment.partner)
        for name in tables
        for column, treatment in TREATMENTS[name].items()
        if treatment.kind in ("between", "days_between")
        and treatment.partner is not None
        and column.endswith("low")
    ]
    return pairs


def _filled(name: str) -> pl.Expr:
    """A list, empty where it holds nothing: unknown is one value."""
    return pl.when(pl.col(name).list.len() > 0).then(pl.col(name)).alias(name)
