"""The CONCEPT table of the invented CDM: only what its rows use.

OMOP's own ids stand where they are public and sure; everything else has ids of the site's own range
(2,000,000,000 and above), with the code of its vocabulary, by which it is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.demo.chart import Row
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lab_tests import TestDef

__all__ = [
    "ANSWERS",
    "EPISODE_TYPE",
    "EVENT_OF_EPISODE",
    "EVENT_OF_MEASUREMENT",
    "FEMALE",
    "LESS_THAN",
    "MALE",
    "OBSERVATION_TYPE",
    "REGIMEN",
    "RESPONSE",
    "Concepts",
]

FEMALE, MALE = 8532, 8507
LESS_THAN = 4171756
OBSERVATION_TYPE = 32817  # from the health record
EPISODE_TYPE = 32817
REGIMEN = 32531
RESPONSE = 36305408
EVENT_OF_EPISODE = 1147094
EVENT_OF_MEASUREMENT = 2_000_000_001
ANSWERS = {"positive": 9191, "negative": 9189}
_UNITS = {
    "g/dL": 8713,
    "mg/L": 8751,
    "mg/dL": 8840,
    "ng/mL": 8842,
    "U/L": 8645,
    "%": 8554,
}
_FIXED = (  # id, name, domain, vocabulary, class, code
    (FEMALE, "FEMALE", "Gender", "Gender", "Gender", "F"),
    (MALE, "MALE", "Gender", "Gender", "Gender", "M"),
    (LESS_THAN, "<", "Meas Value Operator", "SNOMED", "Qualifier Value", "276139006"),
    (OBSERVATION_TYPE, "EHR", "Type Concept", "Type Concept", "Type Concept", "OMOP4976890"),
    (REGIMEN, "Treatment Regimen", "Episode", "Episode", "Treatment", "OMOP4822274"),
    (RESPONSE, "Treatment Response", "Observation", "Cancer Modifier", "Topography", "OMOP4998856"),
    (
        EVENT_OF_EPISODE,
        "drug_exposure.drug_exposure_id",
        "Metadata",
        "CDM",
        "Field",
        "CDM86",
    ),
    (EVENT_OF_MEASUREMENT, "specimen.specimen_id", "Metadata", "CDM", "Field", "specimen_id"),
    (ANSWERS["positive"], "Positive", "Meas Value", "SNOMED", "Qualifier Value", "10828004"),
    (ANSWERS["negative"], "Negative", "Meas Value", "SNOMED", "Qualifier Value", "260385009"),
)
_OWN = 2_000_000_100
_SITE = "Invented site"
_VALID = {"valid_start_date": "1970-01-01", "valid_end_date": "2099-12-31"}
_MOLES, _MOLAR = "[Moles/", "mol"


class Concepts:
    """Ids for what rows are about; a new one for what was not asked for before."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._rows: list[Row] = []
        self._taken = 0
        for concept_id, name, domain, vocabulary, kind, code in _FIXED:
            self._add(concept_id, name, domain, vocabulary, kind, code)

    def rows(self) -> Iterator[Row]:
        """The table, in the order in which ids were given."""
        return iter(self._rows)

    def unit(self, unit: str) -> int:
        """0 where the unit has no public id: its source value is read."""
        concept = _UNITS.get(unit, 0)
        if concept and ("UCUM", unit) not in self._ids:
            self._add(concept, unit, "Unit", "UCUM", "Unit", unit)
        return concept

    def test(self, test: TestDef, unit: str) -> int:
        """The LOINC code of a test in a kind of unit; 0 where it has none."""
        fitting = (
            code
            for code in test.loinc
            if code.role == "preferred"
            and ((_MOLES in code.display) == (_MOLAR in unit) or not unit)
        )
        code = next(fitting, None)
        if code is None:
            return 0
        return self._own("LOINC", code.code, code.display, "Measurement", "Lab Test")

    def drug(self, agent: str) -> int:
        """An agent of the lexicon as an ingredient of RxNorm, or of the site."""
        known = bundled().lexicon.find_agent(agent)
        code = None if known is None else known.rxnorm
        vocabulary = _SITE if code is None else "RxNorm"
        return self._own(vocabulary, code or agent, agent, "Drug", "Ingredient")

    def product(self, name: str) -> int:
        return self._own(_SITE, name, name, "Drug", "Branded Drug")

    def myeloma(self) -> int:
        return self._own("SNOMED", "109989006", "Multiple myeloma", "Condition", "Disorder")

    def condition(self, word: str) -> int:
        """A condition or toxicity by the word of the dictionary."""
        return self._own(_SITE, word, word.replace("_", " "), "Condition", "Disorder")

    def radiotherapy(self) -> int:
        name = "Radiotherapy course of treatment"
        return self._own("SNOMED", "1217123003", name, "Procedure", "Procedure")

    def variant(self) -> int:
        return self._own(
            "LOINC", "69548-6", "Genetic variant assessment", "Measurement", "Lab Test"
        )

    def _own(self, vocabulary: str, code: str, name: str, domain: str, kind: str) -> int:
        found = self._ids.get((vocabulary, code))
        if found is not None:
            return found
        concept_id = _OWN + self._taken
        self._taken += 1
        self._add(concept_id, name, domain, vocabulary, kind, code)
        return concept_id

    def _add(
        self, concept_id: int, name: str, domain: str, vocabulary: str, kind: str, code: str
    ) -> None:
        self._ids[vocabulary, code] = concept_id
        self._rows.append(
            {
                "concept_id": concept_id,
                "concept_name": name,
                "domain_id": domain,
                "vocabulary_id": vocabulary,
                "concept_class_id": kind,
                "standard_concept": "S",
                "concept_code": code,
                **_VALID,
            }
        )
