"""Findings on the antigen: on the tumour at failure, in its genes, in serum.

A sample speaks for its own site: marrow comes first, a lesion only where there is no marrow, and
`untested_lesion` says which lesions stayed open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rearm.findings.base import (
    NOTHING,
    Found,
    all3,
    any3,
    finding,
    joined,
    measured,
    not3,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.exposure import agents_against, is_after
from rearm.findings.lesion_tissue import (
    lesion_name,
    naming_no_lesion,
    samples_by_lesion,
    spoken_for,
)
from rearm.findings.microenvironment import divided
from rearm.findings.product import car_targets
from rearm.findings.results import NO_RESULT, LatestResult, lies_in
from rearm.findings.tumour import (
    SOFT_TISSUE,
    myeloma_lesions,
    soft_tissue,
    unclear_lesions,
    why_unclear,
)
from rearm.findings.variants import (
    BCMA_ECTODOMAIN,
    biallelic_fraction,
    gene_rows,
    is_vague,
    latest_sample,
    one_copy_lost,
    read_protein,
    sample_of,
    sequenced,
    variant_text,
)
from rearm.interval import Interval
from rearm.record import UNKNOWN_WHEN, Imaging, Lab, Therapy, Variant, When

_FLOW = ("flow_cytometry", "NGF")
_IHC = ("immunohistochemistry",)
# Fewer cells than this say little about a share of the clone: a convention.
_FEWEST_CELLS = 20
# Assays of soluble BCMA detect well below this; healthy serum holds some 20 to 40 ng/mL. `<100
# ng/mL` is no statement of absence.
_SBCMA_HIGHEST_DETECTION_LIMIT = 10.0  # ng/mL
_SBCMA_BEFORE_DAYS = 60
_DENSITY_FALL = 0.5
_EVER = 10**6


def _stain(chart: PatientChart, test: str, *, method: Callable[[str | None], bool]) -> Found:
    """Share of plasma cells with the antigen at failure: the latest sample of marrow (or without a
    stated site), else of a lesion.
    """

    def marrow(lab: Lab) -> bool:
        return method(lab.method) and lab.specimen != "lesion_biopsy"

    def lesion(lab: Lab) -> bool:
        return method(lab.method) and lab.specimen == "lesion_biopsy"

    latest = chart.latest_of_tumour(test, marrow)
    if not latest.labs:
        of_lesion = chart.latest_of_tumour(test, lesion)
        latest = of_lesion if of_lesion.labs else latest
    if latest is NO_RESULT:
        return NOTHING
    return measured(latest.quantity, lambda: _stain_words(latest), latest.sources)


def _stain_words(latest: LatestResult) -> str:
    """What was seen, with what is missing to it: a stain without its method or its day counts, and
    is less specific.
    """
    text = latest.describe()
    if latest.quantity is None:
        return text
    missing = []
    if any(x.method is None for x in latest.labs):
        missing.append("method not stated")
    if any(x.day is None for x in latest.labs):
        missing.append("exact day unknown")
    return f"{text} (less specific: {' and '.join(missing)})" if missing else text


def _by_flow(method: str | None) -> bool:
    return method in _FLOW


def _by_ihc(method: str | None) -> bool:
    return method in _IHC


def _by_another(method: str | None) -> bool:
    """A stain whose method is not stated, or is none of those that are told apart: less specific
    and not absent.
    """
    return not (_by_flow(method) or _by_ihc(method))


@finding("bcma_flow_percent")
def bcma_flow_percent(chart: PatientChart) -> Found:
    return _stain(chart, "bcma_positive_plasma_cells", method=_by_flow)


@finding("bcma_ihc_percent")
def bcma_ihc_percent(chart: PatientChart) -> Found:
    return _stain(chart, "bcma_positive_plasma_cells", method=_by_ihc)


@finding("bcma_stain_percent")
def bcma_stain_percent(chart: PatientChart) -> Found:
    return _stain(chart, "bcma_positive_plasma_cells", method=_by_another)


@finding("gprc5d_flow_percent")
def gprc5d_flow_percent(chart: PatientChart) -> Found:
    return _stain(chart, "gprc5d_positive_plasma_cells", method=_by_flow)


@finding("gprc5d_ihc_percent")
def gprc5d_ihc_percent(chart: PatientChart) -> Found:
    return _stain(chart, "gprc5d_positive_plasma_cells", method=_by_ihc)


@finding("gprc5d_stain_percent")
def gprc5d_stain_percent(chart: PatientChart) -> Found:
    return _stain(chart, "gprc5d_positive_plasma_cells", method=_by_another)


@finding("fcrh5_percent")
def fcrh5_percent(chart: PatientChart) -> Found:
    return _stain(chart, "fcrh5_positive_plasma_cells", method=lambda _: True)


@finding("bcma_rna_percent")
def bcma_rna_percent(chart: PatientChart) -> Found:
    def enough(lab: Lab) -> bool:
        return lab.cells_counted is not None and lab.cells_counted >= _FEWEST_CELLS

    test = "bcma_rna_positive_plasma_cells"
    latest = chart.latest_of_tumour(test, enough)
    if latest.quantity is not None:
        cells = ", ".join(str(x.cells_counted) for x in latest.labs)
        text = f"{latest.text}, {cells} cells read"
        return measured(latest.quantity, text, latest.sources)
    rows = chart.results(test, chart.at_failure)
    if rows:
        return unknown(
            f"TNFRSF17 RNA, {rows[-1].when}: fewer than {_FEWEST_CELLS} cells read, or not stated",
            [rows[-1].source],
        )
    return unknown(latest.why)


# ---------------------------------------------------------------- genes


# The gene of each antigen, and the tests that stain for it on plasma cells or read its RNA there.
_GENES = {"BCMA": "TNFRSF17", "GPRC5D": "GPRC5D"}
_STAINS = {"BCMA": "bcma_positive_plasma_cells", "GPRC5D": "gprc5d_positive_plasma_cells"}
_RNA = {"BCMA": ("bcma_rna_positive_plasma_cells",), "GPRC5D": ()}


def _sample(chart: PatientChart, gene: str) -> list[Variant]:
    """The last sample at failure; where none has a day, one surely taken after the infusion."""
    rows = gene_rows(chart.record.variants, gene)
    dated = latest_sample(rows, chart.at_failure) or latest_sample(rows, chart.perhaps_at_failure)
    return dated or sample_of([x for x in rows if chart.tumour_of_failure(x.when)])


@finding("tnfrsf17_biallelic_fraction")
def tnfrsf17_biallelic_fraction(chart: PatientChart) -> Found:
    return _biallelic_fraction(chart, "TNFRSF17")


@finding("gprc5d_biallelic_fraction")
def gprc5d_biallelic_fraction(chart: PatientChart) -> Found:
    return _biallelic_fraction(chart, "GPRC5D")


def _biallelic_fraction(chart: PatientChart, gene: str) -> Found:
    """Of the sample at failure; a sample of which nobody knows the exact day may be that one, or
    another: what it shows may be so.
    """
    rows = _sample(chart, gene)
    found = biallelic_fraction(rows, gene)
    undated = [
        x
        for x in gene_rows(chart.record.variants, gene)
        if x not in rows and x.when.day is None and _may_be_at_failure(chart, x.when)
    ]
    if not undated or chart.at_failure is None:
        return found
    both = biallelic_fraction([*rows, *undated], gene)
    text = f"{both.text}; unknown whether all of it followed the infusion"
    least = 0.0 if found.quantity is None else found.quantity.low
    most = 0.0 if both.quantity is None else both.quantity.high
    if most <= least:
        return found if rows else unknown(text, both.sources)
    return measured(Interval(least, most), text, both.sources)


def _may_be_at_failure(chart: PatientChart, when: When) -> bool:
    window = chart.perhaps_at_failure or chart.at_failure
    if window is None:
        return False
    first, last = window
    return (when.last is None or when.last >= first) and (when.first is None or when.first <= last)


def _one_copy(rows: Sequence[Variant]) -> Found:
    return Found(one_copy_lost(rows), rows_of(rows), texts(rows, variant_text))


@finding("tnfrsf17_one_copy")
def tnfrsf17_one_copy(chart: PatientChart) -> Found:
    """In the last sample of any time; one without a day counts where there is no other."""
    rows = gene_rows(chart.record.variants, "TNFRSF17")
    latest = _sample(chart, "TNFRSF17") or latest_sample(rows, (-_EVER, chart.until))
    return _one_copy(latest or sample_of(rows))


@finding("tnfrsf17_one_copy_before_infusion")
def tnfrsf17_one_copy_before_infusion(chart: PatientChart) -> Found:
    """A risk from before the CAR-T: what a sample at failure shows may have been selected by it."""
    rows = gene_rows(chart.record.variants, "TNFRSF17")
    return _one_copy(latest_sample(rows, chart.before_infusion(_EVER)))


@finding("tnfrsf17_ectodomain_variant")
def tnfrsf17_ectodomain_variant(chart: PatientChart) -> Found:
    rows = _sample(chart, "TNFRSF17")
    hits = [x for x in rows if x.result == "present" and _ectodomain(x)]
    if hits:
        return Found(True, rows_of(hits), texts(hits, variant_text))
    undated = [
        x
        for x in gene_rows(chart.record.variants, "TNFRSF17")
        if x.when == UNKNOWN_WHEN and x.result == "present" and _ectodomain(x)
    ]
    if undated:  # it may be of this sample
        return unknown(texts(undated, variant_text), rows_of(undated))
    vague = [x for x in rows if is_vague(x)]
    if vague:
        told = "; ".join(variant_text(x) for x in vague)
        return unknown(f"{told}; the mutation is not stated", rows_of(vague))
    value = False if sequenced(rows) else None
    return Found(value, rows_of(rows), texts(rows, variant_text))


def _ectodomain(row: Variant) -> bool:
    """A missense change or an in-frame change of residues that lie outside the cell (Arg27Pro,
    Ser30del, Pro34del are named in reports).
    """
    protein = read_protein(row.change or "")
    if protein is None or protein.effect == "truncating":
        return False
    if protein.first is None or protein.last is None:
        return False
    return protein.first <= BCMA_ECTODOMAIN[1] and protein.last >= BCMA_ECTODOMAIN[0]


@finding("cd38_biallelic_or_missense")
def cd38_biallelic_or_missense(chart: PatientChart) -> Found:
    """From the first antibody against CD38 on: a change there that may keep it from binding."""
    treated = chart.treated(agents_against(chart.lexicon, "CD38"))
    starts = [x.start.first for x in treated if x.start.first is not None]
    if not starts:
        return NOTHING
    rows = latest_sample(gene_rows(chart.record.variants, "CD38"), (min(starts), chart.as_of))
    if not rows:
        return NOTHING
    sources, text = rows_of(rows), texts(rows, variant_text)
    fraction = biallelic_fraction(rows, "CD38")
    both_copies_hit = fraction.quantity is not None and fraction.quantity.above(0.0) is True
    changes = _protein_changes(rows)
    if both_copies_hit or ("missense", 140) in changes:
        return Found(True, sources, text)
    if any(effect != "truncating" for effect, _ in changes):
        words = "; ".join(variant_text(x) for x in rows)
        return unknown(f"{words}; whether it blocks the antibody is unknown", sources)
    return Found(False if fraction.value == 0.0 else None, sources, text)


def _protein_changes(rows: Sequence[Variant]) -> list[tuple[str, int | None]]:
    """Effect and first residue of each change that is present and understood."""
    proteins = [read_protein(x.change or "") for x in rows if x.result == "present"]
    return [(x.effect, x.first) for x in proteins if x is not None]


# ---------------------------------------------------------------- what else bears on the sample


def _agent_before_sample(chart: PatientChart, antigen: str) -> Found:
    """Whether an agent against the antigen was begun after the infusion and before the sample that
    is read.
    """
    tests = (_STAINS[antigen], *_RNA[antigen])
    stained = [x.day for test in tests for x in chart.results(test, chart.perhaps_at_failure)]
    sequenced_on = [x.day for x in _sample(chart, _GENES[antigen])]
    days = [day for day in (*stained, *sequenced_on) if day is not None]
    if not days or chart.infusion_day is None:
        return NOTHING
    sample = max(days)
    agents = agents_against(chart.lexicon, antigen)
    rows = chart.treated(agents)
    between = [_between_infusion_and(chart, x, sample) for x in rows]
    unnamed = [chart.exposure.agent(a).value for a in agents if a not in chart.rows_by_agent]
    value = any3([*between, *(None if x is None or x else False for x in unnamed)])
    bearing = [x for x, answer in zip(rows, between, strict=True) if answer is not False]
    if value is False or not bearing:
        return Found(value, (), f"sample of day {sample}")
    text = texts(bearing, lambda x: f"{' + '.join(x.agents)}, {x.start}")
    return Found(value, rows_of(bearing), text)


def _between_infusion_and(chart: PatientChart, row: Therapy, sample: int) -> bool | None:
    """Whether the treatment began after the infusion and by the day of the sample."""
    after, start = is_after(chart, row), row.start
    surely_later = start.first is not None and start.first > sample
    surely_by_then = start.last is not None and start.last <= sample
    if after is False or surely_later:
        return False
    return True if after and surely_by_then else None


@finding("bcma_agent_between_failure_and_sample")
def bcma_agent_between_failure_and_sample(chart: PatientChart) -> Found:
    return _agent_before_sample(chart, "BCMA")


@finding("gprc5d_agent_between_failure_and_sample")
def gprc5d_agent_between_failure_and_sample(chart: PatientChart) -> Found:
    return _agent_before_sample(chart, "GPRC5D")


@finding("untested_lesion")
def untested_lesion(chart: PatientChart) -> Found:
    """Whether there is a lesion outside the marrow whose antigen was not tested. Neither marrow nor
    a lesion elsewhere speaks for it; one that came with it in the same organ does.
    """
    if chart.at_failure is None:
        return NOTHING
    samples = _tested_on_lesions(chart)
    lesions = myeloma_lesions(chart, chart.at_failure)
    if lesions and not car_targets(chart):
        return unknown("the target of the CAR-T is not recorded", rows_of(lesions))
    unclear = unclear_lesions(chart, chart.at_failure)
    if lesions:
        found = _untested_of(chart, lesions, samples)
        if found.value is not False or not unclear:
            return found
    if unclear:
        return unknown(lambda: why_unclear(chart, unclear, chart.at_failure), rows_of(unclear))
    patterns = sorted(set(SOFT_TISSUE).intersection(chart.failure_pattern))
    if patterns:
        said = "antigen tested" if samples else "antigen of the lesion not tested"
        return Found(not samples, rows_of(samples), f"{', '.join(patterns)} relapse, {said}")
    seen = [soft_tissue(chart, chart.at_failure, kind) for kind in SOFT_TISSUE]
    if all3(not3(None if x.value is None else bool(x.value)) for x in seen):
        return Found(False, (), "imaging at failure shows no lesion outside the marrow")
    return unknown(lambda: "; ".join(dict.fromkeys(x.text for x in seen if x.text)))


def _untested_of(
    chart: PatientChart, lesions: Sequence[Imaging], samples: Sequence[Lab | Variant]
) -> Found:
    tested = samples_by_lesion(chart, lesions, samples)
    told = spoken_for(chart, lesions, {name for name, found in tested.items() if found})
    bare = [x for x in lesions if lesion_name(x) not in told]
    rows = (*rows_of(lesions), *rows_of(samples))
    if bare and naming_no_lesion(chart, samples):
        return unknown("antigen tested on a biopsy of an unnamed lesion", rows)
    said = "antigen not tested" if bare else "antigen tested on a biopsy"
    names = ", ".join(dict.fromkeys(_lesion_words(x) for x in bare or lesions))
    return Found(bool(bare), rows, f"{said}: {names}")


def _tested_on_lesions(chart: PatientChart) -> list[Lab | Variant]:
    """Tests for the target of the CAR-T on lesions at failure: stains, then genes."""
    window = chart.perhaps_at_failure
    targets = [x for x in _GENES if x in car_targets(chart)]
    if window is None:
        return []
    stains = [
        x
        for target in targets
        for x in chart.results(_STAINS[target], window)
        if x.specimen == "lesion_biopsy"
    ]
    genes = [
        x
        for target in targets
        for x in gene_rows(chart.record.variants, _GENES[target])
        if x.site is not None and "marrow" not in x.site.casefold()
    ]
    in_time = [x for x in genes if lies_in(x.when, window) or chart.tumour_of_failure(x.when)]
    return [*stains, *in_time]


def _lesion_words(row: Imaging) -> str:
    return f"{row.lesion or 'lesion'} ({row.site or row.kind or 'site not stated'})"


@finding("bcma_density_fall")
def bcma_density_fall(chart: PatientChart) -> Found:
    test = "bcma_molecules_per_cell"
    now = chart.latest(test, chart.at_failure)
    before = chart.latest(test, chart.before_infusion(_EVER))
    sources = sources_of(now, before)
    if now.quantity is None or before.quantity is None:
        return unknown(joined(now, before), sources)
    ratio = divided(now.quantity, before.quantity)
    text = f"{now.text}; before the infusion: {before.text}"
    return Found(ratio.at_most(_DENSITY_FALL), sources, text)


# ---------------------------------------------------------------- soluble BCMA


@finding("soluble_bcma_at_relapse")
def soluble_bcma_at_relapse(chart: PatientChart) -> Found:
    return chart.number("soluble_bcma", chart.at_failure)


@finding("soluble_bcma_undetectable")
def soluble_bcma_undetectable(chart: PatientChart) -> Found:
    latest = chart.latest("soluble_bcma", chart.at_failure)
    if latest.quantity is None:
        return unknown(latest.describe, latest.sources)
    if latest.quantity.above(0.0, tolerance=0.0):
        return Found(False, latest.sources, latest.describe)
    if latest.quantity.high > _SBCMA_HIGHEST_DETECTION_LIMIT:
        text = f"{latest.text}: the detection limit is too high to exclude it"
        return unknown(text, latest.sources)
    return Found(True, latest.sources, latest.describe)


@finding("soluble_bcma_fold_from_nadir")
def soluble_bcma_fold_from_nadir(chart: PatientChart) -> Found:
    """How many times the lowest value between the infusion and this sample."""
    now = chart.latest("soluble_bcma", chart.at_failure)
    if now.quantity is None or now.day is None or chart.infusion_day is None:
        return unknown(now.describe, now.sources)
    window = (chart.infusion_day + 1, now.day - 1)
    earlier = [x for x in chart.results("soluble_bcma", window) if x.quantity is not None]
    if not earlier:
        return unknown("no earlier value after the infusion", now.sources)
    nadir = _nadir(earlier)
    assert nadir.quantity is not None  # each of the earlier results has one
    fold = divided(now.quantity, nadir.quantity)
    aside = chart.aside("soluble_bcma", window)
    if aside:  # a value that could not be used may have been lower: the fold is at least this
        fold = Interval(fold.low, float("inf"), fold.low_open)

    def text() -> str:
        limit = f"; soluble BCMA of {aside[-1].when} was set aside" if aside else ""
        return f"{now.text}; nadir before: {nadir.text}{limit}"

    return measured(fold, text, sources_of(now, nadir))


def _nadir(rows: Sequence[Lab]) -> LatestResult:
    """The lowest value, as an interval, with the row that has the lowest upper bound."""
    values = [(x.quantity, x) for x in rows if x.quantity is not None]
    _, lowest = min(values, key=lambda pair: pair[0].high)
    low = min((q for q, _ in values), key=lambda q: (q.low, q.low_open))
    high = min((q for q, _ in values), key=lambda q: (q.high, not q.high_open))
    return LatestResult(Interval(low.low, high.high, low.low_open, high.high_open), None, (lowest,))
