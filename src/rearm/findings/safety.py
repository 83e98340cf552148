"""Findings on what looks like relapse and is none. Nobody's silence is taken for absence."""

from __future__ import annotations

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    finding,
    rows_of,
    suspected,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import latest_number
from rearm.findings.lesion_tissue import (
    lesion_name,
    naming_no_lesion,
    plasma_cells_shown,
    samples_by_lesion,
    spoken_for,
)
from rearm.findings.presence import any_present
from rearm.findings.results import lab_text
from rearm.findings.tumour import (
    imaging_text,
    looked_at,
    positive_lesions,
    unclear_lesions,
    why_unclear,
)
from rearm.knowledge.bundle import bundled
from rearm.record import Fact
from rearm.response.lesion_kind import whole_body
from rearm.response.lesions import histology

_ACUTE_DAYS = 60
_BLASTS_DAYS = 90
_BLASTS_PERCENT = 5.0


def _conditions(*names: str, toxicity: str | None = None) -> Function:
    """Present where one of the conditions is, or the toxicity of that name is not over."""

    def found(chart: PatientChart) -> Found:
        states = [chart.condition(n) for n in names]
        return any_present([*states, chart.toxicity(toxicity)] if toxicity else states)

    return found


@finding("identity_contradictions")
def identity_contradictions(chart: PatientChart) -> Found:
    """In how many respects the rows of the patient contradict each other on who it is."""
    issues = [x for x in chart.record.issues if x.code == "may_be_two_patients"]
    places = [place for issue in issues for place in issue.places]
    if not issues:
        return NOTHING
    return Found(len(places), tuple(x.source for x in places), lambda: issues[0].message)


FUNCTIONS["al_amyloidosis"] = _conditions("al_amyloidosis")
FUNCTIONS["second_solid_tumour"] = _conditions("second_solid_tumour")
FUNCTIONS["enterocolitis"] = _conditions("enterocolitis", toxicity="enterocolitis")


# ---------------------------------------------------------------- not a relapse


def _histologies(chart: PatientChart) -> tuple[dict[str, str], tuple[Fact, ...]]:
    """The histology of each lesion, and the facts that say them."""
    rows = tuple(
        x for x in chart.record.facts if x.finding == "lesion_histology" and "=" in x.value
    )
    return histology(rows), rows


def _histology_text(row: Fact) -> str:
    """`histology of L1: plasma cells, day 130`."""
    lesion, found = (part.strip() for part in row.value.split("=", 1))
    return f"histology of {lesion}: {bundled().words.of(found)}, {row.when}"


@finding("t_cell_neoplasm")
def t_cell_neoplasm(chart: PatientChart) -> Found:
    words, rows = _histologies(chart)
    state = chart.condition("t_cell_lymphoma")
    if "t_cell_neoplasm" in words.values():
        hits = [x for x in rows if x.value.split("=", 1)[1].strip() == "t_cell_neoplasm"]
        return Found(True, rows_of(hits), texts(hits, _histology_text))
    if state.rows:
        return state.found()
    return Found(False if words else None, rows_of(rows), texts(rows, _histology_text))


@finding("mds_aml")
def mds_aml(chart: PatientChart) -> Found:
    """Only a statement decides; blasts are a reason to ask for one."""
    state = chart.condition("mds_aml")
    if state.rows:
        return state.found()
    blasts = chart.latest("marrow_blasts", chart.recent(_BLASTS_DAYS))
    if blasts.quantity is None:
        return unknown(blasts.describe, blasts.sources)
    if blasts.quantity.at_least(_BLASTS_PERCENT):
        return suspected(
            f"{blasts.text}: ask the pathologist about a myeloid neoplasm", blasts.sources
        )
    return unknown(f"{blasts.text}; no statement on a myeloid neoplasm", blasts.sources)


@finding("marrow_blasts_percent")
def marrow_blasts_percent(chart: PatientChart) -> Found:
    return latest_number(chart, "marrow_blasts", _BLASTS_DAYS)


@finding("iec_hs")
def iec_hs(chart: PatientChart) -> Found:
    return chart.toxicity("iec_hs").found()


@finding("lesion_not_myeloma")
def lesion_not_myeloma(chart: PatientChart) -> Found:
    words, rows = _histologies(chart)
    other = [x for x in rows if words.get(x.value.split("=", 1)[0].strip()) != "plasma_cells"]
    if rows:
        deciding = other or list(rows)
        return Found(bool(other), rows_of(deciding), texts(deciding, _histology_text))
    stains = plasma_cells_shown(chart, chart.at_failure or chart.recent(_ACUTE_DAYS))
    return Found(False if stains else None, rows_of(stains), texts(stains, lab_text))


_EACH_TOLD = "each lesion, or one that came with it in the same organ, has a histology"


@finding("lesion_without_histology")
def lesion_without_histology(chart: PatientChart) -> Found:
    """Soft-tissue lesions at failure (without a failure: of the last 60 days), and bone lesions
    said to be new. Plasma cells shown by a stain of the biopsy are a histology; plasma cells in one
    lesion speak for those that came with it in the same organ.
    """
    window = chart.at_failure or chart.recent(_ACUTE_DAYS)
    looked = looked_at(chart, window)
    words, _ = _histologies(chart)
    lesions = positive_lesions(chart, window)
    lesions += [x for x in looked if x.result == "positive" and x.new and x not in lesions]
    stains = plasma_cells_shown(chart, window)
    stained = samples_by_lesion(chart, lesions, stains)
    plasma_cells = {x.casefold() for x, word in words.items() if word == "plasma_cells"}
    told = spoken_for(
        chart, lesions, plasma_cells | {name for name, rows in stained.items() if rows}
    )
    bare = [x for x in lesions if x.lesion not in words and lesion_name(x) not in told]
    nameless = naming_no_lesion(chart, stains)
    if nameless and bare:
        return unknown(lambda: f"{lab_text(nameless[-1])}: lesion not stated", rows_of(nameless))
    if bare:
        return Found(
            True,
            rows_of(bare),
            lambda: "no histology: " + "; ".join(imaging_text(x) for x in bare),
        )
    unclear = [x for x in unclear_lesions(chart, window) if x.lesion not in words]
    if unclear:
        return unknown(lambda: why_unclear(chart, unclear, window), rows_of(unclear))
    if lesions:
        shown = list(dict.fromkeys(x for rows in stained.values() for x in rows))
        return Found(
            False,
            rows_of((*lesions, *shown)),
            lambda: "; ".join([_EACH_TOLD, *map(lab_text, shown)]),
        )
    whole = [x for x in looked if whole_body(x)]
    return Found(False, rows_of(whole), texts(whole, imaging_text)) if whole else NOTHING
