"""The unconfirmed response of each visit: progression first, then the lowest level that any
measurable parameter allows.

A bound counts by its worst end for response and by its best end for progression, so what is not
known never makes a response deeper and never makes a progression. Markers are read as columns over
all visits first; the visits are then judged one by one, from the codes of which sentences are made
only where they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

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
    dflc_series,
    high_chain,
    ratio_normal,
)
from rearm.response.progression import (
    Criterion,
    MetCriterion,
    Series,
    circulating_rises,
    dflc_rises,
    marrow_rise,
    marrow_rises,
    serum_rises,
    urine_rises,
)
from rearm.response.sentences import Because, missing_words, reason_words
from rearm.response.visits import CollectedResults, CourseFlag, VisitResults

__all__ = ["MARKERS", "Scored", "Visit", "score_visits"]

MARKERS = ("serum", "urine", "dflc", "marrow", "circulating")
_URINE = "urine_m_protein_24h"
_MARROW = "marrow_plasma_cells"
_CELLS = "circulating_plasma_cells"
_CLONALITY = "marrow_clonality"
_RULES = tuple(name.lower() for name in RESPONSES)
_FAR_PAST = -(10**9)


@dataclass(slots=True, kw_only=True)
class Visit:
    """One visit. `response` before and `confirmed` after confirmation (best confirmed so far, until
    confirmed progression).

    `rule` names what decided; `because` and `gaps` are its reason and what would have been needed,
    as codes, which `reason` and `missing` say in sentences. `marrow_from`,
    `clonality_from`, `imaged`: where the last result is that stands at this visit. `nadirs`: what each of MARKERS was compared
    with (infinite where there was none). `chain`: the involved light chain, as far as known then.
    """

    day: int
    results: VisitResults
    serum: Interval | None = None  # g/dL, also where nephelometry stands for electrophoresis
    urine: Interval | None = None  # mg/24h
    chain: Chain | None = None
    serum_ife: str | None = None  # after DIRA and after bands of other clones were put aside
    urine_ife: str | None = None
    marrow_from: VisitResults | None = None
    clonality_from: VisitResults | None = None
    imaged: int | None = None
    nadirs: tuple[float, ...] = ()
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
    def dflc(self) -> Interval | None:
        """Involved minus uninvolved light chain in mg/dL."""
        return dflc(self.results.values, self.chain)

    @property
    def marrow(self) -> tuple[int, Interval] | None:
        """Day and value of the last marrow plasma cells (%)."""
        results = self.marrow_from
        value = None if results is None else results.number(_MARROW)
        return None if results is None or value is None else (results.day_of(_MARROW), value)

    @property
    def clonality(self) -> tuple[int, str] | None:
        """Day and word of the last clonality of the marrow."""
        results = self.clonality_from
        word = None if results is None else results.word(_CLONALITY)
        return None if results is None or word is None else (results.day_of(_CLONALITY), word)

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
        named = zip(MARKERS, self.nadirs, strict=False)
        return {name: nadir for name, nadir in named if nadir < math.inf}

    @property
    def carried(self) -> dict[str, int]:
        """Age in days of marrow and imaging that were taken over from earlier."""
        values = self.results.values
        ages: dict[str, int] = {}
        if self.marrow is not None and _MARROW not in values:
            ages[_MARROW] = self.day - self.marrow[0]
        if self.clonality is not None and _CLONALITY not in values:
            ages[_CLONALITY] = self.day - self.clonality[0]
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
    visits = scorer.judge()
    return Scored(
        disease=scorer.disease,
        involved=scorer.markers.chains[-1] if visits else scorer.disease.involved,
        visits=visits,
        flags=scorer.flags,
    )


# ---- columns over all visits ----------------

Result = TypeVar("Result", Interval, str)


def _column(visits: Sequence[VisitResults], test: str, kind: type[Result]) -> list[Result | None]:
    return [x if isinstance(x := v.values.get(test), kind) else None for v in visits]


def _standing(
    visits: Sequence[VisitResults], test: str, kind: type[Result], limit: int
) -> list[VisitResults | None]:
    """Marrow is not repeated at each visit: the results with the last one, which stands until it is
    replaced (or for `limit` days).
    """
    last: VisitResults | None = None
    standing: list[VisitResults | None] = []
    for results in visits:
        if isinstance(results.values.get(test), kind):
            last = results
        elif test in results.unusable:  # a newer one is there: the older is no longer the last
            last = None
        if limit and last is not None and results.day - last.day_of(test) > limit:
            last = None
        standing.append(last)
    return standing


class _Markers:
    """The markers of a course as columns, and where each rose by the size of a progression."""

    def __init__(
        self, collected: CollectedResults, disease: BaselineDisease, c: Criteria, serum_name: str
    ) -> None:
        visits, floor, test = collected.visits, collected.floor, collected.serum_test
        self.chains = _involved(visits, disease.involved, c)
        self.serum_values = _column(visits, test, Interval)
        self.urine_values = _column(visits, _URINE, Interval)
        self.serum_ife = _column(visits, "serum_immunofixation", str)
        self.urine_ife = _column(visits, "urine_immunofixation", str)
        serum = Series.of(self.serum_values, floor.number(test), c)
        urine = Series.of(self.urine_values, floor.number(_URINE), c)
        floor_chains = dflc(floor.values, disease.involved)
        chains = dflc_series(visits, self.chains, floor_chains, c)
        marrow = Series.of(_column(visits, _MARROW, Interval), floor.number(_MARROW), c)
        cells = Series.of(_column(visits, _CELLS, Interval), floor.number(_CELLS), c)
        self.nadirs = list(
            zip(
                *(x.nadirs for x in (serum, urine, chains, marrow, cells)),
                strict=True,
            )
        )
        self.serum = serum_rises(serum, c, serum_name)
        self.urine = urine_rises(urine, c)
        self.dflc = dflc_rises(chains, c)
        self.cells = circulating_rises(cells, c)
        self.marrow_taken = marrow_rises(marrow, c)
        limit = c.carry_forward
        self.standing_marrow = _standing(visits, _MARROW, Interval, limit)
        self.standing_clonality = _standing(visits, _CLONALITY, str, limit)
        self.marrow_nadirs = marrow.nadirs

    def standing_marrow_rises(self, c: Criteria) -> dict[int, Because]:
        """Where the marrow that stands at a visit has risen."""
        rises: dict[int, Because] = {}
        for place, (results, nadir) in enumerate(
            zip(self.standing_marrow, self.marrow_nadirs, strict=True)
        ):
            value = None if results is None else results.number(_MARROW)
            because = None if value is None else marrow_rise(value.low, nadir, c)
            if because is not None:
                rises[place] = because
        return rises


def _involved(
    visits: Sequence[VisitResults], known: Chain | None, c: Criteria
) -> list[Chain | None]:
    """The involved chain at each visit: that of the clone, else the first that is high."""
    if known is not None:
        return [known] * len(visits)
    chains: list[Chain | None] = []
    for results in visits:
        known = known or high_chain(results, c)
        chains.append(known)
    return chains


# ---- one visit after the other ----------------


class _Scorer:
    """State of one course while its visits are judged in the order of time."""

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
        self.by_spep = serum_test == "serum_m_protein"
        name = "serum M-protein" if self.by_spep else f"serum Ig{serum_test[2:].upper()}"
        self.serum_name = name
        self.disease = baseline_disease(
            collected.baseline,
            serum_test,
            self.light,
            c,
            plasmacytoma=log.baseline_soft,
            lesions=lesions_at_baseline,
        )
        self.levels = Levels(c, self.disease, name)
        self.markers = _Markers(collected, self.disease, c, name)
        self.flags = _light_chain_contradiction(collected.baseline, self.light, c)
        self._read_what_counts()
        # first day of the running stretch of negative serum immunofixation
        self.serum_clear_from: int | None = None
        self.imaged: int | None = None
        self.exams = [*collected.baseline_exams, *collected.floor_exams]  # all read so far
        self.lesion_pd: list[MetCriterion] = []

    def _read_what_counts(self) -> None:
        """By which markers progression is called in this disease."""
        c, disease, markers = self.c, self.disease, self.markers
        measurable, known = disease.measurable, disease.known
        everywhere = c.A4 == "all" or not known
        without_protein = known and not disease.secretory
        self.dflc_counts = without_protein or c.A5 == "pd"
        self.marrow_counts = bool(c.marrow_pd_for_all) or (
            without_protein and "flc" not in measurable
        )
        self.cells_count = known and not measurable
        # places of the visits at which a marker that counts has risen
        self.serum_rises = markers.serum if everywhere or "serum" in measurable else {}
        self.urine_rises = markers.urine if everywhere or "urine" in measurable else {}
        self.dflc_rises = markers.dflc if self.dflc_counts else {}
        self.marrow_rises = markers.standing_marrow_rises(c) if self.marrow_counts else {}
        self.risen = {
            *self.serum_rises,
            *self.urine_rises,
            *self.dflc_rises,
            *self.marrow_rises,
            *markers.cells,
        }

    def judge(self) -> list[Visit]:
        """All visits, unconfirmed."""
        markers = self.markers
        remarked = {} if self.marrow_counts else markers.marrow_taken
        escapes = {} if self.dflc_counts else markers.dflc
        columns = zip(
            self.collected.visits,
            markers.serum_values,
            markers.urine_values,
            markers.chains,
            markers.serum_ife,
            markers.urine_ife,
            markers.standing_marrow,
            markers.standing_clonality,
            markers.nadirs,
            strict=True,
        )
        visits: list[Visit] = []
        for place, (
            results,
            serum,
            urine,
            chain,
            serum_ife,
            urine_ife,
            marrow_from,
            clonality_from,
            nadirs,
        ) in enumerate(columns):
            if serum_ife == "positive":
                serum_ife = self._own_serum_ife(results)
            if serum_ife == "positive":
                self.serum_clear_from = None
            elif serum_ife == "negative" and self.serum_clear_from is None:
                self.serum_clear_from = results.day
            if results.exams:
                self._examine(results)
            visit = Visit(
                day=results.day,
                results=results,
                serum=serum,
                urine=urine,
                chain=chain,
                serum_ife=serum_ife,
                urine_ife=urine_ife,
                marrow_from=marrow_from,
                clonality_from=clonality_from,
                imaged=self.imaged,
                nadirs=nadirs,
            )
            met = self._progression(results, place) if place in self.risen else self.lesion_pd
            if met:
                visit.response = "PD"
                visit.rule = f"pd-{met[0].criterion.replace('_', '-')}"
                visit.pd = tuple(met)
                visit.because = ("progression", visit.pd)
            else:
                if place in remarked:
                    self._remark_marrow(results, remarked[place])
                self._respond(visit)
                visit.escape = place in escapes
            if serum_ife == "negative" and serum is not None and serum.low > 0:
                self._remark_without_band(visit, serum)
            if results.exams:
                visit.lesions = self.log.in_words()
            visits.append(visit)
        return visits

    def _own_serum_ife(self, results: VisitResults) -> str | None:
        ife, flag = own_serum_ife(results, self.heavy, self.light)
        if flag is not None:
            self.flags.append(flag)
        return ife

    def _examine(self, results: VisitResults) -> None:
        """Imaging is not repeated at each visit: what it showed stands until the next one."""
        for exam in results.exams:
            self.lesion_pd = self.log.examine(exam)
            self.imaged = exam.day
        self.exams += results.exams

    # ---- progression, by any one criterion ----------------
    def _progression(self, results: VisitResults, place: int) -> list[MetCriterion]:
        met: list[MetCriterion] = []
        if place in self.serum_rises:
            day = results.day_of(self.collected.serum_test)
            met.append(self._met("serum", day, self.serum_rises[place]))
        if place in self.urine_rises:
            met.append(self._met("urine", results.day_of(_URINE), self.urine_rises[place]))
        if place in self.dflc_rises:
            day = min(results.day_of("kappa_flc"), results.day_of("lambda_flc"))
            met.append(self._met("dflc", day, self.dflc_rises[place]))
        standing = self.markers.standing_marrow[place]
        if place in self.marrow_rises and standing is not None:
            day = standing.day_of(_MARROW)
            met.append(self._met("marrow", day, self.marrow_rises[place], repeat=False))
        if place in self.markers.cells:
            because = self.markers.cells[place]
            if self.cells_count:
                met.append(self._met("circulating", results.day_of(_CELLS), because))
            else:
                self._remark_cells(results.day_of(_CELLS), because)
        return met + self.lesion_pd

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

    # ---- remarks ----------------
    def _once(self, flag: str, day: int | None, text: str) -> None:
        if all(x.id != flag for x in self.flags):
            self.flags.append(CourseFlag(flag, day, text))

    def _remark_cells(self, day: int, because: Because) -> None:
        text = (
            f"{reason_words(because)}: progression only where nothing else is measurable, but look"
            " for plasma-cell leukaemia"
        )
        self._once("circulating_plasma_cells_rise", day, text)

    def _remark_marrow(self, results: VisitResults, because: Because) -> None:
        """A rise of the marrow that is no progression by itself."""
        text = (
            f"{reason_words(because)}: progression only where neither M-protein nor light chains"
            " are measurable"
        )
        self._once("marrow_rise", results.day_of(_MARROW), text)

    def _remark_without_band(self, visit: Visit, serum: Interval) -> None:
        """A quantity that immunofixation does not bear out."""
        if not self.by_spep:
            if any(p.criterion == "serum" for p in visit.pd):
                text = (
                    f"{self.serum_name} rises by day {visit.day} without a band on immunofixation:"
                    " healthy plasma cells that recover raise it too"
                )
                self._once("immunoglobulin_without_band", visit.day, text)
        elif visit.response in ("CR", "sCR") and serum.above(0):
            text = (
                f"M-protein {serum.low:g} g/dL is quantified on day {visit.day} although"
                " immunofixation is negative: one of the two may be wrong"
            )
            self._once("protein_without_band", visit.day, text)

    # ---- response ----------------
    def _respond(self, visit: Visit) -> None:
        """Set the response of a visit without progression, its rule and its reason."""
        if not self.disease.known:
            visit.rule, visit.because = "ne-no-baseline", ("no-baseline",)
            return
        allowed = self._allowed(visit)
        level, parameter, because, _ = min(allowed)
        for x in allowed:
            visit.gaps += x[3]
        if level == NE:
            visit.rule, visit.because = f"ne-{parameter}", because
            return
        uncollected = visit.urine is None
        if _may_be_complete(allowed, uncollected) and not self._still_quantified(visit):
            complete = self._complete(visit, min(level, VGPR))
            if complete is not None:
                level, visit.rule, visit.because, gaps = complete
                visit.response = RESPONSES[level]
                visit.gaps += gaps
                return
        if parameter == "urine-cap" and uncollected:
            parameter = "urine-not-collected"
        visit.response = RESPONSES[min(level, VGPR)]
        visit.rule, visit.because = f"{_RULES[min(level, VGPR)]}-{parameter}", because

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
            allowed.append(levels.marrow(results, visit.marrow))
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
        return self.by_spep and bool(serum.above(0))

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
        unknown = self._unknown_for_cr(visit, of_chains=core == "flc")
        if unknown is None:
            return None
        if unknown:
            return self._incomplete(visit, unknown, below)
        if not secretory:
            text = (
                "complete response in disease without measurable M-protein: by marrow,"
                " immunofixation and imaging only (A13)"
            )
            self._once("nonsecretory", None, text)
        marrow_day = visit.marrow_from.day_of(_MARROW) if visit.marrow_from else visit.day
        older = None if marrow_day == visit.day else marrow_day
        normal = ratio_normal(visit.results, c)
        clonality = visit.clonality_from.word(_CLONALITY) if visit.clonality_from else None
        if normal and clonality == "polyclonal":
            return SCR, "scr", ("scr", older), ()
        gaps: tuple[Because, ...] = ()
        if normal is None:
            gaps += (("for-scr", "FLC ratio"),)
        if clonality is None:
            gaps += (("for-scr", "marrow clonality"),)
        rule = "cr" if secretory else "cr-nonsecretory"
        return CR, rule, ("cr", c.marrow_cr_below, older), gaps

    def _unknown_for_cr(self, visit: Visit, *, of_chains: bool) -> list[str] | None:
        """Conditions of CR that are neither met nor failed; None where one has failed."""
        c, urine_ife = self.c, visit.urine_ife
        if visit.serum_ife == "positive" or urine_ife == "positive":
            return None
        without_urine = c.A15 == "ignore" and "urine" not in self.disease.measurable
        marrow = self._marrow_clear(visit)
        lesions = self._lesions_clear(visit.day)
        ratio = ratio_normal(visit.results, c) if of_chains else True
        if marrow is False or lesions is False or ratio is False:
            return None
        unknown: list[str] = []
        if visit.serum_ife is None:
            unknown.append("serum immunofixation")
        if urine_ife is None and not without_urine:
            unknown.append("urine immunofixation")
        if marrow is None:
            unknown.append("marrow plasma cells")
        if lesions is None:
            unknown.append("lesions")
        if ratio is None:
            unknown.append("FLC ratio")
        return unknown

    def _incomplete(
        self, visit: Visit, unknown: list[str], level: int
    ) -> tuple[int, str, Because, tuple[Because, ...]]:
        """Nothing speaks against CR, but not all of it is shown."""
        unread = self._unread_imaging(visit.day) if "lesions" in unknown else []
        gaps = [("for-cr", name) for name in unknown if name != "lesions" or not unread]
        gaps += [("lesions-unread-for-cr", what) for what in unread]
        only_urine = unknown == ["urine immunofixation"]
        label = "cr-without-urine" if only_urine else "cr-incomplete"
        rule = f"{_RULES[level]}-{label}"
        return level, rule, ("cr-incomplete", tuple(unknown)), tuple(gaps)

    def _marrow_clear(self, visit: Visit) -> bool | None:
        results = visit.marrow_from
        value = None if results is None else results.number(_MARROW)
        if results is None or value is None:
            return None
        clear_from = self.serum_clear_from
        before = clear_from is not None and results.day_of(_MARROW) < clear_from
        if before and self.c.A16 == "after_ife":
            return None
        return value.below(self.c.marrow_cr_below)

    def _lesions_clear(self, day: int) -> bool | None:
        if not self.log.lesions or not self.log.soft():
            return None if self._unread_imaging(day) else True
        return False if self.imaged is not None else None

    def _unread_imaging(self, day: int, since: int | None = None) -> list[str]:
        """Examinations up to `day` (after `since`) whose result could not be read and that no other
        examination makes up for.
        """
        if not self.collected.unread_imaging:
            return []
        return [
            f"{x.method or 'imaging'} of day {d}{f' ({x.lesion})' if x.lesion else ''}"
            for d, x in self.collected.unread_imaging
            if d <= day
            and (since is None or d > since)
            and not any(answers(exam, d, x) for exam in self.exams)
        ]


def _may_be_complete(allowed: Sequence[Level], urine_not_collected: bool) -> bool:
    """CR rests on immunofixation, marrow and lesions; the M-protein must not contradict it.

    The normal ratio and the marrow below 5 % speak for FLC-only and marrow-only disease. Urine that
    was not collected is named as what is missing.
    """
    for depth, parameter, _, _ in allowed:
        if depth >= VGPR or parameter in ("flc", "marrow", "none"):
            continue
        if parameter != "urine-cap" or not urine_not_collected:
            return False
    return True


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
