"""The page of the dictionary on how options are given, and on the next review."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.docs_markdown import Citations, Lines, cell, code, table

from rearm.knowledge import Knowledge
from rearm.knowledge.practicalities import PRACTICAL_FIELDS, Practicality, practice_of
from rearm.knowledge.reviews import ReviewRule
from rearm.report.assessment.practicalities_words import COUNTED_WORDS, FIELD_TITLES
from rearm.report.words import words


def practicalities(knowledge: Knowledge, cite: Citations) -> Lines:
    """Every text by class, drug and option, what each option lacks, and the rules of the review."""
    yield "# How options are given"
    yield ""
    yield (
        "Dose and schedule, premedication, stay, visits, restricted programme, time to the first"
        " dose, kidney, toxicity, CRS and ICANS, infections, effect on a later T-cell therapy, and"
        " what comes next. What holds for a class or a drug stands there once; an option takes what"
        " its class, its drugs and its own file say. *None*: there is nothing of the kind, and the"
        " text says why. Only what was read is here; `accepted-practice` marks usual practice, for"
        " which no text was read. The labels were read in parts, on pages that quote them: read the"
        " label in force."
    )
    subjects: dict[tuple[str, ...], list[Practicality]] = {}
    for row in knowledge.practicalities.values():
        subjects.setdefault(_subject(row), []).append(row)
    for subject, rows in subjects.items():
        yield f"\n## {', '.join(subject)}"
        yield from table(
            ("field", "what to know", "in few words", "to arrange", "where", "sources"),
            (_row(row, cite) for row in rows),
        )
    yield "\n## What was not read"
    yield from table(
        ("option", "usual practice, or of other drugs", "not read"), _lacking(knowledge)
    )
    yield "\n## Next review"
    yield ""
    yield (
        "The first rule that fits the state of the answer and the option that leads counts. The"
        " markers are those by which the disease of the patient is measured."
    )
    yield from table(
        ("review", "state", "where leads", "when", "looks at", "changes the plan", "who"),
        (_review(rule, cite) for rule in knowledge.reviews.values()),
    )


def _subject(row: Practicality) -> tuple[str, ...]:
    kinds = (("option", row.options), ("drug", row.agents), ("class", row.tags))
    return tuple(f"{kind} {name}" for kind, names in kinds for name in names)


def _row(row: Practicality, cite: Citations) -> tuple[str, ...]:
    return (
        FIELD_TITLES[row.field],
        cell(row.text if row.applies else f"None: {row.text}"),
        cell(row.brief),
        cell(row.task),
        ", ".join(row.regions),
        cite(row.sources),
    )


def _lacking(knowledge: Knowledge) -> Iterator[tuple[str, ...]]:
    for option in knowledge.options.values():
        practice = practice_of(option, knowledge.practicalities.values())
        told = ([FIELD_TITLES[f] for f in x] for x in (practice.opinion, practice.not_read))
        opinion, not_read = told
        whole = len(not_read) == len(PRACTICAL_FIELDS)
        lacks = "everything" if whole else ", ".join(not_read)
        if opinion or not_read:
            yield (f"[{option.id}](options.md#{option.id})", ", ".join(opinion), lacks)


def _review(rule: ReviewRule, cite: Citations) -> tuple[str, ...]:
    low, high = rule.days_low, rule.days_high
    days = f"{low} to {high} days" if low != high else f"{low} days"
    looked = ["the patient's markers"] if rule.markers else []
    condition = [] if rule.when is None else [code(rule.when)]
    leads = (*rule.strategies, *rule.roles, *rule.tags, *condition)
    return (
        code(rule.id),
        ", ".join(words(state) for state in rule.states),
        ", ".join(leads),
        f"{days} {COUNTED_WORDS[rule.counted_from]}",
        cell(", ".join([*looked, *([rule.also] if rule.also else [])])),
        f"{cell(rule.changes)} {cite(rule.sources)}",
        cell(rule.who),
    )
