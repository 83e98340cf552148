"""Invented patients who relapsed after CAR-T, in any number, as tidy tables: such as a board sees.

Each differs in what a choice depends on: target and product, interval, depth of the response, lines
and classes met, what followed the CAR-T, antigens, site, tempo, counts, IgG, kidney, frailty,
goals, former toxicity. The shares are invented; they say nothing of how often things happen. (The
patients of `generated_patients` are stranger on purpose: they seek faults of the program.)
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

__all__ = ["relapsed_patient", "relapsed_patients"]

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_PRODUCTS = (
    ("ciltacabtagene autoleucel", "BCMA"),
    ("ciltacabtagene autoleucel", "BCMA"),
    ("idecabtagene vicleucel", "BCMA"),
    ("idecabtagene vicleucel", "BCMA"),
    ("an unnamed product", "BCMA"),
    ("MCARH109", "GPRC5D"),
)
_FIRST_LINES = (
    (("VRd", "bortezomib;lenalidomide;dexamethasone"),),
    (("D-VRd", "daratumumab;bortezomib;lenalidomide;dexamethasone"),),
    (
        ("VRd", "bortezomib;lenalidomide;dexamethasone"),
        ("HDM-ASCT", "melphalan"),
        ("R maintenance", "lenalidomide"),
    ),
)
_NEXT_LINES = (
    ("DPd", "daratumumab;pomalidomide;dexamethasone"),
    ("Kd", "carfilzomib;dexamethasone"),
    ("Isa-Kd", "isatuximab;carfilzomib;dexamethasone"),
    ("EloPd", "elotuzumab;pomalidomide;dexamethasone"),
    ("SVd", "selinexor;bortezomib;dexamethasone"),
    ("KPd", "carfilzomib;pomalidomide;dexamethasone"),
)
_SALVAGE = (
    ("talquetamab", "talquetamab"),
    ("teclistamab", "teclistamab"),
    ("elranatamab", "elranatamab"),
    ("DPd", "daratumumab;pomalidomide;dexamethasone"),
)
_PURPOSES = {"HDM-ASCT": "transplant", "R maintenance": "maintenance"}


class _Patient:
    """Rows of one patient as they are drawn. `relapse`: the day of the relapse after CAR-T;
    `today`: that of the decision.
    """

    def __init__(self, number: int, seed: int) -> None:
        self.draw = random.Random(f"relapsed {seed}:{number}")
        self.id = f"R{number:05d}"
        self.tables: Tables = defaultdict(list)
        self.primary = self.chance(0.12)
        self.relapse = 60 if self.primary else self.draw.choice((95, 150, 210, 300, 420, 640, 900))
        self.today = self.relapse + 30
        self.depth = self.draw.choice((0.0, 0.05, 0.3))
        self.level = self.draw.uniform(1.2, 4.5)

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def row(self, table: str, **cells: Any) -> None:
        self.tables[table].append({"patient_id": self.id, **cells})

    def lab(self, day: int, test: str, value: float | str, unit: str = "", **cells: Any) -> None:
        shown = value if isinstance(value, str) else round(value, 2)
        self.row("labs", day=day, test=test, value=shown, unit=unit, **cells)

    def fact(self, finding: str, value: str) -> None:
        self.row("facts", day=self.today, finding=finding, value=value, by="clinician")

    def condition(self, name: str, **cells: Any) -> None:
        self.row("conditions", day=self.today - 5, condition=name, status="present", **cells)


def relapsed_patient(number: int, seed: int = 0) -> Tables:
    """The tables of patient `number` (id R00000 ...), by number and seed alone."""
    p = _Patient(number, seed)
    _person(p)
    _before(p)
    _course(p)
    _after(p)
    _tumour(p)
    _counts(p)
    _clinic(p)
    return dict(p.tables)


def relapsed_patients(number: int, seed: int = 0) -> Iterator[Tables]:
    """The first `number` patients."""
    return (relapsed_patient(i, seed) for i in range(number))


def _person(p: _Patient) -> None:
    p.row(
        "patients",
        sex=p.draw.choice(("F", "M")),
        birth_year=p.draw.randint(1940, 1975),
        day_zero=f"202{p.draw.randint(3, 4)}-{p.draw.randint(1, 12):02d}-15",
        diagnosis_day=-p.draw.randint(700, 4000),
        heavy_chain=p.draw.choice(("IgG", "IgA")),
        light_chain=p.draw.choice(("kappa", "lambda")),
    )


def _before(p: _Patient) -> None:
    later = p.draw.sample(_NEXT_LINES, p.draw.choice((0, 1, 2, 3, 4)))
    for line, regimens in enumerate((p.draw.choice(_FIRST_LINES), *((x,) for x in later)), 1):
        for regimen, agents in regimens:
            last = regimen == regimens[-1][0]
            p.row(
                "therapies",
                line=line,
                regimen=regimen,
                agents=agents,
                purpose=_PURPOSES.get(regimen, "induction" if line == 1 else "treatment"),
                progression_on=("yes" if p.chance(0.75) else "no") if last else "",
            )
    if p.chance(0.15):
        p.row(
            "therapies",
            start_day=-50,
            end_day=-12,
            regimen="talquetamab",
            agents="talquetamab",
            purpose="bridging",
        )
    p.fact("therapy_history_complete", "yes")


def _course(p: _Patient) -> None:
    product, target = p.draw.choice(_PRODUCTS)
    p.row("infusions", day=0, product=product, target=target, infused="yes")
    p.lab(-20, "serum_m_protein", p.level, "g/dL")
    low = 0.9 if p.primary else p.depth
    for day in range(30, p.relapse, 60 if p.relapse > 100 else 30):
        p.lab(day, "serum_m_protein", low * p.level, "g/dL")
    for day, share in ((p.relapse, 0.6), (p.relapse + 28, p.draw.choice((0.7, 1.3)))):
        p.lab(day, "serum_m_protein", (low + share) * p.level, "g/dL")
    if p.chance(0.7):
        deep = {0.0: "CR", 0.05: "VGPR", 0.3: "PR"}[p.depth]
        p.row("assessments", day=60, response="SD" if p.primary else deep, by="team")
        p.row("assessments", day=p.relapse + 28, response="PD", by="team")


def _after(p: _Patient) -> None:
    """A line after the CAR-T on which the disease progressed, and the day of today after it."""
    if not p.chance(0.3):
        return
    regimen, agents = p.draw.choice(_SALVAGE)
    start, length = p.today + 5, p.draw.choice((60, 150, 400))
    end = start + length
    p.row(
        "therapies",
        start_day=start,
        end_day=end,
        regimen=regimen,
        agents=agents,
        purpose="salvage",
        best_response=p.draw.choice(("PR", "VGPR", "SD")),
        progression_on="yes",
    )
    if length > 60:
        p.lab(start + 40, "serum_m_protein", 0.2 * p.level, "g/dL")
    for day, share in ((end - 10, 1.0), (end + 10, 1.4)):
        p.lab(day, "serum_m_protein", share * p.level, "g/dL")
    p.row("assessments", day=end, response="PD", by="team")
    p.today = end + 15


def _tumour(p: _Patient) -> None:
    d = p.draw
    day = p.today - 5
    for antigen, tested in (
        ("bcma_positive_plasma_cells", 0.6),
        ("gprc5d_positive_plasma_cells", 0.4),
    ):
        if p.chance(tested):
            p.lab(
                day,
                antigen,
                d.choice((95.0, 90.0, 85.0, 40.0, 0.0)),
                "%",
                specimen="marrow",
                method="flow_cytometry",
                cells_counted=20000,
            )
    for gene, change, kind, copies, share in (
        ("TNFRSF17", "deletion of both alleles", "deletion", 0, 0.04),
        ("TNFRSF17", "p.Arg27Pro", "snv", "", 0.03),
        ("GPRC5D", "deletion of both alleles", "deletion", 0, 0.03),
        ("t(11;14)", "t(11;14)", "translocation", "", 0.2),
        ("17p13", "del(17p)", "deletion", 1, 0.15),
        ("1q21", "amp(1q)", "amplification", 5, 0.15),
    ):
        if p.chance(share):
            p.row(
                "variants",
                day=day,
                gene=gene,
                change=change,
                kind=kind,
                result="present",
                copies=copies,
                clonal_fraction=0.95,
                specimen="marrow CD138+",
                site="marrow",
                assay="WGS",
            )
    if p.chance(0.25):
        p.row(
            "imaging",
            day=day,
            method="PET-CT",
            result="positive",
            lesion="L1",
            kind=d.choice(("extramedullary", "extramedullary", "paraskeletal")),
            site=d.choice(("liver", "skin", "rib")),
            length_mm=35,
            width_mm=25,
            new="yes",
        )


def _counts(p: _Patient) -> None:
    d, day = p.draw, p.today - 2
    for test, unit, usual, low, share in (
        ("hemoglobin", "g/dL", (8.6, 13.5), (6.4, 7.9), 0.07),
        ("neutrophils", "10*9/L", (1.1, 4.5), (0.2, 0.45), 0.07),
        ("platelets", "10*9/L", (55, 240), (10, 24), 0.07),
        ("igg", "mg/dL", (420, 1100), (120, 390), 0.4),
        ("creatinine", "mg/dL", (0.6, 1.4), (2.2, 4.5), 0.1),
        ("calcium_corrected", "mg/dL", (8.6, 10.2), (11.6, 13.0), 0.03),
    ):
        if p.chance(0.9):
            p.lab(day, test, d.uniform(*(low if p.chance(share) else usual)), unit)
    p.lab(day, "ecog", d.choice(("0", "1", "1", "1", "2", "2", "3")), "score")


def _clinic(p: _Patient) -> None:
    d = p.draw
    for condition, share in (
        ("cns_myeloma", 0.03),
        ("plasma_cell_leukaemia", 0.03),
        ("cord_compression", 0.03),
        ("active_infection", 0.06),
        ("mds_aml", 0.02),
        ("heart_failure", 0.05),
    ):
        if p.chance(share):
            p.condition(condition)
    p.row("toxicities", day=4, toxicity="crs", grade=d.choice((1, 1, 2, 3)))
    if p.chance(0.15):
        p.row("toxicities", day=6, toxicity="icans", grade=d.choice((1, 2, 3, 4)))
    for toxicity, share in (("parkinsonism", 0.02), ("iec_hs", 0.02)):
        if p.chance(share):
            p.row("toxicities", day=30, toxicity=toxicity, grade=2)
    for finding, values, share in (
        ("goals_of_care", ("disease_control",) * 8 + ("comfort_only", "no_hospital"), 0.5),
        ("frailty", ("fit", "intermediate", "frail"), 0.5),
        ("trials_open", ("phase 1 trial of a trispecific antibody",), 0.1),
        ("next_tcell_therapy_planned", ("yes", "no", "no"), 0.3),
        ("stored_cd34", ("yes", "no"), 0.3),
    ):
        if p.chance(share):
            p.fact(finding, d.choice(values))
