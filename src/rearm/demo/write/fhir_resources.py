"""Tidy tables of one patient as FHIR R4 resources: the inverse of `rearm.intake.fhir.read`.

Standard codes stand where they are known (LOINC, RxNorm, SNOMED CT, ICD-10-CM); the own systems
`urn:rearm:*` hold the rest. Needs `day_zero`, because FHIR knows dates only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rearm.demo.write.fhir_values import (
    LOINC,
    RXNORM,
    SNOMED,
    UCUM,
    Json,
    codings_of,
    fits,
    lab_value,
    loinc_component,
    number_of,
    status_of,
    unit_of,
)
from rearm.intake.dictionary import folded, load_tables
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lab_tests import load_tests

__all__ = ["bundle", "resources_of"]

Row = Mapping[str, Any]

BASE = "https://example.org/rearm"
SPECIMENS = {
    "serum": "119364003",
    "blood": "119297000",
    "urine": "122575003",
    "urine_24h": "276833005",
    "marrow": "119359002",
    "csf": "258450006",
}
HGNC = {"TNFRSF17": "HGNC:11913", "GPRC5D": "HGNC:13310", "TP53": "HGNC:11998", "BRAF": "HGNC:1097"}
LENGTHS = {
    "length_mm": ("33728-7", "Size.maximum dimension in Tumor"),
    "width_mm": ("33729-5", "Size additional dimension in Tumor"),
}
UNITS = {"short_axis_mm": "mm", "spd_mm2": "mm2", "vaf": "1", "clonal_fraction": "1"}
STATUS = {"entered_in_error": "entered-in-error"}


def bundle(tables: Mapping[str, Sequence[Row]], *, name: str, tag: str) -> Json:
    """The bundle of the one patient of `tables`. Raises ValueError without a day zero, or with
    another number of patients.
    """
    _check(tables)
    entries = [
        {"fullUrl": f"{BASE}/{r['resourceType']}/{r['id']}", "resource": r}
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


def _filled(table: str, row: Row) -> Row:
    """The row without blank cells, under the columns' own names."""
    names = load_tables()[table].by_header
    return {names[folded(k)].name: v for k, v in row.items() if v is not None and v != ""}


class _Writer:
    def __init__(self, tables: Mapping[str, Sequence[Row]], prefix: str = "") -> None:
        self.tables = {k: [_filled(k, r) for r in rows] for k, rows in tables.items()}
        tables = self.tables
        self.prefix = prefix
        self.patient = tables["patients"][0]
        self.zero = date.fromisoformat(str(self.patient["day_zero"]))
        self.id = str(self.patient["patient_id"])
        self.subject = {"reference": f"Patient/{self.id}"}

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

    # ------------------------------------------------------------ results

    def _lab(self, table: str, number: int, row: Row) -> Iterator[Json]:
        test = load_tests()[str(row["test"])]
        unit = str(row.get("unit", ""))
        known = [c for c in test.loinc if c.role == "preferred" and fits(c.display, unit)]
        codings = [{"system": LOINC, "code": c.code, "display": c.display} for c in known]
        codings.append({"system": "urn:rearm:test", "code": test.id, "display": test.name})
        found = self._observation(f"{self.prefix}lab-{number}", {"coding": codings}, row)
        if "status" in row:
            found["status"] = STATUS.get(str(row["status"]), str(row["status"]))
        if "time" in row:
            found["effectiveDateTime"] += f"T{row['time']}:00Z"
        if "specimen" in row or "sample_id" in row:
            specimen: Json = {"resourceType": "Specimen", "id": "specimen"}
            if "sample_id" in row:
                specimen["accessionIdentifier"] = {
                    "system": "urn:rearm:sample",
                    "value": str(row["sample_id"]),
                }
            if "specimen" in row:
                word = str(row["specimen"])
                specimen["type"] = {
                    "coding": [
                        *codings_of(SNOMED, SPECIMENS.get(word)),
                        {"system": "urn:rearm:word", "code": word},
                    ]
                }
            found["contained"] = [specimen]
            found["specimen"] = {"reference": "#specimen"}
        if "method" in row:
            found["method"] = {"coding": [{"system": "urn:rearm:word", "code": str(row["method"])}]}
        found |= lab_value(row["value"], unit)
        limits = {
            bound: {"value": number_of(row[f"ref_{bound}"]), **unit_of(unit)}
            for bound in ("low", "high")
            if f"ref_{bound}" in row
        }
        if limits:
            found["referenceRange"] = [limits]
        own = ("nominal_day", "sensitivity", "cells_counted", "isotype")
        if components := [self._component(c, row[c], table) for c in own if c in row]:
            found["component"] = components
        yield found

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

    def _assessment(self, table: str, number: int, row: Row) -> Iterator[Json]:
        code = {
            "coding": [
                {"system": LOINC, "code": "97509-4", "display": "Cancer Disease Progression"}
            ]
        }
        trend = {"PD": "271299001", "SD": "359746009", "NE": "709137006"}.get(
            str(row["response"]), "268910001"
        )
        found = self._observation(f"{self.prefix}{table}-{number}", code, row)
        found["valueCodeableConcept"] = {
            "coding": [
                *codings_of(SNOMED, trend),
                {"system": "urn:rearm:word", "code": str(row["response"])},
            ]
        }
        if components := [
            self._component(c, row[c], table)
            for c in ("by", "basis", "nominal_day", "pattern")
            if c in row
        ]:
            found["component"] = components
        yield found

    def _variant(self, table: str, number: int, row: Row) -> Iterator[Json]:
        code = {
            "coding": [
                {"system": LOINC, "code": "69548-6", "display": "Genetic variant assessment"}
            ]
        }
        found = self._observation(f"{self.prefix}{table}-{number}", code, row)
        answers = {"present": ("LA9633-4", "Present"), "absent": ("LA9634-2", "Absent")}
        answer, display = answers[str(row["result"])]
        found["valueCodeableConcept"] = {
            "coding": [{"system": LOINC, "code": answer, "display": display}]
        }
        if "specimen" in row:
            found["contained"] = [
                {"resourceType": "Specimen", "id": "specimen", "type": {"text": row["specimen"]}}
            ]
            found["specimen"] = {"reference": "#specimen"}
        if "site" in row:
            found["bodySite"] = {"text": row["site"]}
        if "assay" in row:
            found["method"] = {"text": row["assay"]}
        components: list[Json] = []
        gene, change = str(row["gene"]), str(row.get("change", ""))
        if gene in HGNC:
            coding = {
                "system": "http://www.genenames.org/geneId",
                "code": HGNC[gene],
                "display": gene,
            }
            components.append(
                loinc_component(
                    "48018-6", "Gene studied [ID]", valueCodeableConcept={"coding": [coding]}
                )
            )
        else:
            components.append(self._component("gene", gene, table))
        if re.match(r"p\.", change):
            coding = {"system": "http://varnomen.hgvs.org", "code": change}
            components.append(
                loinc_component(
                    "48005-3",
                    "Amino acid change (pHGVS)",
                    valueCodeableConcept={"coding": [coding]},
                )
            )
        elif change:
            components.append(self._component("change", change, table))
        if "copies" in row:
            quantity = {"value": number_of(row["copies"]), "system": UCUM, "code": "1"}
            components.append(
                loinc_component(
                    "82155-3", "Genomic structural variant copy number", valueQuantity=quantity
                )
            )
        if "vaf" in row:
            quantity = {"value": number_of(row["vaf"]), "system": UCUM, "code": "1"}
            components.append(
                loinc_component(
                    "81258-6", "Sample variant allelic frequency [NFr]", valueQuantity=quantity
                )
            )
        components += [
            self._component(c, row[c], table) for c in ("kind", "clonal_fraction") if c in row
        ]
        found["component"] = components
        yield found

    def _imaging(self, table: str, number: int, row: Row) -> Iterator[Json]:
        codes = [{"system": "urn:rearm:table", "code": table}]
        if "length_mm" in row:
            codes.append({"system": LOINC, "code": "21889-1", "display": "Size Tumor"})
        found = self._observation(f"{self.prefix}{table}-{number}", {"coding": codes}, row)
        if "method" in row:
            found["method"] = {"text": row["method"]}
        if "site" in row:
            found["bodySite"] = {"text": row["site"]}
        components = [
            loinc_component(*name, valueQuantity={"value": number_of(row[c]), **unit_of("mm")})
            for c, name in LENGTHS.items()
            if c in row
        ]
        written = ("patient_id", "day", "reported_day", "method", "site", *LENGTHS)
        if components := components + [
            self._component(c, v, table) for c, v in row.items() if c not in written
        ]:
            found["component"] = components
        yield found

    # ------------------------------------------------------------ treatment

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

    # ------------------------------------------------------------ parts

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
            unit = UNITS.get(column)
            return {
                "valueQuantity": {
                    "value": number_of(value),
                    **({"system": UCUM, "code": unit} if unit else {}),
                }
            }
        if kind in ("day", "date"):
            return {"valueDateTime": self._date(value) if kind == "day" else str(value)}
        return {"valueString": str(value)}
