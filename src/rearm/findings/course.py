"""Findings on the course after the last infusion: did it fail, how, how fast.

A pattern or a signal that the judgement of the course does not list is false only where the test
that would show it was done.
"""

from __future__ import annotations

import math

from rearm.findings.base import Found, all3, finding, unknown
from rearm.findings.context import Context, test_name
from rearm.findings.tumour import extraosseous, leukaemic_counts, soft_tissue
from rearm.record import Lab, Source

_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")
_PARTIAL_OR_BETTER = ("sCR", "CR", "nCR", "VGPR", "PR")

# Smallest rise that is read as growth and not as the scatter of the measurement (immunoturbidimetry
# and electrophoresis vary by some 5 to 10 %); a convention of this project, no published limit.
_SMALLEST_RISE = {"serum_m_protein": 0.1, "kappa_flc": 10.0, "lambda_flc": 10.0}  # g/dL, mg/L, mg/L


def _said(ctx: Context, value: str | None) -> Found:
    failure = ctx.failure
    if failure is None:
        return unknown("no CAR-T infusion in the record")
    if value is None:
        return unknown()
    return Found(value, ctx.failure_sources, failure.reason)


@finding("failure_status")
def failure_status(ctx: Context) -> Found:
    return _said(ctx, ctx.failure.status if ctx.failure else None)


@finding("failure_certainty")
def failure_certainty(ctx: Context) -> Found:
    return _said(ctx, ctx.failure.certainty if ctx.failure and ctx.failure_status_open else None)


@finding("failure_kind")
def failure_kind(ctx: Context) -> Found:
    return _said(ctx, ctx.failure.kind if ctx.failure and ctx.failure_status_open else None)


@finding("failure_timing")
def failure_timing(ctx: Context) -> Found:
    return _said(ctx, ctx.failure.timing if ctx.failure and ctx.failure_status_open else None)


@finding("time_to_failure_days")
def time_to_failure_days(ctx: Context) -> Found:
    if ctx.failure is None or ctx.failure_day is None or ctx.infusion_day is None:
        return unknown()
    days = ctx.failure_day - ctx.infusion_day
    return Found(
        days,
        ctx.failure_sources,
        f"{days} days from the infusion (day {ctx.infusion_day}) to day {ctx.failure_day}",
    )


@finding("best_response")
def best_response(ctx: Context) -> Found:
    best = ctx.failure.best_response if ctx.failure else None
    if best == "nCR":  # near-complete response is kept as stated and counts as VGPR (DESIGN 2)
        best = "VGPR"
    if ctx.failure is None or best not in _RESPONSES:
        return unknown()
    return Found(best, ctx.failure_sources, f"best response {best}")


@finding("responded")
def responded(ctx: Context) -> Found:
    failure = ctx.failure
    if failure is None:
        return unknown()
    if failure.kind in ("progression_after_response", "progression_from_cr"):
        return Found(True, ctx.failure_sources, f"{failure.kind.replace('_', ' ')}")
    if failure.kind == "primary_refractory":
        return Found(False, ctx.failure_sources, "no partial response before the progression")
    best = best_response(ctx)
    if best.value in _PARTIAL_OR_BETTER:
        return Found(True, best.sources, best.text)
    if best.value is not None and ctx.failure_day is not None:
        return Found(False, best.sources, best.text)
    return unknown(best.text, best.sources)


@finding("days_since_infusion")
def days_since_infusion(ctx: Context) -> Found:
    if ctx.infusion_day is None:
        return unknown(
            "the day of the infusion is not known"
            if ctx.infusion_rows
            else "no CAR-T infusion in the record"
        )
    days = ctx.as_of - ctx.infusion_day
    return Found(
        days,
        tuple(x.source for x in ctx.infusion_rows),
        f"{days} days since the infusion (day {ctx.infusion_day})",
    )


# ---------------------------------------------------------------- pattern


def _pattern(ctx: Context, word: str, absent: Found) -> Found:
    """True where the judgement of the course lists the pattern; else what the test that would show
    it says.
    """
    failure = ctx.failure
    if failure is None or ctx.failure_day is None:
        return unknown("no failure")
    if word in failure.pattern:
        return Found(True, ctx.failure_sources, f"the failure of day {ctx.failure_day} is {word}")
    return absent if absent.value is False else unknown(absent.text, absent.sources)


@finding("pattern_biochemical")
def pattern_biochemical(ctx: Context) -> Found:
    rows = [
        x
        for test in ("serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc")
        for x in ctx.results(test, ctx.at_failure)
    ]
    absent = (
        Found(
            False,
            _sources(rows),
            "M-protein or light chains were measured at failure and do not show it",
        )
        if rows
        else unknown()
    )
    return _pattern(ctx, "biochemical", absent)


@finding("pattern_extraosseous")
def pattern_extraosseous(ctx: Context) -> Found:
    return _pattern(ctx, "extraosseous", extraosseous(ctx, ctx.at_failure))


@finding("pattern_paraskeletal")
def pattern_paraskeletal(ctx: Context) -> Found:
    return _pattern(ctx, "paraskeletal", soft_tissue(ctx, ctx.at_failure, "paraskeletal"))


@finding("pattern_cns")
def pattern_cns(ctx: Context) -> Found:
    state = ctx.condition("cns_myeloma")
    csf = ctx.positive("csf_plasma_cells", ctx.at_failure)
    if state.present is False or (csf.value is False and not state.rows):
        return _pattern(
            ctx, "cns", Found(False, (*state.sources, *csf.sources), state.text or csf.text)
        )
    return _pattern(ctx, "cns", unknown(csf.text, csf.sources))


@finding("pattern_leukaemic")
def pattern_leukaemic(ctx: Context) -> Found:
    state = ctx.condition("plasma_cell_leukaemia")
    counts = leukaemic_counts(ctx, ctx.at_failure)
    if state.present is False and counts.value is not True:
        return _pattern(ctx, "leukaemic", Found(False, state.sources, state.text))
    return _pattern(
        ctx, "leukaemic", counts if not state.rows else unknown(state.text, state.sources)
    )


# ---------------------------------------------------------------- signals


def _signal(ctx: Context, word: str, absent: Found) -> Found:
    if ctx.failure is None:
        return unknown()
    for signal in ctx.failure.signals:
        if signal.id == word:
            return Found(
                signal.open,
                ctx.failure_sources,
                f"{signal.text}{'' if signal.open else ', later taken back'} (day {signal.day})",
            )
    return absent if absent.value is False else unknown(absent.text, absent.sources)


@finding("signal_relapse_from_cr")
def signal_relapse_from_cr(ctx: Context) -> Found:
    best = best_response(ctx)
    if best.value is not None and best.value not in ("CR", "sCR"):
        return _signal(
            ctx, "relapse_from_cr", Found(False, best.sources, f"{best.text}, no complete response")
        )
    last = ctx.latest("serum_immunofixation", ctx.after_infusion(1, 10**6))
    if best.value in ("CR", "sCR") and last.word == "negative":
        return _signal(ctx, "relapse_from_cr", Found(False, last.sources, last.text))
    return _signal(ctx, "relapse_from_cr", unknown(last.text if last.why else ""))


@finding("signal_mrd_conversion")
def signal_mrd_conversion(ctx: Context) -> Found:
    rows = ctx.results("mrd", ctx.after_infusion(1, 10**6))
    last = ctx.latest("mrd", ctx.after_infusion(1, 10**6))
    if last.word == "negative":
        return _signal(ctx, "mrd_conversion", Found(False, last.sources, last.text))
    if rows and all(x.word == "positive" for x in rows) and not last.why:
        return _signal(
            ctx,
            "mrd_conversion",
            Found(
                False,
                _sources(rows),
                "minimal residual disease was never negative after the infusion",
            ),
        )
    return _signal(ctx, "mrd_conversion", unknown(last.why))


@finding("signal_light_chain_escape")
def signal_light_chain_escape(ctx: Context) -> Found:
    window = ctx.at_failure or ctx.recent(60)
    protein = ctx.results("serum_m_protein", window)
    chains = [x for test in ("kappa_flc", "lambda_flc") for x in ctx.results(test, window)]
    both = all3([bool(protein) or None, bool(chains) or None])
    text = "M-protein and light chains were measured and do not part"
    return _signal(
        ctx,
        "light_chain_escape",
        Found(False, _sources([*protein, *chains]), text) if both else unknown(),
    )


# ---------------------------------------------------------------- tempo


@finding("m_protein_doubling_days")
def m_protein_doubling_days(ctx: Context) -> Found:
    """From the values that the judgement of the course used: light chains that contradict each
    other are left out there.
    """
    course = ctx.failure.course if ctx.failure else None
    if course is None or ctx.failure_day is None or ctx.infusion_day is None:
        return unknown()
    chain = {"kappa": "kappa_flc", "lambda": "lambda_flc"}.get(ctx.record.light_chain or "")
    why = ""
    for test in ("serum_m_protein", chain):
        if test is None:
            continue
        seen = [
            (v.day, v.values[test])
            for v in course.visits
            if test in v.values and ctx.infusion_day < v.day <= ctx.failure_day
        ]
        if len(seen) < 2:
            continue
        (first_day, first), (last_day, last) = seen[-2:]
        if ctx.aside(test, (first_day + 1, ctx.failure_day)):
            return unknown(f"a value of {test_name(test)} near the failure was set aside")
        if (
            isinstance(first, str)
            or isinstance(last, str)
            or first[0] != first[1]
            or last[0] != last[1]
        ):
            continue
        if first[0] <= 0 or last[0] - first[0] < _SMALLEST_RISE[test] or last_day <= first_day:
            why = (
                why
                or "the last two values up to the failure do not rise measurably, or the first is zero"
            )
            continue
        # exponential growth between the two
        days = (last_day - first_day) * math.log(2) / math.log(last[0] / first[0])
        text = (
            f"{test_name(test)} {first[0]:g} on day {first_day}, {last[0]:g} on day {last_day}:"
            f" doubling in {days:.0f} days"
        )
        rows = [
            x for x in ctx.results(test, (first_day, last_day)) if x.day in (first_day, last_day)
        ]
        return Found(round(days, 1), _sources(rows), text)
    return unknown(why)


def _sources(rows: list[Lab]) -> tuple[Source, ...]:
    return tuple(x.source for x in rows)
