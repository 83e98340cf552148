"""What may look like more or less disease than there is: flags beside the course, which change no response (section 10).

Bands of other clones and of therapeutic antibodies are in `interference.py`, escape and cytopenia in `signals.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rearm.course.criteria import Criteria
from rearm.course.gather import Flag, Span
from rearm.course.limits import below, over
from rearm.course.score import Visit
from rearm.course.yardstick import high_chain
from rearm.record import Record

__all__ = ["false_signals"]


def false_signals(record: Record, visits: Sequence[Visit], c: Criteria, *, serum_test: str) -> Iterator[Flag]:
    """Each kind at most once, at the first visit that shows it."""
    found = (_marrow_before_protein(visits, c), _low_chains(visits, c), _immunoglobulin_given(record, visits, c, serum_test))
    yield from (flag for flag in found if flag is not None)


def _marrow_before_protein(visits: Sequence[Visit], c: Criteria) -> Flag | None:
    """IgG is cleared over weeks: the marrow may be free while the M-protein is still there."""
    for v in visits:
        marrow = v.values.get("marrow_plasma_cells")
        if v.rule in ("sd-serum", "mr-serum") and isinstance(marrow, tuple) and below(marrow[1], c.marrow_cr_below):
            text = f"{v.response} by the M-protein on day {v.day}, but marrow plasma cells {_show(marrow)} %"
            return Flag("marrow_before_m_protein", v.day, f"{text}: the protein may only be slow to clear")
    return None


def _low_chains(visits: Sequence[Visit], c: Criteria) -> Flag | None:
    """Both chains not above their normal range, the ratio abnormal: suppressed healthy plasma cells make such a ratio too."""
    for v in visits:
        kappa, lam = v.values.get("kappa_flc"), v.values.get("lambda_flc")
        if v.assessment is None or not isinstance(kappa, tuple) or not isinstance(lam, tuple):
            continue
        raised = over(kappa[1], _upper(v, "kappa_flc", c.kappa_normal)) or over(lam[1], _upper(v, "lambda_flc", c.lambda_normal))
        if not raised and high_chain(v.assessment, c) is not None:
            text = f"kappa {_show(kappa)} and lambda {_show(lam)} mg/L on day {v.day} are not raised, only their ratio is abnormal"
            return Flag("low_chains_abnormal_ratio", v.day, f"{text}: it may come from suppressed healthy plasma cells")
    return None


def _upper(v: Visit, test: str, usual: float) -> float:
    """The laboratory's own upper limit where it gives one."""
    lab = v.assessment.labs.get(test) if v.assessment is not None else None
    return usual if lab is None or lab.ref_high is None else lab.ref_high


def _immunoglobulin_given(record: Record, visits: Sequence[Visit], c: Criteria, serum_test: str) -> Flag | None:
    """Given immunoglobulin raises IgG, so a rise by nephelometry of IgG may be it."""
    if serum_test != "igg":
        return None
    given = [d for t in record.therapies if "immunoglobulin" in t.agents and (d := t.start.day) is not None]
    for v in visits:
        before = [d for d in given if 0 <= v.day - d <= c.immunoglobulin_days]
        if before and any(p.criterion == "serum" for p in v.pd):
            text = f"serum IgG rises on day {v.day}, and immunoglobulin was given on day {max(before)}: confirm by electrophoresis"
            return Flag("immunoglobulin_given", v.day, text)
    return None


def _show(value: Span) -> str:
    return f"{value[0]:g}" if value[0] == value[1] else f"<={value[1]:g}"
