"""The unconfirmed response of each assessment: progression first, then the lowest level that any measurable parameter allows.

Section 3 (levels), 4 (progression) and 6 (missing data) of the criteria. A bound counts by its worst end for response and by its best
end for progression, so what is not known never makes a response deeper and never makes a progression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rearm.course.criteria import RESPONSES, Criteria
from rearm.course.gather import Assessment, Flag, Gathered, Span
from rearm.course.lesions import LesionLog, Pd
from rearm.course.progression import TOLERANCE, Nadirs, circulating_pd, dflc_pd, marrow_pd, serum_pd, urine_pd

__all__ = ["Visit", "Yardstick", "clone_band", "score_visits"]

NE, PD, SD, MR, PR, VGPR, CR, SCR = range(8)
_ANY: tuple[str, ...] = ("serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc", "serum_immunofixation", "urine_immunofixation",
                         "marrow_plasma_cells", "circulating_plasma_cells", "iga", "igg", "igm", "igd")  # fmt: skip


@dataclass(slots=True)
class Visit:
    """One assessment. `response` before and `confirmed` after confirmation (best confirmed so far, until confirmed progression).

    `rule` names what decided, `reason` says it in a sentence; `values` are the results read (spans in canonical units, or words), `nadir`
    what they were compared with; `carried` gives the age in days of marrow and imaging taken over; `missing` what would have been needed.
    """

    day: int
    response: str
    rule: str
    reason: str
    values: Mapping[str, Span | str]
    nadir: Mapping[str, float]
    missing: tuple[str, ...] = ()
    pd: tuple[Pd, ...] = ()
    carried: Mapping[str, int] = field(default_factory=dict)
    dflc: Span | None = None
    serum: Span | None = None
    serum_ife: str | None = None  # after DIRA and after bands of other clones were put aside
    urine_ife: str | None = None
    escape: bool = False  # free light chains rose by the size of a progression where they do not count
    assessed: bool = True  # something was there by which progression could be seen
    confirmed: str = "NE"
    assessment: Assessment | None = None


@dataclass(slots=True)
class Yardstick:
    """What is measurable at baseline, and the baseline values that falls are counted from."""

    known: bool
    measurable: tuple[str, ...]
    serum: Span | None
    urine: Span | None
    dflc: Span | None
    marrow: Span | None
    involved: str | None  # kappa | lambda


def score_visits(
    g: Gathered, c: Criteria, log: LesionLog, *, clone: tuple[tuple[str, ...], str | None], provisional_until: int | None
) -> tuple[Yardstick, list[Visit]]:
    """Yardstick of the course and the unconfirmed response at every assessment, oldest first."""
    scorer = _Scorer(g, c, log, clone, provisional_until)
    return scorer.yard, [scorer.score(a) for a in g.visits]


def clone_band(bands: tuple[str, ...], heavy: tuple[str, ...], light: str | None) -> bool | None:
    """Is the patient's own clone among the bands of an immunofixation? None where the bands or the clone do not tell.

    `bands` as `IgG kappa`, `IgM`, `kappa`. A band of another isotype is not the original M-protein (section 10).
    """
    own = {h.lower() for h in heavy if h.lower() != "none"}
    if not bands or (not heavy and light is None):
        return None
    unsure = False
    for band in bands:
        words = band.lower().replace("-", " ").split()
        band_heavy = next((w for w in words if w in ("igg", "iga", "igm", "igd", "ige")), None)
        band_light = next((w for w in words if w in ("kappa", "lambda")), None)
        if (band_light and light and band_light != light) or (band_heavy and heavy and band_heavy not in own):
            continue
        if band_light and light and heavy and (band_heavy in own if own else band_heavy is None):
            return True
        unsure = True
    return None if unsure else False


class _Scorer:
    def __init__(
        self, g: Gathered, c: Criteria, log: LesionLog, clone: tuple[tuple[str, ...], str | None], provisional_until: int | None
    ) -> None:
        self.g, self.c, self.log, self.clone, self.provisional_until = g, c, log, clone, provisional_until
        for exam in g.baseline_exams:
            log.tell(exam)
        log.set_baseline()
        for exam in g.floor_exams:
            log.tell(exam)
        log.set_floor()
        self.yard = self._yardstick(g.baseline)
        self.nadirs = Nadirs(c)
        floor = g.floor.got
        self.nadirs.serum.see(_span(floor.get(g.serum_test)))
        self.nadirs.urine.see(_span(floor.get("urine_m_protein_24h")))
        self.nadirs.dflc.see(self._dflc(floor))
        self.nadirs.marrow.see(_span(floor.get("marrow_plasma_cells")))
        self.nadirs.circulating.see(_span(floor.get("circulating_plasma_cells")))
        self.marrow: tuple[int, Span] | None = None  # last marrow after baseline
        self.clonal: tuple[int, str] | None = None
        self.imaged: int | None = None
        self.lesion_pd: list[Pd] = []
        self.ife_clear_from: int | None = None  # first day of the running stretch of negative serum immunofixation

    # ---- baseline ------------------------------------------------------------------------------------------------------
    def _yardstick(self, baseline: Assessment) -> Yardstick:
        c, got = self.c, baseline.got
        serum = _span(got.get(self.g.serum_test))
        urine = _span(got.get("urine_m_protein_24h"))
        marrow = _span(got.get("marrow_plasma_cells"))
        involved = self.clone[1] if self.clone[1] in ("kappa", "lambda") else self._high_chain(baseline)
        self.involved = involved
        dflc = self._dflc(got)
        measurable: list[str] = []
        if serum is not None and serum[0] >= c.serum_measurable - TOLERANCE:
            measurable.append("serum")
        if urine is not None and urine[0] >= c.urine_measurable - TOLERANCE:
            measurable.append("urine")
        chain = _span(got.get(f"{involved}_flc")) if involved else None
        if (
            not measurable
            and chain is not None
            and chain[0] / 10.0 >= c.flc_measurable - TOLERANCE
            and self._high_chain(baseline) == involved
        ):
            measurable.append("flc")
        if not measurable and marrow is not None and marrow[0] >= c.marrow_measurable - TOLERANCE:
            measurable.append("marrow")
        if self.log.baseline_soft:
            measurable.append("plasmacytoma")
        known = bool(self.log.baseline_soft or any(t in got for t in _ANY))
        return Yardstick(known, tuple(measurable), serum, urine, dflc, marrow, involved)

    def _ratio(self, a: Assessment) -> tuple[Span, float, float] | None:
        """kappa/lambda ratio and the normal range that holds for it (the laboratory's own where it gives one)."""
        c, got = self.c, a.got
        low, high = c.ratio_low, c.ratio_high
        lab = a.labs.get("flc_ratio")
        if lab is not None and lab.ref_low is not None and lab.ref_high is not None:
            low, high = lab.ref_low, lab.ref_high
        kappa, lam = got.get("kappa_flc"), got.get("lambda_flc")
        if isinstance(kappa, tuple) and isinstance(lam, tuple) and lam[1] > 0:
            return (kappa[0] / lam[1], kappa[1] / lam[0] if lam[0] > 0 else float("inf")), low, high
        ratio = got.get("flc_ratio")
        return (ratio, low, high) if isinstance(ratio, tuple) else None

    def _ratio_normal(self, a: Assessment) -> bool | None:
        found = self._ratio(a)
        if found is None:
            return None
        (ratio_low, ratio_high), low, high = found
        if ratio_low >= low - TOLERANCE and ratio_high <= high + TOLERANCE:
            return True
        return False if ratio_low > high + TOLERANCE or ratio_high < low - TOLERANCE else None

    def _high_chain(self, a: Assessment) -> str | None:
        """The chain that is high while the ratio is abnormal."""
        found = self._ratio(a)
        if found is None:
            return None
        (ratio_low, ratio_high), low, high = found
        if ratio_low > high + TOLERANCE:
            return "kappa"
        return "lambda" if ratio_high < low - TOLERANCE else None

    def _dflc(self, got: Mapping[str, Span | str]) -> Span | None:
        """Involved minus uninvolved chain in mg/dL, not below 0."""
        if self.involved is None:
            return None
        own = got.get(f"{self.involved}_flc")
        other = got.get("lambda_flc" if self.involved == "kappa" else "kappa_flc")
        if not isinstance(own, tuple) or not isinstance(other, tuple):
            return None
        return (max(0.0, own[0] - other[1]) / 10.0, max(0.0, own[1] - other[0]) / 10.0)

    # ---- one assessment -------------------------------------------------------------------------------------------------
    def score(self, a: Assessment) -> Visit:
        got, _c = a.got, self.c
        if self.involved is None:
            self.involved = self.yard.involved = self._high_chain(a)
        serum, urine = _span(got.get(self.g.serum_test)), _span(got.get("urine_m_protein_24h"))
        dflc = self._dflc(got)
        serum_ife, urine_ife = self._serum_ife(a), _word(got.get("urine_immunofixation"))
        self._carry(a, serum_ife)
        pd, escape = self._progression(a, serum, urine, dflc)
        shown = self.nadirs.shown()
        self.nadirs.serum.see(serum)
        self.nadirs.urine.see(urine)
        self.nadirs.dflc.see(dflc)
        self.nadirs.circulating.see(_span(got.get("circulating_plasma_cells")))
        if "marrow_plasma_cells" in got:
            self.nadirs.marrow.see(_span(got["marrow_plasma_cells"]))
        missing: list[str] = (
            [f"{test} of day {a.day} is there but could not be used ({why})" for test, why in a.unusable.items()] if a.unusable else []
        )
        assessed = (
            serum is not None
            or urine is not None
            or dflc is not None
            or bool(a.exams)
            or "marrow_plasma_cells" in got
            or "circulating_plasma_cells" in got
        )
        if pd:
            level, rule, reason = PD, f"pd-{pd[0].criterion.replace('_', '-')}", "; ".join(p.text for p in pd)
        elif not self.yard.known:
            level, rule, reason = NE, "ne-no-baseline", "no value before the start to compare with"
        else:
            level, rule, reason = self._response(a, serum, urine, dflc, serum_ife, urine_ife, missing)
        return Visit(
            a.day, RESPONSES[level], rule, reason, got, shown, tuple(missing), tuple(pd), self._ages(a), dflc, serum, serum_ife, urine_ife,
            escape and level != PD, assessed, "NE", a,
        )  # fmt: skip

    def _carry(self, a: Assessment, serum_ife: str | None) -> None:
        got = a.got
        for test in ("marrow_plasma_cells", "marrow_clonality"):
            if test in a.unusable and test not in got:  # a newer result is there, so the older one is no longer the last
                if test == "marrow_plasma_cells":
                    self.marrow = None
                else:
                    self.clonal = None
        marrow, clonal = got.get("marrow_plasma_cells"), got.get("marrow_clonality")
        if isinstance(marrow, tuple):
            self.marrow = (a.day_of("marrow_plasma_cells"), marrow)
        if isinstance(clonal, str):
            self.clonal = (a.day_of("marrow_clonality"), clonal)
        limit = self.c.carry_forward
        if limit:
            if self.marrow is not None and a.day - self.marrow[0] > limit:
                self.marrow = None
            if self.clonal is not None and a.day - self.clonal[0] > limit:
                self.clonal = None
        if serum_ife == "negative":
            if self.ife_clear_from is None:
                self.ife_clear_from = a.day
        elif serum_ife is not None:
            self.ife_clear_from = None
        if a.exams:
            self.lesion_pd = []
            for exam in a.exams:
                self.lesion_pd = self.log.examine(exam)
                self.imaged = exam.day

    def _ages(self, a: Assessment) -> dict[str, int]:
        ages: dict[str, int] = {}
        if self.marrow is not None and "marrow_plasma_cells" not in a.got:
            ages["marrow_plasma_cells"] = a.day - self.marrow[0]
        if self.clonal is not None and "marrow_clonality" not in a.got:
            ages["marrow_clonality"] = a.day - self.clonal[0]
        if self.imaged is not None and not a.exams:
            ages["imaging"] = a.day - self.imaged
        return ages

    def _serum_ife(self, a: Assessment) -> str | None:
        """Serum immunofixation for the patient's own clone: other bands and a band shifted by DIRA do not count (section 10)."""
        ife = _word(a.got.get("serum_immunofixation"))
        if ife != "positive":
            return ife
        heavy, light = self.clone
        bands = a.labs["serum_immunofixation"].isotype
        own = clone_band(bands, heavy, light)
        if own is False:
            self.g.flags.append(
                Flag("other_bands", a.day, f"bands on day {a.day} ({', '.join(bands)}) are not of the original clone and do not count")
            )
            return "negative"
        if a.got.get("dira") == "shifted" and "igg" in {h.lower() for h in heavy} and light == "kappa" and len(bands) <= 1:
            self.g.flags.append(Flag("dira_shifted", a.day, f"the band on day {a.day} is shifted by DIRA: it is the therapeutic antibody"))
            return "negative"
        return ife

    # ---- progression ---------------------------------------------------------------------------------------------------
    def _progression(self, a: Assessment, serum: Span | None, urine: Span | None, dflc: Span | None) -> tuple[list[Pd], bool]:
        c, n, measurable = self.c, self.nadirs, self.yard.measurable
        early = self.provisional_until is not None and a.day < self.provisional_until
        found: list[Pd] = []
        secreted = "serum" in measurable or "urine" in measurable
        everywhere = c.A4 == "all" or not self.yard.known
        hit: Pd | None
        if serum is not None and n.serum.value is not None and (everywhere or "serum" in measurable):
            hit = serum_pd(serum, n.serum.value, c, a.day_of(self.g.serum_test), early)
            if hit:
                found.append(hit)
        if urine is not None and n.urine.value is not None and (everywhere or "urine" in measurable):
            hit = urine_pd(urine, n.urine.value, c, a.day_of("urine_m_protein_24h"), early)
            if hit:
                found.append(hit)
        escape = False
        if dflc is not None and n.dflc.value is not None:
            hit = dflc_pd(dflc, n.dflc.value, c, a.day_of("kappa_flc", "lambda_flc"), early)
            if hit and ((self.yard.known and not secreted) or c.A5 == "pd"):
                found.append(hit)
            else:
                escape = hit is not None
        if (
            self.marrow is not None
            and n.marrow.value is not None
            and (c.marrow_pd_for_all or (self.yard.known and not secreted and "flc" not in measurable))
        ):
            day = self.marrow[0]
            hit = marrow_pd(self.marrow[1], n.marrow.value, c, day, self.provisional_until is not None and day < self.provisional_until)
            if hit:
                found.append(hit)
        cells = _span(a.got.get("circulating_plasma_cells"))
        if cells is not None and n.circulating.value is not None and self.yard.known and not measurable:
            hit = circulating_pd(cells, n.circulating.value, c, a.day_of("circulating_plasma_cells"), early)
            if hit:
                found.append(hit)
        found.extend(self.lesion_pd)
        return found, escape

    # ---- response -------------------------------------------------------------------------------------------------------
    def _response(
        self,
        a: Assessment,
        serum: Span | None,
        urine: Span | None,
        dflc: Span | None,
        serum_ife: str | None,
        urine_ife: str | None,
        missing: list[str],
    ) -> tuple[int, str, str]:
        yard = self.yard
        levels = self._levels(a, serum, urine, dflc, serum_ife, urine_ife, missing)
        level, parameter, text = min(levels, key=lambda x: x[0])
        if level == NE:
            return NE, f"ne-{parameter}", text
        core = yard.measurable[0] if yard.measurable else "none"
        uncollected = urine is None and any(x[1] == "urine-cap" for x in levels)
        # CR rests on immunofixation, marrow and lesions; the M-protein must not contradict it. The normal ratio and the marrow below 5 %
        # speak for FLC-only and marrow-only disease. Urine that was not collected is named as what is missing.
        reached = [x[0] for x in levels if x[1] not in ("flc", "marrow", "none") and not (x[1] == "urine-cap" and uncollected)]
        if all(x >= VGPR for x in reached):
            deeper = self._complete(a, core, serum_ife, urine_ife, missing, min(level, VGPR))
            if deeper is not None:
                return deeper
        level = min(level, VGPR)
        if parameter == "urine-cap" and urine is None:
            return level, f"{RESPONSES[level].lower()}-urine-not-collected", text
        return level, f"{RESPONSES[level].lower()}-{parameter}", text

    def _levels(
        self,
        a: Assessment,
        serum: Span | None,
        urine: Span | None,
        dflc: Span | None,
        serum_ife: str | None,
        urine_ife: str | None,
        missing: list[str],
    ) -> list[tuple[int, str, str]]:
        """What each parameter allows: (level, parameter, text). The response is the lowest of them."""
        c, yard = self.c, self.yard
        levels: list[tuple[int, str, str]] = []
        measurable = yard.measurable
        if "serum" in measurable and yard.serum is not None:
            name = (
                "serum M-protein"
                if self.g.serum_test == "serum_m_protein"
                else f"serum {self.g.serum_test[:2].title()}{self.g.serum_test[2:].upper()}"
            )
            levels.append(self._protein(name, "serum", serum, yard.serum, serum_ife, missing))
        if "urine" in measurable and yard.urine is not None:
            levels.append(self._urine(urine, yard.urine, urine_ife, missing))
        if "flc" in measurable and yard.dflc is not None:
            if dflc is None:
                missing.append("kappa and lambda free light chains")
                levels.append((NE, "flc", "free light chains, the only measurable parameter, were not measured"))
            else:
                level = _fall_level(dflc, yard.dflc, c, strict_vgpr=c.A10 == "over_90", mr=c.A11 == "by_analogy", a9=c.A9)
                levels.append((level, "flc", f"dFLC {_show(dflc)} mg/dL, {_fall(dflc, yard.dflc)} from {_show(yard.dflc)} at baseline"))
        if "marrow" in measurable and yard.marrow is not None:
            levels.append(self._marrow_level(yard.marrow, missing))
        if "plasmacytoma" in measurable:
            levels.append(self._lesion_level(missing))
        if not measurable or measurable == ("plasmacytoma",):
            levels.append(self._nothing_measurable(a, missing))
        if measurable and "urine" not in measurable and urine_ife != "negative":
            cap = self._urine_cap(urine, missing)
            if cap is not None:
                levels.append(cap)
        return levels

    def _protein(
        self, name: str, parameter: str, value: Span | None, base: Span, ife: str | None, missing: list[str]
    ) -> tuple[int, str, str]:
        if value is None:
            if ife == "negative":  # immunofixation sees less than electrophoresis does, so a negative one speaks for the quantity too
                return VGPR, parameter, f"{name} not quantified, immunofixation negative"
            missing.append(name)
            return NE, parameter, f"{name} is measurable but was not measured"
        if value[0] != value[1]:
            missing.append(f"an exact {name} (only {_show(value)} is known)")
        return (
            _fall_level(value, base, self.c, mr=True, a9=self.c.A9),
            parameter,
            f"{name} {_show(value)} g/dL, {_fall(value, base)} from {_show(base)} at baseline",
        )

    def _urine(self, value: Span | None, base: Span, ife: str | None, missing: list[str]) -> tuple[int, str, str]:
        c = self.c
        if value is None:
            if ife == "negative":
                return VGPR, "urine", "urine M-protein not quantified, urine immunofixation negative"
            missing.append("24-hour urine M-protein")
            return NE, "urine", "urine M-protein is measurable but was not measured"
        high, low = value[1], base[0]
        text = f"urine M-protein {_show(value)} mg/24h, {_fall(value, base)} from {_show(base)} at baseline"
        if high < c.urine_vgpr_below - TOLERANCE and (c.A14 == "below_100" or low - high >= c.urine_pr_fall * low - TOLERANCE):
            return VGPR, "urine", text
        if high < c.urine_pr_below - TOLERANCE or low - high >= c.urine_pr_fall * low - TOLERANCE:
            return PR, "urine", text
        return (MR if low - high >= c.urine_mr_fall * low - TOLERANCE else SD), "urine", text

    def _urine_cap(self, urine: Span | None, missing: list[str]) -> tuple[int, str, str] | None:
        """Urine that was not measurable at baseline limits the response but does not lower it further (section 3)."""
        c = self.c
        if urine is None:
            if c.A15 == "ignore":
                return None
            missing.append("urine M-protein and immunofixation (urine not collected: at most PR)")
            return PR, "urine-cap", "urine was not collected, so not more than PR"
        if urine[1] < c.urine_vgpr_below - TOLERANCE:
            return VGPR, "urine-cap", f"urine M-protein {_show(urine)} mg/24h"
        if urine[1] < c.urine_pr_below - TOLERANCE:
            return PR, "urine-cap", f"urine M-protein {_show(urine)} mg/24h, not below {c.urine_vgpr_below:g}"
        return MR, "urine-cap", f"urine M-protein {_show(urine)} mg/24h, not below {c.urine_pr_below:g}"

    def _marrow_level(self, base: Span, missing: list[str]) -> tuple[int, str, str]:
        c = self.c
        if self.marrow is None:
            missing.append("marrow plasma cells")
            return NE, "marrow", "marrow is the only measurable parameter and was not examined"
        day, value = self.marrow
        text = f"marrow plasma cells {_show(value)} % on day {day}, {_fall(value, base)} from {_show(base)} at baseline"
        fall = base[0] - value[1]
        if fall >= c.pr_fall * base[0] - TOLERANCE:
            return PR, "marrow", text
        return (MR if c.A11 == "by_analogy" and fall >= c.mr_fall * base[0] - TOLERANCE else SD), "marrow", text

    def _lesion_level(self, missing: list[str]) -> tuple[int, str, str]:
        c, log = self.c, self.log
        if self.imaged is None:
            missing.append("imaging of the plasmacytomas since baseline")
            return SD, "lesions", "plasmacytomas were not imaged since baseline"
        if not log.soft():
            return SCR, "lesions", "no plasmacytoma left"
        now, base = log.spd(), log.baseline_spd
        if now is None or not base:
            missing.append("size of the plasmacytomas")
            return SD, "lesions", "plasmacytomas are there, their size is not known"
        fall = (base - now) / base
        text = f"sum of products {now:g} mm2, {100 * fall:.0f} % below {base:g} at baseline"
        if (c.A8 == "half" and fall >= c.pr_fall - TOLERANCE) or fall > c.vgpr_fall + TOLERANCE:
            return VGPR, "lesions", text
        if fall >= c.pr_fall - TOLERANCE:
            return PR, "lesions", text
        return (MR if c.A7 == "quarter" and fall >= c.mr_fall - TOLERANCE else SD), "lesions", text

    def _nothing_measurable(self, a: Assessment, missing: list[str]) -> tuple[int, str, str]:
        lesions_lead = self.yard.measurable == ("plasmacytoma",)
        if lesions_lead and self.c.A12 == "lesions":
            return SCR, "none", "only the plasmacytomas can be followed"
        if not a.exams and not any(t in a.got for t in _ANY):
            missing.append("any result of the disease")
            return NE, "none", "nothing was measured"
        return SD, "none", "nothing is measurable at baseline: no partial response can be called (A12)"

    def _complete(
        self, a: Assessment, core: str, serum_ife: str | None, urine_ife: str | None, missing: list[str], level: int
    ) -> tuple[int, str, str] | None:
        """CR or sCR where every condition is shown; where one is only missing, the level below, labelled so (section 6)."""
        c = self.c
        secretory = core in ("serum", "urine", "flc")
        if not secretory and c.A13 == "not_assessable":
            return None
        urine_free = c.A15 == "ignore" and "urine" not in self.yard.measurable
        marrow_clear: bool | None = None
        if self.marrow is not None and not (
            c.A16 == "after_ife" and self.ife_clear_from is not None and self.marrow[0] < self.ife_clear_from
        ):
            high, low = self.marrow[1][1], self.marrow[1][0]
            marrow_clear = True if high < c.marrow_cr_below - TOLERANCE else False if low >= c.marrow_cr_below - TOLERANCE else None
        ratio_normal = self._ratio_normal(a)
        wanted: list[tuple[str, bool | None]] = [
            ("serum immunofixation", _negative(serum_ife)),
            ("urine immunofixation", True if urine_free and urine_ife is None else _negative(urine_ife)),
            ("marrow plasma cells", marrow_clear),
            ("lesions", self._lesions_clear()),
        ]
        if core == "flc":
            wanted.append(("FLC ratio", ratio_normal))
        if any(answer is False for _, answer in wanted):
            return None
        unknown = [name for name, answer in wanted if answer is None]
        if unknown:
            missing.extend(f"{name} (for CR)" for name in unknown)
            only_urine = unknown == ["urine immunofixation"]
            rule = f"{RESPONSES[level].lower()}-cr-without-urine" if only_urine else f"{RESPONSES[level].lower()}-cr-incomplete"
            return level, rule, f"would be CR, but {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not known"
        if not secretory:
            self.g.flags.append(
                Flag(
                    "nonsecretory",
                    a.day,
                    "complete response in disease without measurable M-protein: marrow, immunofixation and imaging only (A13)",
                )
            )
        age = "" if self.marrow is None or self.marrow[0] == a.day else f" (marrow of day {self.marrow[0]})"
        clonality = self.clonal[1] if self.clonal is not None else None
        if ratio_normal and clonality == "polyclonal":
            return SCR, "scr", f"CR{age} with normal FLC ratio and no clonal marrow cells"
        not_deeper = [w for w, there in (("FLC ratio", ratio_normal is not None), ("marrow clonality", clonality is not None)) if not there]
        missing.extend(f"{w} (for sCR)" for w in not_deeper)
        return (
            CR,
            "cr" if secretory else "cr-nonsecretory",
            f"immunofixation of serum and urine negative, marrow below {c.marrow_cr_below:g} %{age}, no plasmacytoma",
        )

    def _lesions_clear(self) -> bool | None:
        if self.log.soft():
            return False if self.imaged is not None else None
        return True


def _span(value: Span | str | None) -> Span | None:
    return value if isinstance(value, tuple) else None


def _word(value: Span | str | None) -> str | None:
    return value if isinstance(value, str) else None


def _negative(word: str | None) -> bool | None:
    return None if word is None else word == "negative"


def _fall_level(value: Span, base: Span, c: Criteria, *, mr: bool, a9: str, strict_vgpr: bool = False) -> int:
    """Level by relative fall, from the highest value allowed against the lowest baseline allowed; exactly 90 % counts."""
    low = base[0]
    fall = low - value[1]
    if fall > c.vgpr_fall * low + TOLERANCE or (not strict_vgpr and fall >= c.vgpr_fall * low - TOLERANCE):
        return VGPR
    if fall >= c.pr_fall * low - TOLERANCE:
        return PR
    if mr and fall >= c.mr_fall * low - TOLERANCE and (a9 == "below_50" or fall <= 0.49 * low + TOLERANCE):
        return MR
    return SD


def _show(value: Span) -> str:
    if value[0] == value[1]:
        return f"{value[0]:g}"
    return f">={value[0]:g}" if value[1] == float("inf") else f"<={value[1]:g}"


def _fall(value: Span, base: Span) -> str:
    if base[0] <= 0:
        return "no fall to count"
    percent = 100 * (base[0] - value[1]) / base[0]
    return f"{percent:.1f} % down" if percent >= 0 else f"{-percent:.1f} % up"
