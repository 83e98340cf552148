"""Results as FHIR resources: laboratory, responses, variants, imaging."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rearm.demo.write.fhir_parts import FhirParts, Row
from rearm.demo.write.fhir_values import (
    LOINC,
    SNOMED,
    UCUM,
    Json,
    codings_of,
    fits,
    lab_value,
    loinc_component,
    number_of,
    unit_of,
)
from rearm.knowledge.lab_tests import load_tests

__all__ = ["FhirResults"]

_SPECIMENS = {
    "serum": "119364003",
    "blood": "119297000",
    "urine": "122575003",
    "urine_24h": "276833005",
    "marrow": "119359002",
    "csf": "258450006",
}
_HGNC = {
    "TNFRSF17": "HGNC:11913",
    "GPRC5D": "HGNC:13310",
    "TP53": "HGNC:11998",
    "BRAF": "HGNC:1097",
}
_LENGTHS = {
    "length_mm": ("33728-7", "Size.maximum dimension in Tumor"),
    "width_mm": ("33729-5", "Size additional dimension in Tumor"),
}
_STATUS = {"entered_in_error": "entered-in-error"}


class FhirResults(FhirParts):
    """The observations of one patient."""

    def _lab(self, table: str, number: int, row: Row) -> Iterator[Json]:
        test = load_tests()[str(row["test"])]
        unit = str(row.get("unit", ""))
        known = [c for c in test.loinc if c.role == "preferred" and fits(c.display, unit)]
        codings = [{"system": LOINC, "code": c.code, "display": c.display} for c in known]
        codings.append({"system": "urn:rearm:test", "code": test.id, "display": test.name})
        found = self._observation(f"{self.prefix}lab-{number}", {"coding": codings}, row)
        if "status" in row:
            found["status"] = _STATUS.get(str(row["status"]), str(row["status"]))
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
                        *codings_of(SNOMED, _SPECIMENS.get(word)),
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
        if gene in _HGNC:
            coding = {
                "system": "http://www.genenames.org/geneId",
                "code": _HGNC[gene],
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
            for c, name in _LENGTHS.items()
            if c in row
        ]
        written = ("patient_id", "day", "reported_day", "method", "site", *_LENGTHS)
        if components := components + [
            self._component(c, v, table) for c, v in row.items() if c not in written
        ]:
            found["component"] = components
        yield found
