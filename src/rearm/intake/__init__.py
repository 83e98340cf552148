"""Input to records: tidy tables, any other layout by a mapping, FHIR bundles and exports, OMOP.

The ways in stand in `readers.py`: each brings what it reads to rows of the tidy tables, and `build`
makes the records from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from os import PathLike
from pathlib import Path

from rearm.errors import InputError
from rearm.garbage import no_collection
from rearm.intake.omop.database import is_postgres_address
from rearm.intake.omop.read import read_omop
from rearm.intake.result import Reading
from rearm.intake.tidy.read import read_tables
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Record

__all__ = ["InputError", "Reading", "read", "read_each", "read_tables"]


def read(
    path: str | PathLike[str],
    mapping: str | PathLike[str] | None = None,
    *,
    redcap: str | PathLike[str] | None = None,
    knowledge: Knowledge | None = None,
    today: date | None = None,
) -> Reading:
    """Everything that `path` holds, as records with their issues.

    `path` is a FHIR R4 bundle (.json), a folder of them or of single resources (without tidy
    tables), FHIR bulk NDJSON (.ndjson, .ndjson.gz), a folder or DuckDB file of OMOP CDM tables (or
    the `postgresql://` address of such a database), a filled form, or a folder or workbook of tidy
    tables; with `mapping` (a TOML file, or the name of one that Rearm brings: sdtm, cbioportal,
    synthea) any other tables; with `redcap` (the data dictionary of the project) an export of
    REDCap. `knowledge` gives the laboratory tests, units, agents and regimens, by default the
    bundled ones. `today` is used only to tell dates that lie in the future.

    A blank cell is unknown. What can't be used is set aside with an issue, never guessed. Raises
    InputError with a sentence: what, where, what to do.

    >>> import rearm
    >>> reading = rearm.read("examples/tables")
    >>> len(reading.records), reading.all_issues()
    (11, ())
    """
    known = bundled() if knowledge is None else knowledge
    if is_postgres_address(address := str(path)):
        with no_collection():
            return read_omop(address, known, today=today)
    source = _existing(path)
    with no_collection():
        if redcap is not None:
            from rearm.intake.redcap.read import read_redcap

            dictionary = _existing(redcap)
            if mapping is not None:
                raise InputError("Give a mapping or a data dictionary of REDCap, not both.")
            return read_redcap(source, dictionary, known, today=today)
        if mapping is not None:
            from rearm.intake.mapping.read import read_mapped
            from rearm.intake.mapping.shipped import mapping_file

            return read_mapped(source, mapping_file(mapping), known, today=today)
        from rearm.intake.readers import reader_of

        return reader_of(source, known).read(source, known, today)


def _existing(path: str | PathLike[str]) -> Path:
    if not str(path).strip():
        raise InputError("No path was given. Give a file or a folder.")
    source = Path(path)
    if not source.exists():
        raise InputError(f"There is no file or folder {source}. Check the path.")
    return source


def read_each(
    path: str | PathLike[str],
    mapping: str | PathLike[str] | None = None,
    *,
    redcap: str | PathLike[str] | None = None,
    knowledge: Knowledge | None = None,
    today: date | None = None,
) -> Iterator[Record]:
    """The records of `read`, one by one: each is made when it is asked for and none is kept, for
    cohorts that do not fit into memory as records.

    `path`, `mapping`, `redcap`, `knowledge` and `today` as in `read`, and so what is unknown.
    Raises InputError as `read` does.

    >>> from rearm.intake import read_each
    >>> next(read_each("examples/tables")).patient_id
    'SYN-01'
    """
    return read(path, mapping, redcap=redcap, knowledge=knowledge, today=today).stream()
