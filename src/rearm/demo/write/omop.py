"""OMOP CDM 5.4 in a folder: a CSV or Parquet file a table, with its own small CONCEPT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from rearm.demo.chart import Row, Tables
from rearm.demo.write.omop_rows import OmopRows
from rearm.demo.write.tables import csv_files, parquet_files

__all__ = ["write_omop", "write_omop_parquet"]

_TABLES = {
    "person": "person_id gender_concept_id year_of_birth month_of_birth day_of_birth"
    " race_concept_id ethnicity_concept_id person_source_value gender_source_value",
    "observation_period": "observation_period_id person_id observation_period_start_date"
    " observation_period_end_date period_type_concept_id",
    "death": "person_id death_date death_type_concept_id cause_concept_id cause_source_value"
    " cause_source_concept_id",
    "condition_occurrence": "condition_occurrence_id person_id condition_concept_id"
    " condition_start_date condition_end_date condition_type_concept_id"
    " condition_status_concept_id condition_source_value condition_source_concept_id",
    "drug_exposure": "drug_exposure_id person_id drug_concept_id drug_exposure_start_date"
    " drug_exposure_end_date drug_type_concept_id stop_reason drug_source_value"
    " drug_source_concept_id",
    "procedure_occurrence": "procedure_occurrence_id person_id procedure_concept_id procedure_date"
    " procedure_end_date procedure_type_concept_id procedure_source_value"
    " procedure_source_concept_id",
    "measurement": "measurement_id person_id measurement_concept_id measurement_date"
    " measurement_datetime measurement_type_concept_id operator_concept_id value_as_number"
    " value_as_concept_id unit_concept_id range_low range_high measurement_source_value"
    " measurement_source_concept_id unit_source_value value_source_value measurement_event_id"
    " meas_event_field_concept_id",
    "observation": "observation_id person_id observation_concept_id observation_date"
    " observation_datetime observation_type_concept_id value_as_number value_as_string"
    " value_as_concept_id unit_concept_id unit_source_value observation_source_value"
    " observation_source_concept_id value_source_value",
    "specimen": "specimen_id person_id specimen_concept_id specimen_type_concept_id specimen_date"
    " specimen_source_id specimen_source_value",
    "episode": "episode_id person_id episode_concept_id episode_start_date episode_end_date"
    " episode_parent_id episode_number episode_object_concept_id episode_type_concept_id"
    " episode_source_value",
    "episode_event": "episode_id event_id episode_event_field_concept_id",
    "concept": "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept"
    " concept_code valid_start_date valid_end_date invalid_reason",
}
_NUMBERS = ("value_as_number", "range_low", "range_high")
_OTHER_WHOLE = ("year_of_birth", "month_of_birth", "day_of_birth", "episode_number")
_TEXT_IDS = ("domain_id", "vocabulary_id", "concept_class_id", "specimen_source_id")


def write_omop(registry: Iterable[Tables], folder: Path) -> int:
    """CSV files; gives the number of patients. Raises InputError where the folder is not empty."""
    return csv_files(_cdm(registry), _columns, folder) - 1


def write_omop_parquet(registry: Iterable[Tables], folder: Path) -> int:
    """Parquet files, as `write_omop`."""
    return parquet_files(_cdm(registry), _columns, folder) - 1


def _cdm(registry: Iterable[Tables]) -> Iterator[Mapping[str, list[Row]]]:
    """The rows of each patient, and at last CONCEPT: only then is it known what was used."""
    rows = OmopRows()
    for tables in registry:
        yield rows.of(tables)
    yield {"concept": [*rows.concepts.rows()]}


def _columns(table: str) -> Mapping[str, Literal["whole", "number", "text"]]:
    return {name: _type(name) for name in _TABLES[table].split()}


def _type(column: str) -> Literal["whole", "number", "text"]:
    if column in _NUMBERS:
        return "number"
    whole = column.endswith("_id") and column not in _TEXT_IDS
    return "whole" if whole or column in _OTHER_WHOLE else "text"
