"""What one record says to the model about the time after one infusion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Agent
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import Dose
from rearm.mechanism.recorded import (
    RecordedFact,
    antigen_facts,
    dated_within,
    days_on_record,
    imaging_facts,
    lesion_of,
    myeloma_imaging,
    stated_facts,
)
from rearm.mechanism.therapies import FOREVER, Drug
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Infusion, Lab, Record, Therapy
from rearm.response.criteria import RESPONSES

__all__ = ["CHANNELS", "CourseEvidence", "Measurement", "collect", "drug"]

CHANNELS = ("m_protein", "flc", "sbcma", "car")
UNITS = {"m_protein": "g/dL", "flc": "mg/L", "sbcma": "ng/mL", "car": "copies/ug DNA"}
BASELINE_DAYS = 45  # a value before the infusion stands for its day when it is not older than this
LESION_AROUND_DAYS = 30  # so long before and after the progression imaging speaks for it
MOST_DAYS = 3650.0  # nothing later is read: the model is held against five years of follow-up
SAME = 1.5  # values of one day that differ by more than this factor contradict each other
ABSURD = {"m_protein": 15.0, "flc": 100_000.0, "sbcma": 20_000.0, "car": 1e7}
# classes that the model holds no effect for
_SILENT = ("supportive", "steroid", "interferon", "anti-IL-6")
# purposes of what is not given against myeloma, and of what belongs to the infusion itself
_AROUND = ("supportive", "toxicity_management")
_BEFORE = ("lymphodepletion", "mobilisation")
_CLASS_DRUG = {
    "IMiD": "imid",
    "CELMoD": "celmod",
    "proteasome inhibitor": "pi",
    "anti-CD38": "anti_cd38",
    "alkylator": "alkylator",
}
_BISPECIFICS = {
    "BCMA": "bispecific_bcma",
    "GPRC5D": "bispecific_gprc5d",
    "FcRH5": "bispecific_fcrh5",
}
_LEVELS = {"PD": 0, "SD": 1, "MR": 2, "PR": 3, "VGPR": 4, "nCR": 4, "CR": 5, "sCR": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value after (or shortly before) the infusion, from which `day` counts.

    `kind` 0 value, -1 below `value`, 1 above it.
    """

    channel: str
    day: float
    value: float
    kind: int = 0
    given_day: int | None = None  # day of the sample where it was taken before the infusion


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseEvidence:
    """All that the likelihood reads. Days count from the infusion that is asked for."""

    patient_id: str
    infusion_day: int
    product: str
    named_product: str | None
    isotype: str | None
    first: Dose
    later: tuple[Dose, ...] = ()
    drugs: tuple[Drug, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    # (day, level) stated by the team, where no marker says it
    responses: tuple[tuple[float, int], ...] = ()
    progression: float | None = None
    # the progression is computed from markers that are read themselves: it is told, not counted
    # twice
    by_markers: bool = False
    followed_to: float = 0.0  # without progression up to here
    lesion: bool | None = None  # extramedullary lesion seen (True), looked for and not seen (False)
    bare: str = ""  # why these data can say nothing, so that the answer is the prior alone
    notes: tuple[str, ...] = ()
    unread: tuple[RecordedFact, ...] = ()  # what speaks of the mechanism and is not read
    last_day: float = 0.0  # no measurement is named before it
    measured: frozenset[tuple[str, int]] = frozenset()  # (test, day) of what is on record

    def count(self, channel: str) -> int:
        return sum(m.channel == channel for m in self.measurements)


def collect(m: Mechanisms, record: Record, infusion: int | None = None) -> CourseEvidence:
    """The evidence for infusion number `infusion` (from 1; None: the first with a known day).

    Raises `MechanismError` where nothing was infused, no day is known, or what is known contradicts
    itself (death before the infusion).
    """
    main, *rest = _dated_infusions(record, infusion)
    zero = main.day
    died = _death(record, zero)
    chart = _Chart(m=m, record=record, zero=zero, failures=failures(record), notes=[])
    notes = chart.notes
    later = tuple(_dose(chart, x) for x in rest)
    if any(x.day > 30 for x in later):
        notes.append("a later infusion is part of the course; failure is counted from the first")
    drugs, open_from = _drugs(chart)
    until = _last_day(chart, open_from, died)
    before = len(notes)
    measurements = _measurements(chart, until)
    spoiled = len(notes) > before  # a follow-up that rests on values which were set aside is none
    progression, by_markers, followed = _progression(chart, until, measurements)
    if by_markers:
        notes.append(
            f"progression on day {progression:g} is computed from the markers, which are read"
            " themselves"
        )
    responses = _responses(
        record, zero, until if progression is None else progression - 1.0, measurements
    )
    _note_both(chart, progression)
    product = m.product(main.infusion.product)
    if product == "other":
        notes.append(
            f"the product ({main.infusion.product or 'not named'}) is not calibrated on its own:"
            " shares between ide-cel and cilta-cel"
        )
    heavy = [c for c in record.heavy_chain if c != "none"]
    first = _dose(chart, main)
    imaged_to = until if progression is None else max(until, progression + LESION_AROUND_DAYS)
    lesion = _lesion(chart, imaged_to, progression)
    unread = (
        *antigen_facts(record, target=first.target, zero=zero, progression=progression),
        *stated_facts(record, target=first.target, zero=zero, progression=progression),
        *imaging_facts(record, zero=zero, since=-BASELINE_DAYS, until=imaged_to, read=lesion),
    )
    return CourseEvidence(
        patient_id=record.patient_id,
        infusion_day=zero,
        product=product,
        named_product=main.infusion.product,
        isotype=heavy[0] if len(heavy) == 1 else None,
        first=first,
        later=later,
        drugs=drugs,
        measurements=measurements,
        responses=responses,
        progression=progression,
        by_markers=by_markers,
        followed_to=max(followed, 0.0),
        lesion=lesion,
        bare=(
            ""
            if progression is not None
            else _bare(measurements, responses, followed > 0 and not spoiled)
        ),
        notes=tuple(dict.fromkeys(notes)),
        unread=unread,
        last_day=until,
        measured=frozenset(
            (channel, day)
            for channel, test in _tests(record).items()
            for day in days_on_record(record, test, zero)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _DatedInfusion:
    day: int
    infusion: Infusion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    """What all readers of one record share; `notes` collects what the answer must say."""

    m: Mechanisms
    record: Record
    zero: int  # day of the infusion that is asked for
    failures: tuple[Failure, ...]
    notes: list[str]


def _dated_infusions(record: Record, number: int | None) -> list[_DatedInfusion]:
    """The infusions with a known day, the one that is asked for first."""
    infused = record.infused()
    if not infused:
        raise MechanismError(
            f"{record.patient_id}: no CAR-T infusion is recorded, so there is no course to explain."
        )
    given = [_DatedInfusion(day=x.day, infusion=x) for x in infused if x.day is not None]
    if not given:
        raise MechanismError(
            f"{record.patient_id}: the day of the infusion is not known, so no measurement can be"
            " placed after it."
        )
    number = 1 if number is None else number
    if not 1 <= number <= len(given):
        raise MechanismError(
            f"{record.patient_id}: there is no infusion number {number}; the record has"
            f" {len(given)} with a known day."
        )
    if number > 1:
        raise MechanismError(
            f"{record.patient_id}: the model starts at the first infusion and takes later ones as"
            " part of its course; ask for infusion 1."
        )
    return given


def _death(record: Record, zero: int) -> int | None:
    """The earliest day of death; before the infusion it raises `MechanismError`."""
    died = min((d.when.day for d in record.deaths if d.when.day is not None), default=None)
    if died is not None and died < zero:
        raise MechanismError(
            f"{record.patient_id}: death on day {died} is before the infusion on day {zero};"
            " one of the two days is wrong."
        )
    return died


def _bare(
    measurements: Sequence[Measurement],
    responses: Sequence[tuple[float, int]],
    followed_without_progression: bool,
) -> str:
    """Why data without a progression can say nothing; empty where they can."""
    seen = sum(x.day > 0 for x in measurements) + len(responses)
    if seen == 0 and not followed_without_progression:
        return "Nothing that can be used was measured after the infusion"
    return "A single measurement after the infusion cannot part mechanisms" if seen == 1 else ""


def _note_both(chart: _Chart, progression: float | None) -> None:
    """Say where a response and the progression are given on the same day."""
    if progression is None:
        return
    both = {r.response for r in chart.record.responses if r.when.day == chart.zero + progression}
    both -= {"PD", "NE"}
    if both:
        chart.notes.append(
            f"{', '.join(sorted(both))} and progression are both given on day {progression:g}: the"
            " progression is read"
        )


def _dose(chart: _Chart, given: _DatedInfusion) -> Dose:
    infusion = given.infusion
    cells = chart.m.doses[chart.m.product(infusion.product)]
    if infusion.dose_cells is not None:
        if not 1e6 <= infusion.dose_cells <= 5e9:
            chart.notes.append(
                f"dose of {infusion.dose_cells:g} cells is out of range; the product's usual dose"
                " is used"
            )
        else:
            cells = infusion.dose_cells / 1e9
    gprc5d_alone = "GPRC5D" in infusion.targets and "BCMA" not in infusion.targets
    target = "GPRC5D" if gprc5d_alone else "BCMA"
    return Dose(day=float(given.day - chart.zero), cells=cells, target=target)


def _last_day(chart: _Chart, open_from: float | None, died: int | None) -> float:
    """The last day that is read, from the infusion."""
    last_day = chart.record.last_day()
    until = 0.0 if last_day is None else float(last_day - chart.zero)
    if open_from is not None and open_from < until:
        chart.notes.append(
            "therapy that cannot be placed in time was given afterwards: read only to day"
            f" {open_from:g}"
        )
        until = open_from
    if died is not None and died - chart.zero < until:
        until = float(died - chart.zero)
        chart.notes.append(
            f"what is dated after the death on day {until:g} is not read; one of the days is wrong"
        )
    if until > MOST_DAYS:
        until = MOST_DAYS
        chart.notes.append(
            f"read only to day {MOST_DAYS:g}: the model says nothing about later years"
        )
    return until


def _drugs(chart: _Chart) -> tuple[tuple[Drug, ...], float | None]:
    """Drugs after the infusion, and the day from which therapy without a day may have run.

    That is the progression, or day 30 where none is known; None where all therapy has its day.
    """
    out: list[Drug] = []
    open_from: float | None = None
    for therapy in chart.record.therapies:
        start = therapy.start.day
        if start is None:
            after_infusion = therapy.after_infusion is not None and therapy.after_infusion >= 1
            if after_infusion and therapy.purpose not in _AROUND:
                days = [f.day for f in chart.failures if f.day is not None and f.day >= chart.zero]
                open_from = float(min(days) - chart.zero) if days else 30.0
        elif start >= chart.zero and therapy.purpose not in (*_AROUND, *_BEFORE):
            out += _course(chart, therapy, float(start - chart.zero))
    return tuple(out), open_from


def _course(chart: _Chart, therapy: Therapy, start: float) -> list[Drug]:
    end_day = therapy.end.day
    end = FOREVER if end_day is None else float(end_day - chart.zero)
    if end < start:
        chart.notes.append(
            f"therapy from day {start:g} ends before it begins (day {end:g}); taken as given once"
        )
        end = start
    agents = bundled().lexicon.agents
    out = []
    for name in therapy.agents:
        agent = agents.get(name)
        if agent is None:
            chart.notes.append(
                f"{name} from day {start:g} is not a known agent; taken as a drug of unknown kind"
            )
        elif agent.cls in _SILENT:
            continue
        kind = "other" if agent is None else _kind(agent)
        out.append(drug(chart.m, kind, start=start, end=end, name=name))
    return out


def _kind(agent: Agent) -> str:
    """The drug of the model that stands for an agent."""
    if agent.kind == "bispecific":
        return _BISPECIFICS.get(agent.targets[0] if agent.targets else "", "other")
    if "BCMA" in agent.targets:
        return "belantamab"
    return next((_CLASS_DRUG[c] for c in (agent.cls, *agent.classes) if c in _CLASS_DRUG), "other")


def drug(
    m: Mechanisms, kind: str, *, start: float, end: float = FOREVER, name: str | None = None
) -> Drug:
    """A drug of the library (`m.drugs`) from `start` to `end`.

    An unknown kind raises `MechanismError` with the list.
    """
    if kind not in m.drugs:
        raise MechanismError(f"no drug {kind!r} in the model; there are: {', '.join(m.drugs)}")
    row = m.drugs[kind]
    target = row.get("target")
    hit = {"BCMA": (1.0, 0.0, 1.0, 0.0, 1.0, 1.0), "GPRC5D": (1.0, 1.0, 0.0, 0.0, 1.0, 0.5)}.get(
        target or "", (1.0, 1.0, 1.0, 1.0, 1.0, 0.2)
    )
    numbers = {
        k: float(v)
        for k, v in row.items()
        if k in ("k", "lam", "k_on", "k_off", "tau", "amp", "k_a", "k_e", "wear", "immune")
    }
    return Drug(
        name=name or row["title"],
        kind="bispecific" if kind.startswith("bispecific") else "direct",
        start=start,
        end=end,
        sinks=1.0 if kind == "bispecific_bcma" else 0.0,
        weights=hit,
        **numbers,
    )


def _measurements(chart: _Chart, until: float) -> tuple[Measurement, ...]:
    tests = _tests(chart.record)
    for test in tests.values():
        _note_unread(chart, test)
    out: list[Measurement] = []
    for channel in CHANNELS:
        if tests[channel]:
            out += _channel(chart, channel, tests[channel], until)
    return tuple(sorted(out, key=lambda x: (x.day, x.channel)))


def _tests(record: Record) -> dict[str, str]:
    """The test of the record that each test of the model is."""
    chain = _involved(record)
    return {
        "m_protein": "serum_m_protein",
        "flc": f"{chain}_flc" if chain else "",
        "sbcma": "soluble_bcma",
        "car": "car_copies_per_ug_dna",
        "bcma_on_cells": "bcma_positive_plasma_cells",
    }


def _note_unread(chart: _Chart, test: str) -> None:
    """Say which results of a test could not be used."""
    first_day = chart.zero - BASELINE_DAYS
    unread = [
        x
        for x in chart.record.set_aside
        if x.test == test and (x.day is None or x.day >= first_day)
    ]
    if unread:
        chart.notes.append(
            f"of {test}, {len(unread)} could not be read and stay out:"
            f" {unread[0].why_set_aside or 'no reason given'}"
        )


def _channel(chart: _Chart, channel: str, test: str, until: float) -> list[Measurement]:
    """The baseline (not of CAR copies) and one value for each day up to `until`."""
    out: list[Measurement] = []
    # results of `of_test` have a day
    labs = [
        (lab.day - chart.zero, lab)
        for lab in chart.record.of_test(test)
        if lab.quantity is not None and lab.day is not None
    ]
    before = [(day, lab) for day, lab in labs if -BASELINE_DAYS <= day <= 0]
    if before and channel != "car":
        given_day, lab = before[-1]
        out += _read(chart, channel, lab, 0.0, given_day)
    by_day: dict[int, list[Measurement]] = {}
    for day, lab in labs:
        if 0 < day <= until:
            by_day.setdefault(day, []).extend(_read(chart, channel, lab, float(day), None))
    for day, values in by_day.items():
        low = min((x.value for x in values), default=0.0)
        high = max((x.value for x in values), default=0.0)
        offset = chart.m.scales[channel].offset
        if high + offset > SAME * (low + offset):
            chart.notes.append(
                f"{test} on day {day} is given as {low:g} and as {high:g} {UNITS[channel]}:"
                " contradictory, both set aside"
            )
        else:
            out += values[:1]
    return out


def _read(
    chart: _Chart, channel: str, lab: Lab, day: float, given_day: int | None
) -> list[Measurement]:
    """One result as a measurement; none where it is out of range, which is said."""
    q = lab.quantity
    assert q is not None
    if q.exact is not None:
        value, kind = q.exact, 0
    elif math.isinf(q.high):
        value, kind = q.low, 1
    else:
        value, kind = q.high, -1
    if not 0.0 <= value <= ABSURD[channel] or math.isnan(value):
        chart.notes.append(
            f"{lab.test} of {value:g} {UNITS[channel]} on day {day:g} is out of range and set aside"
        )
        return []
    if channel == "car" and kind == 0 and value == 0.0:
        kind, value = -1, 50.0  # not detected: below the usual limit of quantification
    return [Measurement(channel=channel, day=day, value=value, kind=kind, given_day=given_day)]


def _involved(record: Record) -> str | None:
    """The involved light chain: as recorded, else the one with the higher value."""
    if record.light_chain in ("kappa", "lambda"):
        return record.light_chain
    level = {}
    for chain in ("kappa", "lambda"):
        values = [
            lab.quantity.exact
            for lab in record.of_test(f"{chain}_flc")
            if lab.quantity is not None and lab.quantity.exact is not None
        ]
        level[chain] = max(values, default=0.0)
    return max(level, key=lambda c: level[c]) if max(level.values()) > 0 else None


def _progression(
    chart: _Chart, until: float, measured: Sequence[Measurement]
) -> tuple[float | None, bool, float]:
    """(day of progression, whether markers that are read say it, day followed to without it)."""
    zero, until = chart.zero, max(until, 0.0)
    failure = next((f for f in chart.failures if f.infusion_day == zero), None)
    if failure is None:
        return None, False, 0.0
    if failure.status == "failed" and failure.day is not None:
        serial = sum(x.day > 0 for x in measured if x.channel in ("m_protein", "flc")) >= 3
        return float(failure.day - zero), failure.team_day is None and serial, 0.0
    if failure.status == "suspected":
        on = "" if failure.day is None else f" on day {failure.day - zero}"
        chart.notes.append(
            f"progression{on} is suspected and not confirmed: it is not counted as one"
        )
        return None, False, 0.0
    contact, assessed = failure.followed_to_day, failure.last_assessed_day
    lost_before_failure = failure.status == "died_without_progression" and contact is not None
    followed = contact if failure.status == "not_failed" or lost_before_failure else assessed
    if followed is None:
        return None, False, 0.0
    return None, False, min(float(followed - zero), until)


def _lesion(chart: _Chart, until: float, progression: float | None) -> bool | None:
    """Whether an extramedullary lesion was seen: at the progression where imaging is on record from
    then, else since the baseline. False where imaging showed none; None where nobody looked.
    """
    zero = chart.zero
    if any(
        f.infusion_day == zero and "extraosseous" in f.pattern and f.status == "failed"
        for f in chart.failures
    ):
        return True
    at_failure = -BASELINE_DAYS if progression is None else progression - LESION_AROUND_DAYS
    for since in (at_failure, -BASELINE_DAYS):
        rows = [
            x for x in myeloma_imaging(chart.record) if dated_within(x.when, zero, since, until)
        ]
        seen = {lesion_of(x) for x in rows}
        if seen - {None}:
            return True in seen
    return None


def _responses(
    record: Record, zero: int, until: float, measured: Sequence[Measurement]
) -> tuple[tuple[float, int], ...]:
    """Stated responses before progression, with no M-protein or light chain within two weeks."""
    near = [x.day for x in measured if x.channel in ("m_protein", "flc")]
    out: dict[float, int] = {}
    for statement in record.responses:
        first, last = statement.when.first, statement.when.last
        if (
            first is None
            or last is None
            or statement.response not in (*RESPONSES, "nCR")
            or statement.response in ("NE", "PD")
        ):
            continue
        day = float((first + last) // 2 - zero)
        if not 14 <= day <= until or any(abs(day - d) <= 14 for d in near):
            continue
        out.setdefault(day, _LEVELS[statement.response])
    return tuple(sorted(out.items()))
