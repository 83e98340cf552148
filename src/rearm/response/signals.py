"""What points to relapse without being progression: relapse from CR, clinical and biochemical
relapse, MRD, escape (section 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rearm.record import Condition, Imaging, Lab, Record
from rearm.response.criteria import Criteria
from rearm.response.limits import TOLERANCE, at_least, below, over
from rearm.response.score import Visit
from rearm.response.visits import Flag, Gathered, span

__all__ = [
    "ClinicalEvent",
    "MrdState",
    "Signal",
    "biochemical_relapse",
    "biochemical_rise",
    "clinical_events",
    "escape",
    "mrd_conversion",
    "mrd_remarks",
    "mrd_states",
    "pet_results",
    "relapse_from_cr",
    "sustained_mrd",
]

_DEEP = ("CR", "sCR")
_CRAB_CONDITIONS = {
    "calcium_corrected": "hypercalcaemia",
    "hemoglobin": "anaemia",
    "creatinine": "renal_impairment",
}
_STATED = (
    "hypercalcaemia",
    "anaemia",
    "renal_impairment",
    "cord_compression",
    "hyperviscosity",
    "pathological_fracture",
)

_NAMES = {"serum": "serum M-protein", "urine": "urine M-protein", "dflc": "dFLC"}
_UNITS = {"serum": "g/dL", "urine": "mg/24h", "dflc": "mg/dL"}


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign of relapse that is not progression by itself. `open`: nothing later took it back.
    `day` None: known by order only.
    """

    id: str
    day: int | None
    open: bool
    text: str


@dataclass(frozen=True, slots=True)
class MrdState:
    """One MRD result: `negative` only in CR and with enough sensitivity, else `positive` or
    `not_assessed`, with the reason.
    """

    day: int
    state: str
    sensitivity: float | None
    method: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClinicalEvent:
    """Organ damage of the kind myeloma does. `attributed` True or False as stated, None where
    nobody said.
    """

    day: int
    what: str
    attributed: bool | None
    open: bool
    text: str


def relapse_from_cr(
    visits: Sequence[Visit], criteria: Criteria, serum_test: str, progression_day: int | None
) -> tuple[int | None, int | None, bool]:
    """(day of relapse from CR, day on which the M-protein came back once and was not repeated,
    still open?).

    Only after a confirmed CR: the original M-protein back in two consecutive assessments, marrow at
    5 % or more, or progression.
    """
    evaluable = [v for v in visits if v.response != "NE"]
    first_cr = next(
        (
            i
            for i, v in enumerate(evaluable[:-1])
            if v.response in _DEEP and evaluable[i + 1].response in _DEEP and v.confirmed in _DEEP
        ),
        None,
    )
    if first_cr is None:
        return None, None, False
    after = evaluable[first_cr + 1 :]
    for i, visit in enumerate(after):
        marrow = visit.values.get("marrow_plasma_cells")
        if isinstance(marrow, tuple) and at_least(marrow[0], criteria.marrow_cr_below):
            return (
                visit.assessment.day_of("marrow_plasma_cells") if visit.assessment else visit.day,
                None,
                after[-1].response not in _DEEP,
            )
        if (
            progression_day is not None
            and visit.response == "PD"
            and visit.day >= progression_day
            and not _back(visit, serum_test)
        ):
            return progression_day, None, True
        if _back(visit, serum_test):
            following = after[i + 1] if i + 1 < len(after) else None
            if following is None:
                return (
                    (progression_day, None, True)
                    if progression_day is not None
                    else (None, visit.day, True)
                )
            if _back(following, serum_test) or following.response == "PD":
                return visit.day, None, after[-1].response not in _DEEP
    return (progression_day, None, True) if progression_day is not None else (None, None, False)


def _back(visit: Visit, serum_test: str) -> bool:
    """Is the original M-protein seen again, by immunofixation or, where that was not done, by
    electrophoresis?
    """
    if visit.serum_ife == "positive" or visit.urine_ife == "positive":
        return True
    serum = (
        visit.serum if serum_test == "serum_m_protein" else None
    )  # nephelometry measures the healthy immunoglobulin too
    if serum is not None and over(serum[0], 0) and visit.serum_ife is None:
        return True
    urine = visit.values.get("urine_m_protein_24h")
    return isinstance(urine, tuple) and over(urine[0], 0) and visit.urine_ife is None


def biochemical_rise(
    visits: Sequence[Visit], criteria: Criteria, measurable: tuple[str, ...]
) -> Signal | None:
    """A rise of 25 % over the nadir in two consecutive samples, below the limit of progression
    (DESIGN 5).
    """
    found: Signal | None = None
    for parameter in ("serum", "urine", "dflc"):
        if (parameter if parameter != "dflc" else "flc") not in measurable:
            continue
        seen = [
            (v.day, value, v.nadir.get(parameter), v.response)
            for v in visits
            if (value := _value(v, parameter)) is not None
        ]
        up = [
            n is not None and over(x[0], n) and at_least(x[0] - n, criteria.pd_rise * n)
            for _, x, n, _ in seen
        ]
        pairs = [i for i in range(len(seen) - 1) if up[i] and up[i + 1] and seen[i][3] != "PD"]
        if pairs and (found is None or found.day is None or seen[pairs[0]][0] < found.day):
            day, value, nadir, _ = seen[pairs[0]]
            found = Signal(
                "biochemical_rise",
                day,
                up[-1],
                f"{_NAMES[parameter]} {value[0]:g} {_UNITS[parameter]} against a nadir of"
                f" {nadir:g}, again at the next sample; below the limit of progression",
            )
    return found


def _value(visit: Visit, parameter: str) -> tuple[float, float] | None:
    if parameter == "serum":
        return visit.serum
    if parameter == "dflc":
        return visit.dflc
    urine = visit.values.get("urine_m_protein_24h")
    return urine if isinstance(urine, tuple) else None


def biochemical_relapse(
    visits: Sequence[Visit], criteria: Criteria, involved: str | None
) -> int | None:
    """Day of a significant biochemical relapse, a reason to treat and not a response category: in
    two consecutive measurements within two months the M-protein doubled (reference at least 5 g/L)
    or rose by 10 g/L, urine by 500 mg/24h, or the involved chain by 20 mg/dL or 25 %, whichever is
    greater, with an abnormal ratio.
    """
    c = criteria
    days: list[int] = []
    for parameter in ("serum", "urine"):
        seen = [
            (v.day, x[0], n)
            for v in visits
            if (x := _value(v, parameter)) is not None and (n := v.nadir.get(parameter)) is not None
        ]
        if parameter == "serum":
            met = [
                at_least(x, 2 * max(n, c.doubling_reference))
                or at_least(x - n, c.biochemical_serum)
                for _, x, n in seen
            ]
        else:
            met = [at_least(x - n, c.biochemical_urine) for _, x, n in seen]
        days += _pair_days([d for d, _, _ in seen], met, c.doubling_days)
    if involved is not None:
        lowest: float | None = None
        when: list[int] = []
        hit: list[bool] = []
        for v in visits:
            chain, other = (
                v.values.get(f"{involved}_flc"),
                v.values.get("lambda_flc" if involved == "kappa" else "kappa_flc"),
            )
            if not isinstance(chain, tuple) or not isinstance(other, tuple):
                continue
            if lowest is not None:
                ratio = (
                    (chain[0] / other[1] if involved == "kappa" else other[1] / chain[0])
                    if other[1] > 0 and chain[0] > 0
                    else None
                )
                abnormal = ratio is not None and (
                    over(ratio, c.ratio_high) if involved == "kappa" else below(ratio, c.ratio_low)
                )
                when.append(v.day)
                hit.append(
                    abnormal
                    and at_least(chain[0] - lowest, max(10 * c.biochemical_flc, c.pd_rise * lowest))
                )
            lowest = chain[1] if lowest is None else min(lowest, chain[1])
        days += _pair_days(when, hit, c.doubling_days)
    return min(days, default=None)


def _pair_days(days: Sequence[int], met: Sequence[bool], within: int) -> list[int]:
    return [
        days[i]
        for i in range(len(days) - 1)
        if met[i] and met[i + 1] and days[i + 1] - days[i] <= within
    ]


def escape(visits: Sequence[Visit]) -> Signal | None:
    """Free light chains rise by the size of a progression while the measurable M-protein does not
    (A5).
    """
    days = [v for v in visits if v.escape]
    if not days:
        return None
    last = next((v for v in reversed(visits) if v.dflc is not None), None)
    shown = days[0].dflc
    text = (
        f"dFLC {shown[0]:g} mg/dL against a nadir of {days[0].nadir.get('dflc', 0):g}, M-protein"
        " not progressive"
        if shown
        else "free light chains rise"
    )
    return Signal(
        "light_chain_escape",
        days[0].day,
        last is not None and (last.escape or last.response == "PD"),
        text,
    )


# ---- MRD ----------------


def mrd_states(
    results: Sequence[Lab], visits: Sequence[Visit], criteria: Criteria, start: int
) -> tuple[MrdState, ...]:
    """Each MRD result after the start: negative needs CR and a sensitivity of 1 in 100,000; a
    coarser negative is not assessed.
    """
    states = []
    for day, lab in _one_a_day(results, start):
        if lab.word == "positive":
            states.append(
                MrdState(day, "positive", lab.sensitivity, lab.method, "residual disease found")
            )
            continue
        enough = lab.sensitivity is not None and lab.sensitivity <= criteria.mrd_sensitivity * (
            1 + TOLERANCE
        )
        if not enough:
            why = (
                "sensitivity not stated"
                if lab.sensitivity is None
                else f"sensitivity {lab.sensitivity:g} is coarser than {criteria.mrd_sensitivity:g}"
            )
            states.append(MrdState(day, "not_assessed", lab.sensitivity, lab.method, why))
            continue
        deep = _response_at(visits, day, criteria.visit_window)
        if deep in _DEEP:
            states.append(
                MrdState(
                    day,
                    "negative",
                    lab.sensitivity,
                    lab.method,
                    f"negative at {lab.sensitivity:g} in {deep}",
                )
            )
        else:
            states.append(
                MrdState(
                    day,
                    "not_assessed",
                    lab.sensitivity,
                    lab.method,
                    f"negative at {lab.sensitivity:g}, but the response is {deep or 'not known'},"
                    " not CR",
                )
            )
    return tuple(states)


def _one_a_day(results: Sequence[Lab], start: int) -> list[tuple[int, Lab]]:
    """MRD results after the start, one a day: a positive before a negative, else the finer test
    (A20, the worse is kept).
    """
    best: dict[int, Lab] = {}
    for lab in results:
        day = lab.when.first
        if day is None or day <= start or lab.word not in ("positive", "negative"):
            continue
        old = best.get(day)
        if (
            old is None
            or (lab.word == "positive") > (old.word == "positive")
            or (lab.word == old.word and _finer(lab, old))
        ):
            best[day] = lab
    return sorted(best.items())


def _finer(lab: Lab, other: Lab) -> bool:
    return lab.sensitivity is not None and (
        other.sensitivity is None or lab.sensitivity < other.sensitivity
    )


def _response_at(visits: Sequence[Visit], day: int, window: int) -> str | None:
    """Response of the assessment that the sample belongs to, else of the last evaluable one before
    it.
    """
    answer = None
    for v in visits:
        if v.response == "NE":
            continue
        if v.day <= day or v.day - day <= window:
            answer = v.response
        else:
            break
    return answer


def mrd_conversion(results: Sequence[Lab], criteria: Criteria, start: int) -> Signal | None:
    """Negative at a known, sufficient sensitivity, later positive by a test that is not finer."""
    negative: Lab | None = None
    signal: Signal | None = None
    for day, lab in _one_a_day(results, start):
        if lab.word == "negative":
            if lab.sensitivity is not None and lab.sensitivity <= criteria.mrd_sensitivity * (
                1 + TOLERANCE
            ):
                negative = lab
                if signal is not None:
                    signal = Signal(signal.id, signal.day, False, signal.text)
        elif negative is not None and signal is None:
            finer = (
                lab.sensitivity is not None
                and negative.sensitivity is not None
                and lab.sensitivity < negative.sensitivity * (1 - TOLERANCE)
            )
            if not finer:
                signal = Signal(
                    "mrd_conversion",
                    day,
                    True,
                    f"MRD negative on day {negative.when.first}, positive on day {day}",
                )
    return signal


def pet_results(pet: Sequence[Lab], imaging: Sequence[Imaging]) -> tuple[tuple[int, str], ...]:
    """(day, positive or negative) of each PET, whether it stands among the results or among the
    examinations.
    """
    found = [(x.when.first, x.word) for x in pet if x.when.first is not None and x.word is not None]
    by_day: dict[int, list[Imaging]] = {}
    for row in imaging:
        if (
            row.day is not None
            and row.result is not None
            and (row.method or "").upper().startswith("PET")
        ):
            by_day.setdefault(row.day, []).append(row)
    for day, rows in by_day.items():
        if any(x.result == "positive" for x in rows):
            found.append((day, "positive"))
        elif any(
            x.lesion is None for x in rows
        ):  # a single lesion that is gone does not speak for the whole body
            found.append((day, "negative"))
    return tuple(sorted(found))


def sustained_mrd(
    states: Sequence[MrdState], pet: Sequence[tuple[int, str]], criteria: Criteria
) -> int | None:
    """First day on which marrow and imaging have been negative for a year, with no positive result
    between.
    """
    clear: list[int] = []
    for state in states:
        if state.state == "positive":
            clear = []
        elif state.state == "negative" and _imaging_clear(
            state.day, pet, criteria.mrd_imaging_days
        ):
            if clear and state.day - clear[0] >= criteria.mrd_sustained_days:
                return state.day
            clear.append(state.day)
    return None


def mrd_remarks(
    states: Sequence[MrdState],
    sustained: int | None,
    pet: Sequence[tuple[int, str]],
    criteria: Criteria,
) -> list[Flag]:
    """Why a negative MRD result did not count, and why negativity a year apart was not sustained."""
    flags: list[Flag] = []
    for state in states:
        if state.state == "not_assessed":
            flags.append(
                Flag(
                    "mrd_not_counted",
                    state.day,
                    f"the negative MRD of day {state.day} does not count: {state.reason}",
                )
            )
    run: list[int] = []
    for state in states:
        if state.state == "positive":
            run = []
        elif state.state == "negative":
            run.append(state.day)
            if sustained is None and state.day - run[0] >= criteria.mrd_sustained_days:
                without = [
                    d
                    for d in (run[0], state.day)
                    if not _imaging_clear(d, pet, criteria.mrd_imaging_days)
                ]
                if without:
                    days = " and ".join(f"day {d}" for d in without)
                    text = (
                        f"MRD negative on day {run[0]} and day {state.day}; sustained negativity"
                        f" also needs a negative PET near {days}"
                    )
                    flags.append(Flag("mrd_sustained_open", state.day, text))
                    break
    return flags


def _imaging_clear(day: int, pet: Sequence[tuple[int, str]], within: int) -> bool:
    near = [(abs(at - day), word == "negative") for at, word in pet if abs(at - day) <= within]
    return bool(near) and min(near)[1]  # of two as near, the positive one counts


# ---- organ damage ----------------


def clinical_events(
    record: Record,
    g: Gathered,
    criteria: Criteria,
    *,
    infusion: bool,
    until: int | None,
    flags: list[Flag],
) -> list[ClinicalEvent]:
    """Hypercalcaemia, fall of haemoglobin, rise of creatinine, and conditions stated as due to
    myeloma, after the start of the course.

    Whether myeloma is the cause is read from `conditions`, never assumed.
    """
    c = criteria
    events: list[ClinicalEvent] = []
    for test in _CRAB_CONDITIONS:
        labs = sorted(
            (x for x in g.crab.get(test, ()) if x.quantity is not None),
            key=lambda x: x.when.first or 0,
        )
        reference: float | None = None
        hits: list[tuple[int, str]] = []
        last_day, last_hit = None, False
        for lab in labs:
            day, value = lab.when.first, span(lab.quantity) if lab.quantity is not None else None
            if day is None or value is None:
                continue
            if day <= g.start:
                reference = value[1] if test == "creatinine" else value[0]
                continue
            last_day, last_hit = day, False
            text = _crosses(test, value, reference, c)
            if (
                text
                and test == "hemoglobin"
                and infusion
                and (day - g.start < c.cytopenia_days or _cytopenic(g, day, c))
            ):
                flags.append(
                    Flag(
                        "cytopenia",
                        day,
                        f"{text} on day {day} with or soon after the treatment's own cytopenia; not"
                        " read as a sign of myeloma",
                    )
                )
            elif text:
                hits.append((day, text))
                last_hit = True
            if test == "hemoglobin":
                reference = value[0] if reference is None else max(reference, value[0])
            elif reference is None:
                reference = value[1]
        if hits and last_day is not None:
            day, text = hits[0]
            events.append(
                ClinicalEvent(
                    day,
                    _CRAB_CONDITIONS[test],
                    _attribution(
                        record.conditions, _CRAB_CONDITIONS[test], day, c.attribution_days
                    ),
                    last_hit,
                    text,
                )
            )
    measured = {e.what for e in events}
    for condition in record.conditions:
        day = condition.when.day
        if (
            condition.condition in _STATED
            and condition.status == "present"
            and condition.attributed_to_myeloma
            and day is not None
            and day > g.start
        ):
            if (
                (until is not None and day > until)
                or condition.condition in measured
                or _contradicted(condition, g, c)
            ):
                continue
            events.append(
                ClinicalEvent(
                    day,
                    condition.condition,
                    True,
                    True,
                    f"{condition.condition.replace('_', ' ')} stated as due to myeloma",
                )
            )
    return sorted(events, key=lambda e: (e.day, e.what))


def _crosses(
    test: str, value: tuple[float, float], reference: float | None, c: Criteria
) -> str | None:
    if test == "calcium_corrected":
        return (
            f"corrected calcium {value[0]:g} mg/dL" if over(value[0], c.calcium_relapse) else None
        )
    if reference is None:
        return None
    if test == "hemoglobin":
        return (
            f"haemoglobin {reference:g} to {value[1]:g} g/dL"
            if at_least(reference - value[1], c.hemoglobin_fall)
            else None
        )
    return (
        f"creatinine {reference:g} to {value[0]:g} mg/dL"
        if at_least(value[0] - reference, c.creatinine_rise)
        else None
    )


def _cytopenic(g: Gathered, day: int, c: Criteria) -> bool:
    """Neutrophils or platelets low within two weeks: the haemoglobin may fall with them."""
    limits = (("neutrophils", c.cytopenia_neutrophils), ("platelets", c.cytopenia_platelets))
    return any(
        x.quantity is not None
        and below(span(x.quantity)[1], limit)
        and x.when.first is not None
        and abs(x.when.first - day) <= c.cytopenia_near_days
        for test, limit in limits
        for x in g.crab.get(test, ())
    )


def _attribution(conditions: Sequence[Condition], what: str, day: int, within: int) -> bool | None:
    said = [
        x
        for x in conditions
        if x.condition == what
        and x.attributed_to_myeloma is not None
        and x.when.day is not None
        and abs(x.when.day - day) <= within
    ]
    return (
        min(said, key=lambda x: abs((x.when.day or 0) - day)).attributed_to_myeloma
        if said
        else None
    )


def _contradicted(condition: Condition, g: Gathered, c: Criteria) -> bool:
    """A laboratory value of the same days that could be judged and did not show it speaks against
    the stated condition.
    """
    test = next((t for t, name in _CRAB_CONDITIONS.items() if name == condition.condition), None)
    day = condition.when.day
    if test is None or day is None:
        return False
    labs = [x.when.first for x in g.crab.get(test, ()) if x.when.first is not None]
    near = [d for d in labs if abs(d - day) <= c.contradiction_days]
    return bool(near) and (test == "calcium_corrected" or any(d < min(near) for d in labs))
