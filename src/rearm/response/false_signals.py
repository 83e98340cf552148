"""What may look like more or less disease than there is: flags beside the course, which change no
response (section 10).

Bands of other clones and of therapeutic antibodies are in `interference.py`, escape and cytopenia
in `signals.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rearm.record import Record
from rearm.response.criteria import Criteria
from rearm.response.limits import below, over
from rearm.response.measurable import high_chain, word
from rearm.response.score import Visit
from rearm.response.visits import Flag, span_words

__all__ = ["false_signals"]

ANTIBODIES = (
    "daratumumab",
    "isatuximab",
    "elotuzumab",
)  # therapeutic antibodies of the isotype IgG kappa


def false_signals(
    record: Record, visits: Sequence[Visit], c: Criteria, *, serum_test: str
) -> Iterator[Flag]:
    """Each kind at most once, at the first visit that shows it."""
    found = (
        _marrow_before_protein(visits, c),
        _low_chains(visits, c),
        _immunoglobulin_given(record, visits, c, serum_test),
        _antibody_band(record, visits, c),
        _other_marker(record, visits, serum_test),
    )
    yield from (flag for flag in found if flag is not None)


def _marrow_before_protein(visits: Sequence[Visit], c: Criteria) -> Flag | None:
    """IgG is cleared over weeks: the marrow may be free while the M-protein is still there."""
    for v in visits:
        marrow = v.values.get("marrow_plasma_cells")
        if (
            v.rule in ("sd-serum", "mr-serum")
            and isinstance(marrow, tuple)
            and below(marrow[1], c.marrow_cr_below)
        ):
            text = (
                f"{v.response} by the M-protein on day {v.day}, but marrow plasma cells"
                f" {span_words(marrow)} %"
            )
            return Flag(
                "marrow_before_m_protein", v.day, f"{text}: the protein may only be slow to clear"
            )
    return None


def _low_chains(visits: Sequence[Visit], c: Criteria) -> Flag | None:
    """Both chains not above their normal range, the ratio abnormal: suppressed healthy plasma cells
    make such a ratio too.
    """
    for v in visits:
        kappa, lam = v.values.get("kappa_flc"), v.values.get("lambda_flc")
        if v.assessment is None or not isinstance(kappa, tuple) or not isinstance(lam, tuple):
            continue
        raised = over(kappa[1], _upper(v, "kappa_flc", c.kappa_normal)) or over(
            lam[1], _upper(v, "lambda_flc", c.lambda_normal)
        )
        if not raised and high_chain(v.assessment, c) is not None:
            text = (
                f"kappa {span_words(kappa)} and lambda {span_words(lam)} mg/L on day {v.day} are"
                " not raised, only their ratio is abnormal"
            )
            return Flag(
                "low_chains_abnormal_ratio",
                v.day,
                f"{text}: it may come from suppressed healthy plasma cells",
            )
    return None


def _upper(v: Visit, test: str, usual: float) -> float:
    """The laboratory's own upper limit where it gives one."""
    lab = v.assessment.labs.get(test) if v.assessment is not None else None
    return usual if lab is None or lab.ref_high is None else lab.ref_high


def _immunoglobulin_given(
    record: Record, visits: Sequence[Visit], c: Criteria, serum_test: str
) -> Flag | None:
    """Given immunoglobulin raises IgG, so a rise by nephelometry of IgG may be it."""
    if serum_test != "igg":
        return None
    given = [
        d
        for t in record.therapies
        if "immunoglobulin" in t.agents and (d := t.start.day) is not None
    ]
    for v in visits:
        before = [d for d in given if 0 <= v.day - d <= c.immunoglobulin_days]
        if before and any(p.criterion == "serum" for p in v.pd):
            text = (
                f"serum IgG rises on day {v.day}, and immunoglobulin was given on day"
                f" {max(before)}: confirm by electrophoresis"
            )
            return Flag("immunoglobulin_given", v.day, text)
    return None


def _antibody_band(record: Record, visits: Sequence[Visit], c: Criteria) -> Flag | None:
    """An IgG kappa antibody shows as a band where no M-protein is quantified any more; DIRA tells
    the two apart.
    """
    own = {h.lower() for h in record.heavy_chain}
    for v in visits:
        if (
            v.assessment is None
            or v.serum_ife != "positive"
            or word(v.assessment.got.get("dira")) is not None
        ):
            continue
        lab = v.assessment.labs.get("serum_immunofixation")
        bands = {b.lower() for b in lab.isotype} if lab is not None else set()
        could_be = "igg kappa" in bands if bands else True
        low = v.serum is None or below(v.serum[0], c.serum_pd_rise)
        given = _antibody_given(record, v.day, c)
        if (
            could_be
            and low
            and given
            and (not own or "igg" in own)
            and record.light_chain in (None, "kappa")
        ):
            text = (
                f"{given} was given, and a band on day {v.day} may be the antibody and not the"
                " clone: DIRA would tell"
            )
            return Flag("antibody_band_possible", v.day, text)
    return None


def _antibody_given(record: Record, day: int, c: Criteria) -> str | None:
    """An IgG kappa antibody that may still circulate on `day`: going on, or ended not longer ago
    than `antibody_days`.
    """
    for t in record.therapies:
        name = next((a for a in ANTIBODIES if a in t.agents), None)
        start = t.start.day
        if name is None or start is None or start > day:
            continue
        infused = any(x.day is not None and start < x.day <= day for x in record.infused())
        end = t.end.day if t.end.day is not None else start if infused else day
        if day - end <= c.antibody_days:
            return name
    return None


def _other_marker(record: Record, visits: Sequence[Visit], serum_test: str) -> Flag | None:
    """IgA or IgD by nephelometry is on record, but electrophoresis was chosen and shows nothing
    measurable.
    """
    own = next((h.lower() for h in record.heavy_chain if h.lower() in ("iga", "igd")), None)
    if (
        own is None
        or serum_test != "serum_m_protein"
        or any(v.rule.endswith("-serum") for v in visits)
    ):
        return None
    values = [x for x in record.labs if x.test == own and x.quantity is not None]
    if not values:
        return None
    name = f"Ig{own[2:].upper()}"
    text = (
        f"{name} by nephelometry is on record and was not used, because the baseline has an"
        " electrophoresis"
    )
    return Flag(
        "other_marker_not_used",
        None,
        f"{text}; the setting serum_marker = quantitative_ig follows it",
    )
