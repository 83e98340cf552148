"""The eleven invented patients of the examples, written as courses. `make_examples.py` turns them
into tidy tables and FHIR bundles.

All of them are invented; none is derived from a real patient.
"""

from __future__ import annotations

# One call a row reads as a chart; broken lines would not. Line length is exempt for this file.
# fmt: off
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

HISTORIES: dict[str, list[Row]] = {
    "four lines": [
        {"line": 1, "regimen": "VRd", "agents": "bortezomib;lenalidomide;dexamethasone", "purpose": "induction", "start_day": -2290, "end_day": -2170},
        {"line": 1, "regimen": "HDM-ASCT", "agents": "melphalan", "purpose": "transplant", "start_day": -2120, "end_day": -2120, "best_response": "VGPR"},
        {"line": 1, "regimen": "R maintenance", "agents": "lenalidomide", "purpose": "maintenance", "start_day": -2030, "end_day": -1390, "progression_on": "yes"},
        {"line": 2, "regimen": "DPd", "agents": "daratumumab;pomalidomide;dexamethasone", "purpose": "treatment", "start_day": -1370, "end_day": -820, "best_response": "VGPR", "progression_on": "yes"},
        {"line": 3, "regimen": "Kd", "agents": "carfilzomib;dexamethasone", "purpose": "treatment", "start_day": -800, "end_day": -450, "best_response": "PR", "progression_on": "yes"},
        {"line": 4, "regimen": "EloPd", "agents": "elotuzumab;pomalidomide;dexamethasone", "purpose": "treatment", "start_day": -430, "end_day": -110, "best_response": "PR", "progression_on": "yes"},
    ],
    "three lines": [
        {"line": 1, "regimen": "D-VRd", "agents": "daratumumab;bortezomib;lenalidomide;dexamethasone", "purpose": "induction", "start_day": -1620, "end_day": -1500},
        {"line": 1, "regimen": "HDM-ASCT", "agents": "melphalan", "purpose": "transplant", "start_day": -1450, "end_day": -1450, "best_response": "CR"},
        {"line": 1, "regimen": "R maintenance", "agents": "lenalidomide", "purpose": "maintenance", "start_day": -1360, "end_day": -810, "progression_on": "yes"},
        {"line": 2, "regimen": "KPd", "agents": "carfilzomib;pomalidomide;dexamethasone", "purpose": "treatment", "start_day": -790, "end_day": -430, "best_response": "PR", "progression_on": "yes"},
        {"line": 3, "regimen": "SVd", "agents": "selinexor;bortezomib;dexamethasone", "purpose": "treatment", "start_day": -410, "end_day": -130, "best_response": "PR", "progression_on": "yes"},
    ],
    "without transplant": [
        {"line": 1, "regimen": "DRd", "agents": "daratumumab;lenalidomide;dexamethasone", "purpose": "treatment", "start_day": -2100, "end_day": -1120, "best_response": "VGPR", "progression_on": "yes"},
        {"line": 2, "regimen": "Kd", "agents": "carfilzomib;dexamethasone", "purpose": "treatment", "start_day": -1100, "end_day": -690, "best_response": "PR", "progression_on": "yes"},
        {"line": 3, "regimen": "Pd", "agents": "pomalidomide;dexamethasone", "purpose": "treatment", "start_day": -670, "end_day": -320, "best_response": "MR", "progression_on": "yes"},
        {"line": 4, "regimen": "SVd", "agents": "selinexor;bortezomib;dexamethasone", "purpose": "treatment", "start_day": -300, "end_day": -90, "best_response": "SD", "progression_on": "yes"},
    ],
}  # fmt: skip

PRODUCTS = {
    "ide-cel": {"product": "idecabtagene vicleucel", "target": "BCMA", "construct": "murine scFv", "dose_cells": 430_000_000},
    "cilta-cel": {"product": "ciltacabtagene autoleucel", "target": "BCMA", "construct": "camelid VHH", "dose_cells": 58_000_000},
}

UNITS = {
    "serum_m_protein": ("g/dL", "serum"),
    "urine_m_protein_24h": ("mg/24h", "urine_24h"),
    "kappa_flc": ("mg/L", "serum"),
    "lambda_flc": ("mg/L", "serum"),
    "serum_immunofixation": ("", "serum"),
    "urine_immunofixation": ("", "urine"),
    "marrow_plasma_cells": ("%", "marrow"),
    "soluble_bcma": ("ng/mL", "serum"),
    "car_copies_per_ug_dna": ("copies/ug", "blood"),
    "lymphocytes": ("10*9/L", "blood"),
    "neutrophils": ("10*9/L", "blood"),
    "platelets": ("10*9/L", "blood"),
    "hemoglobin": ("g/dL", "blood"),
    "creatinine": ("mg/dL", "serum"),
    "calcium_corrected": ("mg/dL", "serum"),
    "ldh": ("U/L", "serum"),
    "ferritin": ("ng/mL", "serum"),
    "crp": ("mg/L", "serum"),
    "igg": ("mg/dL", "serum"),
    "lvef": ("%", ""),
    "ecog": ("score", ""),
    "weight": ("kg", ""),
    "anti_car_antibody": ("", "serum"),
    "hbsag": ("", "serum"),
    "anti_hbc": ("", "serum"),
    "hcv_rna": ("", "serum"),
    "hiv_serology": ("", "serum"),
    "mrd": ("", "marrow"),
    "cd4_t_cells": ("/uL", "blood"),
    "iss": ("", ""),
    "r_iss": ("", ""),
}


class Patient:
    """Builds the tidy tables of one patient; each method adds rows."""

    def __init__(self, number: int, title: str, *, history: str, product: str, apheresis: int, last_seen: int, infusion: Row | None = None, **facts: Any) -> None:
        self.id = f"SYN-{number:02d}"
        self.slug = title.lower().replace(",", "").replace(" ", "-")
        self.title = title
        self.last_seen = last_seen
        self.tables: Tables = {"patients": [{"patient_id": self.id, **facts, "diagnosis_day": -2400, "last_seen_day": last_seen}]}
        self.add("infusions", {"day": 0, **PRODUCTS[product], "apheresis_days": str(apheresis), "in_specification": "yes", "infused": "yes", **(infusion or {})})
        for row in HISTORIES[history]:
            self.add("therapies", row)
        self.add("therapies", {"regimen": "Flu/Cy", "agents": "fludarabine;cyclophosphamide", "purpose": "lymphodepletion", "start_day": -5, "end_day": -3})

    def add(self, table: str, *rows: Row) -> Patient:
        self.tables.setdefault(table, []).extend({"patient_id": self.id, **row} for row in rows)
        return self

    def bridging(self, regimen: str, agents: str, start: int, end: int) -> Patient:
        return self.add("therapies", {"regimen": regimen, "agents": agents, "purpose": "bridging", "start_day": start, "end_day": end})

    def series(self, test: str, values: dict[int, Any], **more: Any) -> Patient:
        unit, specimen = UNITS[test]
        for day, value in values.items():
            self.add("labs", {"day": day, "test": test, "value": value, "unit": unit, "specimen": specimen, **more})
        return self

    def antigen(self, day: int, test: str, percent: float, method: str = "flow_cytometry", specimen: str = "marrow", sample: str = "") -> Patient:
        return self.add("labs", {"day": day, "test": test, "value": percent, "unit": "%", "specimen": specimen, "method": method, "sample_id": sample})

    def markers(self, serum: dict[int, Any], *, urine: float = 20, chains: dict[int, tuple[float, float]] | None = None, positive: list[int] | None = None) -> Patient:
        """M-protein at its days with a quiet 24-hour urine; light chains (kappa, lambda); days of a
        positive serum immunofixation.
        """
        self.series("serum_m_protein", serum).series("urine_m_protein_24h", dict.fromkeys(serum, urine))
        for day, (kappa, lam) in (chains or {}).items():
            self.series("kappa_flc", {day: kappa}).series("lambda_flc", {day: lam})
        return self.series("serum_immunofixation", dict.fromkeys(positive or [], "positive"))

    def complete_response(self, days: list[int], marrow: int) -> Patient:
        self.series("serum_immunofixation", dict.fromkeys(days, "negative")).series("urine_immunofixation", dict.fromkeys(days, "negative"))
        return self.series("marrow_plasma_cells", {marrow: 1})

    def fit(self, day: int, *, neutrophils: float = 2.2, platelets: int = 110, creatinine: float = 0.9, lvef: int = 60, ecog: int = 1) -> Patient:
        """The panel that a fit patient brings to the board."""
        self.series("neutrophils", {day: neutrophils}).series("platelets", {day: platelets}).series("hemoglobin", {day: 10.8})
        self.series("creatinine", {day: creatinine}).series("calcium_corrected", {day: 9.4}).series("lvef", {day: lvef}).series("ecog", {day: ecog})
        self.series("weight", {day: 72}).series("cd4_t_cells", {day: 240})
        for test in ("hbsag", "anti_hbc", "hiv_serology"):
            self.series(test, {day: "negative"})
        return self.add("conditions", {"day": day, "condition": "active_infection", "status": "absent"})

    def not_exposed(self, day: int) -> Patient:
        return self.add("refractoriness", {"day": day, "agent_or_class": "anti-GPRC5D", "status": "not_exposed", "by": "team"})

    def fish(self, day: int, present: dict[str, str], absent: list[str]) -> Patient:
        kinds = {"t": "translocation", "d": "deletion", "g": "gain"}
        loci = {"del(17p)": "17p13", "gain(1q)": "1q21"}
        for change, copies in present.items():
            self.add("variants", {"day": day, "gene": loci.get(change, change), "change": change, "kind": kinds[change[0]], "result": "present", "copies": copies, "specimen": "marrow CD138+", "site": "marrow", "assay": "FISH"})
        for change in absent:
            self.add("variants", {"day": day, "gene": loci.get(change, change), "change": change, "kind": kinds[change[0]], "result": "absent", "specimen": "marrow CD138+", "site": "marrow", "assay": "FISH"})
        return self

    def no_braf(self, day: int) -> Patient:
        return self.add("variants", {"day": day, "gene": "BRAF", "change": "p.Val600Glu", "kind": "snv", "result": "absent", "specimen": "marrow CD138+", "site": "marrow", "assay": "NGS panel"})

    def tnfrsf17(self, day: int, change: str, kind: str, *, result: str = "present", copies: int | str = "", fraction: float | str = "", assay: str = "WGS") -> Patient:
        return self.add("variants", {"day": day, "gene": "TNFRSF17", "change": change, "kind": kind, "result": result, "copies": copies, "clonal_fraction": fraction, "specimen": "marrow CD138+", "site": "marrow", "assay": assay, "reported_day": day + 12})


def biallelic_bcma_loss() -> Patient:
    p = Patient(1, "Biallelic BCMA loss", history="four lines", product="cilta-cel", apheresis=-56, last_seen=428, sex="F", birth_year=1962, day_zero="2024-02-12", heavy_chain="IgG", light_chain="lambda")
    p.bridging("KPd", "carfilzomib;pomalidomide;dexamethasone", -46, -18)
    p.markers({-50: 3.1, -7: 2.7, 28: 1.0, 56: 0.4, 84: 0.2, 140: 0.2, 200: 0.2, 300: 0.2, 360: 0.4, 402: 1.0, 416: 1.3}, chains={-50: (9, 260), 84: (8, 14), 200: (9, 15), 402: (8, 130), 416: (8, 170)}, positive=[-50, 84, 200, 300, 402])
    p.series("car_copies_per_ug_dna", {7: 26000, 14: 71000, 28: 12000, 90: 900, 180: 150, 402: "<10"}).series("lymphocytes", {0: 0.05, 7: 0.6, 12: 2.1, 15: 1.9})
    p.series("soluble_bcma", {-7: 290, 28: 20, 90: 4, 402: "<0.5"}).series("marrow_plasma_cells", {-48: 45, 405: 30})
    p.antigen(405, "bcma_positive_plasma_cells", 0).antigen(405, "gprc5d_positive_plasma_cells", 88)
    p.tnfrsf17(405, "deletion of both alleles", "deletion", copies=0, fraction=0.92)
    p.fish(-48, {"gain(1q)": "3"}, ["del(17p)", "t(4;14)", "t(14;16)", "t(11;14)"])
    return p.no_braf(405).fit(416).not_exposed(416)


def ectodomain_mutation() -> Patient:
    p = Patient(2, "Extracellular BCMA mutation with retained expression", history="three lines", product="ide-cel", apheresis=-49, last_seen=262, sex="M", birth_year=1958, day_zero="2024-07-08", heavy_chain="IgG", light_chain="kappa")
    p.bridging("Kd", "carfilzomib;dexamethasone", -40, -16)
    p.markers({-44: 2.8, -6: 2.4, 28: 0.9, 60: 0.3, 90: 0.2, 150: 0.2, 210: 0.4, 240: 0.9, 254: 1.2}, chains={-44: (220, 8), 90: (15, 9), 240: (120, 8), 254: (160, 8)}, positive=[-44, 90, 150, 240])
    p.series("car_copies_per_ug_dna", {7: 18000, 14: 52000, 28: 8000, 90: 1200, 180: 300, 240: 220}).series("lymphocytes", {0: 0.04, 7: 0.5, 11: 1.6, 15: 1.4})
    p.series("soluble_bcma", {-6: 210, 28: 30, 90: 8, 240: 95}).series("marrow_plasma_cells", {-42: 35, 243: 28})
    p.antigen(243, "bcma_positive_plasma_cells", 92).antigen(243, "gprc5d_positive_plasma_cells", 81)
    p.tnfrsf17(243, "p.Pro34del", "indel", fraction=0.86, assay="NGS panel").tnfrsf17(243, "deletion of one allele", "deletion", copies=1, fraction=0.88, assay="NGS panel")
    p.fish(-42, {}, ["del(17p)", "t(4;14)", "t(14;16)", "t(11;14)", "gain(1q)"])
    return p.no_braf(243).fit(254).not_exposed(254)


def poor_expansion() -> Patient:
    p = Patient(3, "Poor expansion", history="four lines", product="ide-cel", apheresis=-53, last_seen=118, sex="F", birth_year=1964, day_zero="2024-09-02", heavy_chain="IgA", light_chain="kappa")
    p.bridging("dexamethasone", "dexamethasone", -40, -30)
    p.markers({-45: 3.4, -6: 3.3, 28: 1.6, 56: 1.5, 84: 2.3, 98: 2.9}, chains={-45: (310, 9), 28: (150, 8), 84: (240, 8), 98: (300, 8)}, positive=[-45, 28, 84])
    p.series("car_copies_per_ug_dna", {7: 300, 14: 900, 28: 200, 84: "<10"}).series("lymphocytes", {-6: 0.6, 0: 0.05, 7: 0.1, 10: 0.2, 14: 0.4, 15: 0.4})
    p.series("soluble_bcma", {-6: 240, 28: 160, 84: 260}).series("marrow_plasma_cells", {-44: 40, 88: 45})
    p.antigen(88, "bcma_positive_plasma_cells", 94).antigen(88, "gprc5d_positive_plasma_cells", 86)
    p.tnfrsf17(88, "no variant, two copies", "snv", result="absent", copies=2)
    p.fish(88, {"t(11;14)": ""}, ["del(17p)", "t(4;14)", "t(14;16)", "gain(1q)"])
    return p.no_braf(88).fit(98, neutrophils=1.5, platelets=82).not_exposed(98)


def loss_of_persistence() -> Patient:
    p = Patient(4, "Loss of persistence", history="four lines", product="cilta-cel", apheresis=-60, last_seen=668, sex="M", birth_year=1960, day_zero="2023-06-05", heavy_chain="IgG", light_chain="lambda")
    p.bridging("DPd", "daratumumab;pomalidomide;dexamethasone", -48, -15)
    p.markers({-50: 2.6, -6: 1.8, 28: 0.7, 56: 0.2, 84: 0, 112: 0, 168: 0, 250: 0, 340: 0, 430: 0, 520: 0, 590: 0.3, 640: 0.8, 655: 1.0}, urine=0, chains={-50: (9, 190), 84: (9, 11), 112: (10, 12), 168: (10, 12), 430: (9, 12), 640: (8, 80), 655: (8, 110)}, positive=[-50, 56, 590, 640, 655])
    p.complete_response([84, 112, 168, 250, 340, 430, 520], marrow=115)
    p.series("car_copies_per_ug_dna", {7: 21000, 14: 47000, 28: 9000, 90: 600, 180: 90, 270: "<10", 400: "<10", 640: "<10"}).series("lymphocytes", {0: 0.05, 7: 0.7, 13: 2.4, 15: 2.2})
    p.series("soluble_bcma", {-6: 160, 28: 14, 180: 5, 640: 70}).series("marrow_plasma_cells", {-48: 30, 645: 18})
    p.antigen(645, "bcma_positive_plasma_cells", 95).antigen(645, "gprc5d_positive_plasma_cells", 84)
    p.tnfrsf17(645, "no variant, two copies", "snv", result="absent", copies=2)
    p.fish(645, {}, ["del(17p)", "t(4;14)", "t(14;16)", "t(11;14)", "gain(1q)"])
    return p.no_braf(645).fit(655).not_exposed(655)


def extramedullary_relapse() -> Patient:
    p = Patient(5, "Extramedullary relapse", history="three lines", product="cilta-cel", apheresis=-58, last_seen=176, sex="M", birth_year=1966, day_zero="2024-10-14", heavy_chain="IgG", light_chain="kappa")
    p.bridging("KPd", "carfilzomib;pomalidomide;dexamethasone", -45, -17)
    p.markers({-48: 2.0, -6: 1.5, 28: 0.5, 56: 0.2, 84: 0.1, 112: 0.1, 140: 0.1, 168: 0.1}, chains={-48: (130, 9), 84: (14, 10), 168: (16, 10)}, positive=[-48, 84, 140, 168])
    p.series("car_copies_per_ug_dna", {7: 14000, 14: 39000, 28: 6000, 90: 700, 168: 120}).series("lymphocytes", {0: 0.05, 7: 0.4, 12: 1.3, 15: 1.2})
    p.series("soluble_bcma", {-6: 190, 28: 18, 90: 6, 168: 30}).series("marrow_plasma_cells", {-46: 20, 170: 2})
    p.antigen(172, "bcma_positive_plasma_cells", 85, "immunohistochemistry", "lesion_biopsy", "L1").antigen(170, "bcma_positive_plasma_cells", 90)
    p.antigen(172, "gprc5d_positive_plasma_cells", 60, "immunohistochemistry", "lesion_biopsy", "L1")
    p.add("imaging", {"day": -35, "method": "PET-CT", "result": "negative", "kind": "extramedullary"}, {"day": 90, "method": "PET-CT", "result": "negative", "kind": "extramedullary"})
    p.add("imaging", {"day": 165, "method": "PET-CT", "result": "positive", "lesion": "L1", "kind": "extramedullary", "site": "liver segment 4", "contiguous_with_bone": "no", "length_mm": 38, "width_mm": 30, "short_axis_mm": 30, "n_lesions": 1, "suv": 12.4, "new": "yes"})
    p.add("facts", {"day": 174, "finding": "lesion_histology", "value": "L1=plasma_cells", "by": "pathology"}, {"day": 174, "finding": "trials_open", "value": "phase 2 trial of a trispecific antibody", "by": "clinician"})
    p.fish(-46, {"gain(1q)": "4"}, ["del(17p)", "t(4;14)", "t(14;16)", "t(11;14)"]).series("ldh", {168: 480})
    return p.no_braf(170).fit(168).not_exposed(168)


def antibody_and_product() -> Patient:
    p = Patient(6, "Out-of-specification product with anti-CAR antibodies", history="four lines", product="ide-cel", apheresis=-61, last_seen=128, sex="F", birth_year=1959, day_zero="2024-04-29", heavy_chain="IgG", light_chain="lambda", infusion={"in_specification": "no", "dose_cells": 260_000_000})
    p.bridging("VCd", "bortezomib;cyclophosphamide;dexamethasone", -44, -16)
    p.markers({-48: 2.9, -6: 2.6, 28: 1.2, 56: 0.9, 84: 1.1, 104: 1.7, 118: 2.2}, chains={-48: (8, 180), 28: (8, 60), 56: (8, 45), 104: (8, 95), 118: (8, 130)}, positive=[-48, 56, 104])
    p.series("car_copies_per_ug_dna", {7: 12000, 14: 30000, 28: 1800, 60: "<10", 104: "<10"}).series("lymphocytes", {0: 0.05, 7: 0.4, 12: 1.2, 15: 1.0})
    p.series("anti_car_antibody", {-6: "negative", 58: "positive", 104: "positive"}).series("soluble_bcma", {-6: 230, 28: 60, 104: 210}).series("marrow_plasma_cells", {-46: 30, 108: 26})
    p.antigen(108, "bcma_positive_plasma_cells", 91).antigen(108, "gprc5d_positive_plasma_cells", 79)
    p.fish(-46, {}, ["del(17p)", "t(4;14)", "t(14;16)", "t(11;14)", "gain(1q)"])
    return p.no_braf(108).fit(118).not_exposed(118)


def high_risk_primary_refractory() -> Patient:
    p = Patient(7, "High-risk, high-burden primary refractory", history="three lines", product="ide-cel", apheresis=-51, last_seen=62, sex="M", birth_year=1969, day_zero="2025-03-03", heavy_chain="IgG", light_chain="kappa")
    p.bridging("DCEP", "dexamethasone;cyclophosphamide;etoposide;cisplatin", -38, -34)
    p.markers({-42: 5.6, -6: 5.2, 14: 5.0, 28: 4.9, 42: 6.3, 56: 7.0}, urine=90, chains={-42: (900, 7), 28: (860, 7), 42: (1200, 7), 56: (1500, 7)}, positive=[-42, 28, 42, 56])
    p.series("car_copies_per_ug_dna", {7: 9000, 14: 22000, 28: 7000, 56: 2500}).series("lymphocytes", {-6: 0.5, 0: 0.05, 7: 0.3, 12: 0.8, 15: 0.7})
    p.series("soluble_bcma", {-6: 1250, 28: 1100, 42: 1600}).series("marrow_plasma_cells", {-40: 82, 46: 85}).series("r_iss", {-40: "III"}).series("iss", {-40: "III"})
    p.series("ferritin", {-6: 1900}, ref_high=300).series("crp", {-6: 24}).series("ldh", {-6: 420, 56: 510})
    p.antigen(46, "bcma_positive_plasma_cells", 97)
    p.fish(-40, {"del(17p)": "1", "t(4;14)": "", "gain(1q)": "3"}, ["t(14;16)", "t(11;14)"])
    return p.no_braf(46).fit(56, neutrophils=1.1, platelets=58).not_exposed(56)


def continuing_vgpr() -> Patient:
    p = Patient(8, "Continuing VGPR", history="four lines", product="cilta-cel", apheresis=-57, last_seen=252, sex="F", birth_year=1955, day_zero="2024-08-19", heavy_chain="IgA", light_chain="lambda")
    p.bridging("Pd", "pomalidomide;dexamethasone", -44, -16)
    p.markers({-46: 2.4, -6: 2.2, 28: 0.8, 56: 0.3, 84: 0.2, 112: 0.2, 140: 0.2, 168: 0.2, 210: 0.2, 252: 0.2}, chains={-46: (9, 170), 84: (9, 14), 168: (9, 13), 252: (9, 14)}, positive=[-46, 84, 168, 252])
    p.series("car_copies_per_ug_dna", {7: 16000, 14: 41000, 28: 7000, 90: 400, 180: "<10"}).series("lymphocytes", {0: 0.05, 7: 0.6, 12: 1.5, 15: 1.4})
    return p.series("soluble_bcma", {-6: 170, 28: 20, 90: 6, 252: 6}).series("marrow_plasma_cells", {-44: 25, 90: 2}).fit(252)


def unconfirmed_with_escape() -> Patient:
    p = Patient(9, "Unconfirmed progression with light-chain escape", history="four lines", product="ide-cel", apheresis=-50, last_seen=226, sex="M", birth_year=1961, day_zero="2024-05-27", heavy_chain="IgG", light_chain="kappa")
    p.bridging("Kd", "carfilzomib;dexamethasone", -40, -18)
    p.markers({-44: 2.9, -6: 2.6, 28: 1.0, 56: 0.5, 84: 0.3, 112: 0.3, 140: 0.3, 182: 0.4, 224: 0.9}, chains={-44: (260, 9), 56: (22, 9), 84: (16, 9), 112: (17, 9), 140: (40, 9), 182: (130, 9), 224: (390, 8)}, positive=[-44, 84, 140, 224])
    p.series("car_copies_per_ug_dna", {7: 15000, 14: 37000, 28: 6000, 90: 500, 224: 60}).series("lymphocytes", {0: 0.05, 7: 0.5, 12: 1.4, 15: 1.2})
    return p.series("soluble_bcma", {-6: 200, 28: 22, 90: 7, 224: 60}).series("marrow_plasma_cells", {-42: 30, 90: 3}).fit(224).not_exposed(224)


def frail_with_infection() -> Patient:
    p = Patient(10, "A frail 80-year-old with active infection", history="without transplant", product="cilta-cel", apheresis=-55, last_seen=232, sex="F", birth_year=1944, day_zero="2024-06-17", heavy_chain="IgG", light_chain="kappa")
    p.bridging("dexamethasone", "dexamethasone", -36, -28)
    p.markers({-40: 2.7, -6: 2.5, 28: 1.0, 56: 0.5, 84: 0.4, 140: 0.4, 182: 0.6, 210: 1.1, 224: 1.5}, chains={-40: (190, 9), 84: (20, 9), 210: (110, 8), 224: (150, 8)}, positive=[-40, 84, 210])
    p.series("car_copies_per_ug_dna", {7: 9000, 14: 26000, 28: 4000, 90: 200, 210: "<10"}).series("lymphocytes", {0: 0.05, 7: 0.4, 12: 1.1, 15: 1.0})
    p.series("neutrophils", {224: 1.3}).series("platelets", {224: 68}).series("creatinine", {224: 1.3}).series("crp", {224: 148}).series("igg", {84: 310}).series("ecog", {224: 3}).series("weight", {224: 54}).series("lvef", {224: 48})
    p.add("conditions", {"day": 222, "condition": "active_infection", "status": "present", "grade": 3, "attributed_to_myeloma": "no"})
    p.add("facts", {"day": 224, "finding": "frailty", "value": "frail", "by": "clinician"}, {"day": 224, "finding": "goals_of_care", "value": "no_hospital", "by": "patient"})
    p.antigen(214, "bcma_positive_plasma_cells", 88).antigen(214, "gprc5d_positive_plasma_cells", 75).series("marrow_plasma_cells", {-38: 30, 214: 22})
    return p.not_exposed(224)


def t_cell_lymphoma() -> Patient:
    p = Patient(11, "A mass that is a T-cell lymphoma", history="three lines", product="cilta-cel", apheresis=-59, last_seen=230, sex="M", birth_year=1963, day_zero="2024-03-18", heavy_chain="IgG", light_chain="lambda")
    p.bridging("KPd", "carfilzomib;pomalidomide;dexamethasone", -46, -18)
    p.markers({-50: 2.2, -6: 1.9, 28: 0.6, 56: 0.1, 84: 0, 112: 0, 150: 0, 190: 0, 220: 0}, urine=0, chains={-50: (8, 140), 84: (9, 11), 150: (10, 12), 220: (10, 12)}, positive=[-50, 56])
    p.complete_response([84, 112, 150, 190, 220], marrow=92)
    p.series("car_copies_per_ug_dna", {7: 19000, 14: 52000, 28: 21000, 90: 16000, 180: 42000, 220: 88000}).series("lymphocytes", {0: 0.05, 7: 0.8, 13: 2.6, 15: 2.4, 220: 4.9})
    p.add("imaging", {"day": 90, "method": "PET-CT", "result": "negative", "kind": "extramedullary"})
    p.add("imaging", {"day": 218, "method": "PET-CT", "result": "positive", "lesion": "L1", "kind": "extramedullary", "site": "axilla", "contiguous_with_bone": "no", "length_mm": 42, "width_mm": 31, "short_axis_mm": 31, "n_lesions": 1, "suv": 16.0, "new": "yes"})
    p.add("labs", {"day": 222, "test": "car_transgene_in_tissue", "value": "positive", "specimen": "lesion_biopsy", "sample_id": "L1"})
    p.add("facts", {"day": 226, "finding": "lesion_histology", "value": "L1=t_cell_neoplasm", "by": "pathology"})
    p.add("conditions", {"day": 226, "condition": "t_cell_lymphoma", "status": "present", "attributed_to_myeloma": "no"})
    return p.fit(220)


PATIENTS = [
    biallelic_bcma_loss, ectodomain_mutation, poor_expansion, loss_of_persistence, extramedullary_relapse, antibody_and_product,
    high_risk_primary_refractory, continuing_vgpr, unconfirmed_with_escape, frail_with_infection, t_cell_lymphoma,
]  # fmt: skip
