"""Invented patients in any number, as tidy tables, the same ones for the same number and seed.

Two versions of the program, and the benchmarks, read the same files. The patients differ in what
decides an answer: product, course, antigens, variants, lesions, toxicities, conditions, statements,
further lines, a second infusion, and in what is missing, bounded, in another unit or plainly wrong.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["generated_patient", "generated_patients", "write_patients"]

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_PRODUCTS = (
    ("ciltacabtagene autoleucel", "BCMA", "camelid VHH"),
    ("idecabtagene vicleucel", "BCMA", "murine scFv"),
    ("ide-cel", "BCMA", ""),
    ("MCARH109", "GPRC5D", "human scFv"),
    ("an unnamed product", "BCMA", ""),
)
_LINES = (
    ("VRd", "bortezomib;lenalidomide;dexamethasone", "induction"),
    ("D-VRd", "daratumumab;bortezomib;lenalidomide;dexamethasone", "induction"),
    ("HDM-ASCT", "melphalan", "transplant"),
    ("R maintenance", "lenalidomide", "maintenance"),
    ("KPd", "carfilzomib;pomalidomide;dexamethasone", "treatment"),
    ("DPd", "daratumumab;pomalidomide;dexamethasone", "treatment"),
    ("Isa-Kd", "isatuximab;carfilzomib;dexamethasone", "treatment"),
    ("SVd", "selinexor;bortezomib;dexamethasone", "treatment"),
    ("belantamab mafodotin", "belantamab mafodotin", "treatment"),
    ("EloPd", "elotuzumab;pomalidomide;dexamethasone", "treatment"),
    ("VCd", "", "treatment"),
)
_SALVAGE = (
    ("talquetamab", "talquetamab"),
    ("teclistamab", "teclistamab"),
    ("DPd", "daratumumab;pomalidomide;dexamethasone"),
    ("venetoclax + dexamethasone", "venetoclax;dexamethasone"),
    ("cevostamab", "cevostamab"),
    ("lenalidomide", "lenalidomide"),
    ("a study drug", ""),
)
_COURSES = ("refractory", "stable", "early", "late", "lasting", "biochemical", "clinical", "death")
_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
_CONDITIONS = (
    "cns_myeloma",
    "plasma_cell_leukaemia",
    "al_amyloidosis",
    "cord_compression",
    "pathological_fracture",
    "anaemia",
    "hypercalcaemia",
    "renal_impairment",
    "t_cell_lymphoma",
    "mds_aml",
    "enterocolitis",
    "active_infection",
    "febrile_neutropenia",
    "hepatitis_b",
    "hiv",
    "heart_failure",
    "arrhythmia",
    "dialysis",
    "keratopathy",
    "peripheral_neuropathy",
    "pregnancy",
    "active_gvhd",
    "cytopenia",
)
_TOXICITIES = (
    "crs",
    "icans",
    "iec_hs",
    "icaht",
    "enterocolitis",
    "parkinsonism",
    "cranial_nerve_palsy",
    "infection",
    "hypogammaglobulinaemia",
    "dysgeusia",
    "keratopathy",
    "peripheral_neuropathy",
    "cytopenia",
)
# gene or locus, change, kind, copies (None: not counted)
_VARIANTS = (
    ("TNFRSF17", "deletion of both alleles", "deletion", 0),
    ("TNFRSF17", "deletion of one allele", "deletion", 1),
    ("TNFRSF17", "p.Arg27Pro", "snv", None),
    ("TNFRSF17", "p.Pro34del", "indel", None),
    ("GPRC5D", "deletion of both alleles", "deletion", 0),
    ("GPRC5D", "deletion of one allele", "deletion", 1),
    ("17p13", "del(17p)", "deletion", 1),
    ("TP53", "p.Arg175His", "snv", None),
    ("1q21", "gain(1q)", "gain", 3),
    ("1q21", "amp(1q)", "amplification", 5),
    ("t(11;14)", "t(11;14)", "translocation", None),
    ("t(4;14)", "t(4;14)", "translocation", None),
    ("t(14;16)", "t(14;16)", "translocation", None),
    ("BRAF", "p.Val600Glu", "snv", None),
    ("KRAS", "p.Gly12Asp", "snv", None),
    ("CRBN", "p.Trp386Arg", "snv", None),
)
# test, low, high, unit, the same unit otherwise written with its factor
_AT_DECISION = (
    ("hemoglobin", 6.0, 14.0, "g/dL", ("g/L", 10)),
    ("neutrophils", 0.1, 5.0, "10*9/L", ("/uL", 1000)),
    ("platelets", 5, 300, "10*9/L", ("/nL", 1)),
    ("lymphocytes", 0.1, 3.0, "10*9/L", ("/uL", 1000)),
    ("creatinine", 0.5, 6.0, "mg/dL", ("umol/L", 88.4)),
    ("calcium_corrected", 8.0, 13.5, "mg/dL", ("mmol/L", 0.2495)),
    ("ldh", 120, 900, "U/L", ("ukat/L", 0.01667)),
    ("bilirubin", 0.2, 5.0, "mg/dL", ("umol/L", 17.1)),
    ("igg", 50, 1800, "mg/dL", ("g/L", 0.01)),
    ("crp", 0.5, 180, "mg/L", ("mg/dL", 0.1)),
    ("ferritin", 20, 9000, "ng/mL", ("ug/L", 1)),
    ("cd4_t_cells", 5, 900, "/uL", ("10*9/L", 0.001)),
    ("cd8_t_cells", 5, 1500, "/uL", ("10*9/L", 0.001)),
    ("lvef", 20, 70, "%", ("fraction", 0.01)),
    ("weight", 45, 110, "kg", ("lb", 2.2046)),
    ("albumin", 2.0, 5.0, "g/dL", ("g/L", 10)),
    ("beta2_microglobulin", 1.5, 12, "mg/L", ("mg/dL", 0.1)),
    ("marrow_plasma_cells", 0, 90, "%", ("fraction", 0.01)),
    ("soluble_bcma", 1, 900, "ng/mL", ("pg/mL", 1000)),
    ("t_cells_pd1", 5, 80, "% of T cells", ("%", 1)),
)
_ANTIGENS = (
    "bcma_positive_plasma_cells",
    "gprc5d_positive_plasma_cells",
    "fcrh5_positive_plasma_cells",
)
_VIRUSES = ("hbsag", "anti_hbc", "hiv_serology", "anti_car_antibody")
_FACTS = (
    ("goals_of_care", ("comfort_only", "disease_control", "no_hospital")),
    ("next_tcell_therapy_planned", ("yes", "no")),
    ("stored_cd34", ("yes", "no")),
    ("stored_t_cells", ("yes", "no")),
    ("eye_care_access", ("yes", "no")),
    ("nyha_class", ("I", "II", "III", "IV")),
    ("therapy_history_complete", ("yes", "no")),
    ("frailty", ("fit", "intermediate", "frail")),
    ("trials_open", ("phase 1 trial of a trispecific antibody",)),
    ("pregnancy_possible", ("yes", "no")),
)
_CLASSES = (
    "proteasome inhibitor",
    "IMiD",
    "anti-CD38",
    "anti-BCMA",
    "anti-GPRC5D",
    "lenalidomide",
    "carfilzomib",
)
_FAULTS = (
    {"test": "serum_m_protein", "value": "1.4", "unit": ""},  # no unit
    {"test": "serum_m_protein", "value": "14", "unit": "mmol/L"},  # not a unit of the test
    {"test": "kappa_flc", "value": "12,5", "unit": "mg/L"},  # decimal comma
    {"test": "an unlisted test", "value": "3", "unit": "g/L"},
    {"test": "platelets", "value": "see letter", "unit": "10*9/L"},
    {"test": "hemoglobin", "value": "-3", "unit": "g/dL"},
    {"test": "neutrophils", "value": "1.2-1.4", "unit": "10*9/L"},
)


class _Patient:
    """Rows of one patient as they are drawn."""

    def __init__(self, number: int, seed: int) -> None:
        self.draw = random.Random(f"{seed}:{number}")
        self.id = f"G{number:05d}"
        self.tables: Tables = defaultdict(list)
        self.known = self.draw.choice((0.2, 0.6, 0.95, 1.2))
        self.course = self.draw.choice(_COURSES)
        self.end = self.draw.randint(60, 1400)
        self.chain = self.draw.choice(("kappa", "lambda"))
        self.kind = self.draw.choice(("serum", "serum", "urine", "light chain", "none"))

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def row(self, table: str, **cells: Any) -> None:
        self.tables[table].append({"patient_id": self.id, **cells})

    def lab(self, day: int, test: str, value: Any, unit: str = "", **cells: Any) -> None:
        if isinstance(value, float):
            value = float(f"{value:.3g}")
        self.row("labs", day=day, test=test, value=value, unit=unit, **cells)


def generated_patient(number: int, seed: int = 0) -> Tables:
    """The tables of patient `number` (id G00000 ...), by number and seed alone."""
    p = _Patient(number, seed)
    _person(p)
    _earlier_lines(p)
    _infusions(p)
    _disease(p)
    _decision_day(p)
    _car_t_cells(p)
    _tumour(p)
    _lesions(p)
    _clinic(p)
    _later_lines(p)
    _faults(p)
    return dict(p.tables)


def generated_patients(number: int, seed: int = 0) -> Iterator[Tables]:
    """The first `number` patients."""
    return (generated_patient(i, seed) for i in range(number))


def write_patients(number: int, folder: Path, seed: int = 0) -> Path:
    """The first `number` patients as one folder of tidy tables; `folder` is made."""
    folder.mkdir(parents=True, exist_ok=True)
    together: Tables = defaultdict(list)
    for tables in generated_patients(number, seed):
        for name, rows in tables.items():
            together[name] += rows
    for name, rows in together.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(rows)
    return folder


def _person(p: _Patient) -> None:
    d = p.draw
    heavy = {"serum": d.choice(("IgG", "IgA", "IgD")), "none": ""}.get(p.kind, "none")
    p.row(
        "patients",
        sex=d.choice(("F", "M", "")),
        birth_year=d.choice((d.randint(1938, 1985), "")),
        day_zero=f"20{d.randint(18, 21)}-{d.randint(1, 12):02d}-{d.randint(1, 28):02d}"
        if p.chance(0.8)
        else "",
        diagnosis_day=-d.randint(300, 4000),
        heavy_chain=heavy,
        light_chain=p.chain if p.chance(0.85) else "",
        last_seen_day=p.end if p.chance(0.7) else "",
    )


def _earlier_lines(p: _Patient) -> None:
    d = p.draw
    day = -d.randint(1500, 3500)
    line = 1
    for regimen, agents, purpose in d.sample(_LINES, d.randint(0, 6)):
        length = d.randint(20, 500)
        numbered = p.chance(0.7)
        p.row(
            "therapies",
            start_day=day if p.chance(0.85) else "",
            end_day=min(day + length, -60) if p.chance(0.8) else "",
            line=line if numbered else "",
            regimen=regimen,
            agents=agents,
            purpose=purpose if p.chance(0.8) else "",
            best_response=d.choice((*_RESPONSES, "", "")),
            progression_on=d.choice(("yes", "no", "")),
            stop_reason=d.choice(("", "", "toxicity", "progression", "completed")),
        )
        day = min(day + length + d.randint(5, 200), -61)
        line += purpose == "treatment"
    if p.chance(0.5):
        p.row(
            "therapies",
            start_day=-45,
            end_day=-15,
            regimen="VCd",
            agents="bortezomib;cyclophosphamide;dexamethasone",
            purpose="bridging",
        )
    if p.chance(0.6):
        p.row(
            "therapies",
            start_day=-5,
            end_day=-3,
            regimen="Flu/Cy",
            agents="fludarabine;cyclophosphamide",
            purpose="lymphodepletion",
        )


def _infusions(p: _Patient) -> None:
    d = p.draw
    if p.chance(0.03):
        return
    days = [0]
    if p.chance(0.08):
        days.append(d.randint(150, max(151, p.end)))
    for day in days:
        product, target, construct = d.choice(_PRODUCTS)
        p.row(
            "infusions",
            day=day,
            product=product,
            target=target if p.chance(0.8) else "",
            dose_cells=d.choice((58_000_000, 260_000_000, 430_000_000, "")),
            apheresis_days=day - d.randint(35, 70) if p.chance(0.7) else "",
            in_specification=d.choice(("yes", "yes", "no", "")),
            infused="yes",
            construct=construct,
        )
    if p.chance(0.04):
        p.row("infusions", product="ide-cel", infused="no", reason="progression")


def _levels(p: _Patient) -> list[tuple[int, float]]:
    """Day and multiple of the baseline burden, by the kind of course."""
    d = p.draw
    depth = d.choice((0.0, 0.01, 0.05, 0.2, 0.45))
    turn = {
        "refractory": 0,
        "stable": 9999,
        "early": d.randint(90, 180),
        "late": d.randint(250, 1000),
        "biochemical": d.randint(90, 600),
        "clinical": d.randint(90, 600),
        "lasting": 9999,
        "death": 9999,
    }[p.course]
    floor = {"refractory": 0.9, "stable": 0.7}.get(p.course, depth)
    levels = [(-d.randint(40, 60), 1.0), (-d.randint(1, 9), d.uniform(0.5, 1.3))]
    day = d.randint(14, 35)
    while day <= p.end:
        if day < turn:
            level = floor * d.uniform(0.95, 1.05)
        else:
            level = floor + 0.02 + (day - turn) / d.choice((60, 150, 400))
        levels.append((day, level))
        day += d.choice((14, 28, 30, 45, 90))
        if len(levels) > 16:
            break
    return levels


def _disease(p: _Patient) -> None:
    d = p.draw
    serum = d.uniform(0.6, 5.0) if p.kind == "serum" else 0.0
    urine = d.uniform(150, 3000) if p.kind in ("urine", "light chain") else 20.0
    chain = d.uniform(60, 2500) if p.kind != "none" else 20.0
    other = "lambda_flc" if p.chain == "kappa" else "kappa_flc"
    in_g_l = p.chance(0.2)
    last = None
    for day, level in _levels(p):
        if not p.chance(max(p.known, 0.5)):
            continue
        last = day
        m = round(serum * level, 2)
        if in_g_l:
            p.lab(day, "serum_m_protein", round(10 * m, 1), "g/L")
        else:
            value = "<0.1" if m < 0.05 and p.chance(0.4) else m
            p.lab(day, "serum_m_protein", value, "g/dL")
        if p.chance(0.6):
            p.lab(day, "urine_m_protein_24h", round(urine * level), "mg/24h", specimen="urine_24h")
        if p.chance(0.8):
            low = chain * level < 3 and p.chance(0.5)
            p.lab(day, f"{p.chain}_flc", "<2.5" if low else 6 + chain * level, "mg/L")
            p.lab(day, other, d.uniform(2, 12), "mg/L")
        if p.chance(0.4):
            p.lab(day, "serum_immunofixation", "negative" if m < 0.1 else "positive")
        if p.chance(0.2):
            p.lab(day, "urine_immunofixation", "negative" if urine * level < 30 else "positive")
        if p.chance(0.15):
            p.lab(day, "marrow_plasma_cells", min(95.0, 60 * level), "%", specimen="marrow")
        if p.chance(0.1):
            p.lab(day, "marrow_clonality", d.choice(("clonal", "polyclonal", "negative")))
        if p.chance(0.1):
            p.lab(
                day,
                "mrd",
                d.choice(("positive", "negative")),
                method=d.choice(("NGS", "NGF", "")),
                sensitivity=d.choice(("0.00001", "0.0001", "")),
            )
    if p.chance(0.45):
        for day in sorted(d.sample(range(20, max(40, p.end)), d.randint(1, 3))):
            p.row(
                "assessments",
                day=day,
                response=d.choice(_RESPONSES),
                by=d.choice(("team", "committee", "")),
                pattern=d.choice(("", "", "biochemical", "extraosseous", "clinical;marrow")),
            )
    p.end = max(p.end, last or 0)


def _decision_day(p: _Patient) -> None:
    d = p.draw
    for day in (-7, p.end - d.randint(0, 12)):
        for test, low, high, unit, (other, factor) in _AT_DECISION:
            if not p.chance(0.6 * p.known):
                continue
            value = d.uniform(low, high)
            if p.chance(0.1):
                p.lab(day, test, f"{d.choice('<>')}{float(f'{value:.2g}')}", unit)
            elif p.chance(0.15):
                p.lab(day, test, value * factor, other)
            else:
                p.lab(day, test, value, unit)
        if p.chance(p.known):
            p.lab(day, "ecog", d.randint(0, 4), "score")
    for test in _VIRUSES:
        if p.chance(0.6 * p.known):
            p.lab(p.end, test, d.choice(("negative", "negative", "positive")))
    if p.chance(0.2):
        p.lab(-20, "iss", d.choice(("I", "II", "III")))
    if p.chance(0.2):
        p.lab(-20, "r_iss", d.choice(("I", "II", "III")))


def _car_t_cells(p: _Patient) -> None:
    d = p.draw
    peak = d.choice((200, 8_000, 60_000))
    for day, share in ((7, 0.4), (14, 1.0), (28, 0.3), (90, 0.05), (180, 0.01), (p.end, 0.003)):
        if p.chance(0.5 * p.known) and day <= p.end:
            if p.chance(0.8):
                p.lab(day, "car_copies_per_ug_dna", round(peak * share), "copies/ug")
            else:
                p.lab(day, "car_t_cells_absolute", peak * share / 500, "/uL")
            p.lab(day, "lymphocytes", d.uniform(0.1, 4.0), "10*9/L")


def _tumour(p: _Patient) -> None:
    d = p.draw
    for day in (-45, p.end - d.randint(0, 20)):
        for antigen in _ANTIGENS:
            if p.chance(0.5 * p.known):
                p.lab(
                    day,
                    antigen,
                    d.choice((0, 2, 15, 40, 75, 98)),
                    "%",
                    specimen=d.choice(("marrow", "")),
                    method=d.choice(("flow_cytometry", "immunohistochemistry", "")),
                    cells_counted=d.choice(("", 500, 20000)),
                )
        for gene, change, kind, copies in _VARIANTS:
            if p.chance(0.35 * p.known):
                present = p.chance(0.4)
                p.row(
                    "variants",
                    day=day if p.chance(0.9) else "",
                    gene=gene,
                    change=change,
                    kind=kind,
                    result="present" if present else "absent",
                    copies=copies if present and copies is not None and p.chance(0.7) else "",
                    clonal_fraction=d.choice(("", 0.05, 0.4, 0.95)) if present else "",
                    specimen="marrow CD138+",
                    site="marrow",
                    assay=d.choice(("WGS", "NGS panel", "FISH")),
                    reported_day=day + 11 if p.chance(0.2) else "",
                )


def _lesions(p: _Patient) -> None:
    d = p.draw
    if not p.chance(0.5):
        return
    size = d.choice((0, 0, 25, 45))
    kind = d.choice(("plasmacytoma", "extramedullary", "paraskeletal", "bone"))
    place = ""  # a lesion stays where it is, whether an examination names its site or not
    for day, factor in ((-35, 1.0), (90, d.choice((0.0, 0.4, 1.1))), (p.end - 5, d.uniform(0, 2))):
        now = round(size * factor)
        method = d.choice(("PET-CT", "CT", "MRI"))
        if now == 0:
            p.row("imaging", day=day, method=method, result="negative", kind=kind)
            continue
        drawn = d.choice(("liver", "rib", "skin", "meninges", ""))
        place = place or drawn
        p.row(
            "imaging",
            day=day,
            method=method,
            result="positive",
            lesion="L1",
            kind=kind,
            site=place if drawn else "",
            contiguous_with_bone="yes" if kind == "paraskeletal" else "no",
            length_mm=now,
            width_mm=round(now * 0.7) if p.chance(0.8) else "",
            n_lesions=d.randint(1, 4),
            suv=round(d.uniform(2, 20), 1) if method == "PET-CT" else "",
            new=d.choice(("yes", "no", "")),
        )
    if p.chance(0.3):
        p.row(
            "facts",
            day=p.end,
            finding="lesion_histology",
            value="L1="
            + d.choice(
                ("plasma_cells", "t_cell_neoplasm", "other_neoplasm", "infection", "benign")
            ),
            by="pathology",
        )


def _clinic(p: _Patient) -> None:
    d = p.draw
    for condition in _CONDITIONS:
        if p.chance(0.15 * p.known):
            p.row(
                "conditions",
                day=d.choice((-200, p.end - 10, p.end, "")),
                condition=condition,
                status=d.choice(("present", "present", "resolved", "absent", "unclear")),
                grade=d.choice(("", 1, 2, 3, 4)),
                end_day="",
                attributed_to_myeloma=d.choice(("", "yes", "no")),
            )
    for toxicity in d.sample(_TOXICITIES, d.randint(0, 4)):
        p.row(
            "toxicities",
            day=d.choice((2, 5, 20, 60, p.end - 15)),
            toxicity=toxicity,
            grade=d.choice(("", 1, 2, 3, 4)),
            end_day=d.choice(("", p.end)),
        )
    for finding, values in _FACTS:
        if p.chance(0.2 * p.known):
            p.row("facts", day=p.end - 2, finding=finding, value=d.choice(values), by="clinician")
    for what in _CLASSES:
        if p.chance(0.2 * p.known):
            p.row(
                "refractoriness",
                day=d.choice((-30, p.end)),
                agent_or_class=what,
                status=d.choice(("refractory", "exposed", "not_exposed")),
                by="team",
            )
    if p.course == "death" or p.chance(0.05):
        p.row(
            "deaths",
            day=p.end if p.chance(0.9) else "",
            cause=d.choice(("myeloma", "toxicity", "infection", "other", "unknown", "")),
        )


def _later_lines(p: _Patient) -> None:
    d = p.draw
    if not p.chance(0.35):
        return
    start = d.randint(30, max(31, p.end - 20))
    for regimen, agents in d.sample(_SALVAGE, d.randint(1, 2)):
        p.row(
            "therapies",
            start_day=start if p.chance(0.9) else "",
            end_day=min(start + d.randint(10, 200), p.end) if p.chance(0.6) else "",
            regimen=regimen,
            agents=agents,
            purpose=d.choice(("salvage", "treatment", "maintenance", "")),
            best_response=d.choice((*_RESPONSES, "")),
            progression_on=d.choice(("yes", "no", "")),
            after_infusion=d.choice(("", "", 1)),
        )
        start += d.randint(20, 250)


def _faults(p: _Patient) -> None:
    faults: Sequence[Row] = p.draw.sample(_FAULTS, p.draw.randint(0, 2)) if p.chance(0.3) else ()
    for fault in faults:
        p.row("labs", day=p.end - 3, **fault)
    if p.chance(0.03):
        p.lab(2 * p.end + 900, "hemoglobin", 10.5, "g/dL")
