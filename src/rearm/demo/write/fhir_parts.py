"""What every resource of one patient is made with: its id, its days as dates, columns of the tidy
tables as components and extensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rearm.demo.write.fhir_values import UCUM, Json, number_of
from rearm.intake.dictionary import folded, load_tables

__all__ = ["FhirParts", "Row"]

Row = Mapping[str, Any]

_UNITS = {"short_axis_mm": "mm", "spd_mm2": "mm2", "vaf": "1", "clonal_fraction": "1"}


def _filled(table: str, row: Row) -> Row:
    """The row without blank cells, under the columns' own names."""
    names = load_tables()[table].by_header
    return {names[folded(k)].name: v for k, v in row.items() if v is not None and v != ""}


class FhirParts:
    """The tables of one patient; `prefix` stands before the ids of their resources."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], prefix: str = "") -> None:
        self.tables = {k: [_filled(k, r) for r in rows] for k, rows in tables.items()}
        tables = self.tables
        self.prefix = prefix
        self.patient = tables["patients"][0]
        self.zero = date.fromisoformat(str(self.patient["day_zero"]))
        self.id = str(self.patient["patient_id"])
        self.subject = {"reference": f"Patient/{self.id}"}

    def _observation(self, identifier: str, code: Json, row: Row) -> Json:
        found: Json = {
            "resourceType": "Observation",
            "id": identifier,
            "status": "final",
            "code": code,
            "subject": self.subject,
        }
        if "day" in row:
            found["effectiveDateTime"] = self._date(row["day"])
        if "reported_day" in row:
            found["issued"] = f"{self._date(row['reported_day'])}T00:00:00Z"
        return found

    def _statement(self, table: str, number: int, row: Row, *skip: str) -> Iterator[Json]:
        found = self._observation(
            f"{self.prefix}{table}-{number}",
            {"coding": [{"system": "urn:rearm:table", "code": table}]},
            row,
        )
        found["component"] = [
            self._component(c, v, table)
            for c, v in row.items()
            if c not in ("patient_id", "day", "reported_day", *skip)
        ]
        yield found

    def _date(self, day: Any) -> str:
        return (self.zero + timedelta(days=int(day))).isoformat()

    def _component(self, column: str, value: Any, table: str) -> Json:
        return {
            "code": {"coding": [{"system": "urn:rearm:column", "code": column}]},
            **self._own_value(column, value, table),
        }

    def _extension(self, column: str, value: Any, table: str) -> Json:
        return {"url": f"urn:rearm:column:{column}", **self._own_value(column, value, table)}

    def _own_value(self, column: str, value: Any, table: str) -> Json:
        kind = load_tables()[table].columns[column].type
        if kind == "yes_no":
            return {"valueBoolean": str(value).lower() in ("yes", "true")}
        if kind == "integer":
            return {"valueInteger": int(value)}
        if kind == "number":
            unit = _UNITS.get(column)
            return {
                "valueQuantity": {
                    "value": number_of(value),
                    **({"system": UCUM, "code": unit} if unit else {}),
                }
            }
        if kind in ("day", "date"):
            return {"valueDateTime": self._date(value) if kind == "day" else str(value)}
        return {"valueString": str(value)}
