"""Findings on earlier therapy: what was given, what failed, when the last dose was."""

from __future__ import annotations

import re

from rearm.findings.base import FUNCTIONS, Found, Function, any3, finding, measured, unknown
from rearm.findings.chart import PatientChart
from rearm.interval import Interval
from rearm.knowledge.agents import Agent, agent_class, load_agents
from rearm.knowledge.catalogue import finding_id
from rearm.record import Source, Therapy
from rearm.therapy.exposure import WITHIN_DAYS, Answer
from rearm.therapy.exposure_rows import product_targets
from rearm.therapy.lines import prior_lines as begun

_DAYS_PER_MONTH = 30.4375
_FUNCTIONAL_HIGH_RISK_MONTHS = 18
_TOXICITY_WORDS = re.compile(
    r"toxi|intoleran|adverse|side.?effect|nebenwirk|unverträg", re.IGNORECASE
)
_ENGAGERS = ("bispecific", "trispecific")


def _answered(chart: PatientChart, answer: Answer) -> Found:
    """An answer of the course floor as a finding: what is known is said with the treatments and
    statements that it rests on.
    """
    told = [answer.note] if answer.note else []
    if answer.value:
        told = [_treatment(x) for x in chart.record.therapies if x.source in answer.sources][
            -3:
        ] + told
        told += [
            f"{x.product or 'CAR-T'}, {x.when}"
            for x in chart.record.infused()
            if x.source in answer.sources
        ]
    if answer.stated and not answer.note:
        told.append(f"stated {answer.stated.replace('_', ' ')}")
    return Found(answer.value, answer.sources, "; ".join(told))


def _treatment(row: Therapy) -> str:
    line = f" (line {row.line})" if row.line is not None else ""
    return f"{row.regimen or ' + '.join(row.agents)}{line}, {row.start}"


def _any(answers: list[Found]) -> Found:
    """OR over several agents; the sources are those of the ones that decide."""
    value = any3([None if x.value is None else bool(x.value) for x in answers])
    told = [x for x in answers if x.value is value and (x.sources or x.text)]
    return Found(
        value,
        tuple(dict.fromkeys(s for x in told for s in x.sources)),
        "; ".join(dict.fromkeys(x.text for x in told if x.text))[:400],
    )


# ---------------------------------------------------------------- each agent


def _exposed(agent: str) -> Function:
    return lambda chart: _answered(chart, chart.exposure.agent(agent))


def _refractory(agent: str) -> Function:
    return lambda chart: _answered(chart, chart.exposure.refractory_agent(agent))


def _stopped(agent: str) -> Function:
    def stopped(chart: PatientChart) -> Found:
        rows = chart.treated([agent])
        exposed = chart.exposure.agent(agent)
        sources = tuple(x.source for x in rows)
        if not rows:
            return Found(
                False if exposed.value is False else None, tuple(exposed.sources), exposed.note
            )
        toxic = [x for x in rows if x.stop_reason and _TOXICITY_WORDS.search(x.stop_reason)]
        for row in toxic:
            # Steroids go along with everything; of two other agents nobody says which one was not
            # borne.
            if [a for a in row.agents if "steroid" not in agent_class(a)] in (
                [agent],
                [],
            ) or row.agents == (agent,):
                return Found(
                    True,
                    (row.source,),
                    f"{' + '.join(row.agents)} stopped: {row.stop_reason}, {row.start}",
                )
        if toxic:
            return unknown(
                f"{' + '.join(toxic[0].agents)} was stopped for toxicity; the record does not say"
                " of which agent",
                sources,
            )
        if all(x.stop_reason for x in rows):
            return Found(False, sources, "; ".join(f"stopped: {x.stop_reason}" for x in rows))
        return unknown("the reason for stopping is not recorded", sources)

    return stopped


for _agent in load_agents():
    FUNCTIONS[f"exposed_{finding_id(_agent)}"] = _exposed(_agent)
    FUNCTIONS[f"refractory_{finding_id(_agent)}"] = _refractory(_agent)
    FUNCTIONS[f"stopped_for_toxicity_{finding_id(_agent)}"] = _stopped(_agent)


# ---------------------------------------------------------------- classes and targets

for _short, _class in (
    ("pi", "proteasome inhibitor"),
    ("imid", "IMiD"),
    ("anti_cd38", "anti-CD38"),
):
    FUNCTIONS[f"exposed_{_short}"] = lambda chart, name=_class: _answered(
        chart, chart.exposure.cls(name)
    )  # type: ignore[misc]
    FUNCTIONS[f"refractory_{_short}"] = lambda chart, name=_class: _answered(
        chart, chart.exposure.refractory_cls(name)
    )  # type: ignore[misc]


def agents_against(target: str, kinds: tuple[str, ...] | None = None) -> list[Agent]:
    """Listed agents with this target; `kinds` (bispecific, adc ...) narrows them."""
    return [
        a
        for a in load_agents().values()
        if target in a.targets and (kinds is None or a.kind in kinds)
    ]


def _exposed_to(chart: PatientChart, agents: list[Agent]) -> Found:
    return _any([_answered(chart, chart.exposure.agent(a.id)) for a in agents])


@finding("exposed_bcma_bispecific")
def exposed_bcma_bispecific(chart: PatientChart) -> Found:
    return _exposed_to(chart, agents_against("BCMA", _ENGAGERS))


@finding("refractory_bcma_bispecific")
def refractory_bcma_bispecific(chart: PatientChart) -> Found:
    return _any(
        [
            _answered(chart, chart.exposure.refractory_agent(a.id))
            for a in agents_against("BCMA", _ENGAGERS)
        ]
    )


@finding("exposed_bcma_adc")
def exposed_bcma_adc(chart: PatientChart) -> Found:
    return _exposed_to(chart, agents_against("BCMA", ("adc",)))


@finding("exposed_gprc5d")
def exposed_gprc5d(chart: PatientChart) -> Found:
    return _answered(chart, chart.exposure.target("GPRC5D"))


@finding("refractory_gprc5d")
def refractory_gprc5d(chart: PatientChart) -> Found:
    return _answered(chart, chart.exposure.refractory_cls("anti-GPRC5D"))


@finding("exposed_bcma_before_infusion")
def exposed_bcma_before_infusion(chart: PatientChart) -> Found:
    earlier = [
        (x, product_targets(x)) for x in chart.record.infused() if x not in chart.infusion_rows
    ]
    against = [x for x, targets in earlier if "BCMA" in targets]
    if against:
        return Found(
            True,
            tuple(x.source for x in against),
            f"an earlier {against[0].product or 'CAR-T'} against BCMA, {against[0].when}",
        )
    given = _given_about(chart, agents_against("BCMA"), after=False)
    unnamed = [x for x, targets in earlier if not targets]
    if unnamed and given.value is not True:
        return unknown("the target of an earlier CAR-T is not named", [x.source for x in unnamed])
    return given


@finding("exposed_tce_after_infusion")
def exposed_tce_after_infusion(chart: PatientChart) -> Found:
    return _given_about(
        chart, [a for a in load_agents().values() if a.kind in _ENGAGERS], after=True
    )


def _given_about(chart: PatientChart, agents: list[Agent], *, after: bool) -> Found:
    """Whether one of the agents was given after (or before) the last infusion."""
    rows = chart.treated(a.id for a in agents)
    sides = [(x, is_after(chart, x)) for x in rows]
    here = [x for x, side in sides if side is after]
    if here:
        return Found(
            True,
            tuple(x.source for x in here),
            "; ".join(f"{' + '.join(x.agents)}, {x.start}" for x in here),
        )
    if any(side is None for _, side in sides):
        return unknown("the day of the treatment is not known", [x.source for x in rows])
    exposed = [chart.exposure.agent(a.id) for a in agents if not chart.treated([a.id])]
    if any(x.value is not False for x in exposed):
        return unknown(next((x.note for x in exposed if x.value is not False), ""))
    return Found(
        False,
        tuple(x.source for x in rows),
        "given, but not in this time" if rows else "named nowhere in a complete history",
    )


def is_after(chart: PatientChart, row: Therapy) -> bool | None:
    """Whether a stretch of treatment began after the last infusion; by order where there are no
    days.
    """
    if row.after_infusion is not None and row.start.first is None and row.start.last is None:
        return row.after_infusion >= chart.infusion_count
    if row.purpose in ("bridging", "lymphodepletion") and chart.infusion_count == 1:
        return False
    if chart.infusion_day is None:
        return None
    if row.start.first is not None and row.start.first > chart.infusion_day:
        return True
    return False if row.start.last is not None and row.start.last <= chart.infusion_day else None


# ---------------------------------------------------------------- last doses


def _of_kind(kinds: tuple[str, ...]) -> list[str]:
    return [a.id for a in load_agents().values() if a.kind in kinds]


def _of_class(name: str) -> list[str]:
    return [a.id for a in load_agents().values() if name in (a.cls, *a.classes)]


def apheresis_day(chart: PatientChart) -> int | None:
    """The last apheresis for the last infusion."""
    days = [
        d
        for x in chart.infusion_rows
        for d in x.apheresis_days
        if chart.infusion_day is None or d <= chart.infusion_day
    ]
    return max(days, default=None)


@finding("days_since_last_tce")
def days_since_last_tce(chart: PatientChart) -> Found:
    return chart.days_since(chart.treated(_of_kind(_ENGAGERS)), chart.as_of, before="the decision")


@finding("days_since_last_alkylator")
def days_since_last_alkylator(chart: PatientChart) -> Found:
    return chart.days_since(
        chart.treated(_of_class("alkylator")), chart.as_of, before="the decision"
    )


@finding("days_bendamustine_to_apheresis")
def days_bendamustine_to_apheresis(chart: PatientChart) -> Found:
    return chart.days_since(
        _dated(chart.treated(["bendamustine"])), apheresis_day(chart), before="the apheresis"
    )


@finding("days_alkylator_to_apheresis")
def days_alkylator_to_apheresis(chart: PatientChart) -> Found:
    return chart.days_since(
        _dated(chart.treated(_of_class("alkylator"))), apheresis_day(chart), before="the apheresis"
    )


@finding("days_tce_to_apheresis")
def days_tce_to_apheresis(chart: PatientChart) -> Found:
    return chart.days_since(
        _dated(chart.treated(_of_kind(_ENGAGERS))), apheresis_day(chart), before="the apheresis"
    )


@finding("days_bcma_agent_to_infusion")
def days_bcma_agent_to_infusion(chart: PatientChart) -> Found:
    rows = [
        x
        for x in chart.treated(a.id for a in agents_against("BCMA"))
        if is_after(chart, x) is not True
    ]
    return chart.days_since(rows, chart.infusion_day, before="the infusion")


def _dated(rows: list[Therapy]) -> list[Therapy]:
    """Lymphodepletion and bridging come after the apheresis: without a day they do not count as the
    last dose before it.
    """
    return [
        x
        for x in rows
        if x.purpose not in ("bridging", "lymphodepletion") or x.start.first is not None
    ]


@finding("bendamustine_before_apheresis")
def bendamustine_before_apheresis(chart: PatientChart) -> Found:
    rows, day = chart.treated(["bendamustine"]), apheresis_day(chart)
    sources = tuple(x.source for x in rows)
    if not rows:
        return _answered(chart, chart.exposure.agent("bendamustine"))
    before = [_starts_before(chart, x, day) for x in rows]
    value = any3(before)
    text = "; ".join(f"bendamustine, {x.start}" for x in rows) + (
        f", apheresis day {day}" if day is not None else ", day of apheresis not known"
    )
    return Found(value, sources, text)


def _starts_before(chart: PatientChart, row: Therapy, day: int | None) -> bool | None:
    if is_after(chart, row) or row.purpose in ("lymphodepletion", "bridging"):
        return (
            False
            if day is None or row.start.first is None or row.start.first >= day
            else row.start.last is not None and row.start.last < day
        )
    if day is None:
        return None
    if row.start.last is not None and row.start.last < day:
        return True
    return False if row.start.first is not None and row.start.first >= day else None


# ---------------------------------------------------------------- lines


@finding("prior_lines")
def prior_lines(chart: PatientChart) -> Found:
    """Lines begun up to as_of. Numbers stated in the input that jump over lines not recorded count:
    a lone fourth line is four lines.
    """
    found = begun(chart.record, chart.as_of + 1)
    every = (*found.certain, *found.uncertain)
    sources = tuple(dict.fromkeys(s for x in every for s in x.sources))
    if all(x.infusion is not None for x in every):
        return unknown("no line of therapy before the CAR-T is recorded")
    infusions = sum(x.infusion is not None for x in found.certain)
    stated = max((x.stated for x in found.certain if x.stated is not None), default=0)
    own = len(found.certain) - infusions
    # Where more lines are numbered than recorded, a number may belong to a line left out or to an
    # infusion.
    low = max(len(found.certain), stated)
    high = (stated + infusions if stated > own else len(found.certain)) + len(found.uncertain)
    text = f"{low if low == high else f'{low} to {high}'} lines, CAR-T included"
    return measured(Interval(float(low), float(high)), text, sources, whole=True)


@finding("therapy_history_complete")
def therapy_history_complete(chart: PatientChart) -> Found:
    return chart.therapy_history


@finding("prior_asct")
def prior_asct(chart: PatientChart) -> Found:
    rows = [x for x in chart.record.therapies if x.autologous]
    if rows:
        return Found(
            True,
            tuple(x.source for x in rows),
            "; ".join(f"{x.regimen or 'autologous transplant'}, {x.start}" for x in rows),
        )
    complete = chart.therapy_history
    return (
        Found(False, complete.sources, "no transplant in a complete history")
        if complete.value is True
        else unknown()
    )


@finding("months_first_asct_to_progression")
def months_first_asct_to_progression(chart: PatientChart) -> Found:
    interval = chart.exposure.first_transplant_to_progression()
    if interval.days is None:
        return unknown(interval.note, interval.sources)
    months = round(interval.days / _DAYS_PER_MONTH, 1)
    return Found(
        months,
        interval.sources,
        f"progression {months:g} months after the first autologous transplant",
    )


@finding("functional_high_risk")
def functional_high_risk(chart: PatientChart) -> Found:
    starts = [
        (x.start.day, x) for x in chart.record.therapies if x.line == 1 and x.start.day is not None
    ]
    if not starts:
        return unknown()
    start, row = min(starts, key=lambda pair: pair[0])
    months = _months(
        _progression_after(chart, start, 1), start, row.source, "the start of the first line"
    )
    late = months.quantity.above(_FUNCTIONAL_HIGH_RISK_MONTHS) if months.quantity else None
    return Found(None if late is None else not late, months.sources, months.text)


def _months(
    progression: tuple[Interval, tuple[Source, ...]] | None, start: int, source: Source, since: str
) -> Found:
    if progression is None:
        return unknown()
    days, sources = progression
    months = Interval((days.low - start) / _DAYS_PER_MONTH, (days.high - start) / _DAYS_PER_MONTH)
    if months.exact is not None:
        months = Interval.of(round(months.low, 1))
    shown = (
        f"{months.low:.0f}"
        if round(months.low) == round(months.high)
        else f"{months.low:.0f} to {months.high:.0f}"
    )
    return measured(
        months, f"progression {shown} months after {since} (day {start})", (source, *sources)
    )


def _progression_after(
    chart: PatientChart, day: int, line: int | None
) -> tuple[Interval, tuple[Source, ...]] | None:
    """Day of the progression that ended this line: as the team dated it, else between the end of
    the stretch that it came on and 60 days after it, but not after the start of the next line.
    """
    therapies = [
        x for x in chart.record.therapies if x.start.day is not None and x.start.day >= day
    ]
    later = [
        x.start.day or 0
        for x in therapies
        if x.line is not None and line is not None and x.line > line
    ]
    stop = min(
        later,
        default=(
            chart.infusion_day
            if chart.infusion_day is not None and chart.infusion_day > day
            else chart.as_of
        ),
    )
    stated = [
        x
        for x in chart.record.responses
        if x.response == "PD" and x.day is not None and day < x.day <= stop
    ]
    if stated:
        first = min(stated, key=lambda x: x.day or 0)
        return Interval.of(float(first.day or 0)), (first.source,)
    for row in sorted(therapies, key=lambda x: x.start.day or 0):
        if row.progression_on and row.end.day is not None and row.end.day <= stop:
            return Interval(float(row.end.day), float(min(row.end.day + WITHIN_DAYS, stop))), (
                row.source,
            )
    return None
