"""The level that each parameter allows at one assessment (section 3); the response is the lowest of
them.

A `Level` is (depth, parameter, sentence). Falls are counted from the highest value that a result
allows against the lowest baseline.
"""

from __future__ import annotations

from rearm.response.criteria import Criteria
from rearm.response.lesions import LesionLog
from rearm.response.limits import at_least, at_most, below, over
from rearm.response.measurable import DISEASE_TESTS, Yardstick
from rearm.response.visits import Assessment, Span, span_words

__all__ = ["CR", "MR", "NE", "PD", "PR", "SCR", "SD", "VGPR", "Level", "levels"]

NE, PD, SD, MR, PR, VGPR, CR, SCR = range(8)
Level = tuple[int, str, str]
_SERUM = ("serum_m_protein", "iga", "igg", "igd", "igm")
_URINE, _MARROW, _CHAINS = (
    "urine_m_protein_24h",
    ("marrow_plasma_cells",),
    ("kappa_flc", "lambda_flc"),
)


def levels(
    a: Assessment, c: Criteria, yard: Yardstick, log: LesionLog, *, serum: Span | None, urine: Span | None, dflc: Span | None,
    marrow: tuple[int, Span] | None, imaged: bool, serum_ife: str | None, urine_ife: str | None, serum_name: str, missing: list[str],
    unread: str = "",
) -> list[Level]:  # fmt: skip
    """What every measurable parameter allows. What would have been needed is added to `missing`.

    `unread`: the last examination of the lesions, in words, where its result could not be read.
    """
    found: list[Level] = []
    measurable = yard.measurable
    if "serum" in measurable and yard.serum is not None:
        found.append(_serum(a, serum_name, serum, yard.serum, serum_ife, c, missing))
    if "urine" in measurable and yard.urine is not None:
        found.append(_urine(a, urine, yard.urine, urine_ife, c, missing))
    if "flc" in measurable and yard.dflc is not None:
        found.append(_flc(a, dflc, yard.dflc, c, missing))
    if "marrow" in measurable and yard.marrow is not None:
        found.append(_marrow(a, marrow, yard.marrow, c, missing))
    if "plasmacytoma" in measurable:
        found.append(_lesions(log, imaged, c, missing, unread))
    if not measurable or measurable == ("plasmacytoma",):
        found.append(_nothing(a, bool(measurable), c, missing))
    if measurable and "urine" not in measurable and urine_ife != "negative":
        cap = _urine_cap(a, urine, c, missing)
        if cap is not None:
            found.append(cap)
    return found


def _serum(
    a: Assessment,
    name: str,
    value: Span | None,
    base: Span,
    ife: str | None,
    c: Criteria,
    missing: list[str],
) -> Level:
    if value is None:
        if (
            ife == "negative"
        ):  # immunofixation sees less than electrophoresis does, so a negative one speaks for the quantity too
            return VGPR, "serum", f"{name} not quantified, immunofixation negative"
        missing.append(name)
        return NE, "serum", f"{name} is measurable, but {_absent(a, *_SERUM)}"
    if value[0] != value[1]:
        missing.append(f"an exact {name} (only {span_words(value)} is known)")
    return (
        _by_fall(value, base, c, mr=True),
        "serum",
        (
            f"{name} {span_words(value)} g/dL, {_fall(value, base)} from {span_words(base)} at"
            " baseline"
        ),
    )


def _urine(
    a: Assessment, value: Span | None, base: Span, ife: str | None, c: Criteria, missing: list[str]
) -> Level:
    if value is None:
        if ife == "negative":
            return VGPR, "urine", "urine M-protein not quantified, urine immunofixation negative"
        missing.append("24-hour urine M-protein")
        return NE, "urine", f"urine M-protein is measurable, but {_absent(a, _URINE)}"
    if value[0] != value[1]:
        missing.append(f"an exact urine M-protein (only {span_words(value)} is known)")
    high, low = value[1], base[0]
    fall = low - high
    text = (
        f"urine M-protein {span_words(value)} mg/24h, {_fall(value, base)} from {span_words(base)}"
        " at baseline"
    )
    fell = at_least(fall, c.urine_pr_fall * low)
    if below(high, c.urine_vgpr_below) and (c.A14 == "below_100" or fell):
        return VGPR, "urine", text
    if below(high, c.urine_pr_below) or fell:
        return PR, "urine", text
    return (MR if at_least(fall, c.urine_mr_fall * low) else SD), "urine", text


def _urine_cap(a: Assessment, urine: Span | None, c: Criteria, missing: list[str]) -> Level | None:
    """Urine that was not measurable at baseline limits the response but does not lower it further."""
    if urine is None:
        if c.A15 == "ignore":
            return None
        missing.append("urine M-protein and immunofixation (urine not collected: at most PR)")
        return (
            PR,
            "urine-cap",
            f"urine: {_absent(a, _URINE, said='not collected')}, so not more than PR",
        )
    if below(urine[1], c.urine_vgpr_below):
        return VGPR, "urine-cap", f"urine M-protein {span_words(urine)} mg/24h"
    if below(urine[1], c.urine_pr_below):
        return (
            PR,
            "urine-cap",
            f"urine M-protein {span_words(urine)} mg/24h, not below {c.urine_vgpr_below:g}",
        )
    return (
        MR,
        "urine-cap",
        f"urine M-protein {span_words(urine)} mg/24h, not below {c.urine_pr_below:g}",
    )


def _flc(a: Assessment, value: Span | None, base: Span, c: Criteria, missing: list[str]) -> Level:
    if value is None:
        missing.append("kappa and lambda free light chains")
        return (
            NE,
            "flc",
            (
                "free light chains, the only measurable parameter:"
                f" {_absent(a, *_CHAINS, said='not measured')}"
            ),
        )
    level = _by_fall(value, base, c, mr=c.A11 == "by_analogy", over_90=c.A10 == "over_90")
    return (
        level,
        "flc",
        f"dFLC {span_words(value)} mg/dL, {_fall(value, base)} from {span_words(base)} at baseline",
    )


def _marrow(
    a: Assessment, found: tuple[int, Span] | None, base: Span, c: Criteria, missing: list[str]
) -> Level:
    if found is None:
        missing.append("marrow plasma cells")
        return (
            NE,
            "marrow",
            f"marrow, the only measurable parameter: {_absent(a, *_MARROW, said='not examined')}",
        )
    day, value = found
    text = (
        f"marrow plasma cells {span_words(value)} % on day {day}, {_fall(value, base)} from"
        f" {span_words(base)} at baseline"
    )
    # VGPR is not defined by marrow, MR only by analogy (A11)
    return min(_by_fall(value, base, c, mr=c.A11 == "by_analogy"), PR), "marrow", text


def _lesions(log: LesionLog, imaged: bool, c: Criteria, missing: list[str], unread: str) -> Level:
    if unread and (
        log.soft() or not imaged
    ):  # a newer result is there, so the older one is no longer the last
        missing.append(f"a result of the {unread} that can be read")
        return SD, "lesions", f"plasmacytomas: the {unread} could not be read"
    if not imaged:
        missing.append("imaging of the plasmacytomas since baseline")
        return SD, "lesions", "plasmacytomas were not imaged since baseline"
    if not log.soft():
        return SCR, "lesions", "no plasmacytoma left"
    now, base = log.spd(), log.baseline_spd
    if now is None or not base:
        missing.append("size of the plasmacytomas")
        return SD, "lesions", "plasmacytomas are there, their size is not known"
    fall = base - now
    text = (
        f"sum of products {now:g} mm2, {_fall((now, now), (base, base))} from {base:g} at baseline"
    )
    halved = at_least(fall, c.pr_fall * base)
    if over(fall, c.vgpr_fall * base) or (c.A8 == "half" and halved):
        return VGPR, "lesions", text
    if halved:
        return PR, "lesions", text
    return (MR if c.A7 == "quarter" and at_least(fall, c.mr_fall * base) else SD), "lesions", text


def _nothing(a: Assessment, lesions: bool, c: Criteria, missing: list[str]) -> Level:
    if lesions and c.A12 == "lesions":
        return SCR, "none", "only the plasmacytomas can be followed"
    if not a.exams and not any(t in a.got for t in DISEASE_TESTS):
        missing.append("any result of the disease")
        return (
            NE,
            "none",
            "no result of the disease could be used" if a.unusable else "nothing was measured",
        )
    if lesions:
        return (
            SD,
            "none",
            (
                "nothing but plasmacytomas can be followed, and by them alone no partial response"
                " is called (A12)"
            ),
        )
    return SD, "none", "nothing is measurable at baseline: no partial response can be called (A12)"


def _by_fall(value: Span, base: Span, c: Criteria, *, mr: bool, over_90: bool = False) -> int:
    """Level by relative fall; exactly 90 % counts unless `over_90`."""
    low = base[0]
    fall = low - value[1]
    enough = over if over_90 else at_least
    if enough(fall, c.vgpr_fall * low):
        return VGPR
    if at_least(fall, c.pr_fall * low):
        return PR
    # A9: the text leaves the gap between 49 and 50 % open
    if (
        mr
        and at_least(fall, c.mr_fall * low)
        and (c.A9 == "below_50" or at_most(fall, c.mr_fall_strict * low))
    ):
        return MR
    return SD


def _absent(a: Assessment, *tests: str, said: str = "was not measured") -> str:
    """A result that is there and was set aside is not one that was never taken."""
    return "its result could not be used" if any(t in a.unusable for t in tests) else said


def _fall(value: Span, base: Span) -> str:
    if base[0] <= 0:
        return "no fall to count"
    percent = 100 * (base[0] - value[1]) / base[0]
    return f"{percent:.1f} % down" if percent >= 0 else f"{-percent:.1f} % up"
