"""A CDM cut into parts by patient. A part is a small CDM by itself: Parquet files of its patients'
rows, and of the vocabulary what they use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl

from rearm.errors import InputError
from rearm.files import write_frame
from rearm.intake.omop.cdm import Cdm
from rearm.intake.omop.folder import FolderCdm
from rearm.intake.omop.loss import Cause, Losses
from rearm.intake.omop.read import open_cdm, read_cdm, unread_of
from rearm.intake.omop.tables import TABLES, VOCABULARY, CdmTable, typed
from rearm.intake.omop.vocabulary import read_vocabulary
from rearm.intake.parts import Parts, folder_of_part, part_of
from rearm.intake.result import Reading
from rearm.knowledge.bundle import Knowledge

__all__ = ["OmopParts"]

_INPUT = "input.json"  # the files of the input, which places name
_OF_PART = "__part"
_PATIENT = [table for table in TABLES.values() if table.of_person]
_BETWEEN = "\x1f"  # between the cells of a row that is hashed


class OmopParts:
    """Reads a CDM in parts (`PartReader`); what lies in PostgreSQL too, by its address."""

    def cut(self, source: str | Path, folder: Path, count: int) -> Parts:
        """Writes the rows of each part to its folder. At most one batch of rows, the concept ids
        and the ids of episodes are in memory. Raises InputError where nothing can be read.
        """
        with closing(open_cdm(source)) as cdm:
            issues = [*cdm.issues, *unread_of(cdm)]
            losses = Losses({name: cdm.file_of(name) for name in cdm.tables})
            concepts: dict[int, set[int]] = {}
            episodes = _cut_patients(cdm, folder, count, concepts, losses)
            if not concepts:
                raise InputError(f"{', '.join(cdm.files[:1])} contains no patient.")
            _cut_events(cdm, folder, episodes, concepts)
            _cut_vocabulary(cdm, folder, concepts)
            named = json.dumps({name: cdm.file_of(name) for name in cdm.tables}, sort_keys=True)
            for part in concepts:
                (folder_of_part(folder, part) / _INPUT).write_text(named, "utf-8")
            return Parts(files=cdm.files, issues=(*issues, *losses.issues))

    def hashes(self, part: Path) -> Mapping[str, str]:
        """By patient, a hash of his rows and of what their concepts stand for."""
        cdm = _part(part)
        meanings = _meanings(cdm)
        rows: list[pl.DataFrame] = []
        patients = _episodes_of(cdm)
        for table in TABLES.values():
            if table.name not in cdm.tables or table.name in VOCABULARY:
                continue
            for raw in cdm.batches(table.name, table.read):
                frame = typed(raw, table)
                if not table.of_person:
                    frame = frame.join(patients, on="key", how="inner")
                rows.append(_as_text(frame, table, meanings))
        every = pl.concat(rows).sort("person", "row")
        return {
            person: hashlib.sha256("\n".join(own).encode("utf-8", "replace")).hexdigest()
            for person, own in every.group_by("person", maintain_order=True)
            .agg(pl.col("row"))
            .iter_rows()
        }

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """The records of a part, or those of `patients`; places are those of the input."""
        return read_cdm(_part(part), knowledge, today=today, patients=patients)


def _part(part: Path) -> FolderCdm:
    return FolderCdm(part, json.loads((part / _INPUT).read_text("utf-8")))


def _cut_patients(
    cdm: Cdm, folder: Path, count: int, concepts: dict[int, set[int]], losses: Losses
) -> pl.DataFrame:
    """The tables that name their patient; notes the concepts of each part. Gives the part of each
    episode.
    """
    episodes: list[pl.DataFrame] = [pl.DataFrame(schema={"key": pl.Int64(), _OF_PART: pl.Int32()})]
    for table in _PATIENT:
        for number, frame in enumerate(_batches(cdm, table, losses)):
            placed = _with_parts(losses.without_strays(table.name, frame), count)
            if table.name == "episode":
                episodes.append(placed.select("key", pl.col(_OF_PART).cast(pl.Int32)))
            _write(placed, table, folder, number, concepts)
    return pl.concat(episodes)


def _batches(cdm: Cdm, table: CdmTable, losses: Losses) -> Iterator[pl.DataFrame]:
    """The typed rows of a table; one that can't be read is told, and the others are read."""
    if table.name not in cdm.tables:
        return
    try:
        for raw in cdm.batches(table.name, table.read):
            yield typed(raw, table)
    except InputError as error:
        if table.name == "person":
            raise
        sentence = f"{error} What of the table {table.name} follows is not read."
        losses.add(
            Cause(
                severity="error",
                code="file_unreadable",
                table=table.name,
                sentence=sentence,
                done="refused",
            ),
        )


def _with_parts(frame: pl.DataFrame, count: int) -> pl.DataFrame:
    persons = frame.select("person").unique()
    parts = [part_of(person, count) for person in persons["person"].to_list()]
    placed = persons.with_columns(pl.Series(_OF_PART, parts, pl.Int64()))
    return frame.join(placed, on="person", how="left", maintain_order="left")


def _write(
    placed: pl.DataFrame,
    table: CdmTable,
    folder: Path,
    number: int,
    concepts: dict[int, set[int]],
) -> None:
    """The rows of a batch, each to its part, under the names of the CDM."""
    names = {ours: column for ours, (column, _) in table.columns.items()}
    for (part,), rows in placed.partition_by(_OF_PART, as_dict=True, include_key=False).items():
        used = concepts.setdefault(int(part), set())
        for column in table.concepts:
            used.update(rows[column].unique().drop_nulls().to_list())
        texts = [c for c in rows.columns if c.endswith("_text")]
        # a number that is none is kept as it stands
        whole = rows.with_columns(
            pl.coalesce(pl.col(c), pl.col(c.removesuffix("_text")).cast(pl.String)).alias(
                c.removesuffix("_text")
            )
            for c in texts
            if rows[c].null_count() < rows.height
        ).drop(texts)
        own = folder_of_part(folder, int(part)) / table.name
        own.mkdir(parents=True, exist_ok=True)
        file = own / f"{number:06d}.parquet"
        write_frame(file, whole.rename(names))


def _cut_events(
    cdm: Cdm, folder: Path, episodes: pl.DataFrame, concepts: dict[int, set[int]]
) -> None:
    table = TABLES["episode_event"]
    if table.name not in cdm.tables:
        return
    unique = episodes.unique("key")
    for number, raw in enumerate(cdm.batches(table.name, table.read)):
        placed = typed(raw, table).join(unique, on="key", how="inner")
        _write(placed, table, folder, number, concepts)


def _cut_vocabulary(cdm: Cdm, folder: Path, concepts: dict[int, set[int]]) -> None:
    """To each part what its rows use of CONCEPT and CONCEPT_ANCESTOR."""
    vocabulary, above = read_vocabulary(cdm, set().union(*concepts.values()))
    above = above.drop_nulls()
    names = {ours: column for ours, (column, _) in TABLES["concept"].columns.items()}
    higher = {ours: column for ours, (column, _) in TABLES["concept_ancestor"].columns.items()}
    for part, used in concepts.items():
        own = folder_of_part(folder, part)
        over = above.filter(pl.col("key").is_in(list(used)))
        wanted = used | set(over["ancestor"].to_list())
        if "concept" in cdm.tables:
            frame = vocabulary.frame(wanted).rename(names)
            _save(frame, own / "concept")
        if "concept_ancestor" in cdm.tables:
            _save(over.rename(higher), own / "concept_ancestor")


def _save(frame: pl.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_frame(folder / "000000.parquet", frame)


def _episodes_of(cdm: Cdm) -> pl.DataFrame:
    """The patient of each episode of a part."""
    table = TABLES["episode"]
    frames = [typed(pl.DataFrame(), table)]
    if table.name in cdm.tables:
        frames += [typed(raw, table) for raw in cdm.batches(table.name, table.read)]
    return pl.concat(frames).select("key", "person").unique("key")


def _meanings(cdm: Cdm) -> pl.DataFrame:
    """What each concept id of a part stands for, with what stands above it, as text."""
    ids: set[int] = set()
    for table in TABLES.values():
        if table.name in cdm.tables and table.name not in VOCABULARY:
            for raw in cdm.batches(table.name, table.read):
                frame = typed(raw, table)
                for column in table.concepts:
                    ids.update(frame[column].unique().drop_nulls().to_list())
    vocabulary, above = read_vocabulary(cdm, ids)
    stands: dict[int, list[str]] = {}
    for key, ancestor in above.select("key", "ancestor").drop_nulls().sort("ancestor").iter_rows():
        stands.setdefault(key, []).append(vocabulary.meaning(ancestor))
    return pl.DataFrame(
        [(i, ";".join([vocabulary.meaning(i), *stands.get(i, ())])) for i in sorted(ids)],
        schema={"id": pl.Int64(), "meaning": pl.String()},
        orient="row",
    )


def _as_text(frame: pl.DataFrame, table: CdmTable, meanings: pl.DataFrame) -> pl.DataFrame:
    """Each row as one text, its concepts as what they stand for."""
    for column in table.concepts:
        meant = meanings.rename({"id": column, "meaning": f"{column} means"})
        frame = frame.join(meant, on=column, how="left", maintain_order="left")
    cells = [pl.col(c).cast(pl.String).fill_null("") for c in sorted(frame.columns)]
    text = pl.concat_str([pl.lit(table.name), *cells], separator=_BETWEEN)
    return frame.select("person", text.alias("row"))
