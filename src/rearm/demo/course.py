"""What happens to one invented patient after the CAR-T: response, relapse, salvage, relapse again,
death; and how the burden of the disease follows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rearm.demo import rates
from rearm.demo.burden import Burden, Phase
from rearm.demo.chart import Chart
from rearm.demo.disease import Disease
from rearm.demo.rates import Product, Salvage

__all__ = ["Course", "Treatment", "draw_course"]

_QUIET = "extraosseous_alone"
_SEEN_AFTER = (0, 14)  # days from progression to the sample that shows it
_SOON = (20, 33)  # days to the rise where the disease never responded
_HALVINGS = 2.5  # at least so many while the burden falls
_OF_THE_FIRST = 1.25  # times to progression on later salvage are divided by this


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """The CAR-T or a salvage treatment. `level`: the burden at its start. `seen`: the day on which
    progression is first measured, `checked`: on which it is measured again, if the patient is still
    followed then. `pattern`: how it shows. `product`: of a second CAR-T.
    """

    start: int
    level: float
    response: str
    seen: int
    checked: int
    pattern: str
    salvage: Salvage | None = None
    product: str | None = None

    @property
    def quiet(self) -> bool:
        """Whether the relapse shows in no marker."""
        return self.pattern == _QUIET

    @property
    def soft_tissue(self) -> bool:
        return self.pattern in ("extraosseous", _QUIET, "paraskeletal")


@dataclass(slots=True, kw_only=True)
class Course:
    """The treatments in their order. `death`: the day, None: alive at the end of follow-up."""

    burden: Burden
    treatments: list[Treatment] = field(default_factory=list)
    death: int | None = None
    cause: str = ""


def draw_course(
    chart: Chart,
    disease: Disease,
    product: Product,
    burden: Burden,
    *,
    follow_up: int,
    hazard: float,
) -> Course:
    """The course; `chart.end` is then its last day. `hazard`: times to progression after the CAR-T
    are divided by it.
    """
    course = Course(burden=burden)
    response = chart.pick(product.responses)
    median = product.median[response] / hazard
    last = _treat(chart, disease, course, start=0, response=response, median=median)
    if chart.chance(rates.DIED_WITHOUT_RELAPSE):
        _die(chart, course, chart.waited(rates.TIME_TO_SUCH_DEATH), rates.CAUSES_WITHOUT_RELAPSE)
    groups = [""]
    while course.death is None and last.checked < follow_up:
        if not _is_salvaged(chart, len(course.treatments)):
            treated = len(course.treatments) > 1
            wait = rates.TIME_TO_DEATH_AFTER_LAST if treated else rates.TIME_TO_DEATH_UNTREATED
            day = last.checked + chart.waited(wait)
            _die(chart, course, day, rates.CAUSES_AFTER_RELAPSE)
            break
        last = _salvage(chart, disease, course, last.checked, groups)
        if chart.chance(rates.DIED_ON_SALVAGE):
            day = chart.day_between((last.start + 8, max(last.seen, last.start + 9)))
            _die(chart, course, day, rates.CAUSES_AFTER_RELAPSE)
    if course.death is not None and course.death > follow_up:
        course.death = None
    chart.end = follow_up if course.death is None else course.death
    return course


def _is_salvaged(chart: Chart, treatments: int) -> bool:
    if treatments > rates.MOST_SALVAGES:
        return False
    return chart.chance(rates.SALVAGED if treatments == 1 else rates.SALVAGED_AGAIN)


def _die(chart: Chart, course: Course, day: int, causes: Mapping[str, float]) -> None:
    """A death, unless a relapse was seen before it that nobody has reckoned with."""
    last = course.treatments[-1]
    if causes is rates.CAUSES_WITHOUT_RELAPSE and day >= last.seen:
        return
    course.death, course.cause = day, chart.pick(causes)


def _salvage(
    chart: Chart, disease: Disease, course: Course, failed: int, groups: list[str]
) -> Treatment:
    """The next salvage treatment, of another group than the one before."""
    shares = {i: s.share for i, s in enumerate(rates.SALVAGES) if s.group not in groups[-1:]}
    if rates.CAR_T_AGAIN in groups:
        shares = {i: x for i, x in shares.items() if rates.SALVAGES[i].group != rates.CAR_T_AGAIN}
    salvage = rates.SALVAGES[chart.pick(shares)]
    groups.append(salvage.group)
    cells = salvage.group == rates.CAR_T_AGAIN
    wait = chart.day_between(rates.WAIT_FOR_CELLS if cells else rates.WAIT_FOR_SALVAGE)
    response = chart.pick(salvage.responses)
    median = salvage.median * _spread(response) / _OF_THE_FIRST ** (len(course.treatments) - 1)
    return _treat(
        chart,
        disease,
        course,
        start=failed + wait,
        response=response,
        median=median,
        salvage=salvage,
        product=chart.pick(rates.SECOND_PRODUCTS) if cells else None,
    )


def _spread(response: str) -> float:
    """Who responds better progresses later."""
    return {"CR": 2.6, "VGPR": 1.7, "PR": 1.0, "MR": 0.7, "SD": 0.55, "PD": 0.25}[response]


def _treat(
    chart: Chart,
    disease: Disease,
    course: Course,
    *,
    start: int,
    response: str,
    median: float,
    salvage: Salvage | None = None,
    product: str | None = None,
) -> Treatment:
    """One treatment: the burden falls as deep as the response says, and rises when it fails."""
    level = course.burden.at(start)
    never = response == "PD"
    wait = chart.day_between(_SOON) if never else chart.waited(median, rates.SHAPE) + 35
    rises = start + wait
    floor = level * chart.between(rates.DEPTH[response])
    pattern = chart.pick(rates.PATTERNS)
    doubling = rates.DOUBLING_EARLY if wait < rates.EARLY else rates.DOUBLING_LATE
    phase = Phase(
        start=start,
        level=level,
        floor=floor,
        half_life=min(chart.between(rates.HALF_LIFE), wait / _HALVINGS),
        rises=None if pattern == _QUIET else rises,
        step=disease.rise(floor),
        doubling=chart.between(doubling),
    )
    course.burden.add(phase)
    nadir = phase.nadir()
    progressed = phase.reaches(nadir + disease.rise(nadir)) or rises
    seen = progressed + chart.day_between(_SEEN_AFTER)
    treatment = Treatment(
        start=start,
        level=level,
        response=response,
        salvage=salvage,
        product=product,
        seen=seen,
        checked=seen + chart.day_between(rates.CHECKED_AGAIN),
        pattern=pattern,
    )
    course.treatments.append(treatment)
    return treatment
