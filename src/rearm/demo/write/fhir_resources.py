"""Tidy tables of one patient as FHIR R4 resources: the inverse of `rearm.intake.fhir.read`.

Standard codes stand where they are known (LOINC, RxNorm, SNOMED CT, ICD-10-CM); the own systems
`urn:rearm:*` hold the rest. Needs `day_zero`, because FHIR knows dates only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rearm.demo.write.fhir_parts import Row
from rearm.demo.write.fhir_results import FhirResults
from rearm.demo.write.fhir_treatments import FhirTreatments
from rearm.demo.write.fhir_values import SNOMED, Json, status_of

__all__ = ["bundle", "resources_of"]

_BASE = "https://example.org/rearm"


def bundle(tables: Mapping[str, Sequence[Row]], *, name: str, tag: str) -> Json:
    """The bundle of the one patient of `tables`. Raises ValueError without a day zero, or with
    another number of patients.
    """
    _check(tables)
    entries = [
        {"fullUrl": f"{_BASE}/{r['resourceType']}/{r['id']}", "resource": r}
        for r in _Writer(tables).resources()
    ]
    marks = [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
            "code": "HTEST",
            "display": "test health data",
        },
        {"system": "urn:rearm:note", "code": "synthetic", "display": tag},
    ]
    return {
        "resourceType": "Bundle",
        "id": name,
        "meta": {"tag": marks},
        "type": "collection",
        "entry": entries,
    }


def resources_of(tables: Mapping[str, Sequence[Row]]) -> Iterator[Json]:
    """The resources of the one patient of `tables`, with ids that no other patient's have. Raises
    ValueError as `bundle` does.
    """
    _check(tables)
    return _Writer(tables, f"{tables['patients'][0]['patient_id']}-").resources()


def _check(tables: Mapping[str, Sequence[Row]]) -> None:
    if len(tables["patients"]) != 1 or not tables["patients"][0].get("day_zero"):
        raise ValueError("One patient with day_zero is expected.")


class _Writer(FhirResults, FhirTreatments):
    def resources(self) -> Iterator[Json]:
        yield self._patient()
        yield self._diagnosis()
        for table, write in (
            ("labs", self._lab),
            ("therapies", self._therapy),
            ("infusions", self._infusion),
            ("assessments", self._assessment),
            ("refractoriness", self._statement),
            ("variants", self._variant),
            ("imaging", self._imaging),
            ("toxicities", self._toxicity),
            ("conditions", self._condition),
            ("facts", self._statement),
        ):
            for number, row in enumerate(self.tables.get(table, ()), start=1):
                yield from write(table, number, row)

    # ------------------------------------------------------------ person

    def _patient(self) -> Json:
        row = self.patient
        found: Json = {"resourceType": "Patient", "id": self.id}
        extensions = [self._extension("day_zero", str(row["day_zero"]), "patients")]
        if "last_seen_day" in row:
            extensions.append(self._extension("last_seen_day", row["last_seen_day"], "patients"))
        deaths = self.tables.get("deaths", ())
        if deaths and "cause" in deaths[0]:
            extensions.append({"url": "urn:rearm:column:cause", "valueString": deaths[0]["cause"]})
        found["extension"] = extensions
        if "sex" in row:
            found["gender"] = {"F": "female", "M": "male"}[str(row["sex"])]
        if "birth_date" in row or "birth_year" in row:
            found["birthDate"] = str(row.get("birth_date") or row["birth_year"])
        if deaths:
            found |= (
                {"deceasedDateTime": self._date(deaths[0]["day"])}
                if "day" in deaths[0]
                else {"deceasedBoolean": True}
            )
        return found

    def _diagnosis(self) -> Json:
        row = self.patient
        codes = [
            {
                "system": "http://hl7.org/fhir/sid/icd-10-cm",
                "code": "C90.00",
                "display": "Multiple myeloma not having achieved remission",
            },
            {"system": SNOMED, "code": "109989006", "display": "Multiple myeloma"},
        ]
        found: Json = {"resourceType": "Condition", "id": f"{self.prefix}myeloma"}
        if extensions := [
            self._extension(c, row[c], "patients")
            for c in ("heavy_chain", "light_chain")
            if c in row
        ]:
            found["extension"] = extensions
        found |= {
            "clinicalStatus": status_of("condition-clinical", "active"),
            "verificationStatus": status_of("condition-ver-status", "confirmed"),
        }
        found |= {"code": {"coding": codes}, "subject": self.subject}
        if "diagnosis_day" in row:
            found["onsetDateTime"] = self._date(row["diagnosis_day"])
        return found

    # ------------------------------------------------------------ conditions

    def _toxicity(self, table: str, number: int, row: Row) -> Iterator[Json]:
        found: Json = {"resourceType": "AdverseEvent", "id": f"{self.prefix}toxicity-{number}"}
        if extensions := [
            self._extension(c, row[c], table) for c in ("grade", "end_day") if c in row
        ]:
            found["extension"] = extensions
        coding = {"system": "urn:rearm:toxicity", "code": str(row["toxicity"])}
        found |= {"actuality": "actual", "event": {"coding": [coding]}, "subject": self.subject}
        yield found | ({"date": self._date(row["day"])} if "day" in row else {})

    def _condition(self, table: str, number: int, row: Row) -> Iterator[Json]:
        found: Json = {"resourceType": "Condition", "id": f"{self.prefix}condition-{number}"}
        if extensions := [
            self._extension(c, row[c], table)
            for c in ("grade", "attributed_to_myeloma")
            if c in row
        ]:
            found["extension"] = extensions
        if row["status"] == "absent":
            found["verificationStatus"] = status_of("condition-ver-status", "refuted")
        else:
            found["clinicalStatus"] = status_of(
                "condition-clinical",
                {"present": "active", "resolved": "resolved"}[str(row["status"])],
            )
            found["verificationStatus"] = status_of("condition-ver-status", "confirmed")
        found |= {
            "code": {"coding": [{"system": "urn:rearm:condition", "code": str(row["condition"])}]},
            "subject": self.subject,
        }
        for key, column in (("onsetDateTime", "day"), ("abatementDateTime", "end_day")):
            if column in row:
                found[key] = self._date(row[column])
        yield found
