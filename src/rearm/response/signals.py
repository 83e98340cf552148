"""What points to relapse without being progression: relapse from CR, biochemical rise and relapse,
light-chain escape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from rearm.interval import TOLERANCE, Interval
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, below, over
from rearm.response.markers import Markers
from rearm.response.measurable import CHAIN_TESTS, Chain, Measurable
from rearm.response.progression import Series
from rearm.response.score import Visit
from rearm.response.sentences import value_words

__all__ = [
    "DEEP",
    "CrRelapse",
    "Signal",
    "biochemical_relapse",
    "biochemical_rise",
    "escape",
    "first_escape",
    "relapse_from_cr",
]

DEEP = ("CR", "sCR")
# marker -> parameter of the disease, name, unit
_RISING: dict[str, tuple[Measurable, str, str]] = {
    "serum": ("serum", "serum M-protein", "g/dL"),
    "urine": ("urine", "urine M-protein", "mg/24h"),
    "dflc": ("flc", "dFLC", "mg/dL"),
}


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of relapse that is not progression by itself. `open`: nothing later took it back.
    `day` None: known by order only. Days of the patient's axis.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> [signal.day for signal in course.signals]
    [360]
    """

    id: str  # a short stable name
    day: int | None
    open: bool
    text: str  # the sentence


class CrRelapse(msgspec.Struct, frozen=True, kw_only=True):
    """Relapse after a confirmed CR, on `day`; or the M-protein seen again `once`, and not repeated
    yet.
    """

    day: int | None = None
    once: int | None = None
    open: bool = True


def relapse_from_cr(
    visits: Sequence[Visit], criteria: Criteria, serum_test: str, progression_day: int | None
) -> CrRelapse | None:
    """Only after a confirmed CR: the original M-protein back at two consecutive visits, marrow at
    5 % or more, or progression. None where there is neither CR nor relapse.
    """
    after = _after_confirmed_cr(visits)
    if not after:
        return None
    still_open = after[-1].response not in DEEP
    for place, visit in enumerate(after):
        marrow = visit.results.number("marrow_plasma_cells")
        if marrow is not None and at_least(marrow.low, criteria.marrow_cr_below):
            return CrRelapse(day=visit.results.day_of("marrow_plasma_cells"), open=still_open)
        back = _back(visit, serum_test)
        progressed = (
            progression_day is not None and visit.response == "PD" and visit.day >= progression_day
        )
        if progressed and not back:
            break
        if not back:
            continue
        if place + 1 == len(after):
            return CrRelapse(once=visit.day) if progression_day is None else _by(progression_day)
        if after[place + 1].response == "PD" or _back(after[place + 1], serum_test):
            return CrRelapse(day=visit.day, open=still_open)
    return None if progression_day is None else _by(progression_day)


def _by(progression_day: int) -> CrRelapse:
    return CrRelapse(day=progression_day)


def _after_confirmed_cr(visits: Sequence[Visit]) -> Sequence[Visit]:
    """The evaluable visits from the second of the first pair of CR on."""
    evaluable = [v for v in visits if v.response != "NE"]
    for place, visit in enumerate(evaluable[:-1]):
        confirmed = visit.response in DEEP and visit.confirmed in DEEP
        if confirmed and evaluable[place + 1].response in DEEP:
            return evaluable[place + 1 :]
    return ()


def _back(visit: Visit, serum_test: str) -> bool:
    """Is the original M-protein seen again, by immunofixation or, where that was not done, by
    electrophoresis?
    """
    if visit.serum_ife == "positive" or visit.urine_ife == "positive":
        return True
    serum, urine = visit.serum, visit.urine
    if urine is not None and visit.urine_ife is None and urine.above(0):
        return True
    # nephelometry measures the healthy immunoglobulin too
    by_spep = serum_test == "serum_m_protein" and visit.serum_ife is None
    return by_spep and serum is not None and serum.above(0) is True


# ---- biochemical ----------------


def biochemical_rise(
    visits: Sequence[Visit], markers: Markers, measurable: tuple[Measurable, ...]
) -> Signal | None:
    """A rise of 25 % over the nadir in two consecutive samples, below the limit of progression."""
    rises = [
        rise
        for marker, (parameter, _, _) in _RISING.items()
        if parameter in measurable and (rise := _rise_twice(visits, markers, marker)) is not None
    ]
    return min(rises, key=lambda x: x.day or 0, default=None)


def _rise_twice(visits: Sequence[Visit], markers: Markers, marker: str) -> Signal | None:
    series, relative = markers.series(marker), markers.criteria.pd_rise
    found: int | None = None
    before: int | None = None  # the sample before, where it was up
    up = False
    lows = series.lows[: len(visits)]
    for place, (low, nadir) in enumerate(zip(lows, series.nadirs, strict=False)):
        if low == -math.inf or nadir == math.inf:
            continue
        up = low - nadir >= relative * nadir - TOLERANCE and series.rose(place)
        if up and found is None and before is not None and visits[before].response != "PD":
            found = before
        before = place if up else None
    if found is None:
        return None
    lowest, value = series.rise(found)
    _, name, unit = _RISING[marker]
    limit = (
        "the bounds leave open whether the limit for progression is reached"
        if found in markers.open_rises
        else "below the limit for progression"
    )
    text = (
        f"{name} {value_words(value)} {unit} against a nadir of {value_words(lowest)}, again at the"
        f" next sample; {limit}"
    )
    return Signal(id="biochemical_rise", day=visits[found].day, open=up, text=text)


def biochemical_relapse(
    visits: Sequence[Visit], markers: Markers, involved: Chain | None
) -> int | None:
    """Day of a significant biochemical relapse, a reason to treat and not a response category: in
    two consecutive measurements within two months the M-protein doubled (reference at least 5 g/L)
    or rose by 10 g/L, urine by 500 mg/24h, or the involved chain by 20 mg/dL or 25 %, whichever is
    greater, with an abnormal ratio.
    """
    c = markers.criteria
    serum = markers.series("serum")
    nadirs, lows = serum.nadirs, serum.lows
    doubled_or_up = [
        place
        for place in serum.risen_by(min(c.doubling_reference, c.biochemical_serum))
        if at_least(lows[place], 2 * max(nadirs[place], c.doubling_reference))
        or at_least(lows[place] - nadirs[place], c.biochemical_serum)
    ]
    urine = markers.series("urine")
    days = [
        _first_pair(visits, serum, doubled_or_up, c.doubling_days),
        _first_pair(visits, urine, urine.risen_by(c.biochemical_urine), c.doubling_days),
    ]
    if involved is not None:
        days.append(_chain_pair(visits, markers, involved))
    return min((day for day in days if day is not None), default=None)


def _first_pair(
    visits: Sequence[Visit], series: Series, met: Sequence[int], within: int
) -> int | None:
    """Day of the first of two consecutive measurements that met it, no further apart than
    `within`. `met`: places of the visits.
    """
    for place, following in pairwise(met):
        if following >= len(visits) or series.measured_between(place, following):
            continue
        if visits[following].day - visits[place].day <= within:
            return visits[place].day
    return None


def _chain_pair(visits: Sequence[Visit], markers: Markers, involved: Chain) -> int | None:
    """Day of the first of two consecutive rises of the involved chain, with an abnormal ratio."""
    c = markers.criteria
    own_column, other_column = (markers.column(test) for test in CHAIN_TESTS[involved])
    lowest = math.inf
    before: int | None = None  # day of the measurement before, where it met it
    for visit, own, other in zip(visits, own_column, other_column, strict=False):
        if own is None or other is None:
            continue
        rise, met = own.low - lowest, False
        if rise >= 0 and at_least(rise, max(10 * c.biochemical_flc, c.pd_rise * lowest)):
            met = _abnormal(own, other, involved, c)
        if met and before is not None and visit.day - before <= c.doubling_days:
            return before
        before = visit.day if met else None
        if own.high < lowest:
            lowest = own.high
    return None


def _abnormal(own: Interval, other: Interval, involved: Chain, c: Criteria) -> bool:
    """Is the ratio certainly abnormal towards the involved chain? Not divided: a chain may be 0."""
    beyond = own.low_open or other.high_open
    if involved == "kappa":
        return over(own.low, c.ratio_high * other.high, beyond=beyond)
    return below(other.high, c.ratio_low * own.low, beyond=beyond)


def escape(visits: Sequence[Visit], markers: Markers) -> Signal | None:
    """Free light chains rise by the size of a progression while the measurable M-protein does not
    (A5).
    """
    first = first_escape(visits, markers)
    if first is None or first.dflc is None:
        return None
    last = next(v for v in reversed(visits) if v.dflc is not None)
    nadir = first.nadir["dflc"]
    text = (
        f"dFLC {value_words(first.dflc)} mg/dL against a nadir of {value_words(nadir)},"
        " M-protein not progressive"
    )
    return Signal(
        id="light_chain_escape",
        day=first.day,
        open=last.escape or last.response == "PD",
        text=text,
    )


def first_escape(visits: Sequence[Visit], markers: Markers) -> Visit | None:
    """The first visit at which the light chains alone rose."""
    places = [place for place in markers.escapes() if place < len(visits)]
    return next((visits[place] for place in places if visits[place].escape), None)
