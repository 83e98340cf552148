"""Pages of the dictionary on what the rules are made of: findings, factors, options, shared rules,
alerts, actions and work-ups.
"""

from __future__ import annotations

from collections.abc import Iterable

from scripts.docs_markdown import Citations, Lines, cell, code, table

from rearm.knowledge import Knowledge
from rearm.knowledge.rulesets import (
    ActionRule,
    AlertRule,
    Availability,
    Factor,
    Indicator,
    Option,
    Rule,
    SharedRule,
    SharedSupport,
    Support,
)
from rearm.knowledge.scores import ScoreItem, load_scores
from rearm.knowledge.variants import load_alterations
from rearm.report.assessment.sentences import URGENCY_TITLES
from rearm.report.knowledge import example_words
from rearm.report.words import words

STAGES = {
    "choose": "unknown: needs information",
    "caution": "unknown: caution",
    "before-start": "unknown: checklist",
}


def findings(knowledge: Knowledge) -> Lines:
    """Every finding by group: values, meaning, what it is derived from, what would tell it."""
    yield "# Findings"
    yield ""
    yield (
        "A finding is one named fact at the day of the decision. Rules read findings and nothing"
        " else. A finding that is not known is"
    )
    yield (
        "unknown: never false, never zero. *Told by* names the work-up that would supply it;"
        " *derived from* the findings it is made of."
    )
    tellers: dict[str, list[str]] = {}
    for workup in knowledge.workups.values():
        for name in workup.supplies:
            tellers.setdefault(name, []).append(workup.id)
    for group, title in knowledge.catalogue.groups.items():
        members = [f for f in knowledge.catalogue.values() if f.group == group]
        if members:
            yield f"\n## {title}"
        yield from table(
            ("finding", "values", "meaning", "asked for as", "derived from", "told by"),
            (
                (
                    code(f.name),
                    cell(
                        ", ".join(f.values)
                        or {"bool": "yes / no"}.get(f.type, f.type)
                        + (f", {f.unit}" if f.unit else "")
                    ),
                    cell(f.meaning),
                    cell(f.label),
                    ", ".join(code(n) for n in f.from_),
                    ", ".join(
                        f"[{w}](alerts-and-workups.md#{w})"
                        for w in dict.fromkeys([*f.asks, *tellers.get(f.name, ())])
                    ),
                )
                for f in members
            ),
        )


def _effect(rule: Rule | SharedRule) -> str:
    return cell(
        rule.effect
        + (f" ({STAGES[rule.stage]})" if rule.stage else "")
        + (f"; until {rule.until}" if rule.until else "")
    )


def _worked(rule: Rule | SharedRule | Indicator) -> str:
    true, false = (
        code(example_words(row)) if row is not None else "none"
        for row in (rule.example_true, rule.example_false)
    )
    return f"true: {true}<br>not true: {false}"


def _because(rule: Rule | SharedRule) -> str:
    return " ".join([rule.because, *(f"If `{w.when}`: {w.text}" for w in rule.wordings)])


def _rule_table(rules: Iterable[Rule | SharedRule], cite: Citations) -> Lines:
    yield from table(
        ("rule", "what it does", "when", "because", "worked example", "sources"),
        (
            (code(r.id), _effect(r), code(r.when), cell(_because(r)), _worked(r), cite(r.sources))
            for r in rules
        ),
    )


def factors(knowledge: Knowledge, cite: Citations) -> Lines:
    """Every factor by group with its indicators, frequencies and implications."""
    yield "# Factors: why the CAR-T may have failed"
    yield ""
    yield (
        "Each factor has indicators, conditions on findings, that support or oppose it. *Decisive*,"
        " *strong* and"
    )
    yield "*weak* are their weights."
    yield (
        "Only what was seen at or after failure can establish a mechanism; what was there before"
        " the infusion is a risk factor."
    )
    for group in dict.fromkeys(f.group for f in knowledge.factors.values()):
        yield f"\n## {words(group)}"
        for factor in (f for f in knowledge.factors.values() if f.group == group):
            yield from _factor(factor, cite)


def _factor(factor: Factor, cite: Citations) -> Lines:
    yield f"\n### {factor.name}"
    yield ""
    yield f"{code(factor.id)}. {cell(factor.description)} Evidence: {factor.evidence}."
    if factor.explains:
        yield f"\nCan be the cause only where {code(factor.explains)}."
    yield from table(
        ("indicator", "direction, weight, time", "when", "because", "worked example", "sources"),
        (
            (
                code(i.id),
                f"{i.direction}, {i.weight}, {words(i.timing)}",
                code(i.when),
                cell(i.because),
                _worked(i),
                cite(i.sources),
            )
            for i in factor.indicators
        ),
    )
    for f in factor.frequencies:
        count = (
            f"{f.n} of {f.of}. "
            if f.n is not None
            else f"{f.percent:g} %. "
            if f.percent is not None
            else ""
        )
        yield f"- How often: {count}{cell(f.text)} ({cite(f.sources)})"
    for i in factor.implications:
        yield f"- For therapy: {cell(i.text)} ({cite(i.sources)})"


def options(knowledge: Knowledge, cite: Citations) -> Lines:
    """Every option with its own rules, approvals, support and disagreements."""
    yield "# Options"
    yield ""
    yield (
        "One verdict each, the first that holds: **excluded**, **discouraged**, **needs"
        " information**, **open**; see"
    )
    yield (
        "[reading a report](../reading-a-report.md). Beside its own rules each option has the"
        " [shared"
    )
    yield "rules](shared-rules.md) of its tags."
    yield from table(
        ("option", "role", "strategy", "target", "agents"),
        (
            (
                f"[{cell(o.name)}](#{o.id})",
                words(o.role),
                o.strategy,
                cell(", ".join(o.targets)),
                cell(", ".join(o.agents)),
            )
            for o in knowledge.options.values()
        ),
    )
    for option in knowledge.options.values():
        yield from _option(option, knowledge, cite)


def _option(option: Option, knowledge: Knowledge, cite: Citations) -> Lines:
    yield f'\n<a id="{option.id}"></a>\n\n## {option.name}'
    yield ""
    yield f"{code(option.id)}. {cell(option.summary)}"
    yield from _rule_table((r for r in option.rules if "@" not in r.id), cite)
    shared = [r.id.partition("@")[0] for r in option.rules if "@" in r.id]
    if shared:
        yield "\nShared rules: " + ", ".join(f"[{i}](shared-rules.md#{i})" for i in shared) + "."
    yield from table(
        ("approved in", "from", "to", "for", "remark", "source"),
        (
            (
                a.region,
                str(a.from_),
                cell(a.to),
                _population(a),
                cell(a.note),
                cite([a.source] if a.source else []),
            )
            for a in option.availability
        ),
    )
    lent = {(s.text, s.when) for s in knowledge.shared if isinstance(s, SharedSupport)}
    for line in (s for s in option.support if (s.text, s.when) not in lent):
        yield f"- Support: {_support(line, cite)}"
    if option.later_t_cells is not None:
        later = option.later_t_cells
        yield (
            f"- Effect on a later collection of T cells: {later.effect}. {cell(later.text)}"
            f" ({cite(later.sources)})"
        )
    titles = knowledge.words.strategies
    if option.sequence:
        yield f"- May be followed by: {', '.join(titles[s].title for s in option.sequence)}"
    for both in option.disagreements:
        yield f"- Sources disagree: {cell(both.text)} ({cite(both.sources)})"


def _population(row: Availability) -> str:
    return "off label" if row.off_label else code(row.when) if row.when else ""


def _support(line: Support | SharedSupport, cite: Citations) -> str:
    return (
        cell(line.text)
        + (f" Where {code(line.when)}." if line.when else "")
        + f" ({cite(line.sources)})"
    )


def _resting_on_practice(knowledge: Knowledge) -> str:
    """How many rules of options have no source but usual practice, each shared one counted once."""
    own = [r for o in knowledge.options.values() for r in o.rules if "@" not in r.id]
    shared = [s for s in knowledge.shared if isinstance(s, SharedRule)]
    every: list[Rule | SharedRule] = [*own, *shared]
    alone = sum(rule.sources == ("accepted-practice",) for rule in every)
    return (
        f"Of the {len(every)} rules of options, shared or their own, {alone} rest on usual practice"
        " alone: no text was read for them."
    )


def shared_rules(knowledge: Knowledge, cite: Citations) -> Lines:
    """Rules and support that options share, by their tags."""
    yield "# Shared rules"
    yield ""
    yield f"Each acts on every option with one of its tags. {_resting_on_practice(knowledge)}"
    carriers = {
        tag: [o for o in knowledge.options.values() if tag in o.tags]
        for o in knowledge.options.values()
        for tag in o.tags
    }
    for tags in dict.fromkeys(s.tags for s in knowledge.shared):
        options = dict.fromkeys(o.id for tag in tags for o in carriers.get(tag, ()))
        yield f"\n## {', '.join(tags)}"
        yield ""
        yield "Options: " + ", ".join(f"[{o}](options.md#{o})" for o in options) + "."
        mine = [s for s in knowledge.shared if s.tags == tags]
        rules = [s for s in mine if isinstance(s, SharedRule)]
        if rules:
            yield "\n" + " ".join(f'<a id="{r.id}"></a>' for r in rules)
        yield from _rule_table(rules, cite)
        for line in (s for s in mine if isinstance(s, SharedSupport)):
            yield f"- Support: {_support(line, cite)}"


def _wording(alert: AlertRule) -> str:
    return " ".join([alert.text, *(f"If `{w.when}`: {w.text}" for w in alert.wordings)])


def alerts(knowledge: Knowledge, cite: Citations) -> Lines:
    """Alerts, and the work-ups that a report may ask for."""
    yield "# Alerts and work-ups"
    yield "\n## Alerts"
    yield ""
    yield (
        "They stand above everything else, whatever the response course says. An alert is open"
        " where its condition is not known and the last on record points to it: a value older than"
        " its window and not older than 60 days, a bound that reaches over the limit, something"
        " without a recorded end. A later value or statement takes it back."
    )
    yield from table(
        ("alert", "when", "what the page says", "what it says where it is open"),
        (
            (code(a.id), code(a.when), cell(_wording(a)), cell(a.open_text or ""))
            for a in knowledge.alerts.values()
        ),
    )
    yield "## Work-ups"
    yield ""
    yield "The tests that a report may ask for. Invasiveness runs from 0 (nothing is taken) to 3."
    for w in knowledge.workups.values():
        yield f'\n<a id="{w.id}"></a>\n\n### {w.name}'
        yield ""
        yield (
            f"{code(w.id)}. Invasiveness {w.invasiveness}, result in about {w.turnaround} days."
            f" Sources: {cite(w.sources)}."
        )
        yield f"\n- Tells: {', '.join(code(s) for s in w.supplies)}"
        if w.mandatory:
            yield f"- In the minimum work-up where {code(w.mandatory)}"


def actions(knowledge: Knowledge, cite: Citations) -> Lines:
    """What to do whatever therapy is chosen, by how soon."""
    yield "# Actions"
    yield ""
    yield (
        "What is to be done whatever therapy is chosen. An action is due where its condition is"
        " true and what takes it back is not; one that is to find something out, while any of it"
        " is not known. Where the condition is not known it is not due, but open where the last on"
        " record points to it. A patient who died has none. In the tables of results, and on the"
        " page, the more urgent stand first; what has to be done before another is due as soon as"
        " that one."
    )
    for urgency, title in URGENCY_TITLES.items():
        yield f"\n## {title}"
        yield from table(
            ("action", "due where", "not where", "what to do", "where it is open", "why", "until"),
            (
                _action_row(action, cite)
                for action in knowledge.actions.values()
                if action.urgency == urgency
            ),
        )


def _action_row(action: ActionRule, cite: Citations) -> tuple[str, ...]:
    asked = ", ".join(code(name) for name in action.finds_out)
    several = "one of " if len(action.finds_out) > 1 else ""
    where = (
        f"{code(action.when)}, and {several}{asked} is not known" if asked else code(action.when)
    )
    waits = ", ".join(code(name) for name in action.before)
    said = [action.text, *(f"If `{w.when}`: {w.text}" for w in action.wordings)]
    said += [f"Comes before {waits}"] if waits else []
    sign = f"Also where {code(action.open_when)}: " if action.open_when else ""
    return (
        code(action.id),
        where,
        code(action.unless) if action.unless else "",
        cell(". ".join(said)),
        f"{sign}{cell(action.open_text or '')}",
        f"{cell(action.because)} {cite(action.sources)}",
        cell(action.until),
    )


def alterations(cite: Citations) -> Lines:
    """Reported alterations of the target antigens and what they do to each agent."""
    yield "# Alterations of the antigens"
    yield ""
    yield (
        "What was reported, and its effect on agents. An agent that is not named is unknown, not"
        " safe. *Inferred*: the effect follows"
    )
    yield "from the missing protein and was not measured."
    yield from table(
        (
            "gene",
            "alteration",
            "what it is",
            "effect on agents",
            "effect on classes",
            "seen",
            "sources",
        ),
        (
            (
                a.gene,
                cell(a.name),
                cell(a.description),
                cell(
                    "; ".join(f"{agent}: {effect}" for agent, effect in a.effects.items())
                    or "unknown"
                )
                + (" (inferred)" if a.inferred else ""),
                cell("; ".join(f"{group}: {effect}" for group, effect in a.class_effects.items())),
                cell(" ".join(r.text for r in a.reports)),
                cite(dict.fromkeys(s for r in a.reports for s in r.sources)),
            )
            for a in load_alterations()
        ),
    )


def scores(cite: Citations) -> Lines:
    """Prognostic scores: those computed with items and categories, and those that are not, with the
    reason.
    """
    found = load_scores()
    yield "# Prognostic scores"
    yield ""
    yield (
        "They stand under risk factors and choose no salvage. An item that is not known is never"
        " counted as zero."
    )
    for score in found.computed:
        yield f"\n## {score.name}"
        yield ""
        yield (
            f"{cell(score.purpose)}, made for {cell(score.population)}. Sources:"
            f" {cite(score.sources)}." + (f" {cell(score.caution)}" if score.caution else "")
        )
        yield from table(
            ("item", "reads", "points"),
            ((cell(i.name), code(_reads(i)), cell(_points(i))) for i in score.items),
        )
        limits = (
            (
                f"up to {c.up_to:g}"
                if c.up_to is not None
                else f"below {c.below:g}"
                if c.below is not None
                else "more"
            )
            for c in score.categories
        )
        yield from table(
            ("category", "sum", "meaning"),
            (
                (cell(c.label), limit, cell(c.meaning))
                for c, limit in zip(score.categories, limits, strict=True)
            ),
        )
    yield "## Not computed"
    yield from table(
        ("score", "why", "sources"),
        ((cell(s.name), cell(s.why), cite(s.sources)) for s in found.not_computed),
    )


def _reads(item: ScoreItem) -> str:
    return item.test or item.finding or item.score or " OR ".join(item.any_of)


def _points(item: ScoreItem) -> str:
    """How an item scores, in words."""
    if item.as_points:
        return "the value itself"
    if item.stages:
        return ", ".join(f"{label}: {points:g}" for label, points in item.stages.items())
    if item.bands:
        unit = f" {item.unit}" if item.unit else ""
        names = (
            (
                b,
                (
                    f"from {b.from_:g}"
                    if b.from_ is not None
                    else f"above {b.above:g}"
                    if b.above is not None
                    else f"below {b.below:g}"
                ),
            )
            for b in item.bands
        )
        return ", ".join(f"{name}{unit}: {band.points:g}" for band, name in names)
    return f"{item.points:g}" + (" above the laboratory's limit" if item.above_reference else "")
