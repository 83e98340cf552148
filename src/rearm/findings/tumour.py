"""Findings on the tumour: genetics, lesions outside the marrow, burden, leukaemic disease."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rearm.findings.base import Found, all3, any3, finding, not3, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.variants import read_protein, sequenced, variant_text
from rearm.record import Imaging, Variant
from rearm.response.lesions import histology

_EMD_DAYS = 90
_MARROW_DAYS = 90
_SBCMA_DAYS = 60
_STAGE_DAYS = 90
_LEUKAEMIC_PER_UL = 2000.0
# of leukocytes: definition of plasma-cell leukaemia of the IMWG (Blood Cancer J 2021;11:192)
_LEUKAEMIC_PERCENT = 5.0
_ISS_3_B2M = 5.5  # mg/L
_SOFT = ("plasmacytoma", "extramedullary", "paraskeletal")


# ---------------------------------------------------------------- genetics


def _rows_of(
    chart: PatientChart, wanted: re.Pattern[str], kinds: tuple[str | None, ...]
) -> list[Variant]:
    rows = []
    for row in chart.record.variants:
        said = re.sub(r"\s+", "", f"{row.gene}|{row.change or ''}").upper()
        if wanted.search(said) and row.kind in kinds:
            rows.append(row)
    return rows


def _found(rows: Sequence[Variant], value: bool | None) -> Found:
    return Found(
        value,
        tuple(x.source for x in rows),
        "; ".join(dict.fromkeys(variant_text(x) for x in rows)),
    )


def _translocation(chart: PatientChart, pattern: str) -> Found:
    """A translocation of the immunoglobulin locus is there from the start and stays: tests that
    differ contradict each other.
    """
    rows = _rows_of(chart, re.compile(pattern), ("translocation", None))
    results = {x.result for x in rows}
    if len(results) > 1:
        return unknown(f"contradiction: {_found(rows, None).text}", [x.source for x in rows])
    return _found(rows, {"present": True, "absent": False}.get(results.pop()) if results else None)


@finding("t_11_14")
def t_11_14(chart: PatientChart) -> Found:
    return _translocation(chart, r"T\(11;14\)|^CCND1\||IGH(::|-|/)CCND1|CCND1(::|-|/)IGH")


@finding("t_4_14")
def t_4_14(chart: PatientChart) -> Found:
    return _translocation(
        chart, r"T\(4;14\)|IGH(::|-|/)(NSD2|WHSC1|MMSET|FGFR3)|(NSD2|WHSC1|MMSET|FGFR3)(::|-|/)IGH"
    )


@finding("t_14_16")
def t_14_16(chart: PatientChart) -> Found:
    return _translocation(chart, r"T\(14;16\)|IGH(::|-|/)C?MAF\b|C?MAF(::|-|/)IGH")


def _latest(rows: Sequence[Variant]) -> list[Variant]:
    """Rows of the last day; without days all of them."""
    dated = [x for x in rows if x.day is not None]
    if not dated:
        return list(rows)
    last = max(x.day or 0 for x in dated)
    return [x for x in dated if x.day == last]


def _present(rows: Sequence[Variant]) -> bool | None:
    if not rows:
        return None
    return any3([{"present": True, "absent": False}.get(x.result) for x in rows])


@finding("del_17p")
def del_17p(chart: PatientChart) -> Found:
    rows = _latest(
        _rows_of(
            chart, re.compile(r"^(DEL\()?17P(13(\.1)?)?\)?\||DEL\(17P|^TP53\|"), ("deletion", None)
        )
    )
    rows = [x for x in rows if x.gene.upper() != "TP53" or x.kind == "deletion"]
    return _found(rows, _present(rows))


def _one_q(chart: PatientChart) -> list[Variant]:
    return _latest(
        _rows_of(
            chart,
            re.compile(r"^(GAIN\(|AMP\(|\+)?1Q(21(\.\d)?)?\)?\||(GAIN|AMP)\(1Q|^CKS1B\|"),
            ("gain", "amplification", "trisomy", None),
        )
    )


@finding("gain_1q")
def gain_1q(chart: PatientChart) -> Found:
    rows = _one_q(chart)
    copies = [None if x.copies is None or x.result != "present" else x.copies >= 2.5 for x in rows]
    said = [
        {"present": True, "absent": False}.get(x.result) if c is None else c
        for x, c in zip(rows, copies, strict=True)
    ]
    # The absence of an amplification does not say that there is no third copy.
    said = [
        None if v is False and x.kind == "amplification" and x.copies is None else v
        for x, v in zip(rows, said, strict=True)
    ]
    return _found(rows, any3(said))


@finding("amp_1q")
def amp_1q(chart: PatientChart) -> Found:
    rows = _one_q(chart)
    said: list[bool | None] = []
    for row in rows:
        if row.result == "absent":
            said.append(False)
        elif row.copies is not None:
            said.append(row.copies >= 3.5)
        else:  # `gain` without a number of copies may be three or more
            said.append(
                True if row.kind == "amplification" or "AMP" in (row.change or "").upper() else None
            )
    return _found(rows, any3(said))


def _point(chart: PatientChart, gene: str) -> list[Variant]:
    rows = [
        x
        for x in chart.record.variants
        if x.gene.strip().upper() == gene and x.kind not in ("deletion", "loss_of_heterozygosity")
    ]
    return _latest(rows)


@finding("tp53_mutation")
def tp53_mutation(chart: PatientChart) -> Found:
    rows = _point(chart, "TP53")
    present = [x for x in rows if x.result == "present"]
    if present:
        return _found(present, True)
    return _found(rows, False if sequenced(rows) else None)


@finding("braf_v600e")
def braf_v600e(chart: PatientChart) -> Found:
    rows = _point(chart, "BRAF")
    hits = [
        x
        for x in rows
        if x.result == "present" and re.search(r"V600E|Val600Glu", x.change or "", re.IGNORECASE)
    ]
    if hits:
        return _found(hits, True)
    if any(x.result == "present" and read_protein(x.change or "") is None for x in rows):
        return unknown(
            f"{_found(rows, None).text}: the change is not stated", [x.source for x in rows]
        )
    return _found(rows, False if rows else None)


@finding("hyperhaploid")
def hyperhaploid(chart: PatientChart) -> Found:
    rows = _latest(
        _rows_of(chart, re.compile(r"HYPERHAPLOID"), tuple({x.kind for x in chart.record.variants}))
    )
    return _found(rows, _present(rows))


# ---------------------------------------------------------------- lesions


def soft_kind(row: Imaging) -> str | None:
    """`extraosseous` or `paraskeletal` of a soft-tissue lesion; contact with bone decides where it
    is stated. None: cannot be told.
    """
    if row.kind not in _SOFT:
        return None
    if row.contiguous_with_bone is not None:
        return "paraskeletal" if row.contiguous_with_bone else "extraosseous"
    return {"extramedullary": "extraosseous", "paraskeletal": "paraskeletal"}.get(row.kind or "")


def _in_window(row: Imaging, window: tuple[int, int]) -> bool:
    return (
        row.when.first is not None
        and row.when.last is not None
        and window[0] <= row.when.first
        and row.when.last <= window[1]
    )


def positive_lesions(chart: PatientChart, window: tuple[int, int] | None) -> list[Imaging]:
    """Soft-tissue lesions seen in the window."""
    if window is None:
        return []
    return [
        x
        for x in chart.record.imaging
        if x.result == "positive" and x.kind in _SOFT and _in_window(x, window)
    ]


def _whole_body(row: Imaging) -> bool:
    """A method that would show a soft-tissue lesion anywhere, or a statement of the centre without
    a method.
    """
    method = (row.method or "").casefold()
    return not method or "pet" in method or "whole" in method


def soft_tissue(
    chart: PatientChart,
    window: tuple[int, int] | None,
    kind: str,
    rows: Sequence[Imaging] | None = None,
) -> Found:
    """Whether a lesion of this kind (extraosseous, paraskeletal) that is not shown to be something
    else was seen in the window.

    False needs a row that says so (negative for this kind), or a whole-body examination without
    such a lesion.
    """
    if window is None:
        return unknown()
    other = {
        lesion for lesion, word in histology(chart.record.facts).items() if word != "plasma_cells"
    }
    looked = [
        x
        for x in (chart.record.imaging if rows is None else rows)
        if rows is not None or _in_window(x, window)
    ]
    soft = [
        x for x in looked if x.result == "positive" and x.kind in _SOFT and x.lesion not in other
    ]
    seen = [x for x in soft if soft_kind(x) == kind]
    if seen:
        return Found(True, tuple(x.source for x in seen), "; ".join(imaging_text(x) for x in seen))
    unclear = [x for x in soft if soft_kind(x) is None]
    if unclear:
        return unknown(
            f"{imaging_text(unclear[0])}: contact with bone not stated", [x.source for x in unclear]
        )
    own = {"extraosseous": "extramedullary", "paraskeletal": "paraskeletal"}[kind]
    none = [
        x
        for x in looked
        if x.result == "negative"
        and (x.kind in (own, "plasmacytoma") or (x.kind is None and _whole_body(x)))
    ]
    none += [
        x
        for x in looked
        if x.method is not None
        and x.result in ("positive", "negative")
        and _whole_body(x)
        and x not in none
    ]
    if none:
        return Found(
            False,
            tuple(x.source for x in none),
            "; ".join(dict.fromkeys(imaging_text(x) for x in none)),
        )
    return unknown()


def extraosseous(chart: PatientChart, window: tuple[int, int] | None) -> Found:
    return soft_tissue(chart, window, "extraosseous")


def imaging_text(row: Imaging) -> str:
    """`PET-CT positive, extramedullary L1, liver segment 6, day 238`."""
    lesion = " ".join(p for p in (row.kind, row.lesion) if p)
    return ", ".join(
        p
        for p in (
            f"{row.method or 'stated'} {row.result or ''}".strip(),
            lesion,
            row.site,
            str(row.when),
        )
        if p
    )


def _before(chart: PatientChart) -> tuple[tuple[int, int] | None, list[Imaging]]:
    """Imaging of the 90 days before the infusion, and what the centre states of the time before it
    without an exact day.
    """
    window = chart.before_infusion(_EMD_DAYS)
    if window is None:
        return None, []
    stated = [
        x
        for x in chart.record.imaging
        if x.method is None
        and x.when.day is None
        and x.when.last is not None
        and x.when.last <= window[1]
    ]
    return window, [
        *(x for x in chart.record.imaging if _in_window(x, window)),
        *(x for x in stated if not _in_window(x, window)),
    ]


@finding("emd_before_infusion")
def emd_before_infusion(chart: PatientChart) -> Found:
    window, rows = _before(chart)
    return soft_tissue(chart, window, "extraosseous", rows)


@finding("paraskeletal_only_before_infusion")
def paraskeletal_only_before_infusion(chart: PatientChart) -> Found:
    window, rows = _before(chart)
    bone, soft = (
        soft_tissue(chart, window, "paraskeletal", rows),
        soft_tissue(chart, window, "extraosseous", rows),
    )
    value = all3(
        [
            bone.value is True if bone.value is not None else None,
            not3(soft.value is True if soft.value is not None else None),
        ]
    )
    return Found(
        value,
        (*bone.sources, *soft.sources),
        "; ".join(dict.fromkeys(x.text for x in (bone, soft) if x.text)),
    )


@finding("emd_at_failure")
def emd_at_failure(chart: PatientChart) -> Found:
    found = extraosseous(chart, chart.at_failure)
    if (
        found.value is not True
        and chart.failure is not None
        and chart.failure_day is not None
        and "extraosseous" in chart.failure.pattern
    ):
        return Found(True, chart.failure_sources, "the failure is extraosseous")
    return found


@finding("any_plasmacytoma_at_failure")
def any_plasmacytoma_at_failure(chart: PatientChart) -> Found:
    parts = [
        soft_tissue(chart, chart.at_failure, kind) for kind in ("extraosseous", "paraskeletal")
    ]
    other = {
        lesion for lesion, word in histology(chart.record.facts).items() if word != "plasma_cells"
    }
    seen = [x for x in positive_lesions(chart, chart.at_failure) if x.lesion not in other]
    patterns = {"extraosseous", "paraskeletal"}.intersection(
        chart.failure.pattern if chart.failure and chart.failure_day is not None else ()
    )
    if seen:  # which of the two kinds it is does not matter here
        return Found(True, tuple(x.source for x in seen), "; ".join(imaging_text(x) for x in seen))
    if patterns:
        return Found(True, chart.failure_sources, f"the failure is {', '.join(sorted(patterns))}")
    value = any3([None if p.value is None else p.value is True for p in parts])
    return Found(
        value,
        tuple(s for p in parts for s in p.sources),
        "; ".join(dict.fromkeys(p.text for p in parts if p.text)),
    )


@finding("bone_lesion_or_cord_at_failure")
def bone_lesion_or_cord_at_failure(chart: PatientChart) -> Found:
    """What radiotherapy may be for besides a soft-tissue lesion: a bone lesion seen at failure, or
    cord compression.

    False needs an examination of the whole body at failure; silence on the cord is then no lesion.
    """
    cord = chart.condition("cord_compression")
    if cord.present:
        return cord.found()
    if chart.at_failure is None:
        return unknown()
    looked = [x for x in chart.record.imaging if _in_window(x, chart.at_failure)]
    bone = [x for x in looked if x.kind == "bone" and x.result == "positive"]
    if bone:
        return Found(True, tuple(x.source for x in bone), "; ".join(imaging_text(x) for x in bone))
    none = [
        x
        for x in looked
        if x.result in ("positive", "negative") and x.method is not None and _whole_body(x)
    ]
    none += [x for x in looked if x.kind == "bone" and x.result == "negative" and x not in none]
    return (
        Found(False, tuple(x.source for x in none), "; ".join(imaging_text(x) for x in none))
        if none
        else unknown()
    )


@finding("lesions_at_failure")
def lesions_at_failure(chart: PatientChart) -> Found:
    """The lesions named, or the number that a row gives where it is higher."""
    present = any_plasmacytoma_at_failure(chart)
    if present.value is False:
        return Found(0, present.sources, present.text)
    other = {
        lesion for lesion, word in histology(chart.record.facts).items() if word != "plasma_cells"
    }
    rows = [x for x in positive_lesions(chart, chart.at_failure) if x.lesion not in other]
    if not rows:
        return unknown(present.text, present.sources)
    named = len({x.lesion or x.site for x in rows})
    count = max([named, *(x.n_lesions for x in rows if x.n_lesions is not None)])
    return Found(count, tuple(x.source for x in rows), "; ".join(imaging_text(x) for x in rows))


# ---------------- burden and stage before the infusion


@finding("marrow_plasma_cells_before_infusion")
def marrow_plasma_cells_before_infusion(chart: PatientChart) -> Found:
    return chart.number("marrow_plasma_cells", chart.before_infusion(_MARROW_DAYS))


@finding("soluble_bcma_before_infusion")
def soluble_bcma_before_infusion(chart: PatientChart) -> Found:
    return chart.number("soluble_bcma", chart.before_infusion(_SBCMA_DAYS))


@finding("metabolic_tumour_volume_before_infusion")
def metabolic_tumour_volume_before_infusion(chart: PatientChart) -> Found:
    return chart.number("pet_metabolic_tumour_volume", chart.before_infusion(_EMD_DAYS))


@finding("stage_3_before_infusion")
def stage_3_before_infusion(chart: PatientChart) -> Found:
    """R-ISS III is part of ISS III: an ISS below III rules both out, an R-ISS below III does not."""
    ever = chart.before_infusion(10**6)
    iss, r_iss = chart.latest("iss", ever), chart.latest("r_iss", ever)
    b2m = chart.latest("beta2_microglobulin", chart.before_infusion(_STAGE_DAYS))
    sources, text = (
        (*iss.sources, *r_iss.sources, *b2m.sources),
        "; ".join(x.text for x in (iss, r_iss, b2m) if x.text),
    )
    if b2m.quantity is not None:
        return Found(b2m.quantity.at_least(_ISS_3_B2M), sources, text)
    if "III" in (iss.word, r_iss.word):
        return Found(True, sources, text)
    return Found(False if iss.word in ("I", "II") else None, sources, text)


# ---------------------------------------------------------------- leukaemic disease


def leukaemic_counts(chart: PatientChart, window: tuple[int, int] | None) -> Found:
    """Circulating plasma cells at the level of plasma-cell leukaemia: 2000 per microlitre, or 5 %
    of leukocytes, in any sample.

    A count below 2000 alone is no denial, as it may still be 5 % of few leukocytes; zero is.
    """
    counts = chart.results("circulating_plasma_cells", window)
    shares = chart.results("circulating_plasma_cells_percent", window)
    high = [x for x in counts if x.quantity and x.quantity.at_least(_LEUKAEMIC_PER_UL)]
    high += [x for x in shares if x.quantity and x.quantity.at_least(_LEUKAEMIC_PERCENT)]
    if high:
        return Found(
            True, tuple(x.source for x in high), f"{chart.latest(high[0].test, window).text}"
        )
    newest = chart.latest("circulating_plasma_cells_percent", window)
    if (
        newest.quantity is not None
        and newest.quantity.below(_LEUKAEMIC_PERCENT)
        and all(x.quantity and x.quantity.below(_LEUKAEMIC_PER_UL) for x in counts)
    ):
        return Found(False, newest.sources, newest.text)
    number = chart.latest("circulating_plasma_cells", window)
    if number.quantity is not None and number.quantity.at_most(0.0) and not shares:
        return Found(False, number.sources, number.text)
    return unknown(number.text or newest.text, (*number.sources, *newest.sources))


@finding("plasma_cell_leukaemia")
def plasma_cell_leukaemia(chart: PatientChart) -> Found:
    state = chart.condition("plasma_cell_leukaemia")
    counts = leukaemic_counts(chart, chart.at_failure or chart.recent(30))
    if state.present or counts.value is True:
        return Found(
            True,
            (*state.sources, *counts.sources),
            "; ".join(x for x in (state.text, counts.text) if x),
        )
    return state.found() if state.rows else counts


@finding("plasma_cell_leukaemia_before_infusion")
def plasma_cell_leukaemia_before_infusion(chart: PatientChart) -> Found:
    if chart.infusion_day is None:
        return unknown()
    day = chart.infusion_day
    rows = [
        x
        for x in chart.record.conditions
        if x.condition == "plasma_cell_leukaemia" and x.when.last is not None and x.when.last <= day
    ]
    there = [x for x in rows if x.status in ("present", "resolved")]
    counts = leukaemic_counts(chart, chart.before_infusion(_MARROW_DAYS))
    if there or counts.value is True:
        return Found(
            True,
            (*(x.source for x in there), *counts.sources),
            there[0].status + f", {there[0].when}" if there else counts.text,
        )
    if any(x.status != "absent" for x in rows):
        return unknown(
            "; ".join(f"plasma cell leukaemia {x.status}, {x.when}" for x in rows),
            [x.source for x in rows],
        )
    return Found(False, tuple(x.source for x in rows), "stated absent") if rows else counts
