"""A CDM of a few rows, for one trap each: a person, and whatever a test adds."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rearm
from rearm.intake.omop.tables import TABLES
from rearm.intake.result import Reading
from rearm.record import Issue

__all__ = ["CONCEPTS", "SmallCdm", "codes", "the_issue"]

Row = Mapping[str, Any]

# concept_id: (vocabulary_id, concept_code, concept_name, concept_class_id)
CONCEPTS: dict[int, tuple[str, str, str, str]] = {
    8507: ("Gender", "M", "MALE", "Gender"),
    501: ("LOINC", "33358-3", "Protein.monoclonal [Mass/volume] in Serum or Plasma", "Lab Test"),
    502: ("LOINC", "36916-5", "Kappa light chains.free [Mass/volume] in Serum", "Lab Test"),
    503: ("LOINC", "33944-0", "Lambda light chains.free [Mass/volume] in Serum", "Lab Test"),
    504: ("LOINC", "26474-7", "Lymphocytes [#/volume] in Blood", "Lab Test"),
    505: ("LOINC", "8480-6", "Systolic blood pressure", "Clinical Observation"),
    506: ("LOINC", "14151-5", "HCO3 in Blood", "Lab Test"),
    511: ("UCUM", "g/dL", "gram per deciliter", "Unit"),
    512: ("UCUM", "mg/L", "milligram per liter", "Unit"),
    513: ("UCUM", "%", "percent", "Unit"),
    514: ("UCUM", "g/L", "gram per liter", "Unit"),
    4171756: ("SNOMED", "276139006", "<", "Qualifier Value"),
    4171755: ("SNOMED", "276138003", ">=", "Qualifier Value"),
    4172703: ("SNOMED", "276136004", "=", "Qualifier Value"),
    521: ("SNOMED", "10828004", "Positive", "Qualifier Value"),
    531: ("SNOMED", "109989006", "Multiple myeloma", "Disorder"),
    532: ("SNOMED", "73595000", "Stress", "Clinical Finding"),
    533: ("SNOMED", "91302008", "Sepsis", "Disorder"),
    534: ("SNOMED", "999000", "Smouldering something", "Disorder"),
    541: ("RxNorm", "358258", "bortezomib", "Ingredient"),
    542: ("RxNorm", "1234567", "bortezomib 3.5 MG Injection", "Clinical Drug"),
    543: ("RxNorm", "310798", "hydrochlorothiazide 25 MG Oral Tablet", "Clinical Drug"),
    544: ("RxNorm", "777", "ciltacabtagene autoleucel", "Ingredient"),
    545: ("RxNorm", "778", "idecabtagene vicleucel", "Ingredient"),
    546: ("RxNorm", "342369", "lenalidomide", "Ingredient"),
    547: ("RxNorm", "779", "Injectable Solution", "Clinical Drug"),
    551: ("SNOMED", "1156961008", "Infusion of CAR-T cells", "Procedure"),
    552: ("SNOMED", "555", "Chimeric antigen receptor T-cell counselling", "Procedure"),
    561: ("HemOnc", "35", "VRd", "Regimen"),
    571: ("Type Concept", "OMOP4976890", "EHR", "Type Concept"),
    1147094: ("CDM", "CDM1147094", "drug_exposure.drug_exposure_id", "Field"),
}


class SmallCdm:
    """Writes and reads a CDM; `concepts` replaces single ones (None takes one away)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, list[Row]] = {
            "person": [{"person_id": 1, "gender_concept_id": 8507, "year_of_birth": 1960}]
        }
        self.concepts: dict[int, tuple[str, str, str, str]] = dict(CONCEPTS)
        self.with_vocabulary = True

    def add(self, table: str, *rows: Row) -> SmallCdm:
        """Rows of a table; the key and the patient are filled in where a row does not say them."""
        own = self.tables.setdefault(table, [])
        for row in rows:
            key = {} if table == "death" else {TABLES[table].key: len(own) + 1}
            person = {"person_id": 1} if TABLES[table].of_person else {}
            own.append(key | person | dict(row))
        return self

    def measured(self, **cells: Any) -> SmallCdm:
        """One result of serum M-protein, 2 g/dL, where nothing else is said."""
        row = {
            "measurement_concept_id": 501,
            "measurement_date": "2021-03-17",
            "value_as_number": 2.0,
            "unit_concept_id": 511,
        }
        return self.add("measurement", row | cells)

    def write(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        tables: dict[str, Sequence[Row]] = dict(self.tables)
        tables.setdefault("measurement", [])
        if self.with_vocabulary:
            names = ("vocabulary_id", "concept_code", "concept_name", "concept_class_id")
            tables["concept"] = [
                {"concept_id": i} | dict(zip(names, said, strict=True))
                for i, said in self.concepts.items()
            ]
        for name, rows in tables.items():
            columns = list(dict.fromkeys(c for row in rows for c in row)) or list(TABLES[name].read)
            with (self.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        return self.folder

    def read(self) -> Reading:
        return rearm.read(self.write())


def codes(reading: Reading) -> set[str]:
    """The codes of all issues."""
    return {issue.code for issue in reading.all_issues()}


def the_issue(reading: Reading, code: str) -> Issue:
    """The one issue of a code."""
    (issue,) = (issue for issue in reading.all_issues() if issue.code == code)
    return issue
