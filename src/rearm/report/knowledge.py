"""The knowledge in readable text: what stands under an id, and what differs between two bundles."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, get_args

from rearm.assessment.diff import KnowledgeDiff
from rearm.errors import meant
from rearm.evidence import evidence_for, listed_rows
from rearm.evidence.words import months_words, share_words
from rearm.knowledge import Finding, Knowledge, KnowledgeError, load
from rearm.knowledge.lab_tests import TestDef
from rearm.knowledge.rulesets import (
    Factor,
    Indicator,
    Option,
    Place,
    Rule,
    SharedRule,
    Statement,
    Tier,
    Workup,
)
from rearm.knowledge.studies import Arm, Study
from rearm.knowledge.words import Strategy
from rearm.report.citations import References
from rearm.report.words import words

__all__ = [
    "diff_object",
    "diff_text",
    "entries_named",
    "entry_object",
    "entry_tables",
    "entry_text",
    "example_words",
]

_WIDTH = 110
_TIERS: tuple[Tier, ...] = get_args(Tier)  # rising
_STAGES = {
    "choose": "if unknown: needs information",
    "caution": "if unknown: a caution",
    "before-start": "if unknown: a line of the checklist",
}


def entries_named(name: str, *, knowledge: Knowledge | None = None) -> list[tuple[str, Any]]:
    """What stands under an id, as pairs of kind and entry; several where kinds share it.

    Raises KnowledgeError where there is none, with the nearest ids.
    """
    known = knowledge or load()
    tables = dict(_tables(known))
    entries = [(kind, table[name]) for kind, table in tables.items() if name in table]
    if not entries:
        near = meant(
            name, (key for table in tables.values() for key in table), most=5, likeness=0.5
        )
        raise KnowledgeError(
            [
                f"The knowledge has no entry with the id {name}.{near} `rearm knowledge list` "
                "lists strategies, options and factors."
            ]
        )
    return entries


def entry_tables(knowledge: Knowledge | None = None) -> dict[str, Mapping[str, Any]]:
    """Every kind of entry by its name, with the entries by id."""
    return dict(_tables(knowledge or load()))


def _tables(known: Knowledge) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "strategy", known.words.strategies
    yield "option", known.options
    yield "factor", known.factors
    yield "rule", {r.id: r for o in known.options.values() for r in o.rules if "@" not in r.id}
    yield "shared rule", {s.id: s for s in known.shared if isinstance(s, SharedRule)}
    yield "indicator", {i.id: i for f in known.factors.values() for i in f.indicators}
    yield "statement", known.statements
    yield "study", {s.id: s for s in known.studies}
    yield "arm", {a.id: a for s in known.studies for a in s.arms}
    yield "source", known.sources
    yield "finding", known.catalogue
    yield "test", known.lab_tests
    yield "work-up", known.workups
    yield "alert", known.alerts
    yield "action", known.actions
    yield "place", known.places
    yield "practice", known.practicalities
    yield "review", known.reviews
    yield "agent", known.lexicon.agents
    yield "product", known.lexicon.products
    yield "regimen", known.lexicon.regimens


def entry_text(name: str, *, knowledge: Knowledge | None = None) -> str:
    """Everything that stands under an id, as text. Raises KnowledgeError where there is nothing."""
    known = knowledge or load()
    blocks = []
    for kind, entry in entries_named(name, knowledge=known):
        file = known.files.get(f"{kind} {name}")
        heading = f"{kind.capitalize()} {name}" + (f"   ({file})" if file else "")
        blocks.append("\n".join([heading, *(_body(entry, known))]))
    return "\n\n".join(blocks)


def entry_object(name: str, *, knowledge: Knowledge | None = None) -> list[dict[str, Any]]:
    """The same as plain data for JSON: one object a kind."""
    known = knowledge or load()
    found = []
    for kind, entry in entries_named(name, knowledge=known):
        plain: dict[str, Any] = {"kind": kind, "id": name, "entry": _plain(entry)}
        if isinstance(entry, Strategy):
            plain["options"] = [x.id for x in known.options.values() if x.strategy == name]
            plain["places"] = _plain(sorted(_places(name, known), key=_rank))
        found.append(plain)
    return found


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name.rstrip("_"): _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


# ---------------------------------------------------------------- one entry


def _body(entry: Any, known: Knowledge) -> Iterator[str]:
    match entry:
        case Strategy():
            yield from _strategy(entry, known)
        case Option():
            yield from _option(entry, known)
        case Factor():
            yield from _factor(entry, known)
        case Rule() | SharedRule() | Indicator():
            yield from _rule(entry, known)
        case Statement():
            yield from _wrapped(entry.text)
            yield from _wrapped(f"{entry.topic}; strength: {entry.strength}")
            yield from _cited([entry.id], known, quote=False)
            yield from _used_by(entry.id, known)
        case Study():
            yield from _study(entry, known)
        case Arm():
            yield from _arm(entry, known)
        case Finding():
            yield from _finding(entry, known)
        case TestDef():
            yield from _test(entry)
        case Workup():
            yield from _workup(entry, known)
        case _:
            yield from _fields(entry)
            yield from _used_by(entry.id, known)


def _wrapped(text: str, indent: int = 2) -> Iterator[str]:
    pad = " " * indent
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=pad, subsequent_indent=pad, break_on_hyphens=False
    )


def _fields(entry: Any, skip: Iterable[str] = ("id",)) -> Iterator[str]:
    """An entry without a form of its own: its filled fields by name."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        if field.name not in skip and value not in (None, (), "", False):
            text = (
                ", ".join(str(v) for v in value)
                if isinstance(value, tuple | frozenset)
                else str(value)
            )
            yield from _wrapped(f"{field.name.rstrip('_').replace('_', ' ')}: {text}")


def _strategy(strategy: Strategy, known: Knowledge) -> Iterator[str]:
    """Its options, then what places it, the highest tier first."""
    yield from _wrapped(f"{strategy.title} ({strategy.words})")
    own = [x.id for x in known.options.values() if x.strategy == strategy.id]
    yield from _wrapped(f"options: {', '.join(own) or 'none'}")
    for place in sorted(_places(strategy.id, known), key=_rank):
        yield ""
        tier = words(place.tier) if place.tier else f"no higher than {words(place.at_most)}"
        yield from _wrapped(f"{place.id}: {tier} ({words(place.ground)})")
        yield from _wrapped(f"when {place.when}" if place.when else "for everybody", 4)
        yield from _wrapped(place.reason, 4)
        yield from _cited(place.sources, known)


def _places(strategy: str, known: Knowledge) -> list[Place]:
    return [place for place in known.places.values() if strategy in place.of]


def _rank(place: Place) -> tuple[bool, int]:
    """What lifts before what caps, the highest first."""
    return place.tier is None, -_TIERS.index(place.tier or place.at_most or _TIERS[0])


def _option(option: Option, known: Knowledge) -> Iterator[str]:
    yield from _wrapped(f"{option.name}. {option.summary}")
    yield from _wrapped(
        f"{words(option.role)}; strategy {option.strategy}; target"
        f" {', '.join(option.targets) or 'none'}"
    )
    if option.agents:
        yield from _wrapped(f"agents: {', '.join(option.agents)}")
    for rule in option.rules:
        yield ""
        yield from _rule(rule, known, name=True)
    if option.availability:
        yield ""
        yield "  Approvals"
        for row in option.availability:
            until = f" to {row.to}" if row.to else ""
            note = f" ({row.note})" if row.note else ""
            covered = "off label" if row.off_label else row.when or "without condition"
            yield from _wrapped(f"{row.region} from {row.from_}{until}: {covered}{note}", 4)
    else:
        yield from _wrapped(
            "No approval is on record: available only in trials, or no approval is needed "
            "for this role."
        )
    for line in option.support:
        yield from _wrapped(f"Support: {line.text}" + (f" [when {line.when}]" if line.when else ""))
    if option.later_t_cells is not None:
        yield from _wrapped(
            f"Later T-cell collection: {option.later_t_cells.effect}. {option.later_t_cells.text}"
        )
    for both in option.disagreements:
        yield from _wrapped(f"Sources disagree: {both.text}")


def _factor(factor: Factor, known: Knowledge) -> Iterator[str]:
    yield from _wrapped(f"{factor.name} ({words(factor.group)}). {factor.description}")
    yield from _wrapped(
        f"evidence: {factor.evidence}"
        + (f"; can be the cause only where {factor.explains}" if factor.explains else "")
    )
    for frequency in factor.frequencies:
        count = f" {frequency.n} of {frequency.of}" if frequency.n is not None else ""
        yield from _wrapped(f"How often:{count} {frequency.text}")
    for indicator in factor.indicators:
        yield ""
        yield from _rule(indicator, known, name=True)
    for row in factor.implications:
        yield from _wrapped(f"Means for therapy: {row.text}")


def _rule(
    rule: Rule | SharedRule | Indicator, known: Knowledge, *, name: bool = False
) -> Iterator[str]:
    if isinstance(rule, Indicator):
        head = f"{rule.direction} ({rule.weight}; findings {rule.timing.replace('_', ' ')})"
    else:
        head = (
            rule.effect
            + (f" ({_STAGES[rule.stage]})" if rule.stage else "")
            + (f", until {rule.until}" if rule.until else "")
        )
    yield from _wrapped(f"{rule.id}: {head}" if name else head)
    yield from _wrapped(f"when {rule.when}", 4)
    yield from _wrapped(rule.because, 4)
    if isinstance(rule, SharedRule):
        yield from _wrapped(f"applies to every option with the tag {' or '.join(rule.tags)}", 4)
    for label, row in (("true for", rule.example_true), ("not true for", rule.example_false)):
        if row is not None:
            yield from _wrapped(f"{label} {example_words(row)}", 4)
    yield from _cited(rule.sources, known)


def example_words(row: Mapping[str, Any]) -> str:
    """A row of findings as `name = value` pairs; `nothing known` for an empty one."""
    said = [f"{k} = {str(v).lower() if isinstance(v, bool) else v}" for k, v in row.items()]
    return ", ".join(said) or "nothing known"


def _cited(ids: Iterable[str], known: Knowledge, *, quote: bool = True) -> Iterator[str]:
    for reference in References.of_knowledge(known).cite(ids):
        text = f"{reference.text} " if quote and reference.text else ""
        yield from _wrapped(
            f"[{reference.id}] {text}{reference.source}{' (weak)' if reference.weak else ''}", 6
        )


def _used_by(name: str, known: Knowledge) -> Iterator[str]:
    """The rules and indicators that cite an id: what would change with it."""
    users = [s.id for s in known.shared if isinstance(s, SharedRule) and name in s.sources]
    users += [
        r.id
        for o in known.options.values()
        for r in o.rules
        if "@" not in r.id and name in r.sources
    ]
    users += [i.id for f in known.factors.values() for i in f.indicators if name in i.sources]
    users += [s.id for s in known.statements.values() if s.source == name and s.id != name]
    if users:
        yield from _wrapped(f"used by: {', '.join(users)}")


def _study(study: Study, known: Knowledge) -> Iterator[str]:
    yield from _wrapped(str(study.citation))
    yield from _wrapped(
        f"{study.design}; read from {study.citation.read_from}: {study.citation.url}"
    )
    if study.citation.missing:
        yield from _wrapped(f"citation incomplete: {', '.join(study.citation.missing)} not seen")
    if study.note:
        yield from _wrapped(study.note)
    for arm in study.arms:
        yield ""
        yield from _wrapped(f"Arm {arm.id}")
        yield from (f"  {line}" for line in _arm(arm, known))


def _arm(arm: Arm, known: Knowledge) -> Iterator[str]:
    yield from _wrapped(
        f"{arm.population} ({arm.setting_words}: {arm.directness}); strategy {arm.strategy}; figure"
        f" {arm.figure}"
    )
    shares = {
        "response": arm.response,
        "complete response": arm.complete_response,
        "VGPR or better": arm.vgpr_or_better,
    }
    times = {"PFS": arm.pfs, "duration of response": arm.dor, "OS": arm.os}
    harms = {
        "CRS": arm.crs,
        "CRS grade 3+": arm.crs_grade3,
        "ICANS": arm.icans,
        "infection grade 3+": arm.infection_grade3,
    }
    figures = {name: share_words(value) for name, value in shares.items()} | {
        name: months_words(value) for name, value in times.items()
    }
    figures |= {name: share_words(value) for name, value in harms.items()}
    lines = {
        "n": arm.n_treated,
        **figures,
        "findings": "; ".join(arm.findings),
        "caveats": "; ".join(arm.caveats),
    }
    for name, value in lines.items():
        if value not in (None, ""):
            yield from _wrapped(f"{name}: {value}")
    yield from _wrapped(_fate(arm, known))


def _fate(arm: Arm, known: Knowledge) -> str:
    """What became of an arm's figures under its strategy, or under one that it is shown with."""
    tags = [tag for tag in (arm.strategy, *arm.shown_under) if tag in known.words.strategies]
    if not tags:
        return "belongs to no single strategy and is not pooled"
    row = next(
        r for r in listed_rows(evidence_for(tags[0], studies=known.studies)) if r.arm == arm.id
    )
    pooled = f"pooled for {row.pooled.replace('_', ' ')}" if row.pooled else ""
    reason = f"response not pooled: {row.not_pooled}" if row.not_pooled else ""
    return "; ".join(part for part in (pooled, reason) if part) or "nothing to pool"


def _finding(finding: Finding, known: Knowledge) -> Iterator[str]:
    values = f": {', '.join(finding.values)}" if finding.values else ""
    yield from _wrapped(finding.meaning)
    if finding.label:
        yield from _wrapped(f"asked for as: {finding.label}")
    yield from _wrapped(
        f"{finding.type}{values}" + (f", in {finding.unit}" if finding.unit else "")
    )
    if finding.from_:
        yield from _wrapped(f"derived from {', '.join(finding.from_)}")
    asked = [
        w for w in known.workups.values() if w.id in finding.asks or finding.name in w.supplies
    ]
    if asked:
        yield from _wrapped(f"provided by: {'; '.join(w.name for w in asked)}")


def _test(test: TestDef) -> Iterator[str]:
    yield from _wrapped(test.name)
    if test.unit is not None:
        yield from _wrapped(f"unit {test.unit}; read in {', '.join(test.allowed)}")
        yield from _wrapped(
            f"plausible {test.soft[0]:g} to {test.soft[1]:g}; refused outside {test.hard[0]:g} to"
            f" {test.hard[1]:g}"
        )
    if test.words:
        yield from _wrapped(f"words: {', '.join(dict.fromkeys(test.words.values()))}")
    for code in test.loinc:
        yield from _wrapped(f"LOINC {code.code} {code.display} ({code.role.replace('_', ' ')})")
    if test.note:
        yield from _wrapped(test.note)


def _workup(workup: Workup, known: Knowledge) -> Iterator[str]:
    yield from _wrapped(
        f"{workup.name}. Invasiveness {workup.invasiveness} of 3, result in about"
        f" {workup.turnaround} days."
    )
    yield from _wrapped(f"provides: {', '.join(workup.supplies)}")
    if workup.mandatory:
        yield from _wrapped(f"part of the minimum work-up when {workup.mandatory}")
    yield from _cited(workup.sources, known)


# ---------------------------------------------------------------- what differs


def diff_text(difference: KnowledgeDiff) -> str:
    """What changed between two bundles, then the verdicts, tiers and grades that changed."""
    lines = [
        f"From {difference.before[0]} ({difference.before[1][:12]}) to {difference.after[0]}"
        f" ({difference.after[1][:12]})"
    ]
    if not difference.entries:
        lines.append("No entry differs.")
    for entry in difference.entries:
        what = f": {', '.join(entry.fields)}" if entry.fields else ""
        what += f" ({', '.join(entry.parts)})" if entry.parts else ""
        lines.append(f"  {entry.change:8} {entry.kind} {entry.id}{what}")
    lines.append("")
    if not difference.results:
        lines.append("No verdict, tier or grade changed for the patients compared.")
    else:
        lines.append(f"{len(difference.results)} verdicts, tiers or grades changed:")
    for patient in dict.fromkeys(r.patient_id for r in difference.results):
        lines.append(f"  {patient}")
        for row in (r for r in difference.results if r.patient_id == patient):
            before, after = (
                words(side) if side is not None else "not there" for side in (row.before, row.after)
            )
            lines.append(f"    {row.kind} {row.what}: {before} -> {after}")
    return "\n".join(lines)


def diff_object(difference: KnowledgeDiff) -> dict[str, Any]:
    """The same as plain data for JSON."""
    plain: dict[str, Any] = _plain(difference)
    return plain
