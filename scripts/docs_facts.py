"""Pages of the dictionary on facts from outside: tests, studies and evidence, criteria, agents,
expected verdicts, sources.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from scripts.docs_markdown import Lines, cell, code, table

from rearm.assessment.citations import Citations
from rearm.evidence import MEASURES, evidence_for, listed_rows, overview_rows
from rearm.evidence.table import ListedRow
from rearm.evidence.words import months_words, share_words
from rearm.knowledge import Knowledge
from rearm.knowledge.bundle import DATA
from rearm.knowledge.lab_tests import TestDef, spellings_of
from rearm.knowledge.studies import Study
from rearm.outcome.endpoint_definitions import (
    CENSORING_STYLES,
    CENSORINGS,
    ENDPOINTS,
    NOT_COMPUTABLE,
    AdamSource,
)
from rearm.report.citations import publication_line
from rearm.report.evidence.forest import estimate_words, range_words
from rearm.report.words import words
from rearm.response.criteria import criteria_table


def _bounds(test: TestDef) -> Lines:
    """What words in place of a number bound."""
    if test.undetected_below is not None:
        yield f"not detected: <{test.undetected_below:g}"
    if test.normal is not None:
        yield f"normal: {test.normal[0]:g} to {test.normal[1]:g}"


def form(knowledge: Knowledge) -> Lines:
    """The fields of the form for the board by group: the table and column that each fills."""
    yield "# Form for the board"
    yield ""
    yield (
        f"The {len(knowledge.form.fields)} fields that a tumour board needs of one patient."
        " `rearm template --xlsx FILE.xlsx` writes them as a workbook. Each filled line becomes a"
        " row of a [tidy table](tables.md); a blank line becomes none, and blank means unknown."
    )
    for group in knowledge.form.groups.values():
        yield f"\n## {group.label}"
        if group.day_for_all:
            yield f"\n*{group.day_for_all}* holds for each line without a day of its own."
        yield from table(
            ("label", "lines", "fills", "beside it", "the label says", "units", "hint"),
            (
                (
                    cell(field.label),
                    str(field.lines),
                    code(f"{field.table}.{field.value}"),
                    ", ".join(f"{cell(h)}: {code(c)}" for c, h in field.beside.items()),
                    ", ".join(code(f"{c} = {word}") for c, word in field.fixed.items()),
                    cell(", ".join(knowledge.form.units(field))),
                    cell(field.hint),
                )
                for field in knowledge.form.of_group(group)
            ),
        )


def tests(knowledge: Knowledge) -> Lines:
    """Every test by group: units, words, ranges, LOINC; then the spellings that are read."""
    yield "# Tests"
    yield ""
    yield (
        "What a result may be called and in which units it is read. A number without a unit, or in"
        " a unit that is not"
    )
    yield "listed, is set aside."
    yield (
        "Outside *plausible* a value is used with an issue, outside *possible* it is refused."
        " Ranges are in the first unit."
    )
    by_group: dict[str, list[TestDef]] = {}
    for test in knowledge.lab_tests.values():
        by_group.setdefault(test.group, []).append(test)
    for group, members in by_group.items():
        yield f"\n## {words(group).capitalize()}"
        yield from table(
            ("test", "name", "units", "plausible (possible)", "words", "LOINC", "remark"),
            (
                (
                    code(t.id),
                    cell(t.name),
                    cell(", ".join(t.allowed)),
                    (
                        cell(f"{t.soft[0]:g} to {t.soft[1]:g} ({t.hard[0]:g} to {t.hard[1]:g})")
                        if t.unit
                        else ""
                    ),
                    cell(", ".join([*dict.fromkeys(t.words.values()), *_bounds(t)])),
                    cell(
                        "; ".join(
                            f"{c.code} {c.display}"
                            + (" (not read)" if c.role == "not_read" else "")
                            for c in t.loinc
                        )
                    ),
                    cell(t.note),
                )
                for t in members
            ),
        )
    yield "## Other names of tests"
    yield ""
    yield (
        "A table may name a test by its id, its name, a LOINC code, or one of these, exactly but"
        " for case, spaces, hyphens and"
    )
    yield "underscores. A name that stands under two tests needs the specimen."
    yield from table(
        ("test", "also called"),
        (
            (code(t.id), cell(", ".join(t.aliases)))
            for t in knowledge.lab_tests.values()
            if t.aliases
        ),
    )
    raw = tomllib.loads((DATA / "tests.toml").read_text("utf-8"))
    yield "## Words in place of numbers"
    yield ""
    yield (
        "`not detected` and `normal` are read as the bounds named above under words; `normal`,"
        " `low` and `high` also by the laboratory's range (`ref_low`, `ref_high`) beside the"
    )
    yield "value. Where nothing says what a word bounds, the result is set aside."
    yield "## Spellings of units"
    yield from table(
        ("unit", "also read"),
        (
            (cell(u), cell(", ".join([*row.get("spellings", ()), *row.get("against_ucum", {})])))
            for u, row in raw["unit"].items()
        ),
    )
    yield "## Spellings of words"
    yield from table(
        ("set", "word", "read from"),
        (
            (cell(name), cell(word), cell(", ".join(spellings)))
            for name in raw["words"]
            for word, spellings in spellings_of(raw["words"], name).items()
        ),
    )


def studies(knowledge: Knowledge) -> Lines:
    """Every study with its arms as published and what became of each."""
    yield "# Studies"
    yield ""
    yield (
        "Arms as published. Only patient-level counts are pooled; how, says [the"
        " evidence](evidence.md). An empty cell was not read."
    )
    listed = {
        row.arm: row
        for strategy in knowledge.words.strategies
        for row in listed_rows(evidence_for(strategy))
    }
    for study in knowledge.studies:
        yield from _study(study, listed)


def _study(study: Study, listed: Mapping[str, ListedRow]) -> Lines:
    c = study.citation
    yield f"\n### {study.id}"
    yield ""
    yield f"{cell(str(c))} [{c.read_from}]({c.url}), {study.design}." + (
        f" Not seen: {', '.join(c.missing)}." if c.missing else ""
    )
    if study.note:
        yield f"\n{cell(study.note)}"
    rows = [
        (
            cell(arm.population),
            f"{cell(arm.setting_words)} ({arm.directness})",
            arm.strategy,
            cell(arm.n_treated),
            cell(share_words(arm.response)),
            cell(share_words(arm.complete_response)),
            cell(months_words(arm.pfs)),
            cell(months_words(arm.os)),
            cell(share_words(arm.infection_grade3)),
            cell(_fate(listed.get(arm.id))),
            cell("; ".join((*arm.findings, *arm.caveats))),
        )
        for arm in study.arms
    ]
    head = (
        "arm",
        "setting",
        "strategy",
        "n",
        "response",
        "complete",
        "PFS",
        "OS",
        "infection grade 3+",
        "pooled",
        "remarks",
    )
    yield from table(head, rows)


def _fate(row: ListedRow | None) -> str:
    """In which figures an arm is pooled, and why its response is not."""
    if row is None:
        return "of no strategy of its own"
    parts = (
        f"pooled: {words(row.pooled)}" if row.pooled else "",
        f"response not pooled: {row.not_pooled}" if row.not_pooled else "",
    )
    return "; ".join(part for part in parts if part)


def evidence(knowledge: Knowledge) -> Lines:
    """The figures shown for each strategy."""
    yield "# Evidence by strategy"
    yield ""
    yield (
        "Random-effects model with the exact binomial likelihood and a half-normal prior on the"
        " differences between"
    )
    yield "centres. Figures after"
    yield (
        "CAR-T need a direct arm; less direct arms lend at most half of the information. Median PFS"
        " is pooled on the log scale, overall"
    )
    yield (
        "survival is listed and never pooled. Figures are unadjusted and from different patients:"
        " they rank nothing."
    )
    for strategy, named in knowledge.words.strategies.items():
        found = evidence_for(strategy)
        yield f"\n## {named.title}"
        yield ""
        yield f"`{strategy}`, evidence: {found.directness}. {cell(found.note)}"
        rows = {row.measure: row for row in overview_rows(found)}
        yield from table(
            (
                "outcome",
                "estimate (95 %)",
                "new centre (95 %)",
                "in whom",
                "evidence",
                "arms, patients",
                "studies",
            ),
            (
                (
                    knowledge.words.measures[m].title,
                    estimate_words(rows[m], m),
                    range_words(rows[m].new_low, rows[m].new_high, m),
                    cell(rows[m].population),
                    rows[m].directness,
                    f"{rows[m].arms}, {rows[m].patients}",
                    ", ".join(f"[{s}](studies.md#{s})" for s in rows[m].studies.split(", ")),
                )
                for m in MEASURES
                if m in rows
            ),
        )


def endpoints() -> Lines:
    """The endpoints: what each counts from, ends with and is censored at; ADaM sources."""
    yield "# Endpoints"
    yield ""
    yield (
        "Times to event of a response course (`rearm response`). Of several events the first in"
        " time counts."
    )
    yield (
        "*By style*: the style of censoring applies. A competing death makes the event impossible:"
        " censored there, and marked (CNSR 2)."
    )
    yield from table(
        ("endpoint", "what", "from", "events", "competing", "by style", "else censored at", "ADaM"),
        (
            (
                code(name),
                cell(e.title),
                cell(words(e.counted_from)),
                cell("; ".join(event.meaning for event in e.events)),
                cell(words(e.competing)),
                "yes" if e.styled else "no",
                cell(words(e.follow_up)),
                code(e.paramcd),
            )
            for name, e in ENDPOINTS.items()
        ),
    )
    yield (
        "The *origin* is the infusion (or the start of the course), its apheresis, its failure or"
        " the salvage (the first day of the next line; of a further CAR-T with bridging the day of"
        " the infusion); what ends at progression is not counted from the failure."
    )
    yield ""
    yield (
        "A death or progression of which only the month is known counts at the middle of the days"
        " that are left of it, not before the patient was last seen (ADTF D; `between` in the"
        " JSON). One of which less is known has happened all the same: the endpoint is not"
        " computable, unless something that surely came before ends it. A death comes after all"
        " that has a day."
    )
    yield "\n## Styles of censoring"
    yield from table(
        ("style", "what counts"),
        ((code(name), cell(style.meaning)) for name, style in CENSORING_STYLES.items()),
    )
    yield "## Events in ADaM"
    yield from table(
        ("event", "what", "EVNTDESC", "SRCDOM", "SRCVAR"),
        dict.fromkeys(
            (code(event.code), cell(event.meaning), *_adam(event.adam, event.reason))
            for e in ENDPOINTS.values()
            for event in e.events
        ),
    )
    yield "## Censoring in ADaM"
    yield from table(
        ("censored by", "CNSDTDSC", "EVNTDESC", "SRCDOM", "SRCVAR", "CNSR"),
        (
            (
                code(name),
                cell(c.reason.capitalize()),
                *_adam(c.adam, c.reason),
                "2" if c.competing else "1",
            )
            for name, c in CENSORINGS.items()
        ),
    )
    yield "## Not computable"
    yield from table(
        ("why", "in words"),
        ((code(name), cell(text.format(origin="origin"))) for name, text in NOT_COMPUTABLE.items()),
    )


def _adam(source: AdamSource, reason: str) -> tuple[str, str, str]:
    return (
        cell(source.description or reason.capitalize()),
        code(source.domain),
        code(source.variable),
    )


def criteria() -> Lines:
    """Versions, thresholds, settings and open questions of the response criteria."""
    data = criteria_table()
    yield "# Response criteria"
    yield ""
    yield (
        "Thresholds and settings are data; each can be changed by name:"
        ' `load_criteria(serum_pd_rise=1.0, A5="pd")`.'
    )
    yield "\n## Versions"
    yield from table(
        ("version", "title", "differs from the default in"),
        (
            (
                code(v),
                cell(r["title"]),
                cell(
                    r.get("refused")
                    or ", ".join(f"{k} = {x}" for k, x in r.get("deviations", {}).items())
                ),
            )
            for v, r in data["versions"].items()
        ),
    )
    yield "## Thresholds"
    yield from table(
        ("name", "value", "meaning", "source"),
        (
            (
                code(n),
                cell(f"{r['value']} {r['unit']}".removesuffix(" 1").strip()),
                cell(r["meaning"]),
                cell(r["source"]),
            )
            for n, r in data["thresholds"].items()
        ),
    )
    yield "## Settings of this project"
    yield from table(
        ("name", "value", "meaning"),
        (
            (
                code(n),
                cell(f"{r['value']} {r['unit']}".removesuffix(" 1").strip()),
                cell(r["meaning"]),
            )
            for n, r in data["settings"].items()
        ),
    )
    yield "## Open questions of the text, and the answer taken"
    yield ""
    yield (
        "Where the published text can be read in two ways, the answer in bold is taken; the other"
        " can be chosen."
    )
    yield from table(
        ("question", "", "answers"),
        (
            (
                n,
                cell(r["question"]),
                "; ".join(
                    (
                        f"**{cell(text)}** ({code(key)})"
                        if key == r["default"]
                        else f"{cell(text)} ({code(key)})"
                    )
                    for key, text in r["options"].items()
                ),
            )
            for n, r in data["ambiguities"].items()
        ),
    )
    yield "## Sources"
    yield from table(("", "source"), ((k, cell(v)) for k, v in data["sources"].items()))


def agents(knowledge: Knowledge) -> Lines:
    """Agents, CAR-T products and regimen names."""
    yield "# Agents, CAR-T products and regimens"
    yield ""
    yield "A name that is not listed is reported as unread; nothing is guessed from likeness."
    yield "\n## Agents"
    yield from table(
        ("agent", "class", "targets", "brands, codes, spellings", "RxNorm"),
        (
            (
                cell(a.id),
                cell(", ".join((a.cls, *a.classes))),
                cell(", ".join(a.targets)),
                cell(", ".join((*a.brands, *a.codes, *a.spellings))),
                cell(a.rxnorm),
            )
            for a in knowledge.lexicon.agents.values()
        ),
    )
    yield "## CAR-T products"
    yield from table(
        ("product", "targets", "binder", "brands, codes, spellings"),
        (
            (
                cell(p.name),
                cell(", ".join(p.targets)),
                cell(p.construct or "not known"),
                cell(", ".join((p.id, *p.brands, *p.codes, *p.spellings))),
            )
            for p in knowledge.lexicon.products.values()
        ),
    )
    yield "## Regimens"
    yield ""
    yield (
        "A name in use for several sets of agents is an issue that names them, unless the agents"
        " are spelled out beside it."
    )
    yield from table(
        ("names", "agents"),
        (
            (
                cell(", ".join(r.names)),
                cell(
                    ", ".join(r.agents)
                    or "ambiguous: " + " / ".join(", ".join(c) for c in r.candidates)
                ),
            )
            for r in knowledge.lexicon.regimens.values()
        ),
    )


def examples(expected: Path, knowledge: Knowledge) -> Lines:
    """The expectations of `examples/expected.yaml` with their reasons."""
    yield "# What is expected of the example patients"
    yield ""
    yield (
        "All of them are invented. The expectations were written by hand from the guidance, before"
        " the program was"
    )
    yield "asked; the tests hold the"
    yield "program to them. Ids in brackets are statements of the [sources](sources.md)."
    for entry in yaml.safe_load(expected.read_text("utf-8")):
        yield f"\n## {entry['id']}: {entry['title']}"
        yield ""
        for key, value in entry["expect"].items():
            if key in ("options", "causes"):
                for inner, wanted in value.items():
                    yield f"- {words(key)}, {words(inner)}: {_wanted(wanted)}"
            else:
                yield f"- {words(key)}: {_wanted(value)}"
        yield "\nWhy:\n"
        yield from (f"- {_linked(cell(reason), knowledge)}" for reason in entry["why"])


def _linked(text: str, knowledge: Knowledge) -> str:
    """The ids of statements in a text as links to them."""
    return re.sub(
        r"[a-z0-9]+(?:-[a-z0-9]+)+",
        lambda m: f"[{m[0]}](sources.md#{m[0]})" if m[0] in knowledge.statements else m[0],
        text,
    )


def _wanted(value: Any) -> str:
    """An expectation in words: a narrowed strategy, a list, or a table of fields."""
    if isinstance(value, list):
        return "; ".join(_wanted(v) for v in value)
    if isinstance(value, dict) and "strategy" in value:
        more = (
            [f"only against {'/'.join(value['only_targets'])}"] if "only_targets" in value else []
        )
        more += [", ".join(value["agents"])] if "agents" in value else []
        more += ["for now"] if value.get("temporary") else []
        return str(value["strategy"]) + (f" ({'; '.join(more)})" if more else "")
    if isinstance(value, dict):
        return ", ".join(
            f"{words(k)} {_wanted(v)}" for k, v in value.items() if k != "day_tolerance" or v
        )
    return (
        code(value)
        if isinstance(value, str) and set(value) & set("()[]?|\\")
        else cell(words(str(value)))
    )


def sources(knowledge: Knowledge) -> Lines:
    """Statements by topic and the sources they come from."""
    yield "# Statements and sources"
    yield ""
    yield (
        "What each source says, in a sentence of ours. *Strength* is the kind of source; a survey,"
        " an opinion, news"
    )
    yield "and second-hand reports"
    yield "are weak and look weak on a page."
    citations = Citations(knowledge)
    for topic in dict.fromkeys(s.topic for s in knowledge.statements.values()):
        yield f"\n## {words(topic).replace('-', ' ').capitalize()}"
        rows = []
        for s in (s for s in knowledge.statements.values() if s.topic == topic):
            source = knowledge.sources.get(s.source)
            line = publication_line(citations[s.id][1])
            url = source and (f"https://doi.org/{source.doi}" if source.doi else source.url)
            rows.append(
                (
                    f'<a id="{s.id}"></a>{s.id}',
                    cell(s.text),
                    s.strength,
                    f"[{cell(line)}]({url})" if url else cell(line),
                )
            )
        yield from table(("id", "says", "strength", "source"), rows)
    only = [s for s in knowledge.sources.values() if s.id not in knowledge.statements]
    yield "\n## Sources"
    yield from table(
        ("id", "source", "title"),
        (
            (
                f'<a id="{s.id}"></a>{s.id}',
                cell(publication_line(citations[s.id][1])),
                cell(s.title),
            )
            for s in only
        ),
    )
