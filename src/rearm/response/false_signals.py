"""What may look like more or less disease than there is: flags beside the course, which change no
response.

Bands of other clones and of therapeutic antibodies are in `interference.py`, escape in
`signals.py`, cytopenia in `organ_damage.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rearm.interval import TOLERANCE, Interval
from rearm.record import Record, Therapy
from rearm.response.criteria import Criteria
from rearm.response.markers import Markers
from rearm.response.measurable import high_chain
from rearm.response.score import Visit
from rearm.response.visits import CourseFlag

__all__ = ["false_signals"]

# therapeutic antibodies of the isotype IgG kappa
_ANTIBODIES = ("daratumumab", "isatuximab", "elotuzumab")


def false_signals(record: Record, visits: Sequence[Visit], markers: Markers) -> list[CourseFlag]:
    """Each kind at most once, at the first visit that shows it."""
    c, serum_test = markers.criteria, markers.collected.serum_test
    flags = (
        _marrow_before_protein(visits, c),
        _low_chains(visits, markers),
        _immunoglobulin_given(record, visits, c, serum_test),
        _antibody_band(record, visits, c),
        _other_marker(record, visits, serum_test),
    )
    return [flag for flag in flags if flag is not None]


def _marrow_before_protein(visits: Sequence[Visit], c: Criteria) -> CourseFlag | None:
    """IgG is cleared over weeks: the marrow may be free while the M-protein is still there."""
    for v in visits:
        if v.rule not in ("sd-serum", "mr-serum"):
            continue
        marrow = v.results.number("marrow_plasma_cells")
        if marrow is not None and marrow.below(c.marrow_cr_below):
            text = (
                f"{v.response} by the M-protein on day {v.day}, but marrow plasma cells "
                f"{marrow} %: the protein may simply be slow to clear"
            )
            return CourseFlag("marrow_before_m_protein", v.day, text)
    return None


def _low_chains(visits: Sequence[Visit], markers: Markers) -> CourseFlag | None:
    """Both chains not above their normal range, the ratio abnormal: suppressed healthy plasma cells
    make such a ratio too.
    """
    c = markers.criteria
    columns = zip(visits, markers.column("kappa_flc"), markers.column("lambda_flc"), strict=False)
    for v, kappa, lam in columns:
        if kappa is None or lam is None:
            continue
        if _raised(v, "kappa_flc", kappa, c.kappa_normal):
            continue
        if _raised(v, "lambda_flc", lam, c.lambda_normal):
            continue
        if high_chain(v.results, c) is not None:
            text = (
                f"kappa {kappa} and lambda {lam} mg/L on day {v.day} are not raised; only their "
                "ratio is abnormal, which suppressed healthy plasma cells can cause"
            )
            return CourseFlag("low_chains_abnormal_ratio", v.day, text)
    return None


def _raised(v: Visit, test: str, value: Interval, usual: float) -> bool:
    """Above the upper limit, which is the laboratory's own where it gives one?"""
    own = v.results.labs[test].ref_high
    return value.high > (usual if own is None else own) + TOLERANCE


def _immunoglobulin_given(
    record: Record, visits: Sequence[Visit], c: Criteria, serum_test: str
) -> CourseFlag | None:
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
            return CourseFlag("immunoglobulin_given", v.day, text)
    return None


def _antibody_band(record: Record, visits: Sequence[Visit], c: Criteria) -> CourseFlag | None:
    """An IgG kappa antibody shows as a band where no M-protein is quantified any more; DIRA tells
    the two apart.
    """
    treated = [t for t in record.therapies if _antibody(t) is not None]
    if not treated or not _may_be_igg_kappa(record):
        return None
    for v in visits:
        given = _antibody_given(record, treated, v.day, c) if _unclear_band(v, c) else None
        if given is not None:
            text = (
                f"{given} was given, and a band on day {v.day} may be the antibody rather than "
                "the clone: DIRA can tell them apart"
            )
            return CourseFlag("antibody_band_possible", v.day, text)
    return None


def _may_be_igg_kappa(record: Record) -> bool:
    """Is the clone IgG kappa, or not known?"""
    igg = not record.heavy_chain or any(h.lower() == "igg" for h in record.heavy_chain)
    return igg and record.light_chain in (None, "kappa")


def _unclear_band(v: Visit, c: Criteria) -> bool:
    """A band that may be of IgG kappa, with little M-protein and without DIRA."""
    if v.serum_ife != "positive" or v.results.word("dira") is not None:
        return False
    if v.serum is not None and v.serum.at_least(c.serum_pd_rise):
        return False
    bands = [band.lower() for band in v.results.labs["serum_immunofixation"].isotype]
    return not bands or "igg kappa" in bands


def _antibody(therapy: Therapy) -> str | None:
    return next((name for name in _ANTIBODIES if name in therapy.agents), None)


def _antibody_given(
    record: Record, treated: Sequence[Therapy], day: int, c: Criteria
) -> str | None:
    """An IgG kappa antibody that may still circulate on `day`: going on, or ended not longer ago
    than `antibody_days`.
    """
    for t in treated:
        start = t.start.day
        if start is None or start > day:
            continue
        end = t.end.day
        if end is None:
            infused = any(x.day is not None and start < x.day <= day for x in record.infused())
            end = start if infused else day
        if day - end <= c.antibody_days:
            return _antibody(t)
    return None


def _other_marker(record: Record, visits: Sequence[Visit], serum_test: str) -> CourseFlag | None:
    """IgA or IgD by nephelometry is on record, but electrophoresis was chosen and shows nothing
    measurable.
    """
    own = next((h.lower() for h in record.heavy_chain if h.lower() in ("iga", "igd")), None)
    if own is None or serum_test != "serum_m_protein" or not visits:
        return None
    by_serum = any(v.rule.endswith("-serum") for v in visits)
    if by_serum or not any(x.test == own and x.quantity is not None for x in record.labs):
        return None
    baseline = None if visits[0].markers is None else visits[0].markers.collected.baseline
    at_baseline = baseline is not None and serum_test in baseline.values
    why = "the baseline has an electrophoresis" if at_baseline else "electrophoresis is followed"
    text = (
        f"Ig{own[2:].upper()} by nephelometry is on record but not used, because {why}; --set "
        "serum_marker=quantitative_ig uses it"
    )
    return CourseFlag("other_marker_not_used", None, text)
