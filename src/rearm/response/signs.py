"""What stands beside the responses of a course: relapse from CR, organ damage, MRD, signals, and
what a reader must know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from rearm.record import Record
from rearm.response.confirm import Confirmed
from rearm.response.criteria import Criteria
from rearm.response.false_signals import false_signals
from rearm.response.lesions import LesionLog
from rearm.response.limits import at_least
from rearm.response.markers import Markers
from rearm.response.marrow_and_blood import marrow_and_blood
from rearm.response.mrd import (
    MrdState,
    mrd_conversion,
    mrd_remarks,
    mrd_states,
    pet_results,
    sustained_mrd,
)
from rearm.response.new_therapy import unknown_medication
from rearm.response.organ_damage import ClinicalEvent, clinical_events
from rearm.response.remarks import visit_remarks
from rearm.response.score import Scored, Visit
from rearm.response.sentences import reason_words
from rearm.response.signals import (
    CrRelapse,
    Signal,
    biochemical_relapse,
    biochemical_rise,
    escape,
    first_escape,
    relapse_from_cr,
)
from rearm.response.visits import CollectedResults, CourseFlag

__all__ = ["CourseBasis", "Signs", "signs_of"]


class CourseBasis(msgspec.Struct, frozen=True, kw_only=True):
    """All that a course was computed from. `own_criteria`: the disease has criteria of its own.
    `remarks`: on its visits, where they were made before the responses were changed."""

    record: Record
    criteria: Criteria
    collected: CollectedResults
    log: LesionLog
    scored: Scored
    confirmed: Confirmed
    infusion: bool
    until: int | None
    new_therapy_day: int | None
    own_criteria: bool
    remarks: list[CourseFlag] | None = None

    @property
    def visits(self) -> list[Visit]:
        return self.scored.visits

    @property
    def progression_day(self) -> int | None:
        progression = self.confirmed.progression
        return None if progression is None else progression.day

    def counted(self) -> list[Visit]:
        """Visits up to new therapy; a disease with criteria of its own gives no signal by these."""
        if self.own_criteria:
            return []
        end = self.new_therapy_day
        return [v for v in self.visits if end is None or v.day <= end]


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the responses (see `ResponseCourse`)."""

    relapse_from_cr_day: int | None
    clinical_relapse_day: int | None
    biochemical_relapse_day: int | None
    clinical_events: tuple[ClinicalEvent, ...]
    mrd: tuple[MrdState, ...]
    sustained_mrd_negative_day: int | None
    signals: tuple[Signal, ...]
    flags: tuple[CourseFlag, ...]


def signs_of(e: CourseBasis) -> Signs:
    """All signs of a course."""
    c, collected, visits = e.criteria, e.collected, e.counted()
    relapse = relapse_from_cr(visits, c, collected.serum_test, e.progression_day)
    events, cytopenias = clinical_events(e.record, collected, c, infusion=e.infusion, until=e.until)
    events = [_closed_by_remission(event, e, visits) for event in events]
    states = mrd_states(collected.mrd, e.visits, c, collected.start)
    pet = pet_results(collected.pet, e.record.imaging)
    sustained = sustained_mrd(states, pet, c)
    flags = [
        *collected.flags,
        *(visit_remarks(e.scored, e.record) if e.remarks is None else e.remarks),
        *cytopenias,
        *_reappearance(relapse),
        *_escape_flag(visits, e.scored.markers),
        *mrd_remarks(states, sustained, pet, c),
        *_not_kept(visits, e.confirmed),
        *_growth_unjudged(e.log, c),
        *false_signals(e.record, visits, e.scored.markers),
        *_about_the_course(e),
        *_unknown_medication(e),
    ]
    return Signs(
        relapse_from_cr_day=None if relapse is None else relapse.day,
        clinical_relapse_day=_clinical_relapse(events, e),
        biochemical_relapse_day=biochemical_relapse(visits, e.scored.markers, e.scored.involved),
        clinical_events=tuple(events),
        mrd=states,
        sustained_mrd_negative_day=sustained,
        signals=tuple(_signals(e, visits, relapse, events)),
        flags=tuple(dict.fromkeys(flags)),
    )


def _closed_by_remission(
    event: ClinicalEvent, e: CourseBasis, visits: Sequence[Visit]
) -> ClinicalEvent:
    """A fall of haemoglobin alone is no open sign where a stringent CR was stated on or after the
    day of the last value, and the results of that visit show no disease either.
    """
    fallen = event.what == "anaemia" and event.attributed is None and event.open
    values = e.collected.crab.get("hemoglobin", ()) if fallen else ()
    last = max((day for x in values if (day := x.when.last) is not None), default=None)
    if last is None:
        return event
    stated = [s.when.day for s in e.record.responses if s.response == "sCR"]
    for day in stated:
        if day is None or day < last or (e.until is not None and day > e.until):
            continue
        seen = [v for v in visits if last <= v.day and abs(v.day - day) <= e.criteria.visit_window]
        if seen and all(_shows_no_disease(v) for v in seen):
            return msgspec.structs.replace(event, open=False)
    return event


def _shows_no_disease(visit: Visit) -> bool:
    """CR by the results, or all but what was not measured."""
    incomplete = visit.because[:1] == ("cr-incomplete",)
    return not visit.pd and (visit.response in ("CR", "sCR") or incomplete)


def _clinical_relapse(events: Sequence[ClinicalEvent], e: CourseBasis) -> int | None:
    """First day of organ damage due to myeloma, of a new lesion, or of growth that counts (A21)."""
    days = [event.day for event in events if event.attributed]
    days += [
        p.day for v in e.visits for p in v.pd if p.criterion == "new_lesion" and not p.provisional
    ]
    return min([*days, *e.log.grown], default=None)


# ---- signals ----------------


def _signals(
    e: CourseBasis,
    visits: Sequence[Visit],
    relapse: CrRelapse | None,
    events: Sequence[ClinicalEvent],
) -> Iterator[Signal]:
    c = e.criteria
    if relapse is not None and relapse.day is not None:
        what = _what_came_back(visits, e, relapse.day)
        yield Signal(
            id="relapse_from_cr",
            day=relapse.day,
            open=relapse.open,
            text=f"{what} on day {relapse.day} after a confirmed CR",
        )
    found = (
        mrd_conversion(e.collected.mrd, c, e.collected.start),
        biochemical_rise(visits, e.scored.markers, e.scored.disease.measurable),
        escape(visits, e.scored.markers),
        _new_uptake(e),
        _unattributed(events),
    )
    yield from (signal for signal in found if signal is not None)
    if e.own_criteria:
        return
    ends = [day for day in (e.until, e.new_therapy_day) if day is not None]
    yield from marrow_and_blood(e.record, visits, e.scored.markers, until=min(ends, default=None))


def _what_came_back(visits: Sequence[Visit], e: CourseBasis, day: int) -> str:
    """By what the relapse from CR was seen."""
    progression = e.confirmed.progression
    if progression is not None and day == progression.day:
        return "progression (" + "; ".join(p.text for p in progression.met) + ")"
    # the marrow of a visit may be taken some days before or after its blood
    visit = next(v for v in visits if day in (v.day, v.results.day_of("marrow_plasma_cells")))
    seen = [
        f"{name} immunofixation positive"
        for name, ife in (("serum", visit.serum_ife), ("urine", visit.urine_ife))
        if ife == "positive"
    ]
    marrow = visit.results.number("marrow_plasma_cells")
    if marrow is not None and at_least(marrow.low, e.criteria.marrow_cr_below):
        seen.append(f"marrow plasma cells {marrow.low:g} %")
    return ": ".join(["the original clone is back", *([", ".join(seen)] if seen else [])])


def _new_uptake(e: CourseBasis) -> Signal | None:
    """Uptake on an examination of lesions, else a PET that is positive after it was negative."""
    uptake = [
        Signal(id="new_uptake", day=day, open=e.log.lesions[name].present, text=text)
        for day, name, text in e.log.uptake
    ]
    if uptake:
        return next((signal for signal in uptake if signal.open), uptake[0])
    seen = pet_results(e.collected.pet, ())
    cleared = False
    for day, word in seen:
        if word == "negative":
            cleared = True
        elif cleared and _alone(day, e):
            text = (
                f"PET positive on day {day} after it was negative; uptake alone is not progression"
            )
            return Signal(id="new_uptake", day=day, open=seen[-1][1] == "positive", text=text)
    return None


def _alone(day: int, e: CourseBasis) -> bool:
    """Is the PET within the course, and without a lesion of the same days that tells more?"""
    within = day > e.collected.start and (e.until is None or day <= e.until)
    last = e.log.last_day
    return within and (last is None or abs(last - day) > e.criteria.visit_window)


def _unattributed(events: Sequence[ClinicalEvent]) -> Signal | None:
    """Organ damage of which nobody said whether myeloma is the cause."""
    open_events = [event for event in events if event.attributed is None]
    if not open_events:
        return None
    return Signal(
        id="unattributed_crab",
        day=open_events[0].day,
        open=any(event.open for event in open_events),
        text="; ".join(event.text for event in open_events) + ": cause not recorded",
    )


# ---- flags ----------------


def _reappearance(relapse: CrRelapse | None) -> Iterator[CourseFlag]:
    if relapse is not None and relapse.once is not None:
        text = (
            f"the M-protein was seen again on day {relapse.once} after CR; a second sample decides"
            " on relapse from CR"
        )
        yield CourseFlag("reappearance_to_repeat", relapse.once, text)


def _escape_flag(visits: Sequence[Visit], markers: Markers) -> Iterator[CourseFlag]:
    first = first_escape(visits, markers)
    if first is not None and markers.criteria.A5 == "flag":
        text = "free light chains rise while the M-protein does not (A5)"
        yield CourseFlag("light_chain_escape", first.day, text)


def _not_kept(visits: Sequence[Visit], confirmed: Confirmed) -> Iterator[CourseFlag]:
    """Each run of progression that no later visit bore out: what it rested on, and why it does not
    count.
    """
    before = ""
    for v in visits:
        if v.response == "NE":
            continue
        starts = v.response == "PD" and before != "PD"
        before = v.response
        waiting = confirmed.pending is not None and v.day >= confirmed.pending.day
        if not starts or v.confirmed == "PD" or waiting or not v.pd:
            continue
        too_early = all(p.provisional for p in v.pd)
        why = (
            "too early after the infusion to tell, and not confirmed later"
            if too_early
            else "not repeated at the next assessment"
        )
        what = "; ".join(p.text for p in v.pd)
        yield CourseFlag("progression_not_kept", v.day, f"{what}: {why}; not counted")


def _growth_unjudged(log: LesionLog, c: Criteria) -> Iterator[CourseFlag]:
    for day, because in log.across_unknown.values():
        text = (
            f"{reason_words(because)}: progression if its short axis was above "
            f"{c.lesion_short_axis:g} mm when it was smallest, which is not recorded"
        )
        yield CourseFlag("lesion_growth_unjudged", day, text)


def _about_the_course(e: CourseBasis) -> Iterator[CourseFlag]:
    if not e.scored.disease.known and not e.own_criteria:
        text = "no result before the start, so rises can be counted but not falls"
        yield CourseFlag("no_baseline", None, text)
    undecided = e.scored.disease.undecided
    if undecided and not e.own_criteria:
        text = reason_words(("measurability", undecided))
        yield CourseFlag("measurability_unknown", None, text)
    progression = e.confirmed.progression
    if progression is None:
        return
    if progression.by == "new_therapy":
        text = "progression counted without repeat because new therapy came first (A3)"
        yield CourseFlag("progression_by_new_therapy", progression.day, text)
    elif progression.by == "death":
        text = "progression not repeated, confirmed by death of myeloma"
        yield CourseFlag("progression_by_death", progression.day, text)


def _unknown_medication(e: CourseBasis) -> Iterator[CourseFlag]:
    """Medication that may have ended the course."""
    for row in unknown_medication(e.record, e.collected.start, e.until):
        names = ", ".join(row.unread)
        text = (
            f"{names} ({row.start}) is not a known medication; if it treats myeloma, the course "
            "ends there"
        )
        yield CourseFlag("unknown_medication", row.start.day, text)
