"""Tidy tables of one patient as rows of OMOP CDM 5.4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from rearm.demo.chart import Row, Tables
from rearm.demo.write import omop_concepts as concepts
from rearm.demo.write.omop_concepts import Concepts
from rearm.knowledge.bundle import bundled

__all__ = ["NOT_CARRIED", "OmopRows"]

# what the CDM, as it is written here, has no place for
NOT_CARRIED = (
    "heavy and light chain of the M-protein",
    "purpose, best response and progression of a treatment, unless it stopped for progression",
    "product details beyond name and day: apheresis, cells, release specification",
    "method, sensitivity and number of cells of a result",
    "imaging",
    "refractoriness as the team states it",
    "pattern of a progression",
    "copies, share of the clone, material and assay of a variant",
    "grades of toxicities, and whether an infection or a cytopenia was one",
    "toxicities that did not occur, conditions that are absent",
)


class OmopRows:
    """Rows for one patient after the other; keys and concepts go on."""

    def __init__(self) -> None:
        self.concepts = Concepts()
        self._keys: Counter[str] = Counter()
        self._person = 0
        self._zero = date(2000, 1, 1)
        self._rows: Tables = {}

    def of(self, tables: Tables) -> Tables:
        """The rows of one patient, by table of the CDM."""
        patient = tables["patients"][0]
        self._person += 1
        self._zero = date.fromisoformat(patient["day_zero"])
        self._rows = {}
        self._add_person(patient)
        for death in tables.get("deaths", ()):
            self._add_death(death)
        for therapy in tables.get("therapies", ()):
            self._add_therapy(therapy)
        for infusion in tables.get("infusions", ()):
            self._add_drug(
                self.concepts.product(infusion["product"]),
                infusion["day"],
                infusion["day"],
                source=infusion["product"],
            )
        self._add_labs(tables.get("labs", ()))
        self._add_observations(tables)
        self._add_conditions(tables)
        return self._rows

    # ------------------------------------------------------------ person

    def _add_person(self, patient: Row) -> None:
        self._rows["person"] = [
            {
                "person_id": self._person,
                "gender_concept_id": concepts.FEMALE if patient["sex"] == "F" else concepts.MALE,
                "year_of_birth": patient["birth_year"],
                "race_concept_id": 0,
                "ethnicity_concept_id": 0,
                "person_source_value": patient["patient_id"],
                "gender_source_value": patient["sex"],
            }
        ]
        start, end = patient["diagnosis_day"], patient["last_seen_day"]
        self._row(
            "observation_period",
            observation_period_start_date=self._date(start),
            observation_period_end_date=self._date(end),
            period_type_concept_id=concepts.OBSERVATION_TYPE,
        )
        self._add_condition(self.concepts.myeloma(), start, None, "multiple myeloma")

    def _add_death(self, death: Row) -> None:
        self._rows["death"] = [
            {
                "person_id": self._person,
                "death_date": self._date(death.get("day")),
                "death_type_concept_id": concepts.OBSERVATION_TYPE,
                "cause_source_value": death["cause"],
            }
        ]

    # ------------------------------------------------------------ treatment

    def _add_therapy(self, therapy: Row) -> None:
        """A treatment period as a stated regimen that holds the exposures of its agents."""
        start, end = therapy["start_day"], therapy.get("end_day")
        if not therapy.get("agents"):
            self._row(
                "procedure_occurrence",
                procedure_concept_id=self.concepts.radiotherapy(),
                procedure_date=self._date(start),
                procedure_end_date=self._date(end),
                procedure_type_concept_id=concepts.OBSERVATION_TYPE,
                procedure_source_value=therapy["regimen"],
            )
            return
        episode = self._row(
            "episode",
            episode_concept_id=concepts.REGIMEN,
            episode_start_date=self._date(start),
            episode_end_date=self._date(end),
            episode_number=therapy.get("line"),
            episode_object_concept_id=0,
            episode_type_concept_id=concepts.EPISODE_TYPE,
            episode_source_value=therapy["regimen"],
        )
        for agent in therapy["agents"].split(";"):
            exposure = self._add_drug(
                self.concepts.drug(agent),
                start,
                end,
                source=agent,
                stop_reason=therapy.get("stop_reason"),
            )
            self._rows.setdefault("episode_event", []).append(
                {
                    "episode_id": episode,
                    "event_id": exposure,
                    "episode_event_field_concept_id": concepts.EVENT_OF_EPISODE,
                }
            )

    def _add_drug(
        self,
        concept: int,
        start: int,
        end: int | None,
        *,
        source: str,
        stop_reason: str | None = None,
    ) -> int:
        return self._row(
            "drug_exposure",
            drug_concept_id=concept,
            drug_exposure_start_date=self._date(start),
            drug_exposure_end_date=self._date(end),
            drug_type_concept_id=concepts.OBSERVATION_TYPE,
            stop_reason=stop_reason,
            drug_source_value=source,
        )

    # ------------------------------------------------------------ results

    def _add_labs(self, labs: list[Row] | tuple[()]) -> None:
        specimens: dict[tuple[int, str], int] = {}
        for lab in labs:
            place = (lab["day"], lab.get("specimen", ""))
            if place[1] and place not in specimens:
                specimens[place] = self._row(
                    "specimen",
                    specimen_concept_id=0,
                    specimen_type_concept_id=concepts.OBSERVATION_TYPE,
                    specimen_date=self._date(lab["day"]),
                    specimen_source_value=place[1],
                )
            self._add_lab(lab, specimens.get(place))

    def _add_lab(self, lab: Row, specimen: int | None) -> None:
        test, unit, value = bundled().lab_tests[lab["test"]], lab["unit"], lab["value"]
        below = value.startswith("<")
        number = _number(value.removeprefix("<"))
        self._row(
            "measurement",
            measurement_concept_id=self.concepts.test(test, unit),
            measurement_date=self._date(lab["day"]),
            measurement_type_concept_id=concepts.OBSERVATION_TYPE,
            operator_concept_id=concepts.LESS_THAN if below else None,
            value_as_number=number,
            value_as_concept_id=concepts.ANSWERS.get(value),
            unit_concept_id=self.concepts.unit(unit) if unit else None,
            unit_source_value=unit or None,
            measurement_source_value=lab["test"],
            value_source_value=value,
            measurement_event_id=specimen,
            meas_event_field_concept_id=concepts.EVENT_OF_MEASUREMENT if specimen else None,
        )

    def _add_observations(self, tables: Tables) -> None:
        """Responses as the team states them, statements, variants."""
        for response in tables.get("assessments", ()):
            self._add_observation(
                concepts.RESPONSE, response["day"], response["response"], "response"
            )
        for fact in tables.get("facts", ()):
            self._add_observation(0, fact["day"], fact["value"], fact["finding"])
        for variant in tables.get("variants", ()):
            source = f"{variant['gene']} {variant['change']}"
            self._add_observation(
                self.concepts.variant(), variant["day"], variant["result"], source
            )

    def _add_observation(self, concept: int, day: int, value: str, source: str) -> None:
        self._row(
            "observation",
            observation_concept_id=concept,
            observation_date=self._date(day),
            observation_type_concept_id=concepts.OBSERVATION_TYPE,
            value_as_string=value,
            observation_source_value=source,
        )

    # ------------------------------------------------------------ conditions

    def _add_conditions(self, tables: Tables) -> None:
        for column, row in _present(tables):
            word = row[column]
            concept = self.concepts.condition(word)
            self._add_condition(concept, row["day"], row.get("end_day"), word)

    def _add_condition(self, concept: int, start: int, end: int | None, source: str) -> None:
        self._row(
            "condition_occurrence",
            condition_concept_id=concept,
            condition_start_date=self._date(start),
            condition_end_date=self._date(end),
            condition_type_concept_id=concepts.OBSERVATION_TYPE,
            condition_source_value=source,
        )

    # ------------------------------------------------------------ parts

    def _row(self, table: str, **cells: object) -> int:
        """A row with a key of its own, which is given back."""
        self._keys[table] += 1
        key = self._keys[table]
        row = {f"{table}_id": key, "person_id": self._person, **cells}
        self._rows.setdefault(table, []).append(row)
        return key

    def _date(self, day: int | None) -> str | None:
        return None if day is None else (self._zero + timedelta(days=day)).isoformat()


def _present(tables: Tables) -> Iterator[tuple[str, Row]]:
    """What occurred: conditions that are present, toxicities of some grade."""
    for row in tables.get("conditions", ()):
        if row["status"] == "present":
            yield "condition", row
    for row in tables.get("toxicities", ()):
        if row["grade"] > 0:
            yield "toxicity", row


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
