"""The check of the knowledge: whatever lacks a source, does not exist or does not add up.

Each check is one function that yields problems; a bundle is fit for use when there are none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rearm.assessment.check_actions import action_problems
from rearm.assessment.check_effects import effect_problems
from rearm.assessment.check_numbers import numbers_without_source
from rearm.assessment.check_places import place_problems
from rearm.assessment.check_practicalities import practice_problems, review_problems
from rearm.assessment.check_sources import (
    STRENGTHS,
    citable,
    citation_problems,
    cited_ids,
    count_problems,
    rules_of,
    uncited_sources,
)
from rearm.errors import meant
from rearm.findings import NO_FUNCTION, computable
from rearm.knowledge._build import KnowledgeError
from rearm.knowledge.bundle import DATA, Knowledge, read_bundle
from rearm.knowledge.catalogue import Finding
from rearm.knowledge.rulesets import (
    Availability,
    Indicator,
    Place,
    Rule,
    SharedRule,
    Workup,
)
from rearm.knowledge.study_files import check_studies
from rearm.rules import ConditionRefused, parse_condition, read_conditions, truth

__all__ = ["STRENGTHS", "Problem", "check", "check_knowledge"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What falls short, and in which entry."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def check(path: Path | None = None) -> list[Problem]:
    """Every problem of the bundle in the folder `path`, by default the bundled one.

    An empty list means that it is sound.
    """
    try:
        knowledge, unusable = read_bundle(path or DATA)
        _ = knowledge.lab_tests, knowledge.lexicon, knowledge.words
        _ = knowledge.fhir_codes, knowledge.tidy_tables, knowledge.form
    except KnowledgeError as error:
        return [Problem("knowledge", text) for text in error.problems]
    problems = [Problem("knowledge", text) for text in unusable] + list(_unread(knowledge.folder))
    problems += _other_criteria(knowledge.folder)
    if unusable and not knowledge.catalogue:  # without findings no condition can be judged
        return problems
    try:
        check_studies(knowledge.studies)
    except KnowledgeError as error:  # whatever cites a study can't be judged without them
        return [*problems, Problem("studies", str(error))]
    try:
        _ = knowledge.scores, knowledge.alterations
    except KnowledgeError as error:
        return [*problems, *(Problem("knowledge", text) for text in error.problems)]
    if absent := list(_absent(knowledge)):
        return problems + absent
    return problems + check_knowledge(knowledge)


def _unread(folder: Path) -> Iterator[Problem]:
    """Files that look like knowledge and are not read, because of their name or their place."""
    known = {file.relative_to(DATA).as_posix() for file in DATA.glob("*.toml")}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if not file.is_file() or any(
            part.startswith(".") for part in file.relative_to(folder).parts
        ):
            continue
        if file.suffix != ".toml":
            if ".toml" in name or file.suffix == ".txt":
                yield Problem(name, "is not read. Give it a name that ends in .toml.")
        elif name not in known and not name.startswith(
            ("studies/", "options/", "factors/", "places/", "practicalities/", "mechanism/")
        ):
            yield Problem(
                name,
                "is not read. Studies stand in studies/, options in options/, factors in factors/,"
                " placements in places/, how options are given in practicalities/.",
            )
        elif name.startswith("studies/") and name.count("/") > 1:
            yield Problem(name, "is not read. Put it into studies/ itself.")


def _other_criteria(folder: Path) -> Iterator[Problem]:
    """Response criteria of the folder's own: they are always those of the program."""
    own, read = folder / "criteria.toml", DATA / "criteria.toml"
    if own.is_file() and own.read_bytes() != read.read_bytes():
        yield Problem(
            "criteria.toml",
            "is not read from a folder. Remove it; rearm response --set A5=pd sets a criterion.",
        )


def _absent(knowledge: Knowledge) -> Iterator[Problem]:
    """Files without which much is cited that does not exist, so that nothing can be judged."""
    named = {name for _, ids in cited_ids(knowledge) for name in ids} | {
        s.source for s in knowledge.statements.values()
    }
    for name in ("statements.toml", "sources.toml"):
        if not (knowledge.folder / name).is_file() and named - citable(knowledge):
            yield Problem(
                "knowledge", f"the folder has no {name}. Copy the whole knowledge folder."
            )


def check_knowledge(knowledge: Knowledge) -> list[Problem]:
    """Every problem of a bundle that could be read."""
    _, refused = read_conditions(knowledge)
    problems = [Problem("conditions", text) for text in refused]
    for one in (
        _catalogue,
        _studies,
        _rules,
        _examples,
        _actions,
        _practicalities,
        _options,
        _tags,
        _workups,
        _places,
        _labels,
        _scores,
        _alterations,
        _sources,
        _unique,
    ):
        problems += one(knowledge)
    if not problems:  # whether anything acts is asked of a bundle that holds together
        problems += (Problem(where, text) for where, text in effect_problems(knowledge))
    unsourced = {
        where for where, _ in citation_problems(knowledge)
    }  # whose numbers can't be judged before that is mended
    problems += (
        Problem(where, text)
        for where, text in numbers_without_source(knowledge)
        if where not in unsourced
    )
    return problems


# ---------------------------------------------------------------- what there is


def _catalogue(knowledge: Knowledge) -> Iterator[Problem]:
    """Findings that no function gives, or that ask for a work-up that does not tell them."""
    given = computable(knowledge.lexicon)
    for name, finding in knowledge.catalogue.items():
        where = f"finding {name}"
        if name not in given:
            yield Problem(where, f"{NO_FUNCTION}{meant(name, given)}")
        for workup in finding.asks:
            if workup not in knowledge.workups:
                yield Problem(where, f"asks for {workup}, which is not a work-up.")
            elif not _tells(knowledge, knowledge.workups[workup], finding):
                yield Problem(
                    where,
                    f"asks for {workup}, which does not provide it. Name it in supplies or "
                    "also_tells of the work-up, or leave the work-up out.",
                )


def _tells(knowledge: Knowledge, workup: Workup, finding: Finding) -> bool:
    """Whether the work-up names the finding, its group, or what it is derived from."""
    told = {*workup.supplies, *workup.also_tells}
    return finding.group in workup.also_tells or any(
        name in told for name in (finding.name, *knowledge.catalogue.sources_of(finding.name))
    )


def _studies(knowledge: Knowledge) -> Iterator[Problem]:
    """Agents and targets of the arms that the lexicon does not have.

    One that is misspelt would leave the figures of its arm out of every option.
    """
    if not (knowledge.folder / "studies").is_dir():
        return
    lexicon = {*knowledge.lexicon.agents, *knowledge.lexicon.products}
    targets = {t for option in knowledge.options.values() for t in option.targets} | {
        t for agent in knowledge.lexicon.agents.values() for t in agent.targets
    }
    for arm in (arm for study in knowledge.studies for arm in study.arms):
        where = f"study {arm.study}, arm {arm.id}"
        for agent in sorted(arm.agents - lexicon):
            if not any(sign.isdigit() for sign in agent):  # the number of a product under trial
                text = (
                    f"{agent} is not an agent or product in the lexicon.{meant(agent, lexicon)} "
                    "Write the id that agents.toml has."
                )
                yield Problem(where, text)
        for target in sorted(arm.targets - targets):
            if hint := meant(target, targets):
                yield Problem(where, f"{target} is not a target of any agent or option.{hint}")


def _rules(knowledge: Knowledge) -> Iterator[Problem]:
    for where, rule in rules_of(knowledge):
        if not re.fullmatch(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*", rule.id):
            yield Problem(
                where,
                ("the id is not valid. Write lower-case letters and digits, joined by hyphens."),
            )
        if not rule.because.strip():
            yield Problem(where, "has no reason. Write one sentence in because.")
        if isinstance(rule, Indicator):
            continue
        stops = rule.effect in ("exclude", "require")
        if stops and rule.stage is None:
            yield Problem(
                where,
                f"has the effect {rule.effect} but no stage, so the effect of an unknown "
                f"condition is undefined. Add {_STAGES}.",
            )
        if not stops and rule.stage is not None:
            yield Problem(
                where,
                f"has a stage, which only exclude and require have, not {rule.effect}. Leave it"
                " out.",
            )
        if not stops and rule.until is not None:
            yield Problem(
                where,
                f"has until, which only a stop has, not {rule.effect}. Leave it out, or make the"
                " effect exclude.",
            )


_STAGES = (
    'stage = "choose" (it needs information), "caution" or "before-start" (a line of the checklist)'
)


def _conditional(
    knowledge: Knowledge,
) -> Iterator[tuple[str, Rule | SharedRule | Indicator | Place]]:
    """Every rule, indicator and placement that has a condition."""
    yield from rules_of(knowledge)
    yield from ((f"place {p.id}", p) for p in knowledge.places.values() if p.when is not None)


def _examples(knowledge: Knowledge) -> Iterator[Problem]:
    for where, rule in _conditional(knowledge):
        assert rule.when is not None
        try:
            condition = parse_condition(rule.when, knowledge.catalogue)
        except ConditionRefused:
            continue  # told among the conditions
        for name, row, expected in (
            ("example_true", rule.example_true, True),
            ("example_false", rule.example_false, False),
        ):
            if row is None:
                yield Problem(
                    where,
                    f"has no {name}. Write a row of findings for which the condition is"
                    f" {str(expected).lower()}.",
                )
                continue
            wrong = list(_misfits(knowledge, row))
            yield from (Problem(where, f"{name}: {text}") for text in wrong)
            if not wrong and (answer := truth(condition, row)) is not expected:
                yield Problem(
                    where,
                    f"{name} makes the condition"
                    f" {_outcome(answer, expected, set(condition.reads) - row.keys())}",
                )


def _places(knowledge: Knowledge) -> Iterator[Problem]:
    return (Problem(where, text) for where, text in place_problems(knowledge))


def _sources(knowledge: Knowledge) -> Iterator[Problem]:
    found = (
        *citation_problems(knowledge),
        *uncited_sources(knowledge),
        *count_problems(knowledge),
    )
    return (Problem(where, text) for where, text in found)


def _actions(knowledge: Knowledge) -> Iterator[Problem]:
    found = action_problems(knowledge, lambda row: _misfits(knowledge, row))
    yield from (Problem(where, text) for where, text in found)


def _practicalities(knowledge: Knowledge) -> Iterator[Problem]:
    found = (*practice_problems(knowledge), *review_problems(knowledge))
    return (Problem(where, text) for where, text in found)


def _outcome(answer: bool | None, expected: bool, absent: set[str]) -> str:
    if answer is None:
        return f"unknown. Give it {', '.join(sorted(absent))} too." if absent else "unknown."
    return (
        f"{str(answer).lower()}. Correct the row or the condition; it must be"
        f" {str(expected).lower()}."
    )


def _misfits(knowledge: Knowledge, row: Mapping[str, Any]) -> Iterator[str]:
    """Findings of a row that do not exist, or whose value the catalogue does not allow."""
    for name, value in row.items():
        if name not in knowledge.catalogue:
            yield f"there is no finding named {name}.{meant(name, knowledge.catalogue)}"
            continue
        finding = knowledge.catalogue[name]
        kinds: dict[str, tuple[type, ...]] = {
            "bool": (bool,),
            "number": (float, int),
            "integer": (int,),
            "word": (str,),
        }
        if not isinstance(value, kinds[finding.type]) or (
            isinstance(value, bool) and finding.type != "bool"
        ):
            yield f"{name} is of type {finding.type}, {value!r} is not. {_AS_TYPE[finding.type]}"
        elif finding.values and value not in finding.values:
            yield f"{name} has no value {value!r}; its values are {', '.join(finding.values)}."


_AS_TYPE = {
    "bool": "Write true or false, without quotation marks.",
    "number": "Write a number, without quotation marks and without a unit.",
    "integer": "Write a whole number, without quotation marks and without a unit.",
    "word": "Write one of its values in quotation marks.",
}


def _options(knowledge: Knowledge) -> Iterator[Problem]:
    strategies = knowledge.words.strategies
    lexicon = {*knowledge.lexicon.agents, *knowledge.lexicon.products}
    for option in knowledge.options.values():
        where = f"option {option.id}"
        for strategy in (option.strategy, *option.sequence):
            if strategy not in strategies:
                yield Problem(
                    where,
                    f"{strategy} is not a strategy of the vocabulary.{meant(strategy, strategies)}",
                )
        if option.evidence is not None and option.evidence.strategy not in strategies:
            yield Problem(
                where, f"{option.evidence.strategy} (evidence) is not a strategy of the vocabulary."
            )
        for agent in option.agents:
            if agent not in lexicon:
                yield Problem(
                    where,
                    (f"{agent} is not an agent or product in the lexicon.{meant(agent, lexicon)}"),
                )
        for approval in option.availability:
            yield from (Problem(where, text) for text in _approval_problems(approval))


def _approval_problems(approval: Availability) -> Iterator[str]:
    if not re.fullmatch(r"[A-Z]{2}", approval.region):
        yield (
            f"the region {approval.region!r} of an approval is not valid. Write two capital "
            "letters, such as US or EU."
        )
    if approval.to is not None and approval.to < approval.from_:
        yield f"the approval in {approval.region} ends before it begins."
    if approval.off_label and approval.when is not None:
        yield f"off label in {approval.region} has no label population: leave out `when`."


def _tags(knowledge: Knowledge) -> Iterator[Problem]:
    """Tags that no option carries, and tags that nothing acts on."""
    carried = {tag for option in knowledge.options.values() for tag in option.tags}
    for shared in knowledge.shared:
        where = (
            f"shared rule {shared.id}"
            if isinstance(shared, SharedRule)
            else f"shared support {shared.text!r}"
        )
        if unused := sorted(set(shared.tags) - carried):
            hints = "".join(meant(tag, carried) for tag in unused)
            yield Problem(where, f"no option has the tag {', '.join(unused)}.{hints}")
    acted_on = {tag for shared in knowledge.shared for tag in shared.tags} | _TAGS_OF_THE_PROGRAM
    for option in knowledge.options.values():
        for tag in sorted(set(option.tags) - acted_on):
            text = (
                f"no shared rule acts on the tag {tag}, so it does "
                f"nothing.{meant(tag, acted_on)} Correct it or remove it."
            )
            yield Problem(f"option {option.id}", text)


_TAGS_OF_THE_PROGRAM = frozenset(
    {"off-label", "procedure", "supportive", "watch"}
)  # read where the approval of an option is judged


def _workups(knowledge: Knowledge) -> Iterator[Problem]:
    for workup in knowledge.workups.values():
        where = f"workup {workup.id}"
        for name in workup.supplies:
            if name not in knowledge.catalogue:
                yield Problem(where, f"there is no finding named {name}.")
            elif knowledge.catalogue[name].from_:
                yield Problem(where, f"{name} is derived; name what it is derived from.")
        for test, name in workup.tells.items():
            if test not in workup.tests or name not in workup.supplies:
                text = (
                    f"tells: {test} is not one of its tests, or {name} is not among its supplies."
                )
                yield Problem(where, text)
        for name in workup.also_tells:
            if name not in knowledge.catalogue and name not in knowledge.catalogue.groups:
                yield Problem(where, f"there is no finding or group of findings named {name}.")
        for outcome in workup.outcomes:
            yield from (Problem(where, text) for text in _misfits(knowledge, outcome))
            for name in outcome.keys() - set(workup.supplies):
                yield Problem(where, f"an outcome gives {name}, which the work-up does not supply.")
        if not 0 <= workup.invasiveness <= 3 or workup.turnaround < 0:
            yield Problem(where, "invasiveness must be 0 to 3, and turnaround a number of days.")
        yield from _ages(knowledge, workup)


_NOT_MEASURED = ("pet", "imaging", "frailty")  # tests of a work-up that are no laboratory tests


def _ages(knowledge: Knowledge, workup: Workup) -> Iterator[Problem]:
    """A limit of age without tests, or tests without a limit, says nothing."""
    where = f"workup {workup.id}"
    if (workup.max_age is None) == bool(workup.current):
        yield Problem(where, "max_age and current are given together. Write both, or neither.")
    if workup.max_age is not None and workup.max_age < 1:
        yield Problem(where, "max_age must be at least 1 day.")
    for name in (name for test in workup.current for name in test.tests):
        if name not in knowledge.lab_tests and name not in _NOT_MEASURED:
            yield Problem(where, f"current: there is no test {name}.")


def _labels(knowledge: Knowledge) -> Iterator[Problem]:
    """What can be asked for has a noun phrase to ask with: no definition stands in a sentence."""
    for name, finding in knowledge.catalogue.items():
        if not finding.label:
            yield Problem(
                f"finding {name}", ("has no label. Write in words what is to be found out.")
            )
        elif finding.label.endswith(".") or " = " in finding.label:
            yield Problem(
                f"finding {name}", ("the label is not a noun phrase. Name what is asked for.")
            )


def _scores(knowledge: Knowledge) -> Iterator[Problem]:
    for score in knowledge.scores.computed if knowledge.owns("scores.toml") else ():
        for item in score.items:
            for name in item.any_of or ((item.finding,) if item.finding else ()):
                if name not in knowledge.catalogue:
                    yield Problem(f"score {score.id}", f"reads {name}, which is not a finding.")
            if item.test is not None and item.test not in knowledge.lab_tests:
                yield Problem(
                    f"score {score.id}",
                    (f"reads {item.test}, which is not a test in the dictionary."),
                )


def _alterations(knowledge: Knowledge) -> Iterator[Problem]:
    lexicon = knowledge.lexicon
    for alteration in knowledge.alterations if knowledge.owns("antigen_variants.toml") else ():
        for agent in alteration.effects:
            if agent not in lexicon.agents and agent not in lexicon.products:
                yield Problem(
                    f"alteration {alteration.id}",
                    (f"{agent} is not an agent or product in the lexicon."),
                )


def _unique(knowledge: Knowledge) -> Iterator[Problem]:
    places: dict[str, list[str]] = defaultdict(list)
    for where, rule in rules_of(knowledge):
        places[rule.id].append(where.rpartition(", ")[0] or where)
    for name, places_of_id in places.items():
        if len(places_of_id) > 1:
            text = (
                f"the id is used {len(places_of_id)} times; each rule and indicator needs its "
                f"own. It is used in {', '.join(dict.fromkeys(places_of_id))}."
            )
            yield Problem(f"rule {name}", text)
    for name in sorted(set(knowledge.statements) & set(knowledge.sources)):
        if (
            knowledge.statements[name].source != name
        ):  # a source that says one thing may share its id with the statement
            yield Problem(f"statement {name}", "has the id of a source other than its own.")
    if knowledge.reviewed is None:
        yield Problem("bundle.toml", "lacks the day on which the knowledge was reviewed.")
