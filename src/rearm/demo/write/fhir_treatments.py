"""Treatments and infusions as FHIR resources."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.demo.write.fhir_parts import FhirParts, Row
from rearm.demo.write.fhir_values import RXNORM, SNOMED, UCUM, Json, codings_of, number_of
from rearm.knowledge.bundle import bundled

__all__ = ["FhirTreatments"]


class FhirTreatments(FhirParts):
    """The therapies and infusions of one patient."""

    def _therapy(self, table: str, number: int, row: Row) -> Iterator[Json]:
        own = (
            "line",
            "regimen",
            "purpose",
            "best_response",
            "progression_on",
            "stop_reason",
            "after_infusion",
        )
        extensions = [{"url": "urn:rearm:therapy-group", "valueString": f"therapy-{number}"}]
        extensions += [self._extension(c, row[c], table) for c in own if c in row]
        period = {
            key: self._date(row[c])
            for key, c in (("start", "start_day"), ("end", "end_day"))
            if c in row
        }
        agents = [a.strip() for a in str(row.get("agents", "")).split(";") if a.strip()]
        if not agents and row.get("purpose") == "radiotherapy":
            coding = {
                "system": SNOMED,
                "code": "1217123003",
                "display": "Radiotherapy course of treatment (regime/therapy)",
            }
            found: Json = {
                "resourceType": "Procedure",
                "id": f"{self.prefix}therapy-{number}",
                "extension": extensions[1:],
                "status": "completed",
            }
            found |= {"code": {"coding": [coding]}, "subject": self.subject}
            yield found | ({"performedPeriod": period} if period else {})
            return
        status = "completed" if "end_day" in row or "progression_on" in row else "active"
        for place, name in enumerate(agents or [str(row["regimen"])], start=1):
            found = {
                "resourceType": "MedicationStatement",
                "id": f"{self.prefix}therapy-{number}-{place}",
                "extension": extensions,
                "status": status,
            }
            agent = bundled().lexicon.find_agent(name) if agents else None
            if agent is None:
                found["medicationCodeableConcept"] = {"text": name}
            else:
                codings = [
                    *codings_of(RXNORM, agent.rxnorm),
                    {"system": "urn:rearm:agent", "code": agent.id},
                ]
                found["medicationCodeableConcept"] = {"coding": codings, "text": agent.name}
            found["subject"] = self.subject
            yield found | ({"effectivePeriod": period} if period else {})

    def _infusion(self, table: str, number: int, row: Row) -> Iterator[Json]:
        aphereses = [d.strip() for d in str(row.get("apheresis_days", "")).split(";") if d.strip()]
        references = [
            f"{self.prefix}apheresis-{number}-{place}" for place in range(1, len(aphereses) + 1)
        ]
        for identifier, day in zip(references, aphereses, strict=True):
            coding = {
                "system": "urn:rearm:procedure",
                "code": "leukapheresis",
                "display": "Leukapheresis for a CAR-T product",
            }
            found: Json = {
                "resourceType": "Procedure",
                "id": identifier,
                "status": "completed",
                "code": {"coding": [coding]},
            }
            yield found | {"subject": self.subject, "performedDateTime": self._date(day)}
        given = row.get("infused") != "no"
        found = {
            "resourceType": "MedicationAdministration",
            "id": f"{self.prefix}infusion-{number}",
            "status": "completed" if given else "not-done",
        }
        if "reason" in row:
            found["statusReason"] = [{"text": row["reason"]}]
        product = str(row.get("product", "CAR-T product"))
        found["medicationCodeableConcept"] = {
            "coding": [{"system": "urn:rearm:product", "code": product}],
            "text": product,
        }
        found["subject"] = self.subject
        if references:
            found["supportingInformation"] = [{"reference": f"Procedure/{r}"} for r in references]
        if "day" in row:
            found["effectiveDateTime"] = self._date(row["day"])
        else:
            absent = {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "not-applicable",
            }
            found["_effectiveDateTime"] = {"extension": [absent]}
        if "dose_cells" in row:
            found["dosage"] = {
                "dose": {
                    "value": number_of(row["dose_cells"]),
                    "unit": "CAR+ cells",
                    "system": UCUM,
                    "code": "{cells}",
                }
            }
        yield found
        rest = {c: v for c, v in row.items() if c in ("target", "in_specification", "construct")}
        if rest:
            found = next(self._statement(table, number, rest))
            yield {
                **found,
                "id": f"{self.prefix}product-{number}",
                "partOf": [
                    {"reference": f"MedicationAdministration/{self.prefix}infusion-{number}"}
                ],
            }
