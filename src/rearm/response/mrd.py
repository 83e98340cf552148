"""Minimal residual disease and PET: what each result counts for, conversion to positive, sustained
negativity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from rearm.interval import TOLERANCE
from rearm.record import Imaging, Lab
from rearm.response.criteria import Criteria
from rearm.response.score import Visit
from rearm.response.signals import DEEP, Signal
from rearm.response.visits import CourseFlag

__all__ = [
    "MrdState",
    "mrd_conversion",
    "mrd_remarks",
    "mrd_states",
    "pet_results",
    "sustained_mrd",
]


class MrdState(msgspec.Struct, frozen=True, kw_only=True):
    """One MRD result: `negative` only in CR and with enough sensitivity, else `positive` or
    `not_assessed`, with the reason. What is not known is None. Days of the patient's axis.

    >>> from rearm.response import MrdState
    >>> MrdState(day=90, state="negative", sensitivity=1e-5, method="NGS", reason="...").day
    90
    """

    day: int  # of the sample
    state: Literal["negative", "positive", "not_assessed"]  # by the criteria
    sensitivity: float | None  # 1e-5 is one cell in 100,000
    method: str | None  # as entered
    reason: str  # the sentence


def mrd_states(
    results: Sequence[Lab], visits: Sequence[Visit], criteria: Criteria, start: int
) -> tuple[MrdState, ...]:
    """Each MRD result after the start: negative needs CR and a sensitivity of 1 in 100,000; a
    coarser negative is not assessed.
    """
    return tuple(_state(lab, day, visits, criteria) for day, lab in _one_a_day(results, start))


def _state(lab: Lab, day: int, visits: Sequence[Visit], criteria: Criteria) -> MrdState:
    state: Literal["negative", "positive", "not_assessed"] = "not_assessed"
    response = _response_at(visits, day, criteria.visit_window)
    if lab.word == "positive":
        state, reason = "positive", "residual disease found"
    elif lab.sensitivity is None:
        reason = "sensitivity not stated"
    elif not _fine_enough(lab, criteria):
        reason = f"sensitivity {lab.sensitivity:g} is coarser than {criteria.mrd_sensitivity:g}"
    elif response in DEEP:
        state, reason = "negative", f"negative at {lab.sensitivity:g} in {response}"
    else:
        reason = (
            f"negative at {lab.sensitivity:g}, but the response is {response or 'not known'}, not"
            " CR"
        )
    return MrdState(
        day=day, state=state, sensitivity=lab.sensitivity, method=lab.method, reason=reason
    )


def _fine_enough(lab: Lab, criteria: Criteria) -> bool:
    limit = criteria.mrd_sensitivity * (1 + TOLERANCE)
    return lab.sensitivity is not None and lab.sensitivity <= limit


def _one_a_day(results: Sequence[Lab], start: int) -> list[tuple[int, Lab]]:
    """MRD results after the start, one a day: a positive before a negative, else the finer test
    (A20, the worse is kept).
    """
    best: dict[int, Lab] = {}
    for lab in results:
        day = lab.when.first
        if day is None or day <= start or lab.word not in ("positive", "negative"):
            continue
        if day not in best or _worse(lab, best[day]):
            best[day] = lab
    return sorted(best.items())


def _worse(lab: Lab, other: Lab) -> bool:
    if lab.word != other.word:
        return lab.word == "positive"
    return _finer(lab, other)


def _finer(lab: Lab, other: Lab, *, tolerance: float = 0.0) -> bool:
    if lab.sensitivity is None:
        return False
    return other.sensitivity is None or lab.sensitivity < other.sensitivity * (1 - tolerance)


def _response_at(visits: Sequence[Visit], day: int, window: int) -> str | None:
    """Response of the visit that the sample belongs to, else of the last evaluable one before."""
    answer = None
    for visit in visits:
        if visit.day - day > window:
            break
        if visit.response != "NE":
            answer = visit.response
    return answer


def mrd_conversion(results: Sequence[Lab], criteria: Criteria, start: int) -> Signal | None:
    """Negative at a known, sufficient sensitivity, later positive by a test that is not finer."""
    negative: Lab | None = None
    converted: tuple[int, int | None] | None = None  # day, day of the negative before
    still = False
    for day, lab in _one_a_day(results, start):
        if lab.word == "negative" and _fine_enough(lab, criteria):
            negative, still = lab, False
        elif lab.word == "positive" and negative is not None and converted is None:
            finer = negative.sensitivity is not None and _finer(lab, negative, tolerance=TOLERANCE)
            if not finer:
                converted, still = (day, negative.when.first), True
    if converted is None:
        return None
    day, before = converted
    text = f"MRD negative on day {before}, positive on day {day}"
    return Signal(id="mrd_conversion", day=day, open=still, text=text)


def pet_results(pet: Sequence[Lab], imaging: Sequence[Imaging]) -> tuple[tuple[int, str], ...]:
    """(day, positive or negative) of each PET, whether it stands among the results or among the
    examinations.
    """
    found = [(x.when.first, x.word) for x in pet if x.when.first is not None and x.word is not None]
    by_day: dict[int, list[Imaging]] = {}
    for row in imaging:
        is_pet = (row.method or "").upper().startswith("PET")
        if is_pet and row.day is not None and row.result is not None:
            by_day.setdefault(row.day, []).append(row)
    for day, rows in by_day.items():
        if any(x.result == "positive" for x in rows):
            found.append((day, "positive"))
        elif any(x.lesion is None for x in rows):
            # a single lesion that is gone does not speak for the whole body
            found.append((day, "negative"))
    return tuple(sorted(found))


def sustained_mrd(
    states: Sequence[MrdState], pet: Sequence[tuple[int, str]], criteria: Criteria
) -> int | None:
    """First day on which marrow and imaging have been negative for a year, with no positive result
    between.
    """
    for run in _negative_runs(states):
        clear = [d for d in run if _imaging_clear(d, pet, criteria.mrd_imaging_days)]
        for day in clear:
            if day - clear[0] >= criteria.mrd_sustained_days:
                return day
    return None


def _negative_runs(states: Sequence[MrdState]) -> Iterator[list[int]]:
    """Days of negative results, with no positive one between."""
    run: list[int] = []
    for state in states:
        if state.state == "negative":
            run.append(state.day)
        elif state.state == "positive":
            yield run
            run = []
    yield run


def mrd_remarks(
    states: Sequence[MrdState],
    sustained: int | None,
    pet: Sequence[tuple[int, str]],
    criteria: Criteria,
) -> list[CourseFlag]:
    """Why a negative MRD result did not count, why negativity a year apart was not sustained."""
    flags = [
        CourseFlag(
            "mrd_not_counted",
            state.day,
            f"the negative MRD of day {state.day} does not count: {state.reason}",
        )
        for state in states
        if state.state == "not_assessed"
    ]
    if sustained is not None:
        return flags
    for run in _negative_runs(states):
        for day in run:
            if day - run[0] < criteria.mrd_sustained_days:
                continue
            within = criteria.mrd_imaging_days
            # one of the two at least, or the negativity would be sustained
            without = [d for d in (run[0], day) if not _imaging_clear(d, pet, within)]
            days = " and ".join(f"day {d}" for d in without)
            text = (
                f"MRD negative on day {run[0]} and day {day}; sustained negativity also needs a"
                f" negative PET near {days}"
            )
            return [*flags, CourseFlag("mrd_sustained_open", day, text)]
    return flags


def _imaging_clear(day: int, pet: Sequence[tuple[int, str]], within: int) -> bool:
    near = [(abs(at - day), word == "negative") for at, word in pet if abs(at - day) <= within]
    return bool(near) and min(near)[1]  # of two as near, the positive one counts
