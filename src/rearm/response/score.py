"""The unconfirmed response of each visit: progression first, then the lowest level that any
measurable parameter allows.

A bound counts by its worst end for response and by its best end for progression, so what is not
known never makes a response deeper and never makes a progression. Markers are read as columns over
all visits first; the visits are then judged one by one, from the codes of which sentences are made
only where they are asked for.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from rearm.interval import Interval
from rearm.record import Record, When
from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.interference import own_serum_ifes
from rearm.response.lesions import LesionLog, answers
from rearm.response.levels import CR, NE, SCR, VGPR, Level, Levels
from rearm.response.markers import CELLS, CLONALITY, MARROW_CELLS, URINE, Markers
from rearm.response.measurable import (
    CHAIN_TESTS,
    BaselineDisease,
    Chain,
    baseline_disease,
    dflc,
    ratio_normal,
)
from rearm.response.progression import (
    Criterion,
    MetCriterion,
)
from rearm.response.sentences import Because, CrCondition, missing_words, reason_words
from rearm.response.visits import CollectedResults, VisitResults

__all__ = ["Scored", "Visit", "score_visits", "still_quantified"]

_RULES = tuple(name.lower() for name in RESPONSES)
_PD_RULES: dict[Criterion, str] = {
    "serum": "pd-serum",
    "urine": "pd-urine",
    "dflc": "pd-dflc",
    "marrow": "pd-marrow",
    "circulating": "pd-circulating",
    "new_lesion": "pd-new-lesion",
    "lesion_growth": "pd-lesion-growth",
    "calcium": "pd-calcium",
}
_FAR_PAST = -(10**9)


class Visit(msgspec.Struct, kw_only=True, eq=False, gc=False):  # dozens a course
    """One visit. `response` before and `confirmed` after confirmation (best confirmed so far, until
    confirmed progression).

    `rule` names what decided; `because` and `gaps` are its reason and what would have been needed,
    as codes, which `reason` and `missing` say in sentences. `levels`: what each parameter allows,
    where there is no progression. `marrow_from`: the results with the marrow that stands at this
    visit; `imaged`: day of the last imaging. `place`: among the visits, and so in the columns of
    `markers`. What was not measured is None, empty, or missing from `results`.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> visit = course.visits[-1]
    >>> visit.day, visit.response, visit.confirmed, visit.rule
    (416, 'PD', 'PD', 'pd-serum')
    """

    day: int  # of the last of its results
    results: VisitResults  # what was measured
    serum: Interval | None = None  # g/dL, also where nephelometry stands for electrophoresis
    urine: Interval | None = None  # mg/24h
    serum_ife: str | None = None  # after DIRA and after bands of other clones were put aside
    urine_ife: str | None = None  # as `serum_ife`
    marrow_from: VisitResults | None = None
    imaged: int | None = None
    response: str = "NE"  # as of this visit alone
    rule: str = ""
    because: Because = ()
    gaps: tuple[Because, ...] = ()
    levels: Sequence[Level] = ()
    pd: tuple[MetCriterion, ...] = ()  # the criteria of progression that are met
    without_urine: str = ""  # deeper level that the rest gives, where urine was not collected
    confirmed: str = "NE"
    lesions: str = ""  # plasmacytomas seen at this visit, in words
    place: int = 0
    markers: Markers | None = None  # the columns of the course

    def __eq__(self, other: object) -> bool:
        """Equal in all fields, the columns of the whole course left out."""
        if not isinstance(other, Visit):
            return NotImplemented
        names = (name for name in self.__struct_fields__ if name != "markers")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __ne__(self, other: object) -> bool:
        """The one of the base does not ask `__eq__`."""
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    @property
    def when(self) -> When:
        """The days that the visit may have been on; `day` is one of them."""
        return self.results.when

    @property
    def values(self) -> Mapping[str, Interval | str]:
        """The results read: numbers in canonical units, or words."""
        return self.results.values

    @property
    def dflc(self) -> Interval | None:
        """Involved minus uninvolved light chain in mg/dL."""
        chain = None if self.markers is None else self.markers.chains[self.place]
        return dflc(self.results.values, chain)

    @property
    def marrow(self) -> tuple[int, Interval] | None:
        """Day and value of the last marrow plasma cells (%)."""
        results = self.marrow_from
        value = None if results is None else results.number(MARROW_CELLS)
        return None if results is None or value is None else (results.day_of(MARROW_CELLS), value)

    @property
    def clonality(self) -> tuple[int, str] | None:
        """Day and word of the last clonality of the marrow."""
        results = None if self.markers is None else self.markers.clonality_from[self.place]
        word = None if results is None else results.word(CLONALITY)
        return None if results is None or word is None else (results.day_of(CLONALITY), word)

    @property
    def reason(self) -> str:
        """Why this response, in a sentence."""
        return reason_words(self.because)

    @property
    def missing(self) -> tuple[str, ...]:
        """What would have been needed, in words; results that could not be used come first."""
        if not self.gaps and not self.results.unusable:
            return ()
        return (*self.unusable, *[missing_words(gap) for gap in self.gaps])

    @property
    def unusable(self) -> tuple[str, ...]:
        """Results that are there and could not be used, in words."""
        if not self.results.unusable:
            return ()
        return tuple(
            missing_words(("unusable", test, self.day, why))
            for test, why in self.results.unusable.items()
        )

    @property
    def nadir(self) -> dict[str, Interval]:
        """What each marker was compared with: the lowest value before this visit."""
        return {} if self.markers is None else self.markers.nadirs(self.place)

    @property
    def escape(self) -> bool:
        """Did the light chains rise as in a progression, where they do not count?"""
        if self.markers is None or self.place not in self.markers.escapes():
            return False
        return self.because[:1] != ("progression",)

    @property
    def carried(self) -> dict[str, int]:
        """Age in days of marrow and imaging that were taken over from earlier."""
        values = self.results.values
        ages: dict[str, int] = {}
        if self.marrow is not None and MARROW_CELLS not in values:
            ages[MARROW_CELLS] = self.day - self.marrow[0]
        if self.clonality is not None and CLONALITY not in values:
            ages[CLONALITY] = self.day - self.clonality[0]
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
            or results.number(MARROW_CELLS) is not None
            or results.number(CELLS) is not None
            or bool(results.exams)
        )


# ---- one visit after the other ----------------


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """The unconfirmed visits, oldest first, and the markers that they were judged by."""

    disease: BaselineDisease
    markers: Markers
    visits: list[Visit]

    @property
    def involved(self) -> Chain | None:
        """The light chain of the clone, where the baseline or a later visit shows it."""
        chains = self.markers.chains
        return chains[-1] if chains else self.disease.involved


def score_visits(
    collected: CollectedResults,
    criteria: Criteria,
    log: LesionLog,
    record: Record,
    *,
    provisional_until: int | None,
) -> Scored:
    """The response at every visit before confirmation. `log` is told all examinations."""
    for exam in collected.baseline_exams:
        log.tell(exam)
    log.set_baseline()
    disease = baseline_disease(
        collected.baseline,
        collected.serum_test,
        record.light_chain,
        criteria,
        plasmacytoma=log.baseline_soft,
        lesions=log.in_words(),
    )
    for exam in collected.floor_exams:
        log.tell(exam)
    log.set_floor()
    logs = [copy.deepcopy(log) for _ in disease.possible[1:]]
    markers = Markers(collected, disease, criteria)
    visits = _Scorer(markers, log, record, provisional_until).judge()
    for measurable, own_log in zip(disease.possible[1:], logs, strict=True):
        other = Markers(collected, replace(disease, measurable=measurable), criteria)
        judged = _Scorer(other, own_log, record, provisional_until).judge()
        _leave_open(visits, judged, disease)
    return Scored(disease=disease, markers=markers, visits=visits)


def _leave_open(
    visits: Sequence[Visit], otherwise: Sequence[Visit], disease: BaselineDisease
) -> None:
    """What hangs on whether a marker is measurable is not known: neither a response nor
    progression.
    """
    for visit, other in zip(visits, otherwise, strict=True):
        if visit.response != other.response:
            visit.response, visit.rule, visit.pd = "NE", "ne-measurability", ()
            visit.because, visit.gaps = ("measurability", disease.undecided), ()
        elif visit.pd:
            _keep_common(visit, other)
        if visit.response == "NE" or visit.without_urine != other.without_urine:
            visit.without_urine = ""


def _keep_common(visit: Visit, other: Visit) -> None:
    """Of two progressions the criteria that both meet, where there are any."""
    met = {(x.criterion, x.day) for x in other.pd}
    common = tuple(x for x in visit.pd if (x.criterion, x.day) in met)
    if common and common != visit.pd:
        visit.pd, visit.rule = common, _PD_RULES[common[0].criterion]
        visit.because = ("progression", common)


class _Scorer:
    """State of one course while its visits are judged in the order of time."""

    def __init__(
        self, markers: Markers, log: LesionLog, record: Record, provisional_until: int | None
    ) -> None:
        self.markers, self.log = markers, log
        self.collected, self.disease = markers.collected, markers.disease
        self.c = markers.criteria
        self.serum_ife = own_serum_ifes(
            self.collected.visits, markers.serum_ife, record.heavy_chain, record.light_chain
        )
        self.early_until = _FAR_PAST if provisional_until is None else provisional_until
        self.levels = Levels(self.c, self.disease, markers.serum_name)
        measurable = self.disease.measurable
        self.by_serum, self.by_urine = "serum" in measurable, "urine" in measurable
        self.by_flc, self.by_marrow = "flc" in measurable, "marrow" in measurable
        self.by_lesions = "plasmacytoma" in measurable
        self.by_nothing = not measurable or measurable == ("plasmacytoma",)
        self.urine_caps = bool(measurable) and not self.by_urine
        # criteria of progression by laboratory values, by place of the visit
        self.risen: dict[int, list[MetCriterion]] = {}
        self._read_rises()
        self.imaged: int | None = None
        collected = self.collected
        self.exams = [*collected.baseline_exams, *collected.floor_exams]  # all read so far
        self.lesion_pd: list[MetCriterion] = []

    def judge(self) -> list[Visit]:
        """All visits, unconfirmed."""
        markers = self.markers
        columns = zip(
            self.collected.visits,
            markers.serum,
            markers.urine,
            self.serum_ife,
            markers.urine_ife,
            markers.marrow_from,
            strict=True,
        )
        visits: list[Visit] = []
        risen, nothing = self.risen, list[MetCriterion]()
        for place, (results, serum, urine, ife, urine_ife, marrow) in enumerate(columns):
            if results.exams:
                self._examine(results)
            visit = Visit(
                day=results.day,
                results=results,
                serum=serum,
                urine=urine,
                serum_ife=ife,
                urine_ife=urine_ife,
                marrow_from=marrow,
                imaged=self.imaged,
                place=place,
                markers=markers,
            )
            met = risen.get(place, nothing)
            if self.lesion_pd:
                met = [*met, *self.lesion_pd]
            if met:
                visit.response = "PD"
                visit.rule = _PD_RULES[met[0].criterion]
                visit.pd = tuple(met)
                visit.because = ("progression", visit.pd)
            else:
                self._respond(visit)
            if results.exams:
                visit.lesions = self.log.in_words()
            visits.append(visit)
        return visits

    def _examine(self, results: VisitResults) -> None:
        """Imaging is not repeated at each visit: what it showed stands until the next one."""
        for exam in results.exams:
            self.lesion_pd = self.log.examine(exam)
            self.imaged = exam.day
        self.exams += results.exams

    # ---- progression, by any one criterion ----------------
    def _read_rises(self) -> None:
        """Where a marker that counts has risen."""
        markers, visits = self.markers, self.collected.visits
        if markers.serum_counts:
            self._risen("serum", markers.serum_rises(), visits, (self.collected.serum_test,))
        if markers.urine_counts:
            self._risen("urine", markers.urine_rises(), visits, (URINE,))
        if markers.dflc_counts:
            self._risen("dflc", markers.dflc_rises(), visits, CHAIN_TESTS["kappa"])
        if markers.marrow_counts:
            standing = {n: x for n, x in enumerate(markers.marrow_from) if x is not None}
            rises = markers.standing_marrow_rises()
            self._risen("marrow", rises, standing, (MARROW_CELLS,), repeat=False)
        if markers.cells_count:
            self._risen("circulating", markers.circulating_rises(), visits, (CELLS,))

    def _risen(
        self,
        criterion: Criterion,
        rises: Mapping[int, Because],
        taken: Sequence[VisitResults] | Mapping[int, VisitResults],
        tests: Sequence[str],
        *,
        repeat: bool = True,
    ) -> None:
        """A criterion met at these places, by the results `taken` there."""
        for place, because in rises.items():
            day = min(map(taken[place].day_of, tests))
            met = MetCriterion(
                criterion=criterion,
                day=day,
                repeat=repeat,
                provisional=day < self.early_until,
                because=because,
            )
            self.risen.setdefault(place, []).append(met)

    # ---- response ----------------
    def _respond(self, visit: Visit) -> None:
        """Set the response of a visit without progression, its rule and its reason."""
        if not self.disease.known:
            visit.rule, visit.because = "ne-no-baseline", ("no-baseline",)
            return
        visit.levels = allowed = self._allowed(visit)
        lowest = allowed[0] if len(allowed) == 1 else min(allowed)
        level, parameter, because, visit.gaps = lowest
        if len(allowed) > 1:
            visit.gaps = tuple([gap for x in allowed for gap in x[3]])
        if level == NE:
            visit.rule, visit.because = f"ne-{parameter}", because
            return
        uncollected = visit.urine is None
        if uncollected:
            visit.without_urine = _without_urine(allowed, level)
        by_immunofixation = visit.serum_ife != "positive" and visit.urine_ife != "positive"
        if (
            by_immunofixation
            and _may_be_complete(allowed, uncollected)
            and not still_quantified(visit, by_spep=self.markers.by_spep)
        ):
            complete = self._complete(visit, min(level, VGPR))
            if complete is not None:
                visit.gaps += complete[3]
                # where nothing is measurable no level but CR is called, so none is named for it
                if parameter != "none" or complete[0] > VGPR:
                    level, visit.rule, visit.because, _ = complete
                    visit.response = RESPONSES[level]
                    return
        if parameter == "urine-cap" and uncollected:
            parameter = "urine-not-collected"
        level = level if level < VGPR else VGPR  # deeper only by the conditions of CR
        visit.response = RESPONSES[level]
        visit.rule, visit.because = f"{_RULES[level]}-{parameter}", because

    def _allowed(self, visit: Visit) -> list[Level]:
        """What every parameter allows."""
        levels, results = self.levels, visit.results
        allowed: list[Level] = []
        if self.by_serum:
            allowed.append(levels.serum(results, visit.serum, visit.serum_ife))
        if self.by_urine:
            allowed.append(levels.urine(results, visit.urine, visit.urine_ife))
        if self.by_flc:
            allowed.append(levels.flc(results, visit.dflc))
        if self.by_marrow:
            allowed.append(levels.marrow(results, visit.marrow))
        if self.by_lesions:
            since = self.collected.start if self.imaged is None else self.imaged
            unread = ", ".join(self._unread_imaging(visit.day, since))
            imaged = self.imaged is not None
            allowed.append(levels.lesions(self.log, imaged=imaged, unread=unread))
        if self.by_nothing:
            allowed.append(levels.nothing(results))
        if self.urine_caps and visit.urine_ife != "negative":
            cap = levels.urine_cap(results, visit.urine)
            if cap is not None:
                allowed.append(cap)
        return allowed

    def _complete(
        self, visit: Visit, below: int
    ) -> tuple[int, str, Because, tuple[Because, ...]] | None:
        """CR or sCR where every condition is shown; where one is only missing, the level `below`,
        labelled so.
        """
        c, disease = self.c, self.disease
        secretory = self.markers.secretory
        if not secretory and c.A13 == "not_assessable":
            return None
        unknown = self._unknown_for_cr(visit, of_chains=disease.measurable[:1] == ("flc",))
        if unknown is None:
            return None
        if unknown:
            return self._incomplete(visit, unknown, below)
        marrow_day = visit.marrow_from.day_of(MARROW_CELLS) if visit.marrow_from else visit.day
        older = None if marrow_day == visit.day else marrow_day
        normal = ratio_normal(visit.results, c)
        clonality_from = self.markers.clonality_from[visit.place]
        clonality = clonality_from.word(CLONALITY) if clonality_from is not None else None
        if normal and clonality == "polyclonal":
            return SCR, "scr", ("scr", older), ()
        gaps: tuple[Because, ...] = ()
        if normal is None:
            gaps += (("for-scr", "flc_ratio"),)
        if clonality is None:
            gaps += (("for-scr", "clonality"),)
        rule = "cr" if secretory else "cr-nonsecretory"
        return CR, rule, ("cr", c.marrow_cr_below, older), gaps

    def _unknown_for_cr(self, visit: Visit, *, of_chains: bool) -> list[CrCondition] | None:
        """Conditions of CR that are neither met nor failed; None where one has failed. That
        immunofixation is not positive is known.
        """
        c, urine_ife = self.c, visit.urine_ife
        without_urine = c.A15 == "ignore" and not self.by_urine
        marrow = self._marrow_clear(visit)
        lesions = self._lesions_clear(visit.day)
        ratio = ratio_normal(visit.results, c) if of_chains else True
        if marrow is False or lesions is False or ratio is False:
            return None
        unknown: list[CrCondition] = []
        if visit.serum_ife is None:
            unknown.append("serum_ife")
        if urine_ife is None and not without_urine:
            unknown.append("urine_ife")
        if marrow is None:
            unknown.append("marrow")
        if lesions is None:
            unknown.append("lesions")
        if ratio is None:
            unknown.append("flc_ratio")
        return unknown

    def _incomplete(
        self, visit: Visit, unknown: list[CrCondition], level: int
    ) -> tuple[int, str, Because, tuple[Because, ...]]:
        """Nothing speaks against CR, but not all of it is shown."""
        unread = self._unread_imaging(visit.day) if "lesions" in unknown else []
        gaps: list[Because] = [
            ("for-cr", name) for name in unknown if name != "lesions" or not unread
        ]
        gaps += [("lesions-unread-for-cr", what) for what in unread]
        only_urine = unknown == ["urine_ife"]
        label = "cr-without-urine" if only_urine else "cr-incomplete"
        rule = f"{_RULES[level]}-{label}"
        return level, rule, ("cr-incomplete", tuple(unknown)), tuple(gaps)

    def _marrow_clear(self, visit: Visit) -> bool | None:
        results = visit.marrow_from
        value = None if results is None else results.number(MARROW_CELLS)
        if results is None or value is None:
            return None
        if self.c.A16 == "after_ife":
            clear_from = self._serum_clear_from(visit.place)
            if clear_from is not None and results.day_of(MARROW_CELLS) < clear_from:
                return None
        return value.below(self.c.marrow_cr_below)

    def _serum_clear_from(self, place: int) -> int | None:
        """First day of the stretch of negative serum immunofixation that runs at a visit."""
        first: int | None = None
        for results, ife in zip(
            self.collected.visits[place::-1], self.serum_ife[place::-1], strict=True
        ):
            if ife == "positive":
                break
            if ife == "negative":
                first = results.day
        return first

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


def still_quantified(visit: Visit, *, by_spep: bool) -> bool:
    """A protein that is still quantified speaks for itself where its immunofixation was not done
    (immunoglobulin by nephelometry is never zero).
    """
    serum, urine = visit.serum, visit.urine
    if urine is not None and visit.urine_ife is None and urine.above(0):
        return True
    if serum is None or visit.serum_ife is not None:
        return False
    return by_spep and bool(serum.above(0))


def _without_urine(allowed: Sequence[Level], level: int) -> str:
    """The response by all but the urine, at most VGPR, where that is deeper."""
    others = [x[0] for x in allowed if x[1] != "urine-cap"]
    rest = min([*others, VGPR])
    return RESPONSES[rest] if others and rest > level else ""


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
