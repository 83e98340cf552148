"""One invented patient as tidy tables, by number and seed alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rearm.demo import rates
from rearm.demo.burden import Burden, Phase
from rearm.demo.cells import add_infusion, add_persistence, add_toxicities, product_named
from rearm.demo.chart import Chart, Tables
from rearm.demo.course import Course, Treatment, draw_course
from rearm.demo.disease import Disease, draw_disease
from rearm.demo.lines import add_bridging, add_earlier_lines, add_lymphodepletion
from rearm.demo.samples import (
    add_chemistry,
    add_counts,
    add_immunoglobulins,
    add_markers,
    add_marrow,
)
from rearm.demo.visits import add_visits
from rearm.demo.workup import add_workup

__all__ = ["demo_patient", "demo_patients"]

_MANUFACTURING = (32, 62)  # days from the apheresis to the infusion
_NO_FOLLOW_UP = 35  # days: nobody is in the registry for less
_LESION_BEFORE = (20, 60)
_FISH = {
    "17p13": ("del(17p)", "deletion"),
    "1q21": ("gain(1q)", "gain"),
    "t(4;14)": ("t(4;14)", "translocation"),
    "t(14;16)": ("t(14;16)", "translocation"),
    "t(11;14)": ("t(11;14)", "translocation"),
}


def demo_patient(number: int, seed: int = 0) -> Tables:
    """The tidy tables of patient `number`, from 0. Rows hold only the columns that are filled."""
    chart = Chart(number, seed)
    days = (rates.LAST_INFUSION - rates.FIRST_INFUSION).days
    infused = rates.FIRST_INFUSION + timedelta(days=chart.day_between((0, days)))
    follow_up = (rates.DATA_CUT - infused).days
    if chart.chance(rates.LOST_TO_FOLLOW_UP):
        follow_up = chart.day_between((_NO_FOLLOW_UP, follow_up))
    products = {place: product.share for place, product in enumerate(rates.PRODUCTS)}
    product = rates.PRODUCTS[chart.pick(products)]
    disease = draw_disease(chart)
    apheresis = -chart.day_between(_MANUFACTURING)
    in_spec = not chart.chance(rates.OUT_OF_SPECIFICATION)
    burden = _before(chart, apheresis)
    course = draw_course(
        chart,
        disease,
        product,
        burden,
        follow_up=follow_up,
        hazard=_hazard(disease, in_spec=in_spec),
    )
    diagnosed = add_earlier_lines(chart, chart.pick(product.lines), apheresis)
    add_bridging(chart, apheresis, 0)
    add_lymphodepletion(chart, 0)
    add_infusion(chart, product, 0, apheresis, in_spec=in_spec)
    _add_baseline(chart, disease, burden, apheresis)
    add_toxicities(chart, product, 0)
    add_persistence(chart, course.treatments[0], 0)
    _add_treatments(chart, disease, course)
    _add_death(chart, course)
    chart.tables["patients"].append(
        {
            "patient_id": chart.id,
            "sex": "F" if chart.chance(rates.FEMALE) else "M",
            "birth_year": infused.year - _age(chart),
            "day_zero": infused.isoformat(),
            "diagnosis_day": diagnosed,
            "heavy_chain": disease.heavy_chain,
            "light_chain": disease.light_chain,
            "last_seen_day": chart.end,
        }
    )
    return chart.tables


def demo_patients(count: int, seed: int = 0) -> Iterator[Tables]:
    """The first `count` patients."""
    return (demo_patient(number, seed) for number in range(count))


def _age(chart: Chart) -> int:
    return min(max(round(chart.draw.gauss(*rates.AGE)), rates.YOUNGEST), rates.OLDEST)


def _hazard(disease: Disease, *, in_spec: bool) -> float:
    hazard = rates.HAZARD_HIGH_RISK if disease.high_risk else 1.0
    if disease.extraosseous:
        hazard *= rates.HAZARD_EXTRAOSSEOUS
    return hazard if in_spec else hazard * rates.HAZARD_OUT_OF_SPECIFICATION


def _before(chart: Chart, apheresis: int) -> Burden:
    """The burden from the apheresis to the infusion, with what bridging does to it."""
    level = chart.between(rates.AT_APHERESIS)
    floor = level * chart.between(rates.LEFT_BY_BRIDGING)
    half_life = rates.HALF_LIFE[1]
    return Burden(Phase(start=apheresis, level=level, floor=floor, half_life=half_life))


# ---------------------------------------------------------------- before the infusion


def _add_baseline(chart: Chart, disease: Disease, burden: Burden, apheresis: int) -> None:
    first, last = apheresis - chart.day_between((1, 6)), -chart.day_between((6, 9))
    add_markers(chart, disease, burden, first, whole=True)
    add_markers(chart, disease, burden, last)
    add_counts(chart, disease, burden, last, 400)
    add_chemistry(chart, disease, burden, last)
    add_immunoglobulins(chart, disease, burden, last, 400)
    chart.lab(last, "ferritin", chart.around(*rates.FERRITIN), "ng/mL", specimen="serum")
    chart.lab(last, "ecog", chart.pick(rates.ECOG_BEFORE), "score")
    if chart.chance(rates.MARROW_BEFORE):
        add_marrow(chart, disease, burden, last - 10)
    _add_lesions_before(chart, disease, first - 5)
    if chart.chance(rates.CYTOGENETICS_DONE):
        _add_cytogenetics(chart, disease, first - 8)
    _add_comorbidity(chart, last)
    if chart.chance(rates.HISTORY_COMPLETE):
        chart.fact(last, "therapy_history_complete", "yes")


def _add_lesions_before(chart: Chart, disease: Disease, day: int) -> None:
    if not chart.chance(rates.PET_BEFORE):
        return
    sites = (
        ("extramedullary", disease.extraosseous, "no"),
        ("paraskeletal", disease.paraskeletal, "yes"),
    )
    for place, (kind, site, at_bone) in enumerate(sites, start=1):
        if site is None:
            if kind == "extramedullary":
                chart.row("imaging", day=day, method="PET-CT", result="negative", kind=kind)
            continue
        length = chart.day_between(_LESION_BEFORE)
        chart.row(
            "imaging",
            day=day,
            method="PET-CT",
            result="positive",
            lesion=f"B{place}",
            kind=kind,
            site=site,
            contiguous_with_bone=at_bone,
            length_mm=length,
            width_mm=round(0.7 * length),
        )


def _add_cytogenetics(chart: Chart, disease: Disease, day: int) -> None:
    """FISH; high-risk disease has more often what makes it so."""
    for locus, share in rates.CYTOGENETICS.items():
        if chart.chance(rates.RESULT_MISSING):
            continue
        risky = locus != "t(11;14)"
        raised = (
            share * (rates.RISKY_IN_HIGH_RISK if disease.high_risk else rates.RISKY_OTHERWISE)
            if risky
            else share
        )
        change, kind = _FISH[locus]
        found = chart.chance(min(raised, 0.95))
        amplified = locus == "1q21" and found and chart.chance(rates.AMPLIFIED_1Q)
        if amplified:
            change, kind = "amp(1q)", "amplification"
        chart.row(
            "variants",
            day=day,
            gene=locus,
            change=change,
            kind=kind,
            result="present" if found else "absent",
            specimen="marrow CD138+",
            site="marrow",
            assay="FISH",
        )
    if chart.chance(rates.BRAF_TESTED):
        found = chart.chance(rates.BRAF_MUTATED)
        chart.row(
            "variants",
            day=day,
            gene="BRAF",
            change="p.Val600Glu",
            kind="snv",
            result="present" if found else "absent",
            specimen="marrow CD138+",
            site="marrow",
            assay="NGS panel",
        )


def _add_comorbidity(chart: Chart, day: int) -> None:
    for condition, share in rates.PRESENT.items():
        if chart.chance(share):
            chart.condition(day, condition, "present")
    if chart.chance(rates.VIRUSES_TESTED):
        for virus in ("hbsag", "anti_hbc", "hiv_serology"):
            chart.lab(day, virus, "negative", specimen="serum")


# ---------------------------------------------------------------- afterwards


def _add_treatments(chart: Chart, disease: Disease, course: Course) -> None:
    """Each treatment with its visits and the work-up of its failure."""
    cells = 0
    for place, treatment in enumerate(course.treatments):
        if treatment.start > chart.end:
            break
        following = course.treatments[place + 1 : place + 2]
        until = following[0].start if following else chart.end + 1
        if treatment.product is not None:
            cells = treatment.start
            _add_second_car_t(chart, treatment, course.treatments[place - 1].checked)
        elif treatment.salvage is not None:
            _add_salvage(chart, treatment, until)
        add_visits(chart, disease, course, treatment, until)
        add_workup(chart, disease, course, treatment, cells=cells, until=until)
    for cancer, share in rates.SECOND_CANCER.items():
        if chart.chance(share):
            chart.condition(chart.day_between((200, 1500)), cancer, "present")


def _add_salvage(chart: Chart, treatment: Treatment, until: int) -> None:
    salvage = treatment.salvage
    if salvage is None:
        return
    shown = treatment.checked <= min(chart.end, until)
    stopped = not shown and chart.chance(rates.STOPPED_EARLY)
    end = chart.day_between((treatment.start, chart.end)) if stopped else treatment.checked
    answer = {"best_response": treatment.response} if shown else {}
    if shown:
        answer["progression_on"] = "yes"
    chart.therapy(
        treatment.start,
        end,
        salvage.regimen,
        agents=salvage.agents,
        purpose="salvage",
        **answer,
        **({"stop_reason": "toxicity"} if stopped else {}),
    )


def _add_second_car_t(chart: Chart, treatment: Treatment, failed: int) -> None:
    """The second CAR-T: apheresis after the failure, bridging, lymphodepletion, infusion."""
    product = product_named(treatment.product or "")
    apheresis = min(failed + chart.day_between((8, 20)), treatment.start - 40)
    add_bridging(chart, apheresis, treatment.start)
    add_lymphodepletion(chart, treatment.start)
    add_infusion(chart, product, treatment.start, apheresis, in_spec=True)
    add_toxicities(chart, product, treatment.start)


def _add_death(chart: Chart, course: Course) -> None:
    if course.death is None:
        return
    day = {} if chart.chance(rates.DEATH_DAY_UNKNOWN) else {"day": course.death}
    chart.row("deaths", cause=course.cause, **day)
