"""The unconfirmed response of each visit: progression first, then the lowest level that any
measurable parameter allows.

A bound counts by its worst end for response and by its best end for progression, so what is not
known never makes a response deeper and never makes a progression.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rearm.interval import Interval
from rearm.record import Record
from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.interference import own_serum_ife
from rearm.response.lesions import LesionLog, answers
from rearm.response.levels import CR, NE, SCR, VGPR, Level, Levels
from rearm.response.measurable import (
    BaselineDisease,
    Chain,
    baseline_disease,
    dflc,
    high_chain,
    ratio_normal,
)
from rearm.response.progression import (
    Criterion,
    MetCriterion,
    Nadir,
    circulating_rise,
    dflc_rise,
    marrow_rise,
    nadirs_before,
    serum_rise,
    urine_rise,
)
from rearm.response.sentences import Because, missing_words, reason_words
from rearm.response.visits import CollectedResults, CourseFlag, VisitResults

__all__ = ["MARKERS", "Scored", "Visit", "score_visits"]

MARKERS = ("serum", "urine", "dflc", "marrow", "circulating")
_URINE, _MARROW, _CELLS = "urine_m_protein_24h", "marrow_plasma_cells", "circulating_plasma_cells"
_FAR_PAST = -(10**9)


@dataclass(slots=True, kw_only=True)
class Visit:
    """One visit. `response` before and `confirmed` after confirmation (best confirmed so far, until
    confirmed progression).

    `rule` names what decided; `because` and `gaps` are its reason and what would have been needed,
    as codes, which `reason` and `missing` say in sentences. `marrow`, `clonality` and `imaged`: the
    last result that stands at this visit, with its day. `nadirs`: what each of MARKERS was compared
    with.
    """

    day: int
    results: VisitResults
    serum: Interval | None = None  # g/dL, also where nephelometry stands for electrophoresis
    urine: Interval | None = None  # mg/24h
    dflc: Interval | None = None  # mg/dL
    serum_ife: str | None = None  # after DIRA and after bands of other clones were put aside
    urine_ife: str | None = None
    marrow: tuple[int, Interval] | None = None
    clonality: tuple[int, str] | None = None
    imaged: int | None = None
    nadirs: tuple[Nadir | None, ...] = ()
    response: str = "NE"
    rule: str = ""
    because: Because = ()
    gaps: tuple[Because, ...] = ()
    pd: tuple[MetCriterion, ...] = ()
    escape: bool = False  # light chains rose as in a progression, where they do not count
    confirmed: str = "NE"
    lesions: str = ""  # plasmacytomas seen at this visit, in words

    @property
    def values(self) -> Mapping[str, Interval | str]:
        """The results read: numbers in canonical units, or words."""
        return self.results.values

    @property
    def reason(self) -> str:
        """Why this response, in a sentence."""
        return reason_words(self.because)

    @property
    def missing(self) -> tuple[str, ...]:
        """What would have been needed, in words; results that could not be used come first."""
        return (*self.unusable, *(missing_words(gap) for gap in self.gaps))

    @property
    def unusable(self) -> tuple[str, ...]:
        """Results that are there and could not be used, in words."""
        return tuple(
            missing_words(("unusable", test, self.day, why))
            for test, why in self.results.unusable.items()
        )

    @property
    def nadir(self) -> dict[str, float]:
        """What each marker was compared with: the lowest value before this visit."""
        return {
            name: nadir.value
            for name, nadir in zip(MARKERS, self.nadirs, strict=False)
            if nadir is not None
        }

    @property
    def carried(self) -> dict[str, int]:
        """Age in days of marrow and imaging that were taken over from earlier."""
        values = self.results.values
        ages: dict[str, int] = {}
        if self.marrow is not None and _MARROW not in values:
            ages[_MARROW] = self.day - self.marrow[0]
        if self.clonality is not None and "marrow_clonality" not in values:
            ages["marrow_clonality"] = self.day - self.clonality[0]
        if self.imaged is not None and not self.results.exams:
            ages["imaging"] = self.day - self.imaged
        return ages

    @property
    def assessed(self) -> bool:
        """Was something there by which progression could be seen?"""
        results = self.results
        return (
            self.serum is not None
            or self.urine is not None
            or self.dflc is not None
            or results.number(_MARROW) is not None
            or results.number(_CELLS) is not None
            or bool(results.exams)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The unconfirmed visits, oldest first; `involved` is the light chain of the clone, where the
    baseline or a later visit shows it.
    """

    disease: BaselineDisease
    involved: Chain | None
    visits: list[Visit]
    flags: list[CourseFlag]


def score_visits(
    collected: CollectedResults,
    criteria: Criteria,
    log: LesionLog,
    record: Record,
    *,
    provisional_until: int | None,
) -> Scored:
    """The response at every visit before confirmation. `log` is told all examinations."""
    scorer = _Scorer(collected, criteria, log, record, provisional_until)
    visits = [scorer.visit(place) for place in range(len(collected.visits))]
    return Scored(
        disease=scorer.disease, involved=scorer.involved, visits=visits, flags=scorer.flags
    )


def _numbers(visits: Iterable[VisitResults], test: str) -> list[Interval | None]:
    return [x if isinstance(x := v.values.get(test), Interval) else None for v in visits]


@dataclass(frozen=True, slots=True)
class _Series:
    """One marker over all visits: its value at each, and its nadir before each."""

    values: Sequence[Interval | None]
    nadirs: Sequence[Nadir | None]

    @classmethod
    def of(cls, values: Sequence[Interval | None], floor: Interval | None, c: Criteria) -> _Series:
        return cls(values, nadirs_before(values, floor, c))

    def risen(self, place: int) -> tuple[Interval, Nadir] | None:
        """Value and nadir of a visit, unless the value is lower."""
        value, nadir = self.values[place], self.nadirs[place]
        if value is None or nadir is None or value.low < nadir.value:
            return None
        return value, nadir


class _Scorer:
    """State of one course while it is read: last marrow, lesions, immunofixation."""

    def __init__(
        self,
        collected: CollectedResults,
        criteria: Criteria,
        log: LesionLog,
        record: Record,
        provisional_until: int | None,
    ) -> None:
        c = criteria
        self.collected, self.c, self.log = collected, c, log
        self.heavy, self.light = record.heavy_chain, record.light_chain
        self.early_until = _FAR_PAST if provisional_until is None else provisional_until
        for exam in collected.baseline_exams:
            log.tell(exam)
        log.set_baseline()
        lesions_at_baseline = log.in_words()
        for exam in collected.floor_exams:
            log.tell(exam)
        log.set_floor()
        serum_test = collected.serum_test
        by_spep = serum_test == "serum_m_protein"
        self.serum_name = "serum M-protein" if by_spep else f"serum Ig{serum_test[2:].upper()}"
        self.disease = baseline_disease(
            collected.baseline,
            serum_test,
            self.light,
            c,
            plasmacytoma=log.baseline_soft,
            lesions=lesions_at_baseline,
        )
        self.levels = Levels(c, self.disease, self.serum_name)
        self.flags = _light_chain_contradiction(collected.baseline, self.light, c)
        self._read_series(collected.visits, collected.floor)
        self._read_what_counts()
        self.marrow: tuple[int, Interval] | None = None  # last one after the baseline
        self.clonality: tuple[int, str] | None = None
        self.imaged: int | None = None
        self.exams = [*collected.baseline_exams, *collected.floor_exams]  # all read so far
        self.lesion_pd: list[MetCriterion] = []
        # first day of the running stretch of negative serum immunofixation
        self.ife_clear_from: int | None = None

    def _read_series(self, visits: Sequence[VisitResults], floor: VisitResults) -> None:
        """The markers over time, and the involved chain: of the clone, else the first that is
        high.
        """
        c, test, involved = self.c, self.collected.serum_test, self.disease.involved
        chains: list[Interval | None] = []
        floor_chains = dflc(floor.values, involved)
        for results in visits:
            if involved is None:
                involved = high_chain(results, c)
            chains.append(dflc(results.values, involved))
        self.involved = involved
        self.serum = _Series.of(_numbers(visits, test), floor.number(test), c)
        self.urine = _Series.of(_numbers(visits, _URINE), floor.number(_URINE), c)
        self.dflc = _Series.of(chains, floor_chains, c)
        self.marrows = _Series.of(_numbers(visits, _MARROW), floor.number(_MARROW), c)
        self.cells = _Series.of(_numbers(visits, _CELLS), floor.number(_CELLS), c)
        self.nadirs = list(
            zip(
                self.serum.nadirs,
                self.urine.nadirs,
                self.dflc.nadirs,
                self.marrows.nadirs,
                self.cells.nadirs,
                strict=True,
            )
        )

    def _read_what_counts(self) -> None:
        """By which markers progression is called in this disease."""
        c, disease = self.c, self.disease
        measurable, known = disease.measurable, disease.known
        everywhere = c.A4 == "all" or not known
        without_protein = known and not disease.secretory
        self.serum_counts = everywhere or "serum" in measurable
        self.urine_counts = everywhere or "urine" in measurable
        self.dflc_counts = without_protein or c.A5 == "pd"
        self.marrow_counts = bool(c.marrow_pd_for_all) or (
            without_protein and "flc" not in measurable
        )
        self.cells_count = known and not measurable

    def visit(self, place: int) -> Visit:
        """The visit at this place, unconfirmed. Visits are asked for in the order of time."""
        results = self.collected.visits[place]
        serum_ife, flag = own_serum_ife(results, self.heavy, self.light)
        if flag is not None:
            self.flags.append(flag)
        self._carry(results, serum_ife)
        visit = Visit(
            day=results.day,
            results=results,
            serum=self.serum.values[place],
            urine=self.urine.values[place],
            dflc=self.dflc.values[place],
            serum_ife=serum_ife,
            urine_ife=results.word("urine_immunofixation"),
            marrow=self.marrow,
            clonality=self.clonality,
            imaged=self.imaged,
            nadirs=self.nadirs[place],
        )
        met = self._progression(results, place)
        if met:
            visit.response = "PD"
            visit.rule = f"pd-{met[0].criterion.replace('_', '-')}"
            visit.pd = tuple(met)
            visit.because = ("progression", visit.pd)
        elif not self.disease.known:
            visit.rule, visit.because = "ne-no-baseline", ("no-baseline",)
        else:
            level, visit.rule, visit.because, visit.gaps = self._response(visit)
            visit.response = RESPONSES[level]
        if not met and not self.dflc_counts:
            visit.escape = self._dflc_rise(place) is not None
        self._without_band(visit)
        if results.exams:
            visit.lesions = self.log.in_words()
        return visit

    # ---- marrow and imaging are not repeated at each visit: the last result stands until it is
    # replaced
    def _carry(self, results: VisitResults, serum_ife: str | None) -> None:
        values, unusable, limit = results.values, results.unusable, self.c.carry_forward
        marrow, clonality = values.get(_MARROW), values.get("marrow_clonality")
        if isinstance(marrow, Interval):
            self.marrow = (results.day_of(_MARROW), marrow)
        elif _MARROW in unusable:  # a newer result is there: the older one is no longer the last
            self.marrow = None
        if isinstance(clonality, str):
            self.clonality = (results.day_of("marrow_clonality"), clonality)
        elif "marrow_clonality" in unusable:
            self.clonality = None
        if limit and self.marrow is not None and results.day - self.marrow[0] > limit:
            self.marrow = None
        if limit and self.clonality is not None and results.day - self.clonality[0] > limit:
            self.clonality = None
        if serum_ife == "positive":
            self.ife_clear_from = None
        elif serum_ife == "negative" and self.ife_clear_from is None:
            self.ife_clear_from = results.day
        for exam in results.exams:
            self.lesion_pd = self.log.examine(exam)
            self.imaged = exam.day
            self.exams.append(exam)

    # ---- progression, by any one criterion ----------------
    def _progression(self, results: VisitResults, place: int) -> list[MetCriterion]:
        c = self.c
        met: list[MetCriterion] = []
        if self.serum_counts and (pair := self.serum.risen(place)) is not None:
            because = serum_rise(*pair, c, self.serum_name)
            if because is not None:
                day = results.day_of(self.collected.serum_test)
                met.append(self._met("serum", day, because))
        if self.urine_counts and (pair := self.urine.risen(place)) is not None:
            because = urine_rise(*pair, c)
            if because is not None:
                met.append(self._met("urine", results.day_of(_URINE), because))
        if self.dflc_counts and (because := self._dflc_rise(place)) is not None:
            day = results.day_of("kappa_flc", "lambda_flc")
            met.append(self._met("dflc", day, because))
        marrow, marrow_nadir = self.marrow, self.marrows.nadirs[place]
        if self.marrow_counts and marrow is not None and marrow_nadir is not None:
            because = marrow_rise(marrow[1], marrow_nadir, c)
            if because is not None:
                met.append(self._met("marrow", marrow[0], because, repeat=False))
        if (pair := self.cells.risen(place)) is not None:
            because = circulating_rise(*pair, c)
            if because is not None:
                met += self._circulating(results.day_of(_CELLS), because)
        met += self.lesion_pd
        if not met and not self.marrow_counts:
            self._remark_marrow(results, place)
        return met

    def _dflc_rise(self, place: int) -> Because | None:
        pair = self.dflc.risen(place)
        return None if pair is None else dflc_rise(*pair, self.c)

    def _met(
        self, criterion: Criterion, day: int, because: Because, *, repeat: bool = True
    ) -> MetCriterion:
        return MetCriterion(
            criterion=criterion,
            day=day,
            repeat=repeat,
            provisional=day < self.early_until,
            because=because,
        )

    def _circulating(self, day: int, because: Because) -> list[MetCriterion]:
        if self.cells_count:
            return [self._met("circulating", day, because)]
        text = (
            f"{reason_words(because)}: progression only where nothing else is measurable, but look"
            " for plasma-cell leukaemia"
        )
        self._once("circulating_plasma_cells_rise", day, text)
        return []

    def _remark_marrow(self, results: VisitResults, place: int) -> None:
        """A rise of the marrow that is no progression by itself is said."""
        pair = self.marrows.risen(place)
        because = None if pair is None else marrow_rise(*pair, self.c)
        if because is not None:
            text = (
                f"{reason_words(because)}: progression only where neither M-protein nor light"
                " chains are measurable"
            )
            self._once("marrow_rise", results.day_of(_MARROW), text)

    def _once(self, flag: str, day: int | None, text: str) -> None:
        if all(x.id != flag for x in self.flags):
            self.flags.append(CourseFlag(flag, day, text))

    def _without_band(self, visit: Visit) -> None:
        """A quantity that immunofixation does not bear out is said."""
        if visit.serum_ife != "negative" or visit.serum is None:
            return
        if self.collected.serum_test != "serum_m_protein":
            if any(p.criterion == "serum" for p in visit.pd):
                text = (
                    f"{self.serum_name} rises by day {visit.day} without a band on immunofixation:"
                    " healthy plasma cells that recover raise it too"
                )
                self._once("immunoglobulin_without_band", visit.day, text)
        elif visit.response in ("CR", "sCR") and visit.serum.above(0):
            text = (
                f"M-protein {visit.serum.low:g} g/dL is quantified on day {visit.day} although"
                " immunofixation is negative: one of the two may be wrong"
            )
            self._once("protein_without_band", visit.day, text)

    # ---- response ----------------
    def _response(self, visit: Visit) -> tuple[int, str, Because, tuple[Because, ...]]:
        """Level, rule, why, what would have been needed."""
        allowed = self._allowed(visit)
        level, parameter, because, _ = min(allowed)
        gaps = tuple([gap for x in allowed for gap in x[3]])
        if level == NE:
            return NE, f"ne-{parameter}", because, gaps
        uncollected = visit.urine is None
        # CR rests on immunofixation, marrow and lesions; the M-protein must not contradict it. The
        # normal ratio and the marrow below 5 % speak for FLC-only and marrow-only disease. Urine
        # that was not collected is named as what is missing.
        may_be_complete = all(
            depth >= VGPR
            or name in ("flc", "marrow", "none")
            or (name == "urine-cap" and uncollected)
            for depth, name, _, _ in allowed
        )
        if may_be_complete and not self._still_quantified(visit):
            complete = self._complete(visit, min(level, VGPR))
            if complete is not None:
                level, rule, because, more = complete
                return level, rule, because, gaps + more
        level = min(level, VGPR)
        if parameter == "urine-cap" and uncollected:
            parameter = "urine-not-collected"
        return level, f"{RESPONSES[level].lower()}-{parameter}", because, gaps

    def _allowed(self, visit: Visit) -> list[Level]:
        """What every parameter allows."""
        levels, measurable, results = self.levels, self.disease.measurable, visit.results
        allowed: list[Level] = []
        if "serum" in measurable:
            allowed.append(levels.serum(results, visit.serum, visit.serum_ife))
        if "urine" in measurable:
            allowed.append(levels.urine(results, visit.urine, visit.urine_ife))
        if "flc" in measurable:
            allowed.append(levels.flc(results, visit.dflc))
        if "marrow" in measurable:
            allowed.append(levels.marrow(results, self.marrow))
        if "plasmacytoma" in measurable:
            since = self.collected.start if self.imaged is None else self.imaged
            unread = ", ".join(self._unread_imaging(visit.day, since))
            imaged = self.imaged is not None
            allowed.append(levels.lesions(self.log, imaged=imaged, unread=unread))
        if not measurable or measurable == ("plasmacytoma",):
            allowed.append(levels.nothing(results))
        if measurable and "urine" not in measurable and visit.urine_ife != "negative":
            cap = levels.urine_cap(results, visit.urine)
            if cap is not None:
                allowed.append(cap)
        return allowed

    def _still_quantified(self, visit: Visit) -> bool:
        """A protein that is still quantified speaks for itself where its immunofixation was not
        done (immunoglobulin by nephelometry is never zero).
        """
        serum, urine = visit.serum, visit.urine
        if urine is not None and visit.urine_ife is None and urine.above(0):
            return True
        if serum is None or visit.serum_ife is not None:
            return False
        return self.collected.serum_test == "serum_m_protein" and bool(serum.above(0))

    def _complete(
        self, visit: Visit, below: int
    ) -> tuple[int, str, Because, tuple[Because, ...]] | None:
        """CR or sCR where every condition is shown; where one is only missing, the level `below`,
        labelled so.
        """
        c, disease = self.c, self.disease
        core = disease.measurable[0] if disease.measurable else "none"
        secretory = core in ("serum", "urine", "flc")
        if not secretory and c.A13 == "not_assessable":
            return None
        urine_ife = visit.urine_ife
        no_urine = c.A15 == "ignore" and "urine" not in disease.measurable and urine_ife is None
        normal = ratio_normal(visit.results, c)
        conditions = {
            "serum immunofixation": _negative(visit.serum_ife),
            "urine immunofixation": True if no_urine else _negative(urine_ife),
            "marrow plasma cells": self._marrow_clear(),
            "lesions": self._lesions_clear(visit.day),
        }
        if core == "flc":
            conditions["FLC ratio"] = normal
        if False in conditions.values():
            return None
        unknown = tuple([name for name, shown in conditions.items() if shown is None])
        if unknown:
            return self._incomplete(visit, unknown, below)
        if not secretory:
            text = (
                "complete response in disease without measurable M-protein: by marrow,"
                " immunofixation and imaging only (A13)"
            )
            self._once("nonsecretory", None, text)
        old = self.marrow is not None and self.marrow[0] != visit.day
        marrow_day = self.marrow[0] if self.marrow is not None and old else None
        clonality = self.clonality[1] if self.clonality is not None else None
        if normal and clonality == "polyclonal":
            return SCR, "scr", ("scr", marrow_day), ()
        gaps: list[Because] = []
        if normal is None:
            gaps.append(("for-scr", "FLC ratio"))
        if clonality is None:
            gaps.append(("for-scr", "marrow clonality"))
        rule = "cr" if secretory else "cr-nonsecretory"
        return CR, rule, ("cr", c.marrow_cr_below, marrow_day), tuple(gaps)

    def _incomplete(
        self, visit: Visit, unknown: tuple[str, ...], level: int
    ) -> tuple[int, str, Because, tuple[Because, ...]]:
        """Nothing speaks against CR, but not all of it is shown."""
        unread = self._unread_imaging(visit.day) if "lesions" in unknown else []
        gaps = [("for-cr", name) for name in unknown if name != "lesions" or not unread]
        gaps += [("lesions-unread-for-cr", what) for what in unread]
        only_urine = unknown == ("urine immunofixation",)
        label = "cr-without-urine" if only_urine else "cr-incomplete"
        rule = f"{RESPONSES[level].lower()}-{label}"
        return level, rule, ("cr-incomplete", unknown), tuple(gaps)

    def _marrow_clear(self) -> bool | None:
        if self.marrow is None:
            return None
        day, value = self.marrow
        clear_from = self.ife_clear_from
        if self.c.A16 == "after_ife" and clear_from is not None and day < clear_from:
            return None
        return value.below(self.c.marrow_cr_below)

    def _lesions_clear(self, day: int) -> bool | None:
        if not self.log.soft():
            return None if self._unread_imaging(day) else True
        return False if self.imaged is not None else None

    def _unread_imaging(self, day: int, since: int | None = None) -> list[str]:
        """Examinations up to `day` (after `since`) whose result could not be read and that no other
        examination makes up for.
        """
        return [
            f"{x.method or 'imaging'} of day {d}{f' ({x.lesion})' if x.lesion else ''}"
            for d, x in self.collected.unread_imaging
            if d <= day
            and (since is None or d > since)
            and not any(answers(exam, d, x) for exam in self.exams)
        ]


def _light_chain_contradiction(
    baseline: VisitResults, light: str | None, c: Criteria
) -> list[CourseFlag]:
    high = high_chain(baseline, c)
    if high is None or light is None or high == light:
        return []
    text = (
        f"the light chain is stated as {light}, but {high} is the raised one at baseline; dFLC"
        f" follows {light} as stated"
    )
    return [CourseFlag("light_chain_contradiction", baseline.day_of(f"{high}_flc"), text)]


def _negative(result: str | None) -> bool | None:
    return None if result is None else result == "negative"
