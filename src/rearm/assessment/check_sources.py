"""What the check of the knowledge asks of sources: whatever is claimed cites one that exists, every
source is cited, and counts give the percentages beside them.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.errors import meant
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import Indicator, Option, Rule, SharedRule

__all__ = [
    "STRENGTHS",
    "citable",
    "citation_problems",
    "cited_ids",
    "count_problems",
    "rules_of",
    "uncited_sources",
]

STRENGTHS = (
    "label",
    "regulator",
    "guideline",
    "consensus",
    "trial",
    "cohort",
    "review",
    "survey",
    "opinion",
    "case",
    "preclinical",
    "secondary",
)
"""What kind of source a statement comes from."""


def citation_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """What cites nothing, or what is not there; each problem as (where, what)."""
    known = citable(knowledge)
    for where, ids in cited_ids(knowledge):
        if not ids:
            yield (
                where,
                'has no source. Name one, or write sources = ["accepted-practice"] for opinion.',
            )
        for name in ids:
            if name not in known:
                yield (
                    where,
                    f"cites {name}, which is not a statement, source, study or "
                    f"arm.{meant(name, known)}",
                )
    for statement in knowledge.statements.values():
        if statement.source not in knowledge.sources:
            text = (
                f"comes from {statement.source}, which is not a "
                f"source.{meant(statement.source, knowledge.sources)}"
            )
            yield (f"statement {statement.id}", text)
        if statement.strength not in STRENGTHS:
            text = (
                f"has the strength {statement.strength!r}, which is not valid. Use one of "
                f"{', '.join(STRENGTHS)}."
            )
            yield (f"statement {statement.id}", text)
    for source in knowledge.sources.values():
        if not source.incomplete and not (
            source.title and (source.doi or source.pmid or source.url)
        ):
            yield (
                f"source {source.id}",
                "has no title or no address, and is not marked incomplete.",
            )


def uncited_sources(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Sources that nothing cites."""
    used = {s.source for s in knowledge.statements.values()} | {
        name for _, ids in cited_ids(knowledge) for name in ids
    }
    for name in knowledge.sources:
        if name not in used:
            yield (
                f"source {name}",
                "is not cited. Cite it, or a statement from it, in a rule, or remove it.",
            )


def count_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Counts that are incomplete or do not give their percentage."""
    for factor in knowledge.factors.values():
        for frequency in factor.frequencies:
            where = f"factor {factor.id}, frequency {frequency.text!r}"
            if frequency.n is None or frequency.of is None:
                if frequency.n is not None or frequency.of is not None:
                    yield (where, "n and of must be given together.")
            elif not 0 <= frequency.n <= frequency.of or frequency.of == 0:
                yield (where, f"{frequency.n} of {frequency.of} is not a share.")
            elif frequency.percent is not None and abs(
                100 * frequency.n / frequency.of - frequency.percent
            ) > _rounding(frequency.percent):
                yield (
                    where,
                    f"{frequency.n} of {frequency.of} is {100 * frequency.n / frequency.of:.1f} %,"
                    f" not {frequency.percent:g} %.",
                )


def _rounding(percent: float) -> float:
    """The most that a percentage differs from its counts by rounding alone."""
    decimals = len(f"{percent:g}".partition(".")[2])
    return float(0.5 * 10**-decimals + 1e-9)


def rules_of(knowledge: Knowledge) -> Iterator[tuple[str, Rule | SharedRule | Indicator]]:
    """Every rule and indicator as its file has it: a shared rule once, not for each option."""
    for option in knowledge.options.values():
        yield from (
            (f"option {option.id}, rule {r.id}", r) for r in option.rules if "@" not in r.id
        )
    yield from ((f"shared rule {s.id}", s) for s in knowledge.shared if isinstance(s, SharedRule))
    for factor in knowledge.factors.values():
        yield from ((f"factor {factor.id}, indicator {i.id}", i) for i in factor.indicators)


def cited_ids(knowledge: Knowledge) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every place that has to name a source, with the ids it names."""
    for where, rule in rules_of(knowledge):
        yield where, rule.sources
    for option in knowledge.options.values():
        yield from _cited_by_option(option)
    for factor in knowledge.factors.values():
        at = f"factor {factor.id}"
        yield from ((f"{at}, frequency {f.text!r}", f.sources) for f in factor.frequencies)
        yield from ((f"{at}, implication {i.text!r}", i.sources) for i in factor.implications)
    yield from ((f"workup {w.id}", w.sources) for w in knowledge.workups.values())
    for workup in knowledge.workups.values():
        if workup.max_age is not None:
            yield f"workup {workup.id}, max_age", workup.age_sources
    yield from ((f"place {p.id}", p.sources) for p in knowledge.places.values())
    yield from ((f"action {a.id}", a.sources) for a in knowledge.actions.values())
    yield from ((f"practice {p.id}", p.sources) for p in knowledge.practicalities.values())
    yield from ((f"review {r.id}", r.sources) for r in knowledge.reviews.values())
    if knowledge.owns("scores.toml"):
        yield from ((f"score {s.id}", s.sources) for s in knowledge.scores.computed)
        for score in knowledge.scores.not_computed:
            yield f"score {score.id}, not computed", score.sources
    if knowledge.owns("antigen_variants.toml"):
        for alteration in knowledge.alterations:
            for report in alteration.reports:
                yield f"alteration {alteration.id}, report {report.text!r}", report.sources


def _cited_by_option(option: Option) -> Iterator[tuple[str, tuple[str, ...]]]:
    at = f"option {option.id}"
    for approval in option.availability:
        named = (approval.source,) if approval.source else ()
        yield f"{at}, availability {approval.region}", named
    yield from ((f"{at}, support {s.text!r}", s.sources) for s in option.support)
    yield from ((f"{at}, disagreement", d.sources) for d in option.disagreements)
    if option.later_t_cells is not None:
        yield f"{at}, later_t_cells", option.later_t_cells.sources


def citable(knowledge: Knowledge) -> set[str]:
    studies = {study.id for study in knowledge.studies} | {
        arm.id for study in knowledge.studies for arm in study.arms
    }
    return {*knowledge.statements, *knowledge.sources, *studies}


# ---------------------------------------------------------------- the checks
