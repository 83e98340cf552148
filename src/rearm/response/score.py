"""The unconfirmed response of each assessment: progression first, then the lowest level that any
measurable parameter allows.

Sections 3 (levels), 4 (progression) and 6 (missing data) of the criteria. A bound counts by its
worst end for response and by its best end for progression, so what is not known never makes a
response deeper and never makes a progression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.interference import own_serum_ife
from rearm.response.lesions import LesionLog, Pd, answers
from rearm.response.levels import CR, NE, PD, SCR, VGPR, levels
from rearm.response.limits import at_least, below
from rearm.response.measurable import (
    Yardstick,
    dflc,
    high_chain,
    number,
    ratio_normal,
    word,
    yardstick,
)
from rearm.response.progression import (
    Nadirs,
    circulating_rise,
    dflc_rise,
    marrow_rise,
    serum_rise,
    urine_rise,
)
from rearm.response.visits import Assessment, Flag, Gathered, Span

__all__ = ["Visit", "score_visits"]


@dataclass(slots=True)
class Visit:
    """One assessment. `response` before and `confirmed` after confirmation (best confirmed so far,
    until confirmed progression).

    `rule` names what decided, `reason` says it in a sentence; `values` are the results read (spans
    in canonical units, or words), `nadir` what they were compared with; `carried` gives the age in
    days of marrow and imaging taken over; `missing` what would have been needed.
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
    dflc: Span | None = None  # mg/dL
    serum: Span | None = None  # g/dL, also where nephelometry stands for electrophoresis
    serum_ife: str | None = None  # after DIRA and after bands of other clones were put aside
    urine_ife: str | None = None
    escape: bool = (
        False  # free light chains rose by the size of a progression where they do not count
    )
    assessed: bool = True  # something was there by which progression could be seen
    confirmed: str = "NE"
    assessment: Assessment | None = None
    lesions: str = ""  # plasmacytomas seen at this assessment, in words


def score_visits(
    g: Gathered,
    c: Criteria,
    log: LesionLog,
    *,
    heavy_chain: tuple[str, ...],
    light_chain: str | None,
    provisional_until: int | None,
) -> tuple[Yardstick, list[Visit]]:
    """Yardstick of the course and the unconfirmed response at every assessment, oldest first."""
    scorer = _Scorer(g, c, log, heavy_chain, light_chain, provisional_until)
    return scorer.yard, [scorer.score(a) for a in g.visits]


class _Scorer:
    """State of one course while it is read: nadirs, last marrow, lesions."""

    def __init__(
        self,
        g: Gathered,
        c: Criteria,
        log: LesionLog,
        heavy: tuple[str, ...],
        light: str | None,
        provisional_until: int | None,
    ) -> None:
        self.g, self.c, self.log, self.heavy, self.light = g, c, log, heavy, light
        self.early_until = -(10**9) if provisional_until is None else provisional_until
        for exam in g.baseline_exams:
            log.tell(exam)
        log.set_baseline()
        at_baseline = log.shown()
        for exam in g.floor_exams:
            log.tell(exam)
        log.set_floor()
        self.yard = yardstick(g.baseline, g.serum_test, light, log.baseline_soft, c)
        self.yard.lesions = at_baseline
        high = high_chain(g.baseline, c)
        if high is not None and light is not None and high != light:
            text = (
                f"the light chain is stated as {light}, but {high} is the raised one at baseline;"
                f" dFLC follows {light} as stated"
            )
            g.flags.append(
                Flag("light_chain_contradiction", g.baseline.day_of(f"{high}_flc"), text)
            )
        self.nadirs = Nadirs(c)
        floor = g.floor.got
        self.nadirs.serum.see(number(floor.get(g.serum_test)))
        self.nadirs.urine.see(number(floor.get("urine_m_protein_24h")))
        self.nadirs.dflc.see(dflc(floor, self.yard.involved))
        self.nadirs.marrow.see(number(floor.get("marrow_plasma_cells")))
        self.nadirs.circulating.see(number(floor.get("circulating_plasma_cells")))
        measurable = self.yard.measurable
        secreted = "serum" in measurable or "urine" in measurable
        everywhere = c.A4 == "all" or not self.yard.known
        self.serum_counts = everywhere or "serum" in measurable
        self.urine_counts = everywhere or "urine" in measurable
        self.dflc_counts = (self.yard.known and not secreted) or c.A5 == "pd"
        self.marrow_counts = bool(c.marrow_pd_for_all) or (
            self.yard.known and not secreted and "flc" not in measurable
        )
        self.cells_count = self.yard.known and not measurable
        self.serum_name = (
            "serum M-protein"
            if g.serum_test == "serum_m_protein"
            else f"serum Ig{g.serum_test[2:].upper()}"
        )
        self.marrow: tuple[int, Span] | None = None  # last marrow after baseline
        self.clonal: tuple[int, str] | None = None
        self.imaged: int | None = None
        self.exams = [*g.baseline_exams, *g.floor_exams]  # all that were read so far
        self.lesion_pd: list[Pd] = []
        self.ife_clear_from: int | None = (
            None  # first day of the running stretch of negative serum immunofixation
        )

    def score(self, a: Assessment) -> Visit:
        got, yard, nadirs = a.got, self.yard, self.nadirs
        if yard.involved is None:
            yard.involved = high_chain(a, self.c)
        serum, urine, chains = (
            number(got.get(self.g.serum_test)),
            number(got.get("urine_m_protein_24h")),
            dflc(got, yard.involved),
        )
        marrow, cells = (
            number(got.get("marrow_plasma_cells")),
            number(got.get("circulating_plasma_cells")),
        )
        serum_ife, urine_ife = (
            own_serum_ife(a, self.heavy, self.light, self.g.flags),
            word(got.get("urine_immunofixation")),
        )
        self._carry(a, serum_ife)
        pd, escape = self._progression(a, serum, urine, chains, cells)
        shown = nadirs.shown()
        nadirs.serum.see(serum)
        nadirs.urine.see(urine)
        nadirs.dflc.see(chains)
        nadirs.circulating.see(cells)
        nadirs.marrow.see(marrow)
        missing: list[str] = []
        for test, why in a.unusable.items():
            missing.append(f"{test} of day {a.day} is there but could not be used ({why})")
        if pd:
            level, rule, reason = (
                PD,
                f"pd-{pd[0].criterion.replace('_', '-')}",
                "; ".join([p.text for p in pd]),
            )
        elif not yard.known:
            level, rule, reason = NE, "ne-no-baseline", "no value before the start to compare with"
        else:
            level, rule, reason = self._response(
                a, serum, urine, chains, serum_ife, urine_ife, missing
            )
        self._without_band(a, level, pd, serum, serum_ife)
        assessed = bool(serum or urine or chains or marrow or cells or a.exams)
        return Visit(
            a.day,
            RESPONSES[level],
            rule,
            reason,
            got,
            shown,
            tuple(missing),
            tuple(pd),
            self._ages(a),
            chains,
            serum,
            serum_ife,
            urine_ife,
            escape and level != PD,
            assessed,
            "NE",
            a,
            self.log.shown() if a.exams else "",
        )

    # ---- marrow and imaging are not repeated at each visit: the last result stands until it is replaced (section 6) ---------------
    def _carry(self, a: Assessment, serum_ife: str | None) -> None:
        got = a.got
        marrow, clonal = got.get("marrow_plasma_cells"), got.get("marrow_clonality")
        if isinstance(marrow, tuple):
            self.marrow = (a.day_of("marrow_plasma_cells"), marrow)
        elif (
            "marrow_plasma_cells" in a.unusable
        ):  # a newer result is there, so the older one is no longer the last
            self.marrow = None
        if isinstance(clonal, str):
            self.clonal = (a.day_of("marrow_clonality"), clonal)
        elif "marrow_clonality" in a.unusable:
            self.clonal = None
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
        for exam in a.exams:
            self.lesion_pd = self.log.examine(exam)
            self.imaged = exam.day
            self.exams.append(exam)

    def _ages(self, a: Assessment) -> dict[str, int]:
        ages: dict[str, int] = {}
        if self.marrow is not None and "marrow_plasma_cells" not in a.got:
            ages["marrow_plasma_cells"] = a.day - self.marrow[0]
        if self.clonal is not None and "marrow_clonality" not in a.got:
            ages["marrow_clonality"] = a.day - self.clonal[0]
        if self.imaged is not None and not a.exams:
            ages["imaging"] = a.day - self.imaged
        return ages

    # ---- progression (section 4), any one criterion ----------------
    def _progression(
        self,
        a: Assessment,
        serum: Span | None,
        urine: Span | None,
        chains: Span | None,
        cells: Span | None,
    ) -> tuple[list[Pd], bool]:
        c, n = self.c, self.nadirs
        found: list[Pd] = []
        escape = False
        if self.serum_counts and serum and n.serum.value is not None:
            text = serum_rise(serum, n.serum.value, n.serum.lowest, c, self.serum_name)
            if text is not None:
                found.append(self._pd("serum", a.day_of(self.g.serum_test), text, repeat=True))
        if (
            self.urine_counts
            and urine
            and n.urine.value is not None
            and (text := urine_rise(urine, n.urine.value, c))
        ):
            found.append(self._pd("urine", a.day_of("urine_m_protein_24h"), text, repeat=True))
        if chains and n.dflc.value is not None and (text := dflc_rise(chains, n.dflc.value, c)):
            if self.dflc_counts:
                found.append(
                    self._pd("dflc", a.day_of("kappa_flc", "lambda_flc"), text, repeat=True)
                )
            else:
                escape = True
        if (
            self.marrow_counts
            and self.marrow
            and n.marrow.value is not None
            and (text := marrow_rise(self.marrow[1], n.marrow.value, c))
        ):
            found.append(self._pd("marrow", self.marrow[0], text, repeat=False))
        if (
            cells
            and n.circulating.value is not None
            and (text := circulating_rise(cells, n.circulating.value, c))
        ):
            day = a.day_of("circulating_plasma_cells")
            if self.cells_count:
                found.append(self._pd("circulating", day, text, repeat=True))
            else:
                said = (
                    "progression only where nothing else is measurable, but look for plasma-cell"
                    " leukaemia"
                )
                self._once("circulating_plasma_cells_rise", day, f"{text}: {said}")
        found.extend(self.lesion_pd)
        marrow = number(a.got.get("marrow_plasma_cells"))
        if (
            not found
            and not self.marrow_counts
            and marrow
            and n.marrow.value is not None
            and (text := marrow_rise(marrow, n.marrow.value, c))
        ):
            said = "progression only where neither M-protein nor light chains are measurable"
            self._once("marrow_rise", a.day_of("marrow_plasma_cells"), f"{text}: {said}")
        return found, escape

    def _once(self, name: str, day: int, text: str) -> None:
        if not any(f.id == name for f in self.g.flags):
            self.g.flags.append(Flag(name, day, text))

    def _without_band(
        self, a: Assessment, level: int, pd: list[Pd], serum: Span | None, serum_ife: str | None
    ) -> None:
        """A quantity that immunofixation does not bear out."""
        if serum_ife != "negative" or serum is None:
            return
        if self.g.serum_test != "serum_m_protein":
            if any(p.criterion == "serum" for p in pd):
                why = "healthy plasma cells that recover raise it too"
                text = (
                    f"{self.serum_name} rises by day {a.day} without a band on immunofixation:"
                    f" {why}"
                )
                self._once("immunoglobulin_without_band", a.day, text)
        elif level >= CR and serum[0] > 0:
            text = (
                f"M-protein {serum[0]:g} g/dL is quantified on day {a.day} although immunofixation"
                " is negative: one of the two may be wrong"
            )
            self._once("protein_without_band", a.day, text)

    def _pd(self, criterion: str, day: int, text: str, *, repeat: bool) -> Pd:
        return Pd(criterion, day, repeat, day < self.early_until, text)

    # ---- response (section 3) ----------------
    def _response(
        self,
        a: Assessment,
        serum: Span | None,
        urine: Span | None,
        chains: Span | None,
        serum_ife: str | None,
        urine_ife: str | None,
        missing: list[str],
    ) -> tuple[int, str, str]:
        yard = self.yard
        allowed = levels(
            a, self.c, yard, self.log, serum=serum, urine=urine, dflc=chains, marrow=self.marrow, imaged=self.imaged is not None,
            serum_ife=serum_ife, urine_ife=urine_ife, serum_name=self.serum_name, missing=missing,
            unread=", ".join(self._unread_imaging(a.day, since=self.g.start if self.imaged is None else self.imaged)),
        )  # fmt: skip
        level, parameter, text = min(allowed)
        if level == NE:
            return NE, f"ne-{parameter}", text
        core = yard.measurable[0] if yard.measurable else "none"
        uncollected = parameter == "urine-cap" and urine is None
        # CR rests on immunofixation, marrow and lesions; the M-protein must not contradict it. The
        # normal ratio and the marrow below 5 % speak for FLC-only and marrow-only disease. Urine
        # that was not collected is named as what is missing.
        if all(
            x >= VGPR or p in ("flc", "marrow", "none") or (p == "urine-cap" and urine is None)
            for x, p, _ in allowed
        ):
            # A protein that is still quantified speaks for itself where its immunofixation was not
            # done (Ig by nephelometry is never zero).
            seen = (
                serum is not None
                and serum[0] > 0
                and self.g.serum_test == "serum_m_protein"
                and serum_ife is None
            )
            if seen or (urine is not None and urine[0] > 0 and urine_ife is None):
                complete = None
            else:
                complete = self._complete(a, core, serum_ife, urine_ife, missing, min(level, VGPR))
            if complete is not None:
                return complete
        level = min(level, VGPR)
        name = RESPONSES[level].lower()
        return level, f"{name}-urine-not-collected" if uncollected else f"{name}-{parameter}", text

    def _complete(
        self,
        a: Assessment,
        core: str,
        serum_ife: str | None,
        urine_ife: str | None,
        missing: list[str],
        level: int,
    ) -> tuple[int, str, str] | None:
        """CR or sCR where every condition is shown; where one is only missing, the level below,
        labelled so (section 6).
        """
        c = self.c
        secretory = core in ("serum", "urine", "flc")
        if not secretory and c.A13 == "not_assessable":
            return None
        no_urine = c.A15 == "ignore" and "urine" not in self.yard.measurable and urine_ife is None
        normal = ratio_normal(a, c)
        wanted = [
            ("serum immunofixation", _negative(serum_ife)),
            ("urine immunofixation", True if no_urine else _negative(urine_ife)),
            ("marrow plasma cells", self._marrow_clear()),
            ("lesions", self._lesions_clear(a.day)),
        ]
        if core == "flc":
            wanted.append(("FLC ratio", normal))
        if any(answer is False for _, answer in wanted):
            return None
        unknown = [name for name, answer in wanted if answer is None]
        if unknown:
            unread = self._unread_imaging(a.day) if "lesions" in unknown else []
            missing.extend(
                f"{name} (for CR)" for name in unknown if name != "lesions" or not unread
            )
            missing.extend(f"a result of the {what} that can be read (for CR)" for what in unread)
            label = "cr-without-urine" if unknown == ["urine immunofixation"] else "cr-incomplete"
            text = (
                f"would be CR, but {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} not"
                " known"
            )
            return level, f"{RESPONSES[level].lower()}-{label}", text
        if not secretory:
            text = (
                "complete response in disease without measurable M-protein: by marrow,"
                " immunofixation and imaging only (A13)"
            )
            self.g.flags.append(Flag("nonsecretory", None, text))
        age = (
            ""
            if self.marrow is None or self.marrow[0] == a.day
            else f" (marrow of day {self.marrow[0]})"
        )
        clonality = self.clonal[1] if self.clonal is not None else None
        if normal and clonality == "polyclonal":
            return SCR, "scr", f"CR{age} with normal FLC ratio and no clonal marrow cells"
        missing.extend(
            f"{what} (for sCR)"
            for what, there in (
                ("FLC ratio", normal is not None),
                ("marrow clonality", clonality is not None),
            )
            if not there
        )
        text = (
            f"immunofixation of serum and urine negative, marrow below {c.marrow_cr_below:g}"
            f" %{age}, no plasmacytoma"
        )
        return CR, "cr" if secretory else "cr-nonsecretory", text

    def _marrow_clear(self) -> bool | None:
        if self.marrow is None:
            return None
        day, (low, high) = self.marrow
        if (
            self.c.A16 == "after_ife"
            and self.ife_clear_from is not None
            and day < self.ife_clear_from
        ):
            return None
        if below(high, self.c.marrow_cr_below):
            return True
        return False if at_least(low, self.c.marrow_cr_below) else None

    def _lesions_clear(self, day: int) -> bool | None:
        if not self.log.soft():
            return None if self._unread_imaging(day) else True
        return False if self.imaged is not None else None

    def _unread_imaging(self, day: int, since: int | None = None) -> list[str]:
        """Examinations up to `day` (after `since`) whose result could not be read and that no other
        examination makes up for.
        """
        rows = [
            (d, x) for d, x in self.g.unread_imaging if d <= day and (since is None or d > since)
        ]
        open_rows = [(d, x) for d, x in rows if not any(answers(exam, d, x) for exam in self.exams)]
        return [
            f"{x.method or 'imaging'} of day {d}{f' ({x.lesion})' if x.lesion else ''}"
            for d, x in open_rows
        ]


def _negative(result: str | None) -> bool | None:
    return None if result is None else result == "negative"
