"""What is measurable at baseline, and free light chains: involved chain, ratio, dFLC (section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, at_most, below, over
from rearm.response.visits import Assessment, Span

__all__ = [
    "DISEASE_TESTS",
    "Yardstick",
    "dflc",
    "high_chain",
    "number",
    "ratio_normal",
    "word",
    "yardstick",
]

DISEASE_TESTS = (
    "serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc", "serum_immunofixation", "urine_immunofixation",
    "marrow_plasma_cells", "circulating_plasma_cells", "iga", "igg", "igm", "igd",
)  # fmt: skip


@dataclass(slots=True)
class Yardstick:
    """Baseline values that falls are counted from, and which of them are measurable. `known` False:
    there is no baseline at all.
    """

    known: bool
    measurable: tuple[str, ...]  # of serum, urine, flc, marrow, plasmacytoma
    serum: Span | None
    urine: Span | None
    dflc: Span | None
    marrow: Span | None
    involved: str | None  # kappa | lambda
    lesions: str = ""  # plasmacytomas at baseline, in words


def number(value: Span | str | None) -> Span | None:
    return value if isinstance(value, tuple) else None


def word(value: Span | str | None) -> str | None:
    return value if isinstance(value, str) else None


def yardstick(
    baseline: Assessment, serum_test: str, light_chain: str | None, lesions: bool, c: Criteria
) -> Yardstick:
    """Serum and urine first; only if neither is measurable the light chains; only if none is, the
    marrow; plasmacytomas are added.
    """
    got = baseline.got
    serum, urine, marrow = (
        number(got.get(serum_test)),
        number(got.get("urine_m_protein_24h")),
        number(got.get("marrow_plasma_cells")),
    )
    # the involved chain is that of the clone; where the clone is not known, the chain that is high
    # with an abnormal ratio
    high = high_chain(baseline, c)
    involved = light_chain if light_chain in ("kappa", "lambda") else high
    measurable: list[str] = []
    if serum is not None and at_least(serum[0], c.serum_measurable):
        measurable.append("serum")
    if urine is not None and at_least(urine[0], c.urine_measurable):
        measurable.append("urine")
    chain = number(got.get(f"{involved}_flc"))
    if (
        not measurable
        and chain is not None
        and at_least(chain[0] / 10.0, c.flc_measurable)
        and high == involved
        and dflc(got, involved)
    ):
        measurable.append("flc")
    if not measurable and marrow is not None and at_least(marrow[0], c.marrow_measurable):
        measurable.append("marrow")
    if lesions:
        measurable.append("plasmacytoma")
    known = lesions or any(t in got for t in DISEASE_TESTS)
    return Yardstick(known, tuple(measurable), serum, urine, dflc(got, involved), marrow, involved)


def dflc(got: Mapping[str, Span | str], involved: str | None) -> Span | None:
    """Involved minus uninvolved chain in mg/dL, not below 0; both chains are needed."""
    if involved is None:
        return None
    kappa, lam = got.get("kappa_flc"), got.get("lambda_flc")
    if not isinstance(kappa, tuple) or not isinstance(lam, tuple):
        return None
    own, other = (kappa, lam) if involved == "kappa" else (lam, kappa)
    low, high = (own[0] - other[1]) / 10.0, (own[1] - other[0]) / 10.0
    return (low if low > 0 else 0.0, high if high > 0 else 0.0)


def ratio_normal(a: Assessment, c: Criteria) -> bool | None:
    """Is the kappa/lambda ratio normal? None where it is not known, or where a bound leaves it
    open.
    """
    found = _ratio(a, c)
    if found is None:
        return None
    (ratio_low, ratio_high), low, high = found
    if at_least(ratio_low, low) and at_most(ratio_high, high):
        return True
    return False if over(ratio_low, high) or below(ratio_high, low) else None


def high_chain(a: Assessment, c: Criteria) -> str | None:
    """The chain that is high while the ratio is abnormal."""
    found = _ratio(a, c)
    if found is None:
        return None
    (ratio_low, ratio_high), low, high = found
    if over(ratio_low, high):
        return "kappa"
    return "lambda" if below(ratio_high, low) else None


def _ratio(a: Assessment, c: Criteria) -> tuple[Span, float, float] | None:
    """Ratio from the chains, else as reported, and the range that holds for it (the laboratory's
    own where it gives one).
    """
    low, high = c.ratio_low, c.ratio_high
    lab = a.labs.get("flc_ratio")
    if lab is not None and lab.ref_low is not None and lab.ref_high is not None:
        low, high = lab.ref_low, lab.ref_high
    kappa, lam = a.got.get("kappa_flc"), a.got.get("lambda_flc")
    if isinstance(kappa, tuple) and isinstance(lam, tuple) and lam[1] > 0:
        return (kappa[0] / lam[1], kappa[1] / lam[0] if lam[0] > 0 else float("inf")), low, high
    ratio = a.got.get("flc_ratio")
    return (ratio, low, high) if isinstance(ratio, tuple) else None
