"""The tables of the CDM that are read: their columns, with type, under the names that the readers
use.

One name for one meaning (`concept`, `source`, `start`), so that one reader reads like tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

__all__ = ["TABLES", "VOCABULARY", "CdmTable", "ColumnKind", "typed"]

# person: the id of the patient, as text. id: a key. concept: a concept id, 0 and blank alike none.
ColumnKind = Literal["person", "id", "concept", "number", "text", "day", "moment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CdmTable:
    """One table. `columns`: by our name, the column of the CDM and its kind. `key`: the column of
    the CDM that names a row. `of_person`: whether the rows name their patient.
    """

    name: str
    key: str
    columns: Mapping[str, tuple[str, ColumnKind]]
    of_person: bool = True

    @property
    def read(self) -> tuple[str, ...]:
        """The columns of the CDM that are read."""
        return tuple(column for column, _ in self.columns.values())

    @property
    def concepts(self) -> tuple[str, ...]:
        """Our names of the columns that hold concept ids."""
        return tuple(name for name, (_, kind) in self.columns.items() if kind == "concept")


def _table(table: str, key: str, /, *, of_person: bool = True, **columns: str) -> CdmTable:
    """A table from `our_name="column kind"`."""
    parted = {ours: column.split() for ours, column in columns.items()}
    read: dict[str, tuple[str, ColumnKind]] = {
        ours: (column, kind)  # type: ignore[misc]
        for ours, (column, kind) in parted.items()
    }
    person: dict[str, tuple[str, ColumnKind]] = {"person": ("person_id", "person")}
    own: dict[str, tuple[str, ColumnKind]] = {"key": (key, "id")}
    of_key = {} if key == "person_id" else own
    return CdmTable(
        name=table,
        key=key,
        columns={**of_key, **(person if of_person else {}), **read},
        of_person=of_person,
    )


_LIST = (
    _table(
        "person",
        "person_id",
        gender="gender_concept_id concept",
        year="year_of_birth id",
        month="month_of_birth id",
        day_of_month="day_of_birth id",
        born="birth_datetime day",
        gender_source="gender_source_value text",
    ),
    _table(
        "observation_period",
        "observation_period_id",
        start="observation_period_start_date day",
        end="observation_period_end_date day",
    ),
    _table(
        "death",
        "person_id",
        day="death_date day",
        concept="cause_concept_id concept",
        source_concept="cause_source_concept_id concept",
        source="cause_source_value text",
    ),
    _table(
        "condition_occurrence",
        "condition_occurrence_id",
        concept="condition_concept_id concept",
        start="condition_start_date day",
        end="condition_end_date day",
        status="condition_status_concept_id concept",
        source_concept="condition_source_concept_id concept",
        source="condition_source_value text",
    ),
    _table(
        "drug_exposure",
        "drug_exposure_id",
        concept="drug_concept_id concept",
        start="drug_exposure_start_date day",
        end="drug_exposure_end_date day",
        type="drug_type_concept_id concept",
        stop_reason="stop_reason text",
        source_concept="drug_source_concept_id concept",
        source="drug_source_value text",
    ),
    _table(
        "procedure_occurrence",
        "procedure_occurrence_id",
        concept="procedure_concept_id concept",
        start="procedure_date day",
        end="procedure_end_date day",
        source_concept="procedure_source_concept_id concept",
        source="procedure_source_value text",
    ),
    _table(
        "measurement",
        "measurement_id",
        concept="measurement_concept_id concept",
        day="measurement_date day",
        moment="measurement_datetime moment",
        operator="operator_concept_id concept",
        number="value_as_number number",
        answer="value_as_concept_id concept",
        unit="unit_concept_id concept",
        unit_source="unit_source_value text",
        low="range_low number",
        high="range_high number",
        source_concept="measurement_source_concept_id concept",
        source="measurement_source_value text",
        value_source="value_source_value text",
        event="measurement_event_id id",
        event_field="meas_event_field_concept_id concept",
    ),
    _table(
        "observation",
        "observation_id",
        concept="observation_concept_id concept",
        day="observation_date day",
        moment="observation_datetime moment",
        number="value_as_number number",
        answer="value_as_concept_id concept",
        stated="value_as_string text",
        unit="unit_concept_id concept",
        unit_source="unit_source_value text",
        source_concept="observation_source_concept_id concept",
        source="observation_source_value text",
        value_source="value_source_value text",
    ),
    _table(
        "specimen",
        "specimen_id",
        concept="specimen_concept_id concept",
        day="specimen_date day",
        sample="specimen_source_id text",
        source="specimen_source_value text",
    ),
    _table(
        "episode",
        "episode_id",
        concept="episode_concept_id concept",
        start="episode_start_date day",
        end="episode_end_date day",
        parent="episode_parent_id id",
        number="episode_number id",
        object="episode_object_concept_id concept",
        type="episode_type_concept_id concept",
        source="episode_source_value text",
    ),
    _table(
        "episode_event",
        "episode_id",
        of_person=False,
        event="event_id id",
        field="episode_event_field_concept_id concept",
    ),
    _table(
        "concept",
        "concept_id",
        of_person=False,
        name="concept_name text",
        vocabulary="vocabulary_id text",
        code="concept_code text",
        kind="concept_class_id text",
    ),
    _table(
        "concept_ancestor",
        "descendant_concept_id",
        of_person=False,
        ancestor="ancestor_concept_id id",
    ),
)

TABLES: Mapping[str, CdmTable] = {table.name: table for table in _LIST}

# The vocabulary: not of patients, so that nothing is lost where it is not read.
VOCABULARY = frozenset(
    {
        "concept",
        "concept_ancestor",
        "concept_class",
        "concept_recommended",
        "concept_relationship",
        "concept_synonym",
        "domain",
        "drug_strength",
        "relationship",
        "source_to_concept_map",
        "vocabulary",
        "cdm_source",
        "metadata",
    }
)

# Half surrogates can't stand in a frame; the rest of what a screen could obey is taken out here.
_HARMFUL = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2066}-\x{2069}\x{2028}\x{2029}\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}]"
)
_ISO = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:.*$"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})$"
_FRACTION = r"^(-?\d+)\.0+$"


def typed(raw: pl.DataFrame, table: CdmTable) -> pl.DataFrame:
    """The columns of a table under our names and types; what a source lacks is blank. What can't be
    read as its type is blank; numbers that can't be are kept as text in `NAME_text`.
    """
    columns: list[pl.Series] = []
    for ours, (column, kind) in table.columns.items():
        given = (
            raw[column]
            if column in raw.columns
            else pl.repeat(None, raw.height, dtype=pl.String(), eager=True)
        )
        found = _READERS[kind](given)
        columns.append(found.alias(ours))
        if kind == "number":
            unread = _text(given).zip_with(found.is_null(), _blank(given))
            columns.append(unread.alias(f"{ours}_text"))
    return pl.DataFrame(columns)


def _blank(given: pl.Series) -> pl.Series:
    return pl.repeat(None, len(given), dtype=pl.String(), eager=True)


def _text(given: pl.Series) -> pl.Series:
    text = given.cast(pl.String, strict=False).str.strip_chars()
    if text.str.contains(_HARMFUL).any():
        text = text.str.replace_all(_HARMFUL, "\ufffd")
    return text.replace("", None)


def _whole(given: pl.Series) -> pl.Series:
    """A key as text, without the `.0` of a column that was once a number with gaps."""
    text = _text(given)
    return text.str.replace(_FRACTION, "$1") if text.str.ends_with("0").any() else text


def _id(given: pl.Series) -> pl.Series:
    if given.dtype.is_integer():
        return given.cast(pl.Int64, strict=False)
    plain = given.cast(pl.Int64, strict=False) if given.dtype == pl.String else None
    if plain is not None and plain.null_count() == given.null_count():
        return plain
    return _whole(given).cast(pl.Int64, strict=False)


def _concept(given: pl.Series) -> pl.Series:
    return _id(given).replace(0, None)


def _number(given: pl.Series) -> pl.Series:
    if given.dtype.is_numeric():
        return given.cast(pl.Float64, strict=False).fill_nan(None)
    plain = given.cast(pl.Float64, strict=False) if given.dtype == pl.String else None
    if plain is None or plain.null_count() > given.null_count():
        plain = _text(given).cast(pl.Float64, strict=False)
    return plain.replace([float("inf"), float("-inf")], None).fill_nan(None)


def _day(given: pl.Series) -> pl.Series:
    """A day as text: of a date with a time the date, of eight digits the date that they are."""
    if given.dtype == pl.Date:
        return given.cast(pl.String)
    text = _text(given)
    if text.str.contains(_ISO).all():
        return text
    return text.str.replace(_TIME, "$1").str.replace(_COMPACT, "$1-$2-$3")


_READERS: Mapping[ColumnKind, Callable[[pl.Series], pl.Series]] = {
    "person": _whole,
    "id": _id,
    "concept": _concept,
    "number": _number,
    "text": _text,
    "day": _day,
    "moment": _text,
}
