"""Findings on the antigen: on the tumour at failure, in its genes, in serum.

A sample speaks for its own site: marrow comes first, a lesion only where there is no marrow, and
`untested_lesion` says what stayed open.
"""

from __future__ import annotations

from rearm.findings.base import Found, all3, any3, finding, measured, unknown
from rearm.findings.chart import LatestResult, PatientChart
from rearm.findings.exposure import agents_against, is_after
from rearm.findings.microenvironment import divided
from rearm.findings.product import car_targets
from rearm.findings.tumour import positive_lesions, soft_tissue
from rearm.findings.variants import (
    BCMA_ECTODOMAIN,
    biallelic_fraction,
    gene_rows,
    latest_sample,
    one_copy_lost,
    read_protein,
    sequenced,
    variant_text,
)
from rearm.interval import Interval
from rearm.record import Lab, Variant
from rearm.response.lesions import histology

_FLOW = ("flow_cytometry", "NGF")
_IHC = ("immunohistochemistry",)
# Fewer cells than this say little about a share of the clone (issue of the first real data set; a
# convention).
_FEWEST_CELLS = 20
# Assays of soluble BCMA detect well below this; healthy serum holds some 20 to 40 ng/mL. `<100
# ng/mL` is no statement of absence.
_SBCMA_HIGHEST_DETECTION_LIMIT = 10.0  # ng/mL
_SBCMA_BEFORE_DAYS = 60
_DENSITY_FALL = 0.5
_EVER = 10**6


def _stain(chart: PatientChart, test: str, methods: tuple[str, ...] | None) -> Found:
    """Share of plasma cells with the antigen at failure: the latest sample of marrow (or without a
    stated site), else of a lesion.
    """

    def marrow(lab: Lab) -> bool:
        return (methods is None or lab.method in methods) and lab.specimen != "lesion_biopsy"

    def lesion(lab: Lab) -> bool:
        return (methods is None or lab.method in methods) and lab.specimen == "lesion_biopsy"

    reading = chart.latest(test, chart.at_failure, marrow)
    if reading.quantity is None and not reading.labs:
        other = chart.latest(test, chart.at_failure, lesion)
        reading = other if other.labs else reading
    if reading.quantity is None and not reading.why:
        nameless = chart.results(test, chart.at_failure, lambda x: x.method is None)
        if nameless:
            return unknown(
                f"{nameless[-1].when}: the method of the stain is not stated", [nameless[-1].source]
            )
    return measured(reading.quantity, reading.text, reading.sources)


@finding("bcma_flow_percent")
def bcma_flow_percent(chart: PatientChart) -> Found:
    return _stain(chart, "bcma_positive_plasma_cells", _FLOW)


@finding("bcma_ihc_percent")
def bcma_ihc_percent(chart: PatientChart) -> Found:
    return _stain(chart, "bcma_positive_plasma_cells", _IHC)


@finding("gprc5d_flow_percent")
def gprc5d_flow_percent(chart: PatientChart) -> Found:
    return _stain(chart, "gprc5d_positive_plasma_cells", _FLOW)


@finding("gprc5d_ihc_percent")
def gprc5d_ihc_percent(chart: PatientChart) -> Found:
    return _stain(chart, "gprc5d_positive_plasma_cells", _IHC)


@finding("fcrh5_percent")
def fcrh5_percent(chart: PatientChart) -> Found:
    return _stain(chart, "fcrh5_positive_plasma_cells", None)


@finding("bcma_rna_percent")
def bcma_rna_percent(chart: PatientChart) -> Found:
    rows = chart.results("bcma_rna_positive_plasma_cells", chart.at_failure)
    enough = chart.latest(
        "bcma_rna_positive_plasma_cells",
        chart.at_failure,
        lambda x: x.cells_counted is not None and x.cells_counted >= _FEWEST_CELLS,
    )
    if enough.quantity is not None:
        cells = ", ".join(str(x.cells_counted) for x in enough.labs)
        return measured(enough.quantity, f"{enough.text}, {cells} cells read", enough.sources)
    if rows:
        return unknown(
            f"TNFRSF17 RNA, {rows[-1].when}: fewer than {_FEWEST_CELLS} cells read, or not stated",
            [rows[-1].source],
        )
    return unknown(enough.why)


# ---------------------------------------------------------------- genes


def _sample(chart: PatientChart, gene: str) -> list[Variant]:
    return latest_sample(gene_rows(chart.record.variants, gene), chart.at_failure)


@finding("tnfrsf17_biallelic_fraction")
def tnfrsf17_biallelic_fraction(chart: PatientChart) -> Found:
    return biallelic_fraction(_sample(chart, "TNFRSF17"), "TNFRSF17")


@finding("gprc5d_biallelic_fraction")
def gprc5d_biallelic_fraction(chart: PatientChart) -> Found:
    return biallelic_fraction(_sample(chart, "GPRC5D"), "GPRC5D")


@finding("tnfrsf17_one_copy")
def tnfrsf17_one_copy(chart: PatientChart) -> Found:
    rows = latest_sample(gene_rows(chart.record.variants, "TNFRSF17"), (-_EVER, chart.as_of))
    return Found(
        one_copy_lost(rows), tuple(x.source for x in rows), "; ".join(variant_text(x) for x in rows)
    )


@finding("tnfrsf17_one_copy_before_infusion")
def tnfrsf17_one_copy_before_infusion(chart: PatientChart) -> Found:
    """A risk from before the CAR-T: what a sample at failure shows may have been selected by it."""
    rows = latest_sample(gene_rows(chart.record.variants, "TNFRSF17"), chart.before_infusion(_EVER))
    return Found(
        one_copy_lost(rows), tuple(x.source for x in rows), "; ".join(variant_text(x) for x in rows)
    )


@finding("tnfrsf17_ectodomain_variant")
def tnfrsf17_ectodomain_variant(chart: PatientChart) -> Found:
    rows = _sample(chart, "TNFRSF17")
    hits = [x for x in rows if x.result == "present" and _ectodomain(x)]
    if hits:
        return Found(True, tuple(x.source for x in hits), "; ".join(variant_text(x) for x in hits))
    text = "; ".join(variant_text(x) for x in rows)
    return Found(False if sequenced(rows) else None, tuple(x.source for x in rows), text)


def _ectodomain(row: Variant) -> bool:
    """A missense change or an in-frame change of residues that lie outside the cell (Arg27Pro,
    Ser30del, Pro34del are named in reports).
    """
    protein = read_protein(row.change or "")
    if (
        protein is None
        or protein.effect == "truncating"
        or protein.first is None
        or protein.last is None
    ):
        return False
    return protein.first <= BCMA_ECTODOMAIN[1] and protein.last >= BCMA_ECTODOMAIN[0]


@finding("cd38_biallelic_or_missense")
def cd38_biallelic_or_missense(chart: PatientChart) -> Found:
    starts = [
        x.start.first
        for x in chart.treated(a.id for a in agents_against("CD38"))
        if x.start.first is not None
    ]
    if not starts:
        return unknown()
    rows = latest_sample(gene_rows(chart.record.variants, "CD38"), (min(starts), chart.as_of))
    sources, text = tuple(x.source for x in rows), "; ".join(variant_text(x) for x in rows)
    fraction = biallelic_fraction(rows, "CD38")
    blocking = [
        x
        for x in rows
        if x.result == "present"
        and (p := read_protein(x.change or ""))
        and (p.effect, p.first) == ("missense", 140)
    ]
    if blocking or (fraction.quantity is not None and fraction.quantity.above(0.0)):
        return Found(True, sources, text)
    other = [
        x
        for x in rows
        if x.result == "present"
        and (p := read_protein(x.change or ""))
        and p.effect != "truncating"
    ]
    if other:
        return unknown(f"{text}; whether this change blocks the antibody is not known", sources)
    return Found(False if fraction.value == 0.0 else None, sources, text)


# ---------------------------------------------------------------- what else bears on the sample


def _agent_before_sample(chart: PatientChart, antigen: str) -> Found:
    """Whether an agent against the antigen was begun after the infusion and before the sample that
    is read.
    """
    tests = {
        "BCMA": ("bcma_positive_plasma_cells", "bcma_rna_positive_plasma_cells"),
        "GPRC5D": ("gprc5d_positive_plasma_cells",),
    }[antigen]
    gene = {"BCMA": "TNFRSF17", "GPRC5D": "GPRC5D"}[antigen]
    days = [
        x.day for test in tests for x in chart.results(test, chart.at_failure) if x.day is not None
    ]
    days += [x.day for x in _sample(chart, gene) if x.day is not None]
    if not days or chart.infusion_day is None:
        return unknown()
    sample = max(days)
    answers: list[bool | None] = []
    rows = chart.treated(a.id for a in agents_against(antigen))
    for row in rows:
        after, start = is_after(chart, row), row.start
        if after is False or (start.first is not None and start.first > sample):
            answers.append(False)
        else:
            answers.append(
                True if after and start.last is not None and start.last <= sample else None
            )
    given = {a for x in rows for a in x.agents}
    silent = [
        chart.exposure.agent(a.id).value for a in agents_against(antigen) if a.id not in given
    ]
    value = any3([*answers, *(v if v is False else None for v in silent)])
    told = (
        [x for x, a in zip(rows, answers, strict=True) if a is not False]
        if value is not False
        else []
    )
    text = (
        "; ".join(f"{' + '.join(x.agents)}, {x.start}" for x in told) or f"sample of day {sample}"
    )
    return Found(value, tuple(x.source for x in told), text)


@finding("bcma_agent_between_failure_and_sample")
def bcma_agent_between_failure_and_sample(chart: PatientChart) -> Found:
    return _agent_before_sample(chart, "BCMA")


@finding("gprc5d_agent_between_failure_and_sample")
def gprc5d_agent_between_failure_and_sample(chart: PatientChart) -> Found:
    return _agent_before_sample(chart, "GPRC5D")


@finding("untested_lesion")
def untested_lesion(chart: PatientChart) -> Found:
    """One lesion that was tested is taken to speak for the lesions; which ones were not is said."""
    if chart.at_failure is None:
        return unknown()
    said = histology(chart.record.facts)
    lesions = [
        x
        for x in positive_lesions(chart, chart.at_failure)
        if said.get(x.lesion or "", "plasma_cells") == "plasma_cells"
    ]
    tests = [
        t
        for a, t in (
            ("BCMA", "bcma_positive_plasma_cells"),
            ("GPRC5D", "gprc5d_positive_plasma_cells"),
        )
        if a in car_targets(chart)
    ]
    stains = [
        x
        for t in tests
        for x in chart.results(t, chart.at_failure)
        if x.specimen == "lesion_biopsy"
    ]
    genes = [
        x
        for g, a in (("TNFRSF17", "BCMA"), ("GPRC5D", "GPRC5D"))
        if a in car_targets(chart)
        for x in gene_rows(chart.record.variants, g)
        if x.site is not None
        and "marrow" not in x.site.casefold()
        and x.day is not None
        and chart.at_failure[0] <= x.day <= chart.at_failure[1]
    ]
    tested = [*(x.source for x in stains), *(x.source for x in genes)]
    if lesions:
        names = ", ".join(
            dict.fromkeys(
                f"{x.lesion or 'lesion'} ({x.site or x.kind or 'site not stated'})" for x in lesions
            )
        )
        if not car_targets(chart):
            return unknown("the target of the CAR-T is not recorded", [x.source for x in lesions])
        sources = (*(x.source for x in lesions), *tested)
        return Found(
            not tested,
            sources,
            f"{'antigen tested on a biopsy; lesions: ' if tested else 'antigen not tested: '}{names}",
        )
    patterns = {"extraosseous", "paraskeletal"}.intersection(
        chart.failure.pattern if chart.failure else ()
    )
    if patterns:
        return Found(
            not tested,
            tuple(tested),
            f"{', '.join(sorted(patterns))} relapse,"
            f" {'antigen tested' if tested else 'antigen of the lesion not tested'}",
        )
    none_seen = all3(
        [
            _none(soft_tissue(chart, chart.at_failure, kind))
            for kind in ("extraosseous", "paraskeletal")
        ]
    )
    return (
        Found(False, (), "imaging at failure shows no lesion outside the marrow")
        if none_seen
        else unknown()
    )


def _none(found: Found) -> bool | None:
    return None if found.value is None else not found.value


@finding("bcma_density_fall")
def bcma_density_fall(chart: PatientChart) -> Found:
    now = chart.latest("bcma_molecules_per_cell", chart.at_failure)
    before = chart.latest("bcma_molecules_per_cell", chart.before_infusion(_EVER))
    if now.quantity is None or before.quantity is None:
        return unknown(
            "; ".join(x.text for x in (now, before) if x.text), (*now.sources, *before.sources)
        )
    ratio = divided(now.quantity, before.quantity)
    return Found(
        ratio.at_most(_DENSITY_FALL),
        (*now.sources, *before.sources),
        f"{now.text}; before the infusion: {before.text}",
    )


# ---------------------------------------------------------------- soluble BCMA


@finding("soluble_bcma_at_failure")
def soluble_bcma_at_failure(chart: PatientChart) -> Found:
    return chart.number("soluble_bcma", chart.at_failure)


@finding("soluble_bcma_undetectable")
def soluble_bcma_undetectable(chart: PatientChart) -> Found:
    reading = chart.latest("soluble_bcma", chart.at_failure)
    quantity = reading.quantity
    if quantity is None:
        return unknown(reading.text, reading.sources)
    if quantity.low > 0 or (quantity.low == 0 and quantity.low_open):
        return Found(False, reading.sources, reading.text)
    if quantity.high > _SBCMA_HIGHEST_DETECTION_LIMIT:
        return unknown(
            f"{reading.text}: the limit is too high to say that there is none", reading.sources
        )
    return Found(True, reading.sources, reading.text)


@finding("soluble_bcma_fold_from_nadir")
def soluble_bcma_fold_from_nadir(chart: PatientChart) -> Found:
    now = chart.latest("soluble_bcma", chart.at_failure)
    nadir, why = _nadir(chart, now)
    if now.quantity is None or nadir is None:
        return unknown(why or now.text, now.sources)
    fold = divided(now.quantity, nadir.quantity or Interval.of(0.0))
    if why:  # a value that could not be used may have been lower: the fold is at least this
        fold = Interval(fold.low, float("inf"), fold.low_open)
    return measured(
        fold,
        f"{now.text}; lowest before: {nadir.text}{f'; {why}' if why else ''}",
        (*now.sources, *nadir.sources),
    )


def _nadir(chart: PatientChart, now: LatestResult) -> tuple[LatestResult | None, str]:
    """The lowest value after the infusion and before this sample, and what limits it."""
    if now.quantity is None or now.day is None or chart.infusion_day is None:
        return None, ""
    window = (chart.infusion_day + 1, now.day - 1)
    rows = [x for x in chart.results("soluble_bcma", window) if x.quantity is not None]
    if not rows:
        return None, "no earlier value after the infusion"
    lowest = min(rows, key=lambda x: x.quantity.high if x.quantity else 0.0)
    quantities = [x.quantity for x in rows if x.quantity is not None]
    low = min(quantities, key=lambda q: (q.low, q.low_open))
    high = min(quantities, key=lambda q: (q.high, not q.high_open))
    aside = chart.aside("soluble_bcma", window)
    why = f"soluble BCMA of {aside[-1].when} was set aside" if aside else ""
    return LatestResult(
        Interval(low.low, high.high, low.low_open, high.high_open), None, (lowest,)
    ), why
