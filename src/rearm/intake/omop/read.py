"""OMOP CDM 5.4 to records: each row becomes rows of the tidy tables, so that every way in gives the
same record.

Read: person, observation_period, death, condition_occurrence, drug_exposure, procedure_occurrence,
measurement, observation, specimen, episode with episode_event; concept and concept_ancestor say
what they mean. Every other table is counted in one note.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl

from rearm.errors import InputError
from rearm.intake.build.gather import RowRun, gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.cells import RowMaker
from rearm.intake.issues import issue_at, place_at
from rearm.intake.omop.cdm import Cdm, some_tables
from rearm.intake.omop.conditions import add_conditions
from rearm.intake.omop.database import (
    DuckDbCdm,
    PostgresCdm,
    is_duckdb_file,
    is_postgres_address,
)
from rearm.intake.omop.drugs import add_infusions, add_therapies, drugs_of
from rearm.intake.omop.episodes import add_lines
from rearm.intake.omop.folder import FolderCdm, is_cdm_folder
from rearm.intake.omop.intervals import tell_first_of_months, tell_undated
from rearm.intake.omop.loss import Cause, Losses
from rearm.intake.omop.observations import add_facts, add_responses, add_variants
from rearm.intake.omop.persons import add_persons
from rearm.intake.omop.procedures import add_procedures, procedures_of
from rearm.intake.omop.results import add_results, with_fates
from rearm.intake.omop.runs import runs_of
from rearm.intake.omop.tables import TABLES, VOCABULARY, CdmTable, typed
from rearm.intake.omop.translation import Translation
from rearm.intake.omop.vocabulary import Vocabulary, read_vocabulary, used_concepts
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Issue, Source

__all__ = ["is_omop", "observation_periods", "open_cdm", "read_cdm", "read_omop", "unread_of"]

_OF_RESULTS = ("measurement", "observation")
_UNNAMED = 40  # columns that are not read and are named in a sentence


def is_omop(path: Path) -> bool:
    """Whether a path is a folder with the tables of a CDM, or a DuckDB file."""
    return is_cdm_folder(path) if path.is_dir() else is_duckdb_file(path)


def open_cdm(source: str | Path) -> Cdm:
    """The CDM of a folder, a DuckDB file or a `postgresql://` address. Raises InputError."""
    if isinstance(source, str) and is_postgres_address(source):
        return PostgresCdm(source)
    path = Path(source)
    return FolderCdm(path) if path.is_dir() else DuckDbCdm(path)


def read_omop(
    path: str | Path, knowledge: Knowledge | None = None, *, today: date | None = None
) -> Reading:
    """Records of a CDM, all in memory at once as columns; a large one is read in parts
    (`OmopParts`).

    `path` is a folder of CSV or Parquet files, a DuckDB file, or a `postgresql://` address. Rows
    are found by the `concept_code` that the site's own CONCEPT gives their ids. Raises InputError
    with a sentence where nothing can be read or no patient is there.
    """
    known = bundled() if knowledge is None else knowledge
    with closing(open_cdm(path)) as cdm:
        return read_cdm(cdm, known, today=today, further=unread_of(cdm))


def observation_periods(path: str | Path) -> pl.DataFrame:
    """When each patient was under observation: `patient_id`, `start`, `end` as dates (blank where
    unknown), one row a period. The start is where left truncation begins.
    """
    table = TABLES["observation_period"]
    with closing(open_cdm(path)) as cdm:
        if table.name not in cdm.tables:
            return pl.DataFrame(
                schema={"patient_id": pl.String(), "start": pl.Date(), "end": pl.Date()}
            )
        frame = typed(some_tables(cdm, table.name, table.read), table)
    return frame.select(
        pl.col("person").alias("patient_id"),
        *(pl.col(c).str.to_date("%Y-%m-%d", strict=False) for c in ("start", "end")),
    )


def read_cdm(
    cdm: Cdm,
    knowledge: Knowledge,
    *,
    today: date | None = None,
    patients: Collection[str] | None = None,
    further: Collection[Issue] = (),
) -> Reading:
    """The records of an open CDM, or those of `patients`; `further` are issues found before."""
    files = {name: cdm.file_of(name) for name in cdm.tables}
    losses = Losses(files, [*cdm.issues, *further])
    frames = _frames(cdm, losses, patients)
    vocabulary, _ = read_vocabulary(cdm, used_concepts(frames))
    t = Translation(knowledge=knowledge, vocabulary=vocabulary, frames=frames, losses=losses)
    _translate(t)
    _tell_vocabulary(t)
    maker = RowMaker(knowledge.tidy_tables, ".")
    plain = RowMaker(knowledge.tidy_tables, None)
    runs: list[RowRun] = []
    for rows in t.rows:
        runs.extend(runs_of(rows, maker if rows.decimal == "." else plain, files))
    gathered = gather(runs, losses.issues)
    if not gathered.runs:
        why = gathered.why_nobody() or "Its table person has no row."
        raise InputError(f"{', '.join(cdm.files[:1])} contains no patient. {why}")
    terms = Terms(knowledge)
    return Reading(lambda: make_records(gathered, terms, today=today), gathered.issues, cdm.files)


def _frames(cdm: Cdm, losses: Losses, patients: Collection[str] | None) -> dict[str, pl.DataFrame]:
    """The tables of patients that are read, typed; those that are not there are empty."""
    frames: dict[str, pl.DataFrame] = {}
    for table in TABLES.values():
        if table.name in VOCABULARY:
            continue
        frame = _frame(cdm, table, losses, patients)
        frames[table.name] = _of_patients(frame, table, losses)
    return frames


def _frame(
    cdm: Cdm, table: CdmTable, losses: Losses, patients: Collection[str] | None
) -> pl.DataFrame:
    """The rows of one table; none where it is not there or can't be read, which is told."""
    parts = [typed(pl.DataFrame(), table)]
    if table.name not in cdm.tables:
        return parts[0]
    try:
        for raw in cdm.batches(table.name, table.read):
            parts.append(_kept(typed(raw, table), table, patients))
    except InputError as error:
        sentence = f"{error} The table {table.name} is not read; the others are."
        losses.add(
            Cause(
                severity="error",
                code="file_unreadable",
                table=table.name,
                sentence=sentence,
                done="refused",
            ),
        )
        return parts[0]
    return pl.concat(parts)


def _kept(frame: pl.DataFrame, table: CdmTable, patients: Collection[str] | None) -> pl.DataFrame:
    if patients is None or not table.of_person:
        return frame
    return frame.filter(pl.col("person").is_in(list(patients)))


def _of_patients(frame: pl.DataFrame, table: CdmTable, losses: Losses) -> pl.DataFrame:
    """The rows that name their patient; the others are told."""
    return losses.without_strays(table.name, frame) if table.of_person else frame


def _translate(t: Translation) -> None:
    """Every table to rows of the tidy tables."""
    tell_first_of_months(t)
    tell_undated(t)
    add_persons(t)
    add_conditions(t)
    drugs, procedures = drugs_of(t), procedures_of(t)
    in_lines = add_lines(t, drugs)
    add_therapies(t, drugs, in_lines)
    add_infusions(t, drugs, procedures)
    add_procedures(t, procedures)
    for table in _OF_RESULTS:
        rows = with_fates(t, table)
        add_results(t, table, rows)
        add_responses(t, table, rows)
        add_facts(t, table, rows)
        add_variants(t, table, rows)


def _tell_vocabulary(t: Translation) -> None:
    """What the site's CONCEPT lacks, or says otherwise than the hints."""
    vocabulary: Vocabulary = t.vocabulary
    used = used_concepts(t.frames)
    if not vocabulary.given:
        t.losses.add(
            Cause(
                severity="warning",
                code="concept_table_missing",
                table="concept",
                sentence=(
                    "The table concept is missing, so concept ids are read only where they are "
                    "among the few that Rearm knows. Export concept (and concept_ancestor) with "
                    "the data."
                ),
                done="used",
            ),
        )
    else:
        lacking = [str(i) for i in sorted(used) if not vocabulary.known(i)]
        t.losses.names(
            Cause(
                severity="warning",
                code="concept_missing",
                table="concept",
                sentence=(
                    "{concepts} are used and not in the table concept ({list}). Known ids are read "
                    "all the same, other rows by their source values."
                ),
                done="used",
                column="concept_id",
            ),
            lacking,
        )
        known = (vocabulary.concept(i) for i in sorted(used) if vocabulary.known(i))
        t.losses.names(
            Cause(
                severity="error",
                code="concept_without_code",
                table="concept",
                sentence=(
                    "{concepts} have no concept_code in the table concept ({list}). Export the "
                    "vocabulary again."
                ),
                column="concept_code",
            ),
            [str(concept) for concept in known if concept is not None and not concept.code],
        )
    for concept, hint in vocabulary.mismatches(t.knowledge):
        t.losses.add(
            Cause(
                severity="note",
                code="concept_differs",
                table="concept",
                sentence=(
                    f"The concept {concept} is {hint} in other mappings of myeloma. What CONCEPT "
                    "says is used."
                ),
                done="used",
                column="concept_id",
            ),
        )


def unread_of(cdm: Cdm) -> list[Issue]:
    """What a CDM holds in tables and columns that are not read, by count."""
    left = [name for name in cdm.tables if name not in TABLES and name not in VOCABULARY]
    counts = {name: cdm.filled(name, ())[0] for name in left}
    counts = {name: count for name, count in sorted(counts.items()) if count}
    issues: list[Issue] = []
    if counts:
        listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
        places = [
            place_at(Source(cdm.file_of(name), name), None, None, count)
            for name, count in counts.items()
        ]
        problem = CellProblem(
            "note",
            "tables_not_read",
            f"These tables are not read, with the number of their rows: {listed}.",
        )
        issues.append(issue_at(places[0].source, problem, places=places))
    for table in TABLES.values():
        if table.name in cdm.tables and table.name not in VOCABULARY:
            issues.extend(_columns_unread(cdm, table))
    return issues


def _columns_unread(cdm: Cdm, table: CdmTable) -> list[Issue]:
    read = {table.key, *table.read}
    left = [column for column in cdm.tables[table.name] if column not in read]
    _, counts = cdm.filled(table.name, left)
    filled: Mapping[str, int] = {name: count for name, count in counts.items() if count}
    source = Source(cdm.file_of(table.name), table.name)
    issues: list[Issue] = []
    if filled:
        listed = ", ".join(f"{name} ({count})" for name, count in list(filled.items())[:_UNNAMED])
        problem = CellProblem(
            "note",
            "columns_not_read",
            f"These columns of {table.name} are not read, with the number of cells that are "
            f"filled: {listed}.",
        )
        issues.append(
            issue_at(
                source,
                problem,
                places=[place_at(source, None, name, count) for name, count in filled.items()],
            )
        )
    lacking = [column for column in table.read if column not in cdm.tables[table.name]]
    if lacking:
        problem = CellProblem(
            "note",
            "columns_missing",
            f"{table.name} lacks columns of OMOP CDM 5.4: {', '.join(lacking)}. They count as "
            "blank.",
            "used",
        )
        issues.append(issue_at(source, problem))
    return issues
