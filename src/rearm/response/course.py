"""The response course of one stretch of treatment, from raw results: `response_course` is the
public entry of this package's first half.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rearm.record import Record, Therapy
from rearm.response.confirm import Confirmed, confirm
from rearm.response.criteria import Criteria, load_criteria
from rearm.response.false_signals import false_signals
from rearm.response.lesions import LesionLog, Pd, histology
from rearm.response.limits import at_least, over
from rearm.response.measurable import Yardstick
from rearm.response.score import Visit, score_visits
from rearm.response.signals import (
    ClinicalEvent,
    MrdState,
    Signal,
    biochemical_relapse,
    biochemical_rise,
    clinical_events,
    escape,
    mrd_conversion,
    mrd_remarks,
    mrd_states,
    pet_results,
    relapse_from_cr,
    sustained_mrd,
)
from rearm.response.visits import Assessment, Flag, Gathered, Span, gather
from rearm.therapy.lines import lines

__all__ = [
    "PLANNED_PURPOSES",
    "Baseline",
    "ResponseCourse",
    "Suspicion",
    "new_therapy",
    "response_course",
]

# what belongs to the treatment itself or does not treat myeloma: none of it ends a course (section
# 8: TTNT ignores planned therapy)
PLANNED_PURPOSES = frozenset(
    (
        "consolidation",
        "maintenance",
        "lymphodepletion",
        "mobilisation",
        "toxicity_management",
        "supportive",
        "radiotherapy",
    )
)
_STEROIDS = frozenset(
    ("dexamethasone", "prednisone", "prednisolone", "methylprednisolone", "hydrocortisone")
)
_OWN_CRITERIA = {
    "al_amyloidosis": "AL amyloidosis",
    "plasma_cell_leukaemia": "plasma-cell leukaemia",
}


@dataclass(frozen=True, slots=True)
class Baseline:
    """Values that falls are counted from: span in canonical unit or word, and the day of each."""

    values: Mapping[str, Span | str]
    days: Mapping[str, int]
    lesions: str = ""  # plasmacytomas in words, where there were any


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A progression that is met but not confirmed: `unconfirmed` waits for its repeat,
    `provisional` is too early after CAR-T to tell.
    """

    day: int
    certainty: str  # unconfirmed | provisional
    criteria: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCourse:
    """The course from `start` on. Days are on the patient's axis; a day that is None did not happen
    or cannot be told from this record.

    `visits` begin after the start (the baseline stands apart). `progression_day` is the first day
    on which a criterion was met that was then confirmed; `progression_interval` is (last assessment
    without, first with progression). `not_evaluable` says why none can be given.
    """

    start: int
    until: int | None
    criteria: Criteria
    measurable: tuple[str, ...]
    involved_chain: str | None
    baseline: Baseline
    visits: tuple[Visit, ...]
    best_confirmed: str
    best_confirmed_day: int | None
    progression_day: int | None
    progression_criteria: tuple[str, ...]
    progression_reason: str | None
    progression_interval: tuple[int | None, int] | None
    suspicion: Suspicion | None
    relapse_from_cr_day: int | None
    clinical_relapse_day: int | None
    biochemical_relapse_day: int | None
    clinical_events: tuple[ClinicalEvent, ...]
    mrd: tuple[MrdState, ...]
    mrd_negative_days: tuple[int, ...]
    sustained_mrd_negative_day: int | None
    signals: tuple[Signal, ...]
    flags: tuple[Flag, ...]
    new_therapy_day: int | None
    last_assessed_day: int | None
    not_evaluable: str | None
    serum_test: str
    lesion_days: Mapping[str, int]  # lesions that are new in this course -> day

    def best_by(self, day: int) -> str:
        """Best confirmed response credited up to `day`; `NE` where none was."""
        best = "NE"
        for visit in self.visits:
            if visit.day <= day and visit.confirmed not in ("PD", "BL"):
                best = visit.confirmed
        return best


def new_therapy(record: Record, start: int, *, until: int | None = None) -> Therapy | None:
    """The first anti-myeloma therapy after `start` that is not part of the plan.

    Planned: maintenance, consolidation, lymphodepletion, mobilisation, palliative radiotherapy, a
    stem-cell boost, further parts of the
    line that is given on `start` (induction, transplant and maintenance are one, see `lines`),
    steroids alone without a stated purpose. Rows without a day are not read here.
    """
    own = _line_on(record, start)
    found = [
        t
        for t in record.therapies
        if (day := t.start.day) is not None
        and day > start
        and (until is None or day <= until)
        and not planned(t)
        and t not in own
    ]
    return min(found, key=lambda t: t.start.day or 0, default=None)


def _line_on(record: Record, start: int) -> tuple[Therapy, ...]:
    """All rows of the line that has a part begun on `start`; none for CAR-T, whose further parts
    are known by their purpose.
    """
    if not any(t.start.day == start for t in record.therapies):
        return ()
    return next(
        (
            x.rows
            for x in lines(record)
            if x.infusion is None and any(r.start.day == start for r in x.rows)
        ),
        (),
    )


def planned(therapy: Therapy) -> bool:
    """Does this row leave the course going (see `new_therapy`)?"""
    if therapy.purpose in PLANNED_PURPOSES:
        return True
    text = (therapy.regimen or "").lower()
    if therapy.purpose == "transplant" and "boost" in text:
        return True
    return therapy.purpose is None and bool(therapy.agents) and set(therapy.agents) <= _STEROIDS


def response_course(
    record: Record,
    *,
    start: int,
    until: int | None = None,
    criteria: Criteria | None = None,
    baseline_day: int | None = None,
    floor_day: int | None = None,
    baseline_from: int | None = None,
    infusion: bool | None = None,
    new_therapy_day: int | None = None,
    through_new_therapy: bool = False,
    schedule: Iterable[int] = (),
) -> ResponseCourse:
    """The confirmed IMWG course that begins on `start` (day of infusion, first dose of a line, or
    day of the baseline), up to `until`.

    `baseline_day`: last day whose values are baseline for response (default: `start`; values of the
    start day were taken before the dose); `floor_day`: last day whose values open the nadir
    (default: `baseline_day`); `baseline_from`: no older value is baseline. `infusion`: a CAR-T
    course, where early progression is provisional (default: a product was infused on `start`).
    `new_therapy_day`: default the first unplanned therapy after `start`; `through_new_therapy`
    reads on past it. `schedule`: planned days of assessment, shown as NE where not done. Missing or
    unusable results give NE or a lower level with the reason, never an exception.
    """
    c = criteria or load_criteria()
    if infusion is None:
        infusion = any(x.day == start and x.infused is not False for x in record.infusions)
    if through_new_therapy:
        new_therapy_day = None
    elif new_therapy_day is None:
        therapy = new_therapy(record, start, until=until)
        later = [
            x.day
            for x in record.infused()
            if x.day is not None and x.day > start + (c.split_infusion_days if infusion else 0)
        ]
        days = [
            d
            for d in (therapy.start.day if therapy is not None else None, min(later, default=None))
            if d is not None
        ]
        new_therapy_day = min((d for d in days if until is None or d <= until), default=None)
    base_day = start if baseline_day is None else baseline_day
    g = gather(
        record,
        c,
        start=start,
        until=until,
        baseline_day=base_day,
        floor_day=base_day if floor_day is None else floor_day,
        baseline_from=baseline_from,
        schedule=tuple(schedule),
    )
    provisional = start + c.provisional_days if infusion else None
    log = LesionLog(
        c, histology(record.facts), start + c.provisional_lesion_days if infusion else None
    )
    yard, visits = score_visits(
        g,
        c,
        log,
        heavy_chain=record.heavy_chain,
        light_chain=record.light_chain,
        provisional_until=provisional,
    )
    own = _own_criteria(record, start)
    if own:
        for v in visits:
            v.response, v.rule, v.reason, v.pd = "NE", "ne-other-criteria", own, ()
    flags = g.flags
    clinical = clinical_events(record, g, c, infusion=infusion, until=until, flags=flags)
    if c.calcium_pd and not own:
        _calcium_pd(visits, clinical, g, c)
    death = record.deaths[0] if record.deaths else None
    myeloma_death = death.when.day if death is not None and death.cause == "myeloma" else None
    if myeloma_death is not None and (
        (until is not None and myeloma_death > until)
        or (new_therapy_day is not None and myeloma_death > new_therapy_day)
    ):
        myeloma_death = None
    out = confirm(
        visits,
        c,
        new_therapy_day=new_therapy_day,
        myeloma_death_day=myeloma_death,
        provisional_until=provisional,
    )
    return _course(
        record, c, g, log, yard, visits, out, clinical, own, start, until, new_therapy_day
    )


def _own_criteria(record: Record, start: int) -> str | None:
    """Diseases with criteria of their own, where they were there before the course (a leukaemic
    relapse is a pattern of myeloma).
    """
    for condition in record.conditions:
        name = _OWN_CRITERIA.get(condition.condition)
        first = condition.when.first
        if (
            name
            and condition.status == "present"
            and (first is None or first <= start)
            and not (
                first is None and condition.when.last is not None and condition.when.last > start
            )
        ):
            return f"{name} has response criteria of its own: not evaluable by these"
    return None


def _calcium_pd(
    visits: list[Visit], clinical: Iterable[ClinicalEvent], g: Gathered, c: Criteria
) -> None:
    """2006 and 2011: hypercalcaemia above the limit is progression, where it is attributed to
    myeloma (A6).
    """
    due = next((e for e in clinical if e.what == "hypercalcaemia" and e.attributed), None)
    if due is None:
        return
    high = {
        x.when.first: x.quantity.low
        for x in g.crab.get("calcium_corrected", ())
        if x.quantity is not None and over(x.quantity.low, c.calcium_pd)
    }
    for v in visits:
        if v.day >= due.day and v.day in high:
            v.pd = (
                *v.pd,
                Pd(
                    "calcium",
                    v.day,
                    True,
                    False,
                    f"corrected calcium {high[v.day]:g} mg/dL, due to myeloma",
                ),
            )
            if v.response != "PD":
                v.response, v.rule, v.reason = "PD", "pd-calcium", v.pd[-1].text


def _course(
    record: Record,
    c: Criteria,
    g: Gathered,
    log: LesionLog,
    yard: Yardstick,
    visits: list[Visit],
    out: Confirmed,
    clinical: list[ClinicalEvent],
    own: str | None,
    start: int,
    until: int | None,
    new_therapy_day: int | None,
) -> ResponseCourse:
    flags = g.flags
    # a disease with criteria of its own gives no signal by these either
    within = [
        v for v in visits if not own and (new_therapy_day is None or v.day <= new_therapy_day)
    ]
    cr_day, once_day, cr_open = relapse_from_cr(within, c, g.serum_test, out.progression_day)
    signals: list[Signal] = []
    if cr_day is not None:
        signals.append(
            Signal(
                "relapse_from_cr",
                cr_day,
                cr_open,
                f"{_what_came_back(within, out, c, cr_day)} on day {cr_day} after a confirmed CR",
            )
        )
    elif once_day is not None:
        flags.append(
            Flag(
                "reappearance_to_repeat",
                once_day,
                f"the M-protein was seen again on day {once_day} after CR; a second sample decides"
                " on relapse from CR",
            )
        )
    conversion = mrd_conversion(g.mrd, c, start)
    rise = biochemical_rise(within, c, yard.measurable)
    signals += [s for s in (conversion, rise, escape(within)) if s is not None]
    if log.uptake:
        day, text = log.uptake[0]
        signals.append(Signal("new_uptake", day, True, text))
    pet_signal = _pet_signal(g, log, c, start, until)
    if pet_signal is not None and not log.uptake:
        signals.append(pet_signal)
    unattributed = [e for e in clinical if e.attributed is None]
    if unattributed:
        signals.append(
            Signal(
                "unattributed_crab",
                unattributed[0].day,
                any(e.open for e in unattributed),
                "; ".join(e.text for e in unattributed) + ": cause not stated",
            )
        )
    if c.A5 == "flag" and any(v.escape for v in within):
        flags.append(
            Flag(
                "light_chain_escape",
                next(v.day for v in within if v.escape),
                "free light chains rise while the M-protein does not (A5)",
            )
        )
    progression = out.progression_visit
    evaluable = [v for v in within if v.response != "NE"]
    states = mrd_states(g.mrd, visits, c, start)
    pet = pet_results(g.pet, record.imaging)
    sustained = sustained_mrd(states, pet, c)
    flags += mrd_remarks(states, sustained, pet, c)
    flags += _not_kept(within, out, c)
    flags += [
        Flag(
            "lesion_growth_unjudged",
            day,
            f"{text}: progression if its short axis was above {c.lesion_short_axis:g} mm, which is"
            " not stated",
        )
        for day, text in log.across_unknown.values()
    ]
    lesion_new = {
        key.split(":", 1)[1]: day
        for key, day in log.first_met.items()
        if key.startswith("new_lesion:")
    }
    clinical_days = [e.day for e in clinical if e.attributed]
    clinical_days += [
        p.day for v in visits for p in v.pd if p.criterion == "new_lesion" and not p.provisional
    ]
    clinical_days += log.grown
    flags += false_signals(record, within, c, serum_test=g.serum_test)
    if not yard.known and not own:
        flags.append(
            Flag(
                "no_baseline",
                None,
                "no result before the start: falls cannot be counted, only rises",
            )
        )
    if out.by_new_therapy:
        flags.append(
            Flag(
                "progression_by_new_therapy",
                out.progression_day,
                "progression counted without repeat because new therapy came first (A3)",
            )
        )
    if out.by_death:
        flags.append(
            Flag(
                "progression_by_death",
                out.progression_day,
                "progression not repeated, confirmed by death of myeloma",
            )
        )
    return ResponseCourse(
        start=start,
        until=until,
        criteria=c,
        measurable=yard.measurable,
        involved_chain=yard.involved,
        baseline=Baseline(g.baseline.got, _days(g.baseline), yard.lesions),
        visits=tuple(visits),
        best_confirmed=out.best,
        best_confirmed_day=out.best_day,
        progression_day=out.progression_day,
        progression_criteria=tuple(dict.fromkeys(p.criterion for p in out.progression)),
        progression_reason="; ".join(p.text for p in out.progression) or None,
        progression_interval=_interval(visits, out, progression),
        suspicion=_suspicion(out),
        relapse_from_cr_day=cr_day,
        clinical_relapse_day=min(clinical_days, default=None),
        biochemical_relapse_day=biochemical_relapse(within, c, yard.involved),
        clinical_events=tuple(clinical),
        mrd=states,
        mrd_negative_days=tuple(s.day for s in states if s.state == "negative"),
        sustained_mrd_negative_day=sustained,
        signals=tuple(signals),
        flags=tuple(dict.fromkeys(flags)),
        new_therapy_day=new_therapy_day,
        last_assessed_day=evaluable[-1].day if evaluable else None,
        not_evaluable=own,
        serum_test=g.serum_test,
        lesion_days=lesion_new,
    )


def _what_came_back(visits: list[Visit], out: Confirmed, c: Criteria, day: int) -> str:
    """By what the relapse from CR was seen."""
    visit = next((v for v in visits if v.day >= day), None)
    if day == out.progression_day:
        return "progression (" + "; ".join(p.text for p in out.progression) + ")"
    if visit is None:
        return "the original clone is back"
    seen = [
        f"{name} immunofixation positive"
        for name, ife in (("serum", visit.serum_ife), ("urine", visit.urine_ife))
        if ife == "positive"
    ]
    marrow = visit.values.get("marrow_plasma_cells")
    if isinstance(marrow, tuple) and at_least(marrow[0], c.marrow_cr_below):
        seen.append(f"marrow plasma cells {marrow[0]:g} %")
    return (
        "the original clone is back: " + ", ".join(seen) if seen else "the original clone is back"
    )


def _not_kept(visits: list[Visit], out: Confirmed, c: Criteria) -> list[Flag]:
    """Each run of progression that no later assessment bore out: what it rested on, and why it does
    not count.
    """
    flags: list[Flag] = []
    before: Visit | None = None
    for v in (x for x in visits if x.response != "NE"):
        starts = v.response == "PD" and (before is None or before.response != "PD")
        before = v
        waiting = out.pending is not None and v.day >= out.pending.day
        if not starts or v.confirmed == "PD" or waiting or not v.pd:
            continue
        what = "; ".join(p.text for p in v.pd)
        if all(p.provisional for p in v.pd):
            text = (
                f"{what}: too early after the infusion to tell, and not borne out later; not"
                " counted"
            )
        else:
            text = f"{what}: not repeated at the next assessment; not counted"
        flags.append(Flag("progression_not_kept", v.day, text))
    return flags


def _days(a: Assessment) -> dict[str, int]:
    return {test: day for test, lab in a.labs.items() if (day := lab.when.first) is not None}


def _interval(
    visits: list[Visit], out: Confirmed, progression: Visit | None
) -> tuple[int | None, int] | None:
    if progression is None or out.progression_day is None:
        return None
    before = [
        v.day for v in visits if v.day < out.progression_day and v.response not in ("NE", "PD")
    ]
    return (max(before, default=None), out.progression_day)


def _suspicion(out: Confirmed) -> Suspicion | None:
    visit = out.pending
    if visit is None or not visit.pd:
        return None
    certainty = "provisional" if out.pending_provisional else "unconfirmed"
    day = min(p.day for p in visit.pd)
    return Suspicion(
        day,
        certainty,
        tuple(dict.fromkeys(p.criterion for p in visit.pd)),
        "; ".join(p.text for p in visit.pd),
    )


def _pet_signal(
    g: Gathered, log: LesionLog, c: Criteria, start: int, until: int | None
) -> Signal | None:
    """A PET stated positive after it was negative, without a lesion that tells more."""
    seen = pet_results(g.pet, ())
    cleared = False
    for day, word in seen:
        if word == "negative":
            cleared = True
        elif (
            cleared
            and day > start
            and (until is None or day <= until)
            and (log.last_day is None or abs(log.last_day - day) > c.visit_window)
        ):
            still = seen[-1][1] == "positive"
            return Signal(
                "new_uptake",
                day,
                still,
                f"PET positive on day {day} after it was negative; uptake alone is not progression",
            )
    return None
