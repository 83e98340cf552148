"""What one record says to the model: infusions, drugs with days, measurements, response and
progression after one infusion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rearm.knowledge.agents import load_agents
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import Dose
from rearm.mechanism.therapies import FOREVER, Drug
from rearm.outcome.failure import failures
from rearm.record import Infusion, Lab, Record, Therapy
from rearm.response.criteria import RESPONSES

__all__ = ["CHANNELS", "Evidence", "Measurement", "collect", "drug"]

CHANNELS = ("m_protein", "flc", "sbcma", "car")
UNITS = {"m_protein": "g/dL", "flc": "mg/L", "sbcma": "ng/mL", "car": "copies/ug DNA"}
BASELINE_DAYS = 45  # a value before the infusion stands for its day when it is not older than this
MOST_DAYS = 3650.0  # nothing later is read: the model is held against five years of follow-up
SAME = 1.5  # values of one day that differ by more than this factor contradict each other
ABSURD = {"m_protein": 15.0, "flc": 100_000.0, "sbcma": 20_000.0, "car": 1e7}
_SILENT = (
    "supportive",
    "steroid",
    "interferon",
    "anti-IL-6",
)  # classes that the model holds no effect for
_CLASS_DRUG = {
    "IMiD": "imid", "CELMoD": "celmod", "proteasome inhibitor": "pi", "anti-CD38": "anti_cd38", "alkylator": "alkylator",
}  # fmt: skip
_LEVELS = {"PD": 0, "SD": 1, "MR": 2, "PR": 3, "VGPR": 4, "nCR": 4, "CR": 5, "sCR": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value after (or shortly before) the infusion. `kind` 0 value, -1 below `value`, 1 above
    it. `day` counts from the infusion.
    """

    channel: str
    day: float
    value: float
    kind: int = 0
    given_day: int | None = None  # day of the sample where it was taken before the infusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
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
    responses: tuple[
        tuple[float, int], ...
    ] = ()  # (day, level) stated by the team, where no marker says it
    progression: float | None = None
    # the progression is computed from markers that are read themselves: it is told, not counted
    # twice
    by_markers: bool = False
    followed_to: float = 0.0  # without progression up to here
    lesion: bool | None = None  # extramedullary lesion seen (True), looked for and not seen (False)
    bare: str = ""  # why these data can say nothing, so that the answer is the prior alone
    notes: tuple[str, ...] = ()

    def count(self, channel: str) -> int:
        return sum(m.channel == channel for m in self.measurements)


def collect(m: Mechanisms, record: Record, infusion: int | None = None) -> Evidence:
    """The evidence for infusion number `infusion` (from 1; None: the first that the record gives a
    day for).

    Raises `MechanismError` where nothing was infused, no day is known, or what is known contradicts
    itself (death before the infusion).
    """
    given = [x for x in record.infused() if x.day is not None]
    if not record.infused():
        raise MechanismError(
            f"{record.patient_id}: no CAR-T infusion is recorded, so there is no course to explain."
        )
    if not given:
        raise MechanismError(
            f"{record.patient_id}: the day of the infusion is not known, so no measurement can be"
            " placed after it."
        )
    number = 1 if infusion is None else infusion
    if not 1 <= number <= len(given):
        raise MechanismError(
            f"{record.patient_id}: there is no infusion number {number}; the record has"
            f" {len(given)} with a known day."
        )
    main = given[number - 1]
    zero = main.day
    assert zero is not None
    if number > 1:
        raise MechanismError(
            f"{record.patient_id}: the model starts at the first infusion and takes later ones as"
            " part of its course; ask for infusion 1."
        )
    died = [d.when.day for d in record.deaths if d.when.day is not None]
    if died and min(died) < zero:
        raise MechanismError(
            f"{record.patient_id}: death on day {min(died)} is before the infusion on day {zero};"
            " one of the two days is wrong."
        )
    notes: list[str] = []
    later = tuple(_dose(m, x, zero, notes) for x in given[1:])
    if any(x.day > 30 for x in later):
        notes.append("a later infusion is part of the course; failure is counted from the first")
    drugs, open_from = _drugs(m, record, zero, notes)
    until = _last_day(record, zero, open_from, notes)
    if died and min(died) - zero < until:
        until = float(min(died) - zero)
        notes.append(
            f"what is dated after the death on day {until:g} is not read; one of the days is wrong"
        )
    if until > MOST_DAYS:
        until = MOST_DAYS
        notes.append(f"read only to day {MOST_DAYS:g}: the model says nothing about later years")
    before = len(notes)
    measurements = _measurements(m, record, zero, until, notes)
    spoiled = len(notes) > before  # a follow-up that rests on values which were set aside is none
    progression, by_markers, followed = _progression(record, zero, until, measurements, notes)
    if by_markers:
        notes.append(
            f"progression on day {progression:g} is computed from the markers, which are read"
            " themselves"
        )
    responses = _responses(
        record, zero, until if progression is None else progression - 1.0, measurements
    )
    both = {
        r.response
        for r in record.responses
        if progression is not None and r.when.day == zero + progression
    } - {"PD", "NE"}
    if both:
        notes.append(
            f"{', '.join(sorted(both))} and progression are both given on day {progression:g}: the"
            " progression is read"
        )
    product = m.product(main.product)
    if product == "other":
        notes.append(
            f"the product ({main.product or 'not named'}) is not calibrated on its own: shares"
            " between ide-cel and cilta-cel"
        )
    seen = len([x for x in measurements if x.day > 0]) + len(responses)
    bare = ""
    if progression is None and seen == 0 and (followed <= 0 or spoiled):
        bare = "Nothing that can be used was measured after the infusion"
    elif progression is None and seen == 1:
        bare = "A single measurement after the infusion cannot part mechanisms"
    heavy = [c for c in record.heavy_chain if c != "none"]
    return Evidence(
        patient_id=record.patient_id,
        infusion_day=zero,
        product=product,
        named_product=main.product,
        isotype=heavy[0] if len(heavy) == 1 else None,
        first=_dose(m, main, zero, notes),
        later=later,
        drugs=drugs,
        measurements=measurements,
        responses=responses,
        progression=progression,
        by_markers=by_markers,
        followed_to=max(followed, 0.0),
        lesion=_lesion(record, zero, until),
        bare=bare,
        notes=tuple(dict.fromkeys(notes)),
    )


def _dose(m: Mechanisms, infusion: Infusion, zero: int, notes: list[str]) -> Dose:
    product = m.product(infusion.product)
    cells = m.doses[product]
    if infusion.dose_cells is not None:
        if not 1e6 <= infusion.dose_cells <= 5e9:
            notes.append(
                f"dose of {infusion.dose_cells:g} cells is out of range; the product's usual dose"
                " is used"
            )
        else:
            cells = infusion.dose_cells / 1e9
    target = (
        "GPRC5D"
        if infusion.targets and "BCMA" not in infusion.targets and "GPRC5D" in infusion.targets
        else "BCMA"
    )
    return Dose(day=float((infusion.day or 0) - zero), cells=cells, target=target)


def _last_day(record: Record, zero: int, open_from: float | None, notes: list[str]) -> float:
    last = float((record.last_day() or zero) - zero)
    if open_from is not None and open_from < last:
        notes.append(
            "therapy that cannot be placed in time was given afterwards: read only to day"
            f" {open_from:g}"
        )
        return open_from
    return last


def _drugs(
    m: Mechanisms, record: Record, zero: int, notes: list[str]
) -> tuple[tuple[Drug, ...], float | None]:
    """Drugs after the infusion with their days, and the day from which therapy without a day may
    have run (the progression), if any.
    """
    out: list[Drug] = []
    open_from: float | None = None
    for therapy in record.therapies:
        start = therapy.start.day
        if start is None:
            if (therapy.after_infusion or 0) >= 1 and therapy.purpose not in (
                "supportive",
                "toxicity_management",
            ):
                fail = [f.day for f in failures(record) if f.day is not None and f.day >= zero]
                open_from = float(min(fail) - zero) if fail else 30.0
            continue
        if start < zero or therapy.purpose in (
            "lymphodepletion",
            "supportive",
            "toxicity_management",
            "mobilisation",
        ):
            continue
        out += _course(m, therapy, zero, notes)
    return tuple(out), open_from


def _course(m: Mechanisms, therapy: Therapy, zero: int, notes: list[str]) -> list[Drug]:
    start = float((therapy.start.day or 0) - zero)
    end_day = therapy.end.day
    end = FOREVER if end_day is None else float(end_day - zero)
    if end < start:
        notes.append(
            f"therapy from day {start:g} ends before it begins (day {end:g}); taken as given once"
        )
        end = start
    agents = load_agents()
    out = []
    for name in therapy.agents:
        agent = agents.get(name)
        if agent is None:
            notes.append(
                f"{name} from day {start:g} is not a known agent; taken as a drug of unknown kind"
            )
            out.append(drug(m, "other", start=start, end=end, name=name))
            continue
        if agent.cls in _SILENT:
            continue
        kind = next(
            (_CLASS_DRUG[c] for c in (agent.cls, *agent.classes) if c in _CLASS_DRUG), "other"
        )
        if agent.kind == "bispecific":
            kind = {
                "BCMA": "bispecific_bcma",
                "GPRC5D": "bispecific_gprc5d",
                "FcRH5": "bispecific_fcrh5",
            }.get(agent.targets[0] if agent.targets else "", "other")
        elif "BCMA" in agent.targets:
            kind = "belantamab"
        out.append(drug(m, kind, start=start, end=end, name=name))
    return out


def drug(
    m: Mechanisms, kind: str, *, start: float, end: float = FOREVER, name: str | None = None
) -> Drug:
    """A drug of the library (`m.drugs`) from `start` to `end`; an unknown kind raises
    `MechanismError` with the list.
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


def _measurements(
    m: Mechanisms, record: Record, zero: int, until: float, notes: list[str]
) -> tuple[Measurement, ...]:
    chain = _involved(record, zero)
    tests = {
        "m_protein": "serum_m_protein",
        "flc": f"{chain}_flc" if chain else "",
        "sbcma": "soluble_bcma",
        "car": "car_copies_per_ug_dna",
    }
    out: list[Measurement] = []
    for test in tests.values():
        unread = [
            x
            for x in record.set_aside
            if x.test == test and (x.day is None or x.day >= zero - BASELINE_DAYS)
        ]
        if unread:
            notes.append(
                f"of {test}, {len(unread)} could not be read and stay out:"
                f" {unread[0].why_set_aside or 'no reason given'}"
            )
    for channel, test in tests.items():
        rows = [lab for lab in record.of_test(test) if lab.quantity is not None] if test else []
        before = [lab for lab in rows if -BASELINE_DAYS <= (lab.day or 0) - zero <= 0]
        if before and channel != "car":
            out += _read(channel, before[-1], 0.0, notes, (before[-1].day or 0) - zero)
        by_day: dict[int, list[Measurement]] = {}
        for lab in rows:
            day = (lab.day or 0) - zero
            if 0 < day <= until:
                by_day.setdefault(day, []).extend(_read(channel, lab, float(day), notes, None))
        for day, found in by_day.items():
            low, high = (
                min((x.value for x in found), default=0.0),
                max((x.value for x in found), default=0.0),
            )
            if high + m.scales[channel].offset > SAME * (low + m.scales[channel].offset):
                notes.append(
                    f"{test} on day {day} is given as {low:g} and as {high:g} {UNITS[channel]}:"
                    " contradictory, both set aside"
                )
            else:
                out += found[:1]
    return tuple(sorted(out, key=lambda x: (x.day, x.channel)))


def _read(
    channel: str, lab: Lab, day: float, notes: list[str], given_day: int | None
) -> list[Measurement]:
    q = lab.quantity
    assert q is not None
    if q.exact is not None:
        value, kind = q.exact, 0
    elif math.isinf(q.high):
        value, kind = q.low, 1
    else:
        value, kind = q.high, -1
    if not 0.0 <= value <= ABSURD[channel] or math.isnan(value):
        notes.append(
            f"{lab.test} of {value:g} {UNITS[channel]} on day {day:g} is out of range and set aside"
        )
        return []
    if channel == "car" and kind == 0 and value == 0.0:
        kind, value = -1, 50.0  # not detected: below the usual limit of quantification
    return [Measurement(channel=channel, day=day, value=value, kind=kind, given_day=given_day)]


def _involved(record: Record, zero: int) -> str | None:
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
    record: Record, zero: int, until: float, measured: Sequence[Measurement], notes: list[str]
) -> tuple[float | None, bool, float]:
    """(day of progression, whether it is computed from markers that are read anyway, day followed
    to without it).
    """
    failure = next((f for f in failures(record) if f.infusion_day == zero), None)
    if failure is None:
        return None, False, 0.0
    if failure.status == "failed" and failure.day is not None:
        day = float(failure.day - zero)
        serial = sum(x.day > 0 for x in measured if x.channel in ("m_protein", "flc")) >= 3
        return day, failure.team_day is None and serial, 0.0
    if failure.status == "not_failed":
        followed = failure.followed_to_day if failure.followed_to_day is not None else zero
        return None, False, min(float(followed - zero), max(until, 0.0))
    if failure.status == "died_without_progression" and failure.followed_to_day is not None:
        return None, False, min(float(failure.followed_to_day - zero), until)
    if failure.status == "suspected":
        on = "" if failure.day is None else f" on day {failure.day - zero}"
        notes.append(f"progression{on} is suspected and not confirmed: it is not counted as one")
        return None, False, 0.0
    return (
        None,
        False,
        min(float(max((failure.last_assessed_day or zero) - zero, 0)), max(until, 0.0)),
    )


def _lesion(record: Record, zero: int, until: float) -> bool | None:
    """Whether an extramedullary lesion was seen between the baseline and the last day that is read;
    a negative picture is a row too.
    """
    if any(
        f.infusion_day == zero and "extraosseous" in f.pattern and f.status == "failed"
        for f in failures(record)
    ):
        return True
    rows = [
        x
        for x in record.imaging
        if x.when.day is not None and -BASELINE_DAYS <= x.when.day - zero <= until
    ]
    if any(x.kind in ("extramedullary", "plasmacytoma") and x.result == "positive" for x in rows):
        return True
    return False if any(x.result == "negative" for x in rows) else None


def _responses(
    record: Record, zero: int, until: float, measured: Sequence[Measurement]
) -> tuple[tuple[float, int], ...]:
    """Stated responses before progression at visits where no M-protein or light chain within two
    weeks says the same.
    """
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
