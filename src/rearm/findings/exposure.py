"""Findings on earlier therapy: what was given, what failed, when the last dose was."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import cache

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    any3,
    family,
    finding,
    measured,
    rows_of,
    suspected,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.interval import Interval
from rearm.knowledge.catalogue import finding_id
from rearm.knowledge.lexicon import Lexicon
from rearm.record import UNKNOWN_WHEN, Source, Therapy, When, last_apheresis
from rearm.therapy.exposure import WITHIN_DAYS, ExposureAnswer
from rearm.therapy.exposure_rows import product_targets
from rearm.therapy.lines import prior_lines as begun

_DAYS_PER_MONTH = 30.4375
_FUNCTIONAL_HIGH_RISK_MONTHS = 18
_NOWHERE = "not in the complete history"
_TOXICITY_WORDS = re.compile(
    r"toxi|intoleran|adverse|side.?effect|nebenwirk|unverträg", re.IGNORECASE
)
_ENGAGERS = ("bispecific", "trispecific")


def _answered(chart: PatientChart, answer: ExposureAnswer) -> Found:
    """An answer on exposure as a finding: what is known is said with the treatments and statements
    that it rests on. A progression that a statement denies is a sign that points to refractoriness.
    """
    if answer.contradicted:
        return suspected(lambda: _answer_text(chart, answer), answer.sources)
    if answer.value or answer.note or answer.stated or _unnamed(answer):
        return Found(answer.value, answer.sources, lambda: _answer_text(chart, answer))
    return Found(answer.value, answer.sources)


def _unnamed(answer: ExposureAnswer) -> bool:
    """Whether it is denied because nothing in a complete history speaks of it."""
    return answer.value is False and not answer.sources


def _answer_text(chart: PatientChart, answer: ExposureAnswer) -> str:
    words = []
    if answer.value:
        rows = [x for x in chart.record.therapies if x.source in answer.sources]
        words += [_treatment(x) for x in rows[-3:]]
    words += [answer.note] if answer.note else []
    if answer.value:
        infusions = [x for x in chart.infused if x.source in answer.sources]
        words += [f"{x.product or 'CAR-T'}, {x.when}" for x in infusions]
    if answer.stated and not answer.note:
        words.append(f"stated {answer.stated.replace('_', ' ')}")
    return "; ".join(words) or (_NOWHERE if _unnamed(answer) else "")


def _treatment(row: Therapy) -> str:
    line = f" (line {row.line})" if row.line is not None else ""
    return f"{row.regimen or ' + '.join(row.agents)}{line}, {row.start}"


def _agents_and_start(row: Therapy) -> str:
    return f"{' + '.join(row.agents)}, {row.start}"


def _any(chart: PatientChart, answers: Sequence[ExposureAnswer]) -> Found:
    """OR over several agents; the sources are those of the ones that decide."""
    value = any3([x.value for x in answers])
    deciding = {id(x): x for x in answers if x.value is value}.values()  # silent agents share one
    sources = tuple(dict.fromkeys(s for x in deciding for s in x.sources))

    def text() -> str:
        words = dict.fromkeys(_answer_text(chart, x) for x in deciding)
        return "; ".join(x for x in words if x)[:400]

    if value is None and any(x.contradicted for x in answers):
        return suspected(text, sources)
    return Found(value, sources, text)


# ---------------------------------------------------------------- each agent


@cache
def _agent_names(lexicon: Lexicon) -> dict[str, tuple[str, str, str]]:
    """The three findings of each agent by its id: exposed, stopped for toxicity, refractory."""
    kinds = ("exposed", "stopped_for_toxicity", "refractory")
    return {
        agent: (f"{kinds[0]}_{name}", f"{kinds[1]}_{name}", f"{kinds[2]}_{name}")
        for agent, name in ((agent, finding_id(agent)) for agent in lexicon.agents)
    }


@cache
def _silence(lexicon: Lexicon) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the findings of all agents: those on exposure and stops, and those on
    refractoriness.
    """
    names = _agent_names(lexicon).values()
    return tuple(n for row in names for n in row[:2]), tuple(row[2] for row in names)


def _names_of_agents(lexicon: Lexicon) -> list[str]:
    return [name for names in _agent_names(lexicon).values() for name in names]


@family(_names_of_agents)
def agent_findings(chart: PatientChart) -> dict[str, Found]:
    """`exposed_`, `stopped_for_toxicity_` and `refractory_` of every agent of the lexicon.

    Of agents that nothing in the record speaks of the answer is the same, so that only the others
    are asked one by one.
    """
    exposure, names = chart.exposure, _agent_names(chart.lexicon)
    given, refractory = _silence(chart.lexicon)
    found = dict.fromkeys(given, _answered(chart, exposure.silent))
    found.update(dict.fromkeys(refractory, _answered(chart, exposure.silent_refractory)))
    for agent in exposure.spoken_of | chart.rows_by_agent.keys():
        if agent in names:
            exposed_name, stopped_name, refractory_name = names[agent]
            exposed = _answered(chart, exposure.agent(agent))
            found[exposed_name] = exposed
            found[stopped_name] = _stopped(chart, agent, exposed)
            found[refractory_name] = _answered(chart, exposure.refractory_agent(agent))
    return found


def _stopped(chart: PatientChart, agent: str, exposed: Found) -> Found:
    """Whether the agent was stopped for toxicity."""
    rows = chart.rows_by_agent.get(agent)
    if not rows:
        note = chart.exposure.agent(agent).note
        denied = exposed.value is False
        return Found(
            False if denied else None, exposed.sources, note or (_NOWHERE if denied else "")
        )
    toxic = [x for x in rows if x.stop_reason and _TOXICITY_WORDS.search(x.stop_reason)]
    for row in toxic:
        if _only_suspect(chart, agent, row):
            text = f"{' + '.join(row.agents)} stopped: {row.stop_reason}, {row.start}"
            return Found(True, (row.source,), text)
    if toxic:
        return unknown(
            f"{' + '.join(toxic[0].agents)} was stopped for toxicity; the record does not say"
            " of which agent",
            rows_of(rows),
        )
    if all(x.stop_reason for x in rows):
        return Found(False, rows_of(rows), texts(rows, lambda x: f"stopped: {x.stop_reason}"))
    return unknown("the reason for stopping is not recorded", rows_of(rows))


def _only_suspect(chart: PatientChart, agent: str, row: Therapy) -> bool:
    """Whether the toxicity can only be of this agent. Steroids go along with everything; of two
    other agents nobody says which one was not borne.
    """
    others = [a for a in row.agents if "steroid" not in chart.lexicon.agent_class(a)]
    return others in ([agent], []) or row.agents == (agent,)


# ---------------------------------------------------------------- classes and targets


def _exposed_class(name: str) -> Function:
    return lambda chart: _answered(chart, chart.exposure.cls(name))


def _refractory_class(name: str) -> Function:
    return lambda chart: _answered(chart, chart.exposure.refractory_cls(name))


for _short, _class in (
    ("pi", "proteasome inhibitor"),
    ("imid", "IMiD"),
    ("anti_cd38", "anti-CD38"),
):
    FUNCTIONS[f"exposed_{_short}"] = _exposed_class(_class)
    FUNCTIONS[f"refractory_{_short}"] = _refractory_class(_class)


@cache
def agents_against(
    lexicon: Lexicon, target: str, kinds: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Ids of the listed agents with this target; `kinds` (bispecific, adc ...) narrows them."""
    return tuple(
        a.id
        for a in lexicon.agents.values()
        if target in a.targets and (kinds is None or a.kind in kinds)
    )


@cache
def _engagers(lexicon: Lexicon) -> tuple[str, ...]:
    """Ids of the T-cell engagers, whatever their target."""
    return tuple(a.id for a in lexicon.agents.values() if a.kind in _ENGAGERS)


def _exposed_to(chart: PatientChart, agents: Iterable[str]) -> Found:
    return _any(chart, [chart.exposure.agent(a) for a in agents])


@finding("exposed_bcma_bispecific")
def exposed_bcma_bispecific(chart: PatientChart) -> Found:
    return _exposed_to(chart, agents_against(chart.lexicon, "BCMA", _ENGAGERS))


@finding("refractory_bcma_bispecific")
def refractory_bcma_bispecific(chart: PatientChart) -> Found:
    agents = agents_against(chart.lexicon, "BCMA", _ENGAGERS)
    return _any(chart, [chart.exposure.refractory_agent(a) for a in agents])


@finding("exposed_bcma_adc")
def exposed_bcma_adc(chart: PatientChart) -> Found:
    return _exposed_to(chart, agents_against(chart.lexicon, "BCMA", ("adc",)))


@finding("exposed_gprc5d")
def exposed_gprc5d(chart: PatientChart) -> Found:
    return _answered(chart, chart.exposure.target("GPRC5D"))


@finding("refractory_gprc5d")
def refractory_gprc5d(chart: PatientChart) -> Found:
    return _answered(chart, chart.exposure.refractory_cls("anti-GPRC5D"))


@finding("exposed_bcma_before_infusion")
def exposed_bcma_before_infusion(chart: PatientChart) -> Found:
    earlier = [(x, product_targets(x, chart.lexicon)) for x in chart.earlier_infusions]
    against = [x for x, targets in earlier if "BCMA" in targets]
    if against:
        text = f"an earlier {against[0].product or 'CAR-T'} against BCMA, {against[0].when}"
        return Found(True, rows_of(against), text)
    agents = _given_about(chart, agents_against(chart.lexicon, "BCMA"), after=False)
    unnamed = [x for x, targets in earlier if not targets]
    if unnamed and agents.value is not True:
        return unknown("the target of an earlier CAR-T is unknown", rows_of(unnamed))
    return agents


@finding("exposed_tce_after_infusion")
def exposed_tce_after_infusion(chart: PatientChart) -> Found:
    return _given_about(chart, _engagers(chart.lexicon), after=True)


def _given_about(chart: PatientChart, agents: Sequence[str], *, after: bool) -> Found:
    """Whether one of the agents was given after (or before) the last infusion."""
    rows = chart.treated(agents)
    sides = [is_after(chart, x) for x in rows]
    in_time = [x for x, side in zip(rows, sides, strict=True) if side is after]
    if in_time:
        return Found(True, rows_of(in_time), texts(in_time, _agents_and_start))
    if None in sides:
        return unknown("the day of treatment is unknown", rows_of(rows))
    unnamed = (chart.exposure.agent(a) for a in agents if a not in chart.rows_by_agent)
    open_ = next((x for x in unnamed if x.value is not False), None)
    if open_ is not None:
        return unknown(open_.note)
    text = "given, but not in this time" if rows else _NOWHERE
    return Found(False, rows_of(rows), text)


def is_after(chart: PatientChart, row: Therapy) -> bool | None:
    """Whether a stretch of treatment began after the last infusion; by order where there are no
    days.
    """
    start = row.start
    if row.after_infusion is not None and start.first is None and start.last is None:
        return row.after_infusion >= chart.infusion_count
    if row.purpose in ("bridging", "lymphodepletion") and chart.infusion_count == 1:
        return False
    if chart.infusion_day is None:
        return None
    if start.first is not None and start.first > chart.infusion_day:
        return True
    return False if start.last is not None and start.last <= chart.infusion_day else None


# ---------------------------------------------------------------- last doses


def apheresis_of(chart: PatientChart) -> When:
    """The last apheresis for the last infusion."""
    return last_apheresis(chart.infusion_rows, chart.infusion_day) or UNKNOWN_WHEN


@finding("days_since_last_tce")
def days_since_last_tce(chart: PatientChart) -> Found:
    rows = chart.treated(_engagers(chart.lexicon))
    return chart.days_since(rows, chart.as_of, before="the decision")


@finding("days_since_last_alkylator")
def days_since_last_alkylator(chart: PatientChart) -> Found:
    rows = chart.treated(chart.lexicon.agents_of_class("alkylator"))
    return chart.days_since(rows, chart.as_of, before="the decision")


def _days_to_apheresis(chart: PatientChart, agents: Iterable[str]) -> Found:
    """Lymphodepletion and bridging come after the apheresis: without a day they do not count as the
    last dose before it.
    """
    rows = [
        x
        for x in chart.treated(agents)
        if x.purpose not in ("bridging", "lymphodepletion") or x.start.first is not None
    ]
    collected = apheresis_of(chart)
    if collected.first is None or collected.last is None:
        return NOTHING
    first, last = (
        chart.days_since(rows, day, before="the apheresis")
        for day in (collected.first, collected.last)
    )
    if collected.day is not None:
        return last
    earlier, later = _bounds(first), _bounds(last)
    if earlier is None or later is None:
        return unknown(f"the apheresis was {collected}: {last.text}", last.sources)
    # a dose may have been given in between, up to the day of the apheresis itself
    between = any(
        x.start.last is None or x.start.last > collected.first or _lasts_beyond(x, collected.first)
        for x in rows
        if x.start.first is None or x.start.first <= collected.last
    )
    width = collected.last - collected.first
    days = Interval(0.0 if between else earlier.low, earlier.high + width)
    return measured(days, f"{last.text}, the apheresis {collected}", last.sources, whole=True)


def _bounds(found: Found) -> Interval | None:
    if found.interval is not None:
        return found.interval
    return Interval.of(found.value) if isinstance(found.value, float | int) else None


def _lasts_beyond(row: Therapy, day: int) -> bool:
    return row.end.last is None or row.end.last > day


@finding("days_bendamustine_to_apheresis")
def days_bendamustine_to_apheresis(chart: PatientChart) -> Found:
    return _days_to_apheresis(chart, ["bendamustine"])


@finding("days_alkylator_to_apheresis")
def days_alkylator_to_apheresis(chart: PatientChart) -> Found:
    return _days_to_apheresis(chart, chart.lexicon.agents_of_class("alkylator"))


@finding("days_tce_to_apheresis")
def days_tce_to_apheresis(chart: PatientChart) -> Found:
    return _days_to_apheresis(chart, _engagers(chart.lexicon))


@finding("days_bcma_agent_to_infusion")
def days_bcma_agent_to_infusion(chart: PatientChart) -> Found:
    rows = chart.treated(agents_against(chart.lexicon, "BCMA"))
    before = [x for x in rows if is_after(chart, x) is not True]
    return chart.days_since(before, chart.infusion_day, before="the infusion")


@finding("bendamustine_before_apheresis")
def bendamustine_before_apheresis(chart: PatientChart) -> Found:
    rows, collected = chart.treated(["bendamustine"]), apheresis_of(chart)
    if not rows:
        return _answered(chart, chart.exposure.agent("bendamustine"))
    value = any3(_starts_before(chart, x, collected) for x in rows)
    known = collected != UNKNOWN_WHEN
    apheresis = f"apheresis {collected}" if known else "day of apheresis unknown"
    starts = "; ".join(f"bendamustine, {x.start}" for x in rows)
    return Found(value, rows_of(rows), f"{starts}, {apheresis}")


def _starts_before(chart: PatientChart, row: Therapy, collected: When) -> bool | None:
    """Whether the treatment began before the apheresis. What comes after it by its order did not,
    unless its days say so.
    """
    start = row.start
    order = start.before(collected)
    surely_before, surely_not = order is True, order is False
    follows = is_after(chart, row) or row.purpose in ("lymphodepletion", "bridging")
    if follows:
        return surely_before and start.first is not None
    return True if surely_before else False if surely_not else None


# ---------------------------------------------------------------- lines


@finding("prior_lines")
def prior_lines(chart: PatientChart) -> Found:
    """Lines begun up to as_of. Numbers stated in the input that jump over lines not recorded count:
    a lone fourth line is four lines.
    """
    lines = begun(chart.record, chart.as_of + 1, chart.exposure.history.lines)
    every = (*lines.certain, *lines.uncertain)
    if all(x.infusion is not None for x in every):
        return unknown("no line of therapy before the CAR-T is recorded")
    sources = tuple(dict.fromkeys(s for x in every for s in x.sources))
    certain = len(lines.certain)
    fewest = lines.fewest
    infusions = sum(x.infusion is not None for x in lines.certain)
    stated = max((x.stated for x in lines.certain if x.stated is not None), default=0)
    # Where more lines are numbered than recorded, a number may belong to a line left out or to an
    # infusion.
    numbered_beyond = stated > certain - infusions
    low = max(fewest, stated)
    beyond = stated + infusions - certain if numbered_beyond else 0
    high = lines.most + beyond
    included = ", CAR-T included" if infusions else ""
    noun = "line" if low == high == 1 else "lines"
    text = f"{low if low == high else f'{low} to {high}'} {noun}{included}"
    return measured(Interval(float(low), float(high)), text, sources, whole=True)


@finding("therapy_history_complete")
def therapy_history_complete(chart: PatientChart) -> Found:
    return chart.therapy_history


@finding("prior_asct")
def prior_asct(chart: PatientChart) -> Found:
    rows = [x for x in chart.record.therapies if x.autologous]
    if rows:
        text = texts(rows, lambda x: f"{x.regimen or 'autologous transplant'}, {x.start}")
        return Found(True, rows_of(rows), text)
    either = [x for x in chart.record.therapies if x.autologous is None]
    if either:
        text = texts(either, lambda x: f"{x.regimen or 'transplant'}, {x.start}")
        return unknown(f"autologous or allogeneic is not stated: {text}", rows_of(either))
    complete = chart.therapy_history
    if complete.value is True:
        return Found(False, complete.sources, "no transplant in a complete history")
    return NOTHING


@finding("months_first_asct_to_progression")
def months_first_asct_to_progression(chart: PatientChart) -> Found:
    interval = chart.exposure.first_transplant_to_progression()
    if interval.days is None:
        return unknown(interval.note, interval.sources)
    months = interval.days.scaled(1 / _DAYS_PER_MONTH)
    low, high = round(months.low, 1), round(months.high, 1)
    text = f"progression {_low_to_high(low, high)} months after the first autologous transplant"
    return measured(Interval(low, high), text, interval.sources)


def _low_to_high(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


@finding("functional_high_risk")
def functional_high_risk(chart: PatientChart) -> Found:
    """Progression within 18 months of the start of the first line."""
    starts = [x for x in chart.record.therapies if x.line == 1 and _is_bounded(x.start)]
    if not starts:
        return NOTHING
    row = min(starts, key=lambda x: (x.start.last, x.start.first))
    start = (row.start.first or 0, row.start.last or 0)
    progression = _first_line_progression(chart, start)
    if progression is None:
        return NOTHING
    days, sources = progression
    months = Interval(
        (days.low - start[1]) / _DAYS_PER_MONTH, (days.high - start[0]) / _DAYS_PER_MONTH
    )
    if months.exact is not None:
        months = Interval.of(round(months.low, 1))
    late = months.above(_FUNCTIONAL_HIGH_RISK_MONTHS)
    low, high = f"{months.low:.0f}", f"{months.high:.0f}"
    text = (
        f"progression {low if low == high else f'{low} to {high}'} months after the start of the"
        f" first line ({row.start})"
    )
    rows = tuple(dict.fromkeys((row.source, *sources)))
    return Found(None if late is None else not late, rows, text)


def _is_bounded(when: When) -> bool:
    return when.first is not None and when.last is not None


def _first_line_progression(
    chart: PatientChart, start: tuple[int, int]
) -> tuple[Interval, tuple[Source, ...]] | None:
    """Days of the progression that ended the first line, which began between the days `start`: as
    the team dated it, else between the end of the stretch that it came on and 60 days after it, but
    not after the start of the next line.
    """
    since = [
        (x.start.first, x.start.last, x)
        for x in chart.record.therapies
        if x.start.first is not None and x.start.last is not None and x.start.first >= start[0]
    ]
    next_lines = [last for _, last, x in since if x.line is not None and x.line > 1]
    infused = chart.infusion_day
    no_later_line = infused if infused is not None and infused > start[1] else chart.as_of
    stop = min(next_lines, default=no_later_line)
    stated = [
        (x.when.first, x.when.last, x.source)
        for x in chart.record.responses
        if x.response == "PD" and x.when.first is not None and x.when.last is not None
    ]
    in_time = [(low, high, s) for low, high, s in stated if start[1] < low and high <= stop]
    if in_time:
        low, high, source = min(in_time, key=lambda x: (x[1], x[0]))
        return Interval(float(low), float(high)), (source,)
    for _, _, row in sorted(since, key=lambda x: x[:2]):
        first, last = row.end.first, row.end.last
        if row.progression_on and first is not None and last is not None and last <= stop:
            latest = min(last + WITHIN_DAYS, stop)
            return Interval(float(first), float(latest)), (row.source,)
    return None
