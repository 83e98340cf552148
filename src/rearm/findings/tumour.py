"""Findings on the tumour: genetics, lesions outside the marrow, burden, leukaemic disease."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    Text,
    all3,
    any3,
    finding,
    joined,
    measured,
    not3,
    rows_of,
    sources_of,
    suspected,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import EMERGENCY_DAYS, LAST_KNOWN_DAYS
from rearm.findings.presence import Presence
from rearm.findings.results import Window, may_lie_in
from rearm.findings.variants import read_protein, sequenced, variant_text
from rearm.interval import Interval
from rearm.record import Imaging, Lab, Variant
from rearm.response.lesion_kind import kind_not_known, outside_bone, soft_kind, whole_body
from rearm.response.lesions import histology

_EMD_DAYS = 90
_MARROW_DAYS = 90
_SBCMA_DAYS = 60
_STAGE_DAYS = 90
_LEUKAEMIC_PER_UL = 2000.0
# of leukocytes: definition of plasma-cell leukaemia of the IMWG (Blood Cancer J 2021;11:192)
_LEUKAEMIC_PERCENT = 5.0
_ISS_3_B2M = 5.5  # mg/L
SOFT_TISSUE = ("extraosseous", "paraskeletal")  # the two kinds of soft-tissue lesions
_RESULTS = {"present": True, "absent": False}


# ---------------------------------------------------------------- genetics


def _rows_of(
    variants: Iterable[Variant], wanted: re.Pattern[str], kinds: tuple[str | None, ...]
) -> list[Variant]:
    rows = [x for x in variants if x.kind in kinds]
    return [x for x in rows if wanted.search(_compact(x.gene, x.change))]


@lru_cache(maxsize=4096)
def _compact(gene: str, change: str | None) -> str:
    """Gene and change in capitals without blanks: `T(11;14)|`, `TP53|P.ARG175HIS`."""
    return re.sub(r"\s+", "", f"{gene}|{change or ''}").upper()


def _found(rows: Sequence[Variant], value: bool | None) -> Found:
    return Found(value, rows_of(rows), texts(rows, variant_text, once=True)) if rows else NOTHING


def _translocation(chart: PatientChart, pattern: str) -> Found:
    """A translocation of the immunoglobulin locus is there from the start and stays: tests that
    differ contradict each other.
    """
    rows = _rows_of(chart.record.variants, re.compile(pattern), ("translocation", None))
    results = {x.result for x in rows}
    if len(results) > 1:
        return unknown(f"contradiction: {_found(rows, None).text}", rows_of(rows))
    return _found(rows, _RESULTS.get(results.pop()) if results else None)


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
    dated = [(x.day, x) for x in rows if x.day is not None]
    last = max((day for day, _ in dated), default=None)
    return [x for day, x in dated if day == last] if dated else list(rows)


def _present(rows: Sequence[Variant]) -> bool | None:
    return any3(_RESULTS.get(x.result) for x in rows)


def _del_17p(variants: Sequence[Variant]) -> Found:
    rows = _latest(
        _rows_of(
            variants,
            re.compile(r"^(DEL\()?17P(13(\.1)?)?\)?\||DEL\(17P|^TP53\|"),
            ("deletion", None),
        )
    )
    rows = [x for x in rows if x.gene.upper() != "TP53" or x.kind == "deletion"]
    return _found(rows, _present(rows))


def _one_q(variants: Sequence[Variant]) -> list[Variant]:
    return _latest(
        _rows_of(
            variants,
            re.compile(r"^(GAIN\(|AMP\(|\+)?1Q(21(\.\d)?)?\)?\||(GAIN|AMP)\(1Q|^CKS1B\|"),
            ("gain", "amplification", "trisomy", None),
        )
    )


def _gain_1q(variants: Sequence[Variant]) -> Found:
    """Three copies or more."""
    rows = _one_q(variants)
    return _found(rows, any3(_gained(x) for x in rows))


def _gained(row: Variant) -> bool | None:
    if row.result == "present" and row.copies is not None:
        return row.copies >= 2.5
    present = _RESULTS.get(row.result)
    # The absence of an amplification does not say that there is no third copy.
    only_no_amplification = row.kind == "amplification" and row.copies is None
    return None if present is False and only_no_amplification else present


def _amp_1q(variants: Sequence[Variant]) -> Found:
    """Four copies or more."""
    rows = _one_q(variants)
    return _found(rows, any3(_amplified(x) for x in rows))


def _amplified(row: Variant) -> bool | None:
    if row.result == "absent":
        return False
    if row.copies is not None:
        return row.copies >= 3.5
    named = row.kind == "amplification" or "AMP" in (row.change or "").upper()
    return True if named else None  # `gain` without a number of copies may be three or more


def _point(variants: Iterable[Variant], gene: str) -> list[Variant]:
    rows = [
        x
        for x in variants
        if x.gene.strip().upper() == gene and x.kind not in ("deletion", "loss_of_heterozygosity")
    ]
    return _latest(rows)


def _tp53_mutation(variants: Sequence[Variant]) -> Found:
    rows = _point(variants, "TP53")
    present = [x for x in rows if x.result == "present"]
    if present:
        return _found(present, True)
    return _found(rows, False if sequenced(rows) else None)


@finding("braf_v600e")
def braf_v600e(chart: PatientChart) -> Found:
    rows = _point(chart.record.variants, "BRAF")
    present = [x for x in rows if x.result == "present"]
    hits = [x for x in present if re.search(r"V600E|Val600Glu", x.change or "", re.IGNORECASE)]
    if hits:
        return _found(hits, True)
    if any(read_protein(x.change or "") is None for x in present):
        return unknown(f"{_found(rows, None).text}: the change is not stated", rows_of(rows))
    return _found(rows, False)


def _hyperhaploid(variants: Sequence[Variant]) -> Found:
    kinds = tuple({x.kind for x in variants})
    rows = _latest(_rows_of(variants, re.compile(r"HYPERHAPLOID"), kinds))
    return _found(rows, _present(rows))


def _ever(read: Callable[[Sequence[Variant]], Found]) -> Function:
    """By the last sample of any time."""
    return lambda chart: read(chart.record.variants)


def _before_infusion(read: Callable[[Sequence[Variant]], Found]) -> Function:
    """By the last sample that was surely taken before the infusion.

    A sample of later, or of a day that nobody states, does not tell: a clone may have won the
    change since. A denial of later does not either, as a clone may have been lost.
    """

    def found(chart: PatientChart) -> Found:
        day, variants = chart.infusion_day, chart.record.variants
        if day is None:
            return NOTHING
        before = read([x for x in variants if x.when.last is not None and x.when.last <= day])
        if before.known or before.has_text:
            return before
        later = read(variants)
        if not later.has_text:
            return NOTHING
        text = f"{later.text}: unknown whether also before the infusion"
        return unknown(text, later.sources)

    return found


for _name, _read in {
    "del_17p": _del_17p,
    "gain_1q": _gain_1q,
    "amp_1q": _amp_1q,
    "tp53_mutation": _tp53_mutation,
    "hyperhaploid": _hyperhaploid,
}.items():
    FUNCTIONS[_name] = _ever(_read)
    FUNCTIONS[f"{_name}_before_infusion"] = _before_infusion(_read)


# ---------------------------------------------------------------- lesions


def _in_window(row: Imaging, window: Window) -> bool:
    return (
        row.when.first is not None
        and row.when.last is not None
        and window[0] <= row.when.first
        and row.when.last <= window[1]
    )


def looked_at(chart: PatientChart, window: Window) -> list[Imaging]:
    """Imaging that lies wholly in the window."""
    return [x for x in chart.record.imaging if _in_window(x, window)]


def positive_lesions(chart: PatientChart, window: Window | None) -> list[Imaging]:
    """Soft-tissue lesions seen in the window."""
    looked = [] if window is None else looked_at(chart, window)
    return [x for x in looked if x.result == "positive" and outside_bone(x)]


def perhaps_looked_at(chart: PatientChart, window: Window) -> list[Imaging]:
    """Imaging that may lie in the window, and of which that is not sure: its day is not exact, or
    that of the failure is not.
    """
    wide = chart.perhaps(window)
    return [
        x for x in chart.record.imaging if may_lie_in(x.when, wide) and not _in_window(x, window)
    ]


def unclear_lesions(chart: PatientChart, window: Window | None) -> list[Imaging]:
    """Lesions that may be of soft tissue and of this time, while one of the two is not sure, and
    that are not shown to be something else.
    """
    if window is None:
        return []
    looked, other = looked_at(chart, window), _other_histology(chart)
    of_unknown_kind = [x for x in looked if kind_not_known(x)]
    of_unknown_time = [
        x
        for x in perhaps_looked_at(chart, window)
        if (kind_not_known(x) or outside_bone(x)) and not _followed(x, looked)
    ]
    rows = (*of_unknown_kind, *of_unknown_time)
    return [x for x in rows if x.result == "positive" and x.lesion not in other]


def _followed(row: Imaging, looked: Sequence[Imaging]) -> bool:
    """Whether the whole body was surely examined after it, or the same lesion."""
    return any(
        row.when.before(x.when)
        and (_examined_whole(x) or (x.lesion is not None and x.lesion == row.lesion))
        for x in looked
    )


def why_unclear(chart: PatientChart, rows: Sequence[Imaging], window: Window | None) -> str:
    """These lesions, each with what is not known of it."""
    return "; ".join(_what_is_unclear(chart, x, window) for x in rows)


def myeloma_lesions(chart: PatientChart, window: Window | None) -> list[Imaging]:
    """Soft-tissue lesions seen in the window that are not shown to be something else."""
    other = _other_histology(chart)
    return [x for x in positive_lesions(chart, window) if x.lesion not in other]


def _other_histology(chart: PatientChart) -> set[str]:
    """Lesions that a histology shows to be something else than myeloma."""
    words = histology(chart.record.facts)
    return {lesion for lesion, word in words.items() if word != "plasma_cells"}


def soft_tissue(
    chart: PatientChart,
    window: Window | None,
    kind: str,
    rows: Sequence[Imaging] | None = None,
) -> Found:
    """Whether a lesion of this kind (extraosseous, paraskeletal) that is not shown to be something
    else was seen in the window.

    False needs a row that says so (negative for this kind), or a whole-body examination without
    such a lesion.
    """
    if window is None:
        return NOTHING
    looked = looked_at(chart, window) if rows is None else rows
    perhaps = [x for x in perhaps_looked_at(chart, window) if x not in looked]
    if not looked and not perhaps:
        return NOTHING
    other = _other_histology(chart)
    lesions = [x for x in looked if x.result == "positive" and x.lesion not in other]
    seen = [x for x in lesions if soft_kind(x) == kind]
    if seen:
        return Found(True, rows_of(seen), texts(seen, imaging_text))
    unclear = [x for x in lesions if _may_be(x, kind, looked)]
    unclear += [
        x
        for x in perhaps
        if x.result == "positive"
        and x.lesion not in other
        and (soft_kind(x) == kind or _may_be(x, kind, looked))
        and not _followed(x, looked)
    ]
    none = _none_seen(looked, kind)
    if unclear or (perhaps and not looked):
        rest = unclear or perhaps
        return unknown(lambda: _what_is_unclear(chart, rest[0], window), rows_of(rest))
    return none


def _may_be(row: Imaging, kind: str, looked: Sequence[Imaging]) -> bool:
    """Whether a lesion may be of this kind, as far as its row tells and no other row of the same
    day denies it.
    """
    if kind_not_known(row):
        return not any(_denies(x, kind) and x.when == row.when for x in looked)
    return outside_bone(row) and soft_kind(row) is None


def _what_is_unclear(chart: PatientChart, row: Imaging, window: Window | None) -> str:
    missing = []
    if window is not None and not _in_window(row, window):
        missing.append(_why_not_placed(chart, row, window))
    if row.result == "positive" and kind_not_known(row):
        missing.append("bone or soft tissue not stated")
    elif outside_bone(row) and soft_kind(row) is None:
        missing.append("contact with bone not stated")
    return f"{imaging_text(row)}: {', '.join(missing)}"


def _why_not_placed(chart: PatientChart, row: Imaging, window: Window) -> str:
    """Whose day leaves it open: that of the examination, or that of the failure."""
    if row.when.day is not None:
        return "the failure has no exact day, so this may be of another time"
    time = "of the time of the failure" if window == chart.at_failure else "of this time"
    return f"it has no exact day and may not be {time}"


def _none_seen(looked: Sequence[Imaging], kind: str) -> Found:
    """No lesion of the kind, as far as rows say so or the whole body was examined."""
    denied = [x for x in looked if _denies(x, kind)]
    examined = [x for x in looked if _examined_whole(x) and x not in denied]
    none = [*denied, *examined]
    return Found(False, rows_of(none), texts(none, imaging_text, once=True)) if none else NOTHING


def _denies(row: Imaging, kind: str) -> bool:
    """A negative row that speaks of lesions of this kind, or of the whole body: a statement of the
    centre without a method does.
    """
    own = {"extraosseous": "extramedullary", "paraskeletal": "paraskeletal"}[kind]
    of_kind = row.kind in (own, "plasmacytoma")
    of_all = row.kind is None and (not row.method or whole_body(row))
    return row.result == "negative" and (of_kind or of_all)


def _examined_whole(row: Imaging) -> bool:
    """An examination of the whole body, whatever it showed."""
    return row.result in ("positive", "negative") and row.method is not None and whole_body(row)


def extraosseous(chart: PatientChart, window: Window | None) -> Found:
    return soft_tissue(chart, window, "extraosseous")


def imaging_text(row: Imaging) -> str:
    """`PET-CT positive, extramedullary L1, liver segment 6, day 238`."""
    examination = f"{row.method or 'stated'} {row.result or ''}".strip()
    lesion = " ".join(p for p in (row.kind, row.lesion) if p)
    return ", ".join(p for p in (examination, lesion, row.site, str(row.when)) if p)


def _before(chart: PatientChart) -> tuple[Window | None, list[Imaging]]:
    """Imaging of the 90 days before the infusion, and what the centre states of the time before it
    without an exact day.
    """
    window = chart.before_infusion(_EMD_DAYS)
    if window is None:
        return None, []
    seen = looked_at(chart, window)
    undated = [x for x in chart.record.imaging if x.method is None and x.when.day is None]
    stated = [x for x in undated if x.when.last is not None and x.when.last <= window[1]]
    return window, [*seen, *(x for x in stated if not _in_window(x, window))]


@finding("emd_before_infusion")
def emd_before_infusion(chart: PatientChart) -> Found:
    window, rows = _before(chart)
    return soft_tissue(chart, window, "extraosseous", rows)


@finding("paraskeletal_only_before_infusion")
def paraskeletal_only_before_infusion(chart: PatientChart) -> Found:
    window, rows = _before(chart)
    bone = soft_tissue(chart, window, "paraskeletal", rows)
    soft = soft_tissue(chart, window, "extraosseous", rows)
    value = all3([_yes_or_no(bone), not3(_yes_or_no(soft))])
    return Found(value, sources_of(bone, soft), _once(bone, soft))


def _yes_or_no(found: Found) -> bool | None:
    return None if found.value is None else found.value is True


def _once(*parts: Found) -> Text:
    """Their texts, the same one no second time."""
    return lambda: "; ".join(dict.fromkeys(x.text for x in parts if x.text))


@finding("emd_at_failure")
def emd_at_failure(chart: PatientChart) -> Found:
    seen = extraosseous(chart, chart.at_failure)
    if seen.value is not True and "extraosseous" in chart.failure_pattern:
        return Found(True, chart.failure_sources, "the failure is extraosseous")
    return seen


@finding("any_plasmacytoma_at_relapse")
def any_plasmacytoma_at_relapse(chart: PatientChart) -> Found:
    """Which of the two kinds it is does not matter here."""
    seen = myeloma_lesions(chart, chart.at_failure)
    if seen:
        return Found(True, rows_of(seen), texts(seen, imaging_text))
    patterns = sorted(set(SOFT_TISSUE).intersection(chart.failure_pattern))
    if patterns:
        return Found(True, chart.failure_sources, f"the failure is {', '.join(patterns)}")
    parts = [soft_tissue(chart, chart.at_failure, kind) for kind in SOFT_TISSUE]
    return Found(any3(_yes_or_no(x) for x in parts), sources_of(*parts), _once(*parts))


@finding("bone_lesion_or_cord_at_relapse")
def bone_lesion_or_cord_at_relapse(chart: PatientChart) -> Found:
    """What radiotherapy may be for besides a soft-tissue lesion: a bone lesion seen at failure, or
    cord compression.

    False needs an examination of the whole body at failure; silence on the cord is then no lesion.
    """
    cord = chart.condition("cord_compression")
    if cord.present:
        return cord.found()
    window = chart.at_failure
    looked = [] if window is None else looked_at(chart, window)
    bone = [x for x in looked if x.kind == "bone"]
    seen = [x for x in bone if x.result == "positive"]
    if seen:
        return Found(True, rows_of(seen), texts(seen, imaging_text))
    unclear = [x for x in unclear_lesions(chart, window) if kind_not_known(x)]
    unclear += [
        x
        for x in ([] if window is None else perhaps_looked_at(chart, window))
        if x.kind == "bone" and x.result == "positive" and not _followed(x, looked)
    ]
    if unclear:
        return unknown(lambda: why_unclear(chart, unclear, window), rows_of(unclear))
    examined = [x for x in looked if _examined_whole(x)]
    denied = [x for x in bone if x.result == "negative" and x not in examined]
    none = [*examined, *denied]
    return Found(False, rows_of(none), texts(none, imaging_text)) if none else NOTHING


@finding("lesions_at_relapse")
def lesions_at_relapse(chart: PatientChart) -> Found:
    """The lesions named, or the number that a row gives where it is higher."""
    present = any_plasmacytoma_at_relapse(chart)
    if present.value is False:
        return Found(0, present.sources, present.text)
    rows = myeloma_lesions(chart, chart.at_failure)
    if not rows:
        return unknown(present.text, present.sources)
    names = {x.lesion or x.site for x in rows}
    count = max([len(names), *(x.n_lesions for x in rows if x.n_lesions is not None)])
    unclear = unclear_lesions(chart, chart.at_failure)
    perhaps = len({x.lesion or x.site for x in unclear} - names)
    every = (*rows, *unclear)
    span = Interval(count, count + perhaps)
    return measured(span, texts(every, imaging_text), rows_of(every), whole=True)


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
    """R-ISS III is part of ISS III: an ISS below III rules both out, an R-ISS below III does
    not.
    """
    ever = chart.before_infusion(10**6)
    iss, r_iss = chart.latest("iss", ever), chart.latest("r_iss", ever)
    b2m = chart.latest("beta2_microglobulin", chart.before_infusion(_STAGE_DAYS))
    if b2m.quantity is not None:
        value = b2m.quantity.at_least(_ISS_3_B2M)
    elif "III" in (iss.word, r_iss.word):
        value = True
    else:
        value = False if iss.word in ("I", "II") else None
    return Found(value, sources_of(iss, r_iss, b2m), joined(iss, r_iss, b2m))


# ---------------------------------------------------------------- leukaemic disease


def leukaemic_counts(chart: PatientChart, window: Window | None) -> Found:
    """Circulating plasma cells at the level of plasma-cell leukaemia: 2000 per microlitre, or 5 %
    of leukocytes, in any sample.

    A count below 2000 alone is no denial, as it may still be 5 % of few leukocytes; zero is.
    """
    counts = chart.results("circulating_plasma_cells", window)
    shares = chart.results("circulating_plasma_cells_percent", window)
    high = [*_reaching(counts, _LEUKAEMIC_PER_UL), *_reaching(shares, _LEUKAEMIC_PERCENT)]
    if high:
        return Found(True, rows_of(high), chart.latest(high[0].test, window).describe)
    share = chart.latest("circulating_plasma_cells_percent", window)
    count = chart.latest("circulating_plasma_cells", window)
    low_share = share.quantity is not None and share.quantity.below(_LEUKAEMIC_PERCENT)
    if low_share and all(x.quantity and x.quantity.below(_LEUKAEMIC_PER_UL) for x in counts):
        return Found(False, share.sources, share.describe)
    no_cells = count.quantity is not None and count.quantity.at_most(0.0)
    if no_cells and not shares:
        return Found(False, count.sources, count.describe)
    if not count.has_text and not share.has_text:
        return NOTHING
    return unknown((count if count.has_text else share).describe, sources_of(count, share))


def _reaching(rows: Sequence[Lab], limit: float) -> list[Lab]:
    return [x for x in rows if x.quantity is not None and x.quantity.at_least(limit)]


@finding("plasma_cell_leukaemia")
def plasma_cell_leukaemia(chart: PatientChart) -> Found:
    state = chart.condition("plasma_cell_leukaemia")
    counts = leukaemic_counts(chart, chart.at_failure or chart.recent(30))
    return _leukaemia(state, counts)


def _leukaemia(state: Presence, counts: Found) -> Found:
    """What is stated, or the counts where nothing is that speaks of now."""
    if state.present or counts.value is True:
        return Found(True, sources_of(state, counts), joined(state, counts))
    return state.found() if state.present is False or not counts.known else counts


@finding("leukaemic_now")
def leukaemic_now(chart: PatientChart) -> Found:
    state = chart.condition("plasma_cell_leukaemia")
    found = _leukaemia(state, leukaemic_counts(chart, chart.recent(EMERGENCY_DAYS)))
    if found.known:
        return found
    last = leukaemic_counts(chart, chart.recent(LAST_KNOWN_DAYS))
    return suspected(last.text, last.sources) if last.value is True else found


@finding("plasma_cell_leukaemia_before_infusion")
def plasma_cell_leukaemia_before_infusion(chart: PatientChart) -> Found:
    day = chart.infusion_day
    if day is None:
        return NOTHING
    stated = chart.condition_rows("plasma_cell_leukaemia")
    rows = [x for x in stated if x.when.last is not None and x.when.last <= day]
    had = [x for x in rows if x.status in ("present", "resolved")]
    counts = leukaemic_counts(chart, chart.before_infusion(_MARROW_DAYS))
    if had:
        text = f"{had[0].status}, {had[0].when}"
        return Found(True, (*rows_of(had), *counts.sources), text)
    if counts.value is True or not rows:
        return counts
    if any(x.status != "absent" for x in rows):
        words = texts(rows, lambda x: f"plasma cell leukaemia {x.status}, {x.when}")
        return unknown(words, rows_of(rows))
    return Found(False, rows_of(rows), "stated absent")
