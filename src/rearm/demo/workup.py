"""What is looked at when a treatment has failed: imaging, marrow, antigens, genes, T cells, organs;
each only in a share of patients.
"""

from __future__ import annotations

from rearm.demo import rates
from rearm.demo.chart import Chart
from rearm.demo.course import Course, Treatment
from rearm.demo.disease import Disease
from rearm.demo.samples import add_chemistry, add_counts, add_immunoglobulins

__all__ = ["add_workup"]

_PATTERNS = {
    "biochemical": "biochemical",
    "marrow": "biochemical;marrow",
    "clinical": "biochemical;clinical",
    "paraskeletal": "biochemical;paraskeletal",
    "extraosseous": "biochemical;extraosseous",
    "extraosseous_alone": "extraosseous",
}
_LENGTH, _WIDTH = (18, 70), (0.5, 0.95)  # of a lesion: mm, and share of the length
_AIMED = {
    **dict.fromkeys((product.name for product in rates.PRODUCTS), "BCMA"),
    **{salvage.regimen: salvage.group for salvage in rates.SALVAGES},
    "belantamab mafodotin": "BCMA",
    "MCARH109": "GPRC5D",
}
_MARROW_RELAPSE = (15.0, 70.0)


def _targets(chart: Chart) -> frozenset[str]:
    """The antigens that the treatments so far were aimed at."""
    given = [row["regimen"] for row in chart.tables.get("therapies", ())]
    given += [row["product"] for row in chart.tables.get("infusions", ())]
    return frozenset(_AIMED.get(name, "") for name in given)


def add_workup(
    chart: Chart,
    disease: Disease,
    course: Course,
    treatment: Treatment,
    *,
    cells: int,
    until: int,
) -> None:
    """The work-up of a failure; nothing at or after the day `until`. `cells`: the day of the last
    CAR-T cells.
    """
    day = min(treatment.checked + chart.day_between((0, 4)), until - 1)
    if day < treatment.seen or day > chart.end:
        return
    if chart.chance(rates.PROGRESSION_STATED):
        chart.row(
            "assessments",
            day=treatment.seen,
            response="PD",
            by="team",
            basis="progression day",
            pattern=_PATTERNS[treatment.pattern],
        )
    organ = _add_organ_damage(chart, treatment)
    _add_lesion(chart, treatment)
    if treatment.pattern == "marrow" or chart.chance(rates.MARROW_AT_FAILURE):
        _add_marrow_at_failure(chart, disease, course, treatment, day)
    targets = _targets(chart)
    _add_antigens(chart, targets, day)
    if chart.chance(rates.SEQUENCED_AT_FAILURE):
        _add_genes(chart, targets, day)
    burden = course.burden
    if chart.chance(rates.SOLUBLE_BCMA):
        without, with_disease, spread = rates.SOLUBLE_BCMA_LEVEL
        usual = without + with_disease * burden.at(day)
        chart.lab(day, "soluble_bcma", chart.around(usual, spread), "ng/mL", specimen="serum")
    add_counts(chart, disease, burden, day, day - cells)
    add_chemistry(chart, disease, burden, day, organ=organ)
    add_immunoglobulins(chart, disease, burden, day, day - cells)
    if chart.chance(rates.T_CELLS_COUNTED):
        for test, normal in rates.T_CELLS.items():
            chart.lab(day, test, chart.around(*normal), "/uL", specimen="blood")
    chart.lab(day, "ecog", chart.pick(rates.ECOG_AT_FAILURE), "score")
    _add_clinic(chart, targets, day)


def _add_organ_damage(chart: Chart, treatment: Treatment) -> str:
    if treatment.pattern != "clinical":
        return ""
    organ = chart.pick(rates.ORGANS)
    chart.condition(treatment.seen, organ, "present", attributed_to_myeloma="yes")
    return organ


def _add_lesion(chart: Chart, treatment: Treatment) -> None:
    if not treatment.soft_tissue:
        if chart.chance(rates.PET_AT_FAILURE):
            chart.row(
                "imaging",
                day=treatment.seen,
                method="PET-CT",
                result="negative",
                kind="extramedullary",
            )
        return
    at_bone = treatment.pattern == "paraskeletal"
    length = chart.day_between(_LENGTH)
    chart.row(
        "imaging",
        day=treatment.seen,
        method="PET-CT",
        result="positive",
        lesion="L1",
        kind="paraskeletal" if at_bone else "extramedullary",
        site=chart.pick(rates.BONE_SITES if at_bone else rates.LESION_SITES),
        contiguous_with_bone="yes" if at_bone else "no",
        length_mm=length,
        width_mm=round(length * chart.between(_WIDTH)),
        suv=round(chart.between((4.0, 19.0)), 1),
        new="yes",
    )


def _add_marrow_at_failure(
    chart: Chart, disease: Disease, course: Course, treatment: Treatment, day: int
) -> None:
    percent = disease.plasma_cells(course.burden.at(day))
    if treatment.pattern == "marrow":
        percent = max(percent, chart.between(_MARROW_RELAPSE))
    chart.lab(day, "marrow_plasma_cells", float(round(percent)), "%", specimen="marrow")


def _add_antigens(chart: Chart, targets: frozenset[str], day: int) -> None:
    if chart.chance(rates.BCMA_TESTED):
        shares = rates.BCMA_AFTER_BCMA if "BCMA" in targets else rates.GPRC5D_BEFORE_GPRC5D
        _add_antigen(chart, "bcma_positive_plasma_cells", chart.pick(shares), day)
    if chart.chance(rates.GPRC5D_TESTED):
        after = "GPRC5D" in targets
        shares = rates.GPRC5D_AFTER_GPRC5D if after else rates.GPRC5D_BEFORE_GPRC5D
        _add_antigen(chart, "gprc5d_positive_plasma_cells", chart.pick(shares), day)


def _add_antigen(chart: Chart, test: str, status: str, day: int) -> None:
    percent = float(round(chart.between(rates.POSITIVE_CELLS[status])))
    if chart.chance(rates.BY_FLOW):
        cells = chart.day_between((4000, 60000))
        method = {"method": "flow_cytometry", "cells_counted": cells}
    else:
        method = {"method": "immunohistochemistry"}
    chart.lab(day, test, percent, "%", specimen="marrow", **method)


def _add_genes(chart: Chart, targets: frozenset[str], day: int) -> None:
    for gene, aimed in (("TNFRSF17", "BCMA"), ("GPRC5D", "GPRC5D")):
        share = rates.BIALLELIC_LOSS if aimed in targets else 0.0
        both, one = chart.chance(share), chart.chance(rates.MONOALLELIC_LOSS)
        alleles = "both alleles" if both else "one allele"
        found = both or one
        copies = {"copies": 0 if both else 1} if found else {}
        share_of_clone = {"clonal_fraction": round(chart.between((0.7, 0.98)), 2)} if found else {}
        chart.row(
            "variants",
            day=day,
            gene=gene,
            change=f"deletion of {alleles}" if found else "deletion",
            kind="deletion",
            result="present" if found else "absent",
            specimen="marrow CD138+",
            site="marrow",
            assay="WGS",
            **copies,
            **share_of_clone,
        )


def _add_clinic(chart: Chart, targets: frozenset[str], day: int) -> None:
    """What decides beside the disease: infection, frailty, goals, stored cells."""
    if chart.chance(rates.INFECTION_LOOKED_FOR):
        status = "present" if chart.chance(rates.INFECTION_ACTIVE) else "absent"
        chart.condition(day, "active_infection", status)
    if chart.chance(rates.CNS):
        chart.condition(day, "cns_myeloma", "present")
    if chart.chance(rates.PLASMA_CELL_LEUKAEMIA):
        chart.condition(day, "plasma_cell_leukaemia", "present")
    for finding, stated, words in (
        ("frailty", rates.FRAILTY_STATED, rates.FRAILTY),
        ("goals_of_care", rates.GOALS_STATED, rates.GOALS),
        (
            "stored_cd34",
            rates.CD34_STORED_STATED,
            {"yes": rates.CD34_STORED, "no": 1.0 - rates.CD34_STORED},
        ),
    ):
        if chart.chance(stated):
            chart.fact(day, finding, chart.pick(words))
    if chart.chance(rates.TRIAL_OPEN):
        chart.fact(day, "trials_open", "phase 1 trial of a trispecific antibody")
    if chart.chance(rates.HEART_MEASURED):
        chart.lab(
            day,
            "lvef",
            float(round(min(chart.draw.gauss(*rates.EJECTION), rates.BEST_EJECTION))),
            "%",
        )
    if "GPRC5D" not in targets and chart.chance(rates.NOT_EXPOSED_STATED):
        chart.row(
            "refractoriness", day=day, agent_or_class="anti-GPRC5D", status="not_exposed", by="team"
        )
