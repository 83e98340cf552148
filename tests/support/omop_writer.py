"""Tidy tables written as a CDM of OMOP 5.4, with a CONCEPT table of its own: the same facts another
way. Concept ids of codes are invented, so that only `concept_code` can lead to a test.

What the CDM has no place for is left out of both, by `carried`.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from rearm.intake.fhir.variant import kind_of_expression
from rearm.intake.omop.tables import TABLES
from rearm.knowledge.bundle import bundled
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["CARRIED", "Cdm", "carried", "cdm_of", "write_csv", "write_duckdb", "write_parquet"]

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

_EPOCH = date(2020, 1, 1)  # of patients of whom only numbers of days are known
_VARIANT = "69548-6"
_COMPARED = re.compile(r"(<=|>=|<|>)\s*([0-9.]+)")
_OPERATORS = {"<": 4171756, "<=": 4171754, "=": 4172703, ">=": 4171755, ">": 4172704}
_WORDS = {"positive": "10828004", "negative": "260385009"}
_FIELDS = {1147094: "drug_exposure.drug_exposure_id", 1147051: "specimen.specimen_id"}
_PURPOSES = {"transplant": "30243Y0", "radiotherapy": "1217123003"}

# By table, the columns that the CDM has a place for.
CARRIED: Mapping[str, tuple[str, ...]] = {
    "patients": ("patient_id", "sex", "birth_date", "birth_year", "diagnosis_day", "last_seen_day"),
    "labs": ("patient_id", "day", "time", "test", "value", "unit", "specimen", "ref_low",
             "ref_high", "sample_id"),
    "therapies": ("patient_id", "start_day", "end_day", "line", "regimen", "agents", "purpose",
                  "stop_reason"),
    "infusions": ("patient_id", "day", "product", "infused"),
    "assessments": ("patient_id", "day", "response"),
    "variants": ("patient_id", "day", "gene", "change", "kind", "result"),
    "toxicities": ("patient_id", "day", "toxicity", "end_day"),
    "conditions": ("patient_id", "day", "condition", "status", "end_day"),
    "facts": ("patient_id", "day", "finding", "value"),
    "deaths": ("patient_id", "day", "cause"),
}  # fmt: skip


def _is_day(value: Any) -> bool:
    return (
        value in (None, "")
        or isinstance(value, int)
        or re.fullmatch(r"-?\d+|\d{4}-\d{2}-\d{2}", str(value)) is not None
    )


def _dated(value: Any, zero: date) -> str | None:
    if value in (None, ""):
        return None
    text = str(value)
    return text if len(text) == 10 else (zero + timedelta(days=int(text))).isoformat()


def _has_place(table: str, row: Row) -> bool:
    """Whether the CDM can say what a row says."""
    lexicon = bundled().lexicon
    match table:
        case "labs":
            return str(row.get("status") or "final") == "final" and _has_unit_or_needs_none(row)
        case "therapies":
            named = row.get("agents") or row.get("regimen") or row.get("purpose") in _PURPOSES
            return bool(named and row.get("start_day") not in (None, ""))
        case "infusions":
            known = lexicon.find_product(str(row.get("product") or "")) is not None
            return known and row.get("infused") != "no" and row.get("day") not in (None, "")
        case "conditions":
            return row.get("status") == "present"
        case "toxicities":
            # a word of both tables is read as a condition
            conditions = bundled().tidy_tables.tables["conditions"].columns["condition"]
            return (
                row.get("grade") not in (0, "0")
                and folded(str(row["toxicity"])) not in conditions.spellings
            )
        case "variants":
            # beside a change the kind is what its expression says
            change = str(row.get("change") or "")
            return not change or (row.get("kind") or None) == kind_of_expression(change)
        case "assessments":
            return row.get("by") in (None, "", "team") and not row.get("pattern")
    return True


def _has_unit_or_needs_none(row: Row) -> bool:
    test = bundled().lab_tests.get(str(row["test"]))
    return test is not None


def carried(tables: Tables) -> dict[str, list[Row]]:
    """The tidy tables with what the CDM can carry, all days as dates."""
    zeros = {
        str(row["patient_id"]): date.fromisoformat(str(row["day_zero"]))
        for row in tables["patients"]
        if row.get("day_zero")
    }
    kept: dict[str, list[Row]] = {}
    types = bundled().tidy_tables.tables
    for table, columns in CARRIED.items():
        rows: list[Row] = []
        for row in tables.get(table, ()):
            zero = zeros.get(str(row["patient_id"]), _EPOCH)
            days = [c for c in columns if types[table].columns[c].is_day]
            if not _has_place(table, row) or not all(_is_day(row.get(c)) for c in days):
                continue
            own = {c: row.get(c) for c in columns if row.get(c) not in (None, "")}
            own |= {c: d for c in days if (d := _dated(row.get(c), zero)) is not None}
            if table == "assessments":
                own["by"] = "team"
            if table == "therapies" and own.get("purpose") in _PURPOSES and not own.get("agents"):
                own = _procedure(own)
            elif table == "therapies":
                own.pop("purpose", None)
                own.setdefault("end_day", own["start_day"])
                if not own.get("agents"):
                    own.pop("stop_reason", None)  # it is said of an exposure
            rows.append(own)
        if rows:
            kept[table] = rows
    died = {row["patient_id"]: row["day"] for row in kept.get("deaths", ()) if "day" in row}
    for row in kept["patients"]:
        # an observation that ends after the death is not used
        if row.get("last_seen_day", "") > died.get(row["patient_id"], "9999"):
            del row["last_seen_day"]
    return kept


def _procedure(row: Row) -> Row:
    """A transplant or radiotherapy as the CDM has it."""
    regimen = {"regimen": "ASCT"} if row["purpose"] == "transplant" else {}
    days: Row = {c: row[c] for c in ("start_day", "end_day") if c in row}
    days.setdefault("end_day", days["start_day"])
    return {"patient_id": row["patient_id"], "purpose": row["purpose"], **regimen, **days}


class Cdm:
    """The tables of a CDM as rows. `concept` gives the id of a code and notes it in CONCEPT."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = defaultdict(list)
        self._ids: dict[tuple[str, str], int] = {}

    def concept(
        self, vocabulary: str, code: str, name: str = "", kind: str = "", number: int | None = None
    ) -> int:
        key = (vocabulary, code)
        if key not in self._ids:
            self._ids[key] = number or 2_000_000_001 + len(self._ids)
            self.tables["concept"].append({
                "concept_id": self._ids[key], "concept_name": name or code, "domain_id": "",
                "vocabulary_id": vocabulary, "concept_class_id": kind, "standard_concept": "S",
                "concept_code": code,
            })  # fmt: skip
        return self._ids[key]

    def add(self, table: str, **cells: Any) -> int:
        rows = self.tables[table]
        key = len(rows) + 1
        rows.append({TABLES[table].key: key} | cells)
        return key


def cdm_of(tables: Tables) -> Cdm:
    """What `carried` keeps, as a CDM."""
    cdm = Cdm()
    for number, sign in ((number, sign) for sign, number in _OPERATORS.items()):
        cdm.concept("SNOMED", f"operator {sign}", sign, number=number)
    for number, name in _FIELDS.items():
        cdm.concept("CDM", f"CDM{number}", name, number=number)
    cdm.concept("Cancer Modifier", "response", "Treatment Response", number=36305408)
    for sex, number in (("M", 8507), ("F", 8532)):
        cdm.concept("Gender", sex, {"M": "MALE", "F": "FEMALE"}[sex], number=number)
    writers: Mapping[str, Callable[[Cdm, Row], None]] = {
        "patients": _person, "labs": _lab, "therapies": _therapy, "infusions": _infusion,
        "assessments": _assessment, "variants": _variant, "toxicities": _toxicity,
        "conditions": _condition, "facts": _fact, "deaths": _death,
    }  # fmt: skip
    for table, rows in tables.items():
        for row in rows:
            writers[table](cdm, row)
    return cdm


def _person(cdm: Cdm, row: Row) -> None:
    born = str(row["birth_date"]) if row.get("birth_date") else ""
    year = born[:4] or row.get("birth_year")
    cdm.add(
        "person",
        person_id=row["patient_id"],
        gender_concept_id={"M": 8507, "F": 8532}.get(str(row.get("sex")), 0),
        year_of_birth=None if year is None else int(year),
        month_of_birth=int(born[5:7]) if born else None,
        day_of_birth=int(born[8:]) if born else None,
        person_source_value="secret",
    )
    if row.get("last_seen_day"):
        cdm.add("observation_period", person_id=row["patient_id"],
                observation_period_start_date="1990-01-01",
                observation_period_end_date=row["last_seen_day"])  # fmt: skip
    if row.get("diagnosis_day"):
        concept = cdm.concept("SNOMED", "109989006", "Multiple myeloma")
        cdm.add("condition_occurrence", person_id=row["patient_id"],
                condition_concept_id=concept,
                condition_start_date=row["diagnosis_day"])  # fmt: skip


def _lab(cdm: Cdm, row: Row) -> None:
    test = bundled().lab_tests[str(row["test"])]
    code = next((c for c in test.loinc if c.role != "not_read"), None)
    value, unit = row["value"], row.get("unit")
    cells: Row = {
        "person_id": row["patient_id"],
        "measurement_date": row.get("day"),
        "measurement_concept_id": 0 if code is None else cdm.concept(
            "LOINC", code.code, code.display),
        "measurement_source_value": test.id if code is None else None,
        "range_low": row.get("ref_low"),
        "range_high": row.get("ref_high"),
        "value_source_value": str(value),
    }  # fmt: skip
    if row.get("time"):
        cells["measurement_datetime"] = f"{row['day']} {row['time']}:00"
    match = _COMPARED.fullmatch(str(value))
    if match is not None:
        cells |= {"operator_concept_id": _OPERATORS[match[1]], "value_as_number": float(match[2])}
    elif re.fullmatch(r"-?[0-9.]+", str(value)) and test.kind == "number":
        cells |= {"operator_concept_id": 0, "value_as_number": float(value)}
    else:
        word = str(value)
        coded = _WORDS.get(word)
        cells["value_as_concept_id"] = (
            cdm.concept("SNOMED", coded, word) if coded else cdm.concept("Site", word, word)
        )
    if unit:
        by_code = re.search(r"[*{}%]|^[a-zµ]+/", str(unit)) is not None
        cells["unit_concept_id"] = cdm.concept("UCUM", str(unit), "a unit") if by_code else 0
        cells["unit_source_value"] = str(unit) if not by_code else None
        assert normal_unit(str(unit))
    if row.get("specimen") or row.get("sample_id"):
        cells["measurement_event_id"] = cdm.add(
            "specimen", person_id=row["patient_id"], specimen_concept_id=0,
            specimen_date=row.get("day"), specimen_source_value=row.get("specimen"),
            specimen_source_id=row.get("sample_id"),
        )  # fmt: skip
        cells["meas_event_field_concept_id"] = 1147051
    cdm.add("measurement", **cells)


def _therapy(cdm: Cdm, row: Row) -> None:
    start, end = row["start_day"], row["end_day"]
    if row.get("purpose") in _PURPOSES:
        code = _PURPOSES[str(row["purpose"])]
        vocabulary = "SNOMED" if code.startswith("12") else "ICD10PCS"
        cdm.add(
            "procedure_occurrence",
            person_id=row["patient_id"],
            procedure_date=start,
            procedure_end_date=end,
            procedure_concept_id=cdm.concept(vocabulary, code, "done"),
        )
        return
    regimen = row.get("regimen")
    cdm.concept("CDM", "regimen", "Treatment Regimen", number=32531)
    episode = cdm.add(
        "episode", person_id=row["patient_id"], episode_concept_id=32531,
        episode_start_date=start, episode_end_date=end, episode_number=row.get("line"),
        episode_object_concept_id=cdm.concept("HemOnc", str(regimen)) if regimen else 0,
        episode_type_concept_id=0,
    )  # fmt: skip
    for agent in str(row.get("agents") or "").split(";"):
        if not agent.strip():
            continue
        exposure = cdm.add(
            "drug_exposure", person_id=row["patient_id"], drug_concept_id=_drug(cdm, agent.strip()),
            drug_exposure_start_date=start, drug_exposure_end_date=end,
            stop_reason=row.get("stop_reason"), drug_type_concept_id=0,
        )  # fmt: skip
        cdm.tables["episode_event"].append(
            {"episode_id": episode, "event_id": exposure,
             "episode_event_field_concept_id": 1147094})  # fmt: skip


def _drug(cdm: Cdm, name: str) -> int:
    """A clinical drug below its ingredient."""
    agent = bundled().lexicon.find_agent(name)
    assert agent is not None, name
    ingredient = cdm.concept("RxNorm", agent.rxnorm or f"x-{agent.id}", agent.name, "Ingredient")
    drug = cdm.concept("RxNorm", f"drug of {agent.id}", "Injectable Solution", "Clinical Drug")
    above = {"ancestor_concept_id": ingredient, "descendant_concept_id": drug}
    if above not in cdm.tables["concept_ancestor"]:
        cdm.tables["concept_ancestor"].append(above)
    return drug


def _infusion(cdm: Cdm, row: Row) -> None:
    product = bundled().lexicon.find_product(str(row["product"]))
    assert product is not None
    cdm.add("drug_exposure", person_id=row["patient_id"],
            drug_concept_id=cdm.concept("RxNorm", f"p-{product.id}", product.name, "Ingredient"),
            drug_exposure_start_date=row["day"], drug_exposure_end_date=row["day"],
            drug_type_concept_id=0)  # fmt: skip


def _assessment(cdm: Cdm, row: Row) -> None:
    cdm.add("observation", person_id=row["patient_id"], observation_concept_id=36305408,
            observation_date=row.get("day"), value_as_string=row["response"])  # fmt: skip


def _variant(cdm: Cdm, row: Row) -> None:
    said = " ".join(str(x) for x in (row["gene"], row.get("change") or row.get("kind")) if x)
    word = {"present": "LA9633-4", "absent": "LA9634-2"}[str(row["result"])]
    cdm.add("measurement", person_id=row["patient_id"], measurement_date=row.get("day"),
            measurement_concept_id=cdm.concept("LOINC", _VARIANT, "Genetic variant assessment"),
            measurement_source_value=said,
            value_as_concept_id=cdm.concept("LOINC", word, str(row["result"])))  # fmt: skip


def _toxicity(cdm: Cdm, row: Row) -> None:
    name = str(row["toxicity"])
    cdm.add("condition_occurrence", person_id=row["patient_id"],
            condition_concept_id=cdm.concept("SNOMED", f"t-{name}", name),
            condition_start_date=row.get("day"), condition_end_date=row.get("end_day"))  # fmt: skip


def _condition(cdm: Cdm, row: Row) -> None:
    name = str(row["condition"])
    cdm.add("condition_occurrence", person_id=row["patient_id"],
            condition_concept_id=cdm.concept("SNOMED", f"c-{name}", name),
            condition_start_date=row.get("day"), condition_end_date=row.get("end_day"))  # fmt: skip


def _fact(cdm: Cdm, row: Row) -> None:
    cdm.add("observation", person_id=row["patient_id"], observation_concept_id=0,
            observation_source_value=row["finding"], observation_date=row.get("day"),
            value_as_string=row["value"])  # fmt: skip


def _death(cdm: Cdm, row: Row) -> None:
    myeloma = cdm.concept("SNOMED", "109989006", "Multiple myeloma")
    cause = row.get("cause")
    cdm.tables["death"].append({
        "person_id": row["patient_id"], "death_date": row.get("day"),
        "cause_concept_id": myeloma if cause == "myeloma" else 0,
        "cause_source_value": cause,
    })  # fmt: skip


def _frames(cdm: Cdm) -> Iterable[tuple[str, pl.DataFrame]]:
    """The tables as a database has them: dates as dates where all are whole."""
    for name, rows in cdm.tables.items():
        columns = list(dict.fromkeys(c for row in rows for c in row))
        frame = pl.DataFrame(
            {c: pl.Series(c, [row.get(c) for row in rows], strict=False) for c in columns}
        )
        days = [c for c in columns if c.endswith("_date") and frame.schema[c] == pl.String]
        whole = [c for c in days if frame[c].drop_nulls().str.len_chars().eq(10).all()]
        yield name, frame.with_columns(pl.col(whole).str.to_date(strict=False))


def write_csv(cdm: Cdm, folder: Path, *, upper: bool = False) -> Path:
    """A folder of CSV files, their names and headers in either case."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in cdm.tables.items():
        columns = list(dict.fromkeys(c for row in rows for c in row))
        file = folder / f"{name.upper() if upper else name}.csv"
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow([c.upper() if upper else c for c in columns])
            writer.writerows(
                [["" if row.get(c) is None else row[c] for c in columns] for row in rows]
            )
    return folder


def write_parquet(cdm: Cdm, folder: Path) -> Path:
    """A folder of Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in _frames(cdm):
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def write_duckdb(cdm: Cdm, file: Path) -> Path:
    """A DuckDB database."""
    import duckdb

    with duckdb.connect(str(file)) as connection:
        for name, frame in _frames(cdm):
            connection.register("written", frame.to_arrow())
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM written')
            connection.unregister("written")
    return file
