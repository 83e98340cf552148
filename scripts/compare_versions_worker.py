"""One side of `compare_versions`: what one version of the program answers, as flat values.

    python scripts/compare_versions_worker.py PLAN.json ANSWERS.jsonl

Runs under the version that PYTHONPATH names and imports nothing else of the project. Reads results
by attribute and knows both shapes of the result (reasons inside the options, or by id), so that a
change of the shape alone is no difference. One line of JSON a patient: {set, patient, values}.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import rearm

Values = dict[str, Any]
_TOGETHER = 64
_ORIGINS = ("infusion", "apheresis", "failure", "salvage")
_STYLES = ("default", "fda", "ema")
_PLANNED = tuple(range(28, 730, 28))


def place_of(name: str, *homes: str) -> Any:
    """The function or class `name` from the first of its homes that has it."""
    for home in homes:
        try:
            return getattr(importlib.import_module(home), name)
        except (ImportError, AttributeError):
            continue
    raise SystemExit(f"{name} is in none of {', '.join(homes)}: teach the worker where it went.")


failures = place_of(
    "failures", "rearm.outcome.failures", "rearm.outcome.failure", "rearm.course.failure"
)
endpoints = place_of("endpoints", "rearm.outcome.endpoints", "rearm.course.endpoints")
patient_course = place_of("patient_course", "rearm.outcome.patient_course", "rearm.report.response")
plan_of = place_of(
    "plan_of", "rearm.assessment.planner", "rearm.assessment.plan", "rearm.assess.plan"
)
_RELEVANT = plan_of(rearm.load_knowledge()).relevant


def plain(value: Any) -> Any:
    """A value that JSON knows. Numbers to nine digits, so that an end that was moved by the least
    step to be open equals one that is marked open.
    """
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Iterable):
        return [plain(v) for v in value]
    return ends(value) if hasattr(value, "low") else str(value)


def _to_four_places(value: float | None) -> Any:
    """A limit may be absent."""
    return None if value is None else plain(round(value, 4))


def as_now(verdict: Any) -> Any:
    """A verdict in the words of today."""
    return "open" if verdict in _NOW_OPEN else verdict


def ends(value: Any) -> Any:
    """An interval as its one number, or as [low, high]; infinite ends and None are the same."""
    low, high = (_finite(take(value, end)) for end in ("low", "high"))
    return low if low == high else [low, high]


def _finite(end: Any) -> float | None:
    return None if end is None or abs(end) == float("inf") else float(f"{end:.9g}")


def take(thing: Any, *names: str, default: Any = None) -> Any:
    """The first of these attributes (or keys) that the thing has."""
    for name in names:
        if isinstance(thing, Mapping):
            if name in thing:
                return thing[name]
        elif hasattr(thing, name):
            return getattr(thing, name)
    return default


class Told(NamedTuple):
    """A reason with its rule as it stands in its file, and the sentence that a user reads."""

    rule: str
    effect: str
    truth: bool | None
    text: str
    missing: tuple[str, ...]


class Reasons:
    """Reasons as objects, whether they stand where they are used or once under an id."""

    def __init__(self, assessment: Any) -> None:
        self._assessment = assessment
        self._by_id = take(assessment, "reasons", default={})

    def of(self, thing: Any, *names: str) -> list[Told]:
        listed = take(thing, *names, default=()) or ()
        return [self._by_its_id(r) if isinstance(r, str) else _in_place(r) for r in listed]

    def _by_its_id(self, name: str) -> Told:
        reason = self._by_id[name]
        return Told(
            rule=base_rule(reason.rule or name),
            effect=reason.effect,
            truth=reason.truth,
            text=sentences().reason_text(reason),
            missing=self._assessment.missing(reason),
        )


def _in_place(reason: Any) -> Told:
    """A line of the checklist has neither effect nor truth of its own: it is unknown."""
    return Told(
        rule=base_rule(reason.rule),
        effect=take(reason, "effect", default=""),
        truth=take(reason, "truth"),
        text=reason.text,
        missing=reason.missing,
    )


def sentences() -> Any:
    """Where the sentences are made in a version whose result holds codes."""
    return importlib.import_module("rearm.report.assessment.sentences")


def base_rule(name: str) -> str:
    """The rule as it stands in its file, without the option that it has there under its own id."""
    return name.partition("@")[0]


def rules_of(reasons: list[Told]) -> list[Any]:
    """Rule, effect, truth and what is missing of each reason; the order is that of the page and is
    not compared.
    """
    found = {(r.rule, r.effect, r.truth, tuple(sorted(r.missing))) for r in reasons}
    return sorted(([*x[:3], list(x[3])] for x in found), key=str)


_FAILURE = (
    "product",
    "targets",
    "status",
    "certainty",
    "day",
    "kind",
    "timing",
    "pattern",
    "followed_to_day",
    "best_response",
    "best_response_by",
    "computed_day",
    "team_day",
)
_OPTION = ("strategy", "role", "verdict", "if_clear", "until", "permanent", "afterwards")
# The two verdicts of 0.1.0 that are one now; its ranks and ties are gone.
_NOW_OPEN = ("preferred", "acceptable")
_SIDES = (("for", "for_"), ("against",), ("unknown",), ("cautions",))


def failure_values(assessment: Any) -> Values:
    values: Values = {"about": plain(take(assessment.about, "infusion_day"))}
    values["about.if_progression"] = take(assessment.about, "if_progression")
    for i, failure in enumerate(assessment.failures):
        place = f"failures.{i}"
        values[f"{place}.infusion_day"] = plain(failure.infusion_day)
        for name in _FAILURE:
            values[f"{place}.{name}"] = plain(take(failure, name))
        values[f"{place}.signals"] = [[s.id, plain(s.day), s.open] for s in failure.signals]
    return values


def cause_values(assessment: Any) -> Values:
    reasons, causes = Reasons(assessment), assessment.causes
    values: Values = {"causes.undetermined": causes.undetermined}
    for group in causes.groups:
        values[f"groups.{group.group}.grade"] = group.grade
        values[f"groups.{group.group}.rank"] = group.rank
        for factor in group.factors:
            values[f"factors.{factor.id}.grade"] = factor.grade
            for side in _SIDES[:3]:
                read = rules_of(reasons.of(factor, *side))
                if read:
                    values[f"factors.{factor.id}.{side[0]}"] = read
    for risk in causes.risk_factors:
        values[f"risk_factors.{risk.id}.grade"] = risk.grade
        values[f"risk_factors.{risk.id}.for"] = rules_of(reasons.of(risk, "for_"))
    for score in causes.scores:
        values[f"scores.{score.id}"] = plain([score.category, take(score, "missing")])
        values[f"scores.{score.id}.points"] = ends(take(score, "points", default=score))
    return values


def option_values(assessment: Any) -> Values:
    reasons, values = Reasons(assessment), {}
    for option in assessment.options:
        place = f"options.{option.id}"
        for name in _OPTION:
            values[f"{place}.{name}"] = as_now(plain(take(option, name)))
        for side in _SIDES:
            values[f"{place}.{side[0]}"] = rules_of(reasons.of(option, *side))
        values[f"{place}.availability"] = plain(option.availability.status)
        directness, figures, _ = evidence_of(assessment, option)
        values[f"{place}.evidence"] = directness
        values[f"{place}.expected"] = [
            [
                f.measure,
                *(None if x is None else plain(round(x, 4)) for x in (f.estimate, f.low, f.high)),
            ]
            for f in figures
        ]
        values[f"{place}.support"] = sorted(
            ([s.text, s.truth, sorted(s.missing)] for s in support_of(assessment, option)), key=str
        )
        checklist = reasons.of(option, "checklist")
        values[f"{place}.checklist"] = sorted([c.rule, sorted(c.missing)] for c in checklist)
    return values


def evidence_of(assessment: Any, option: Any) -> tuple[str, Iterable[Any], str]:
    """Directness, figures and note, whether they stand in the option or once under an id."""
    if isinstance(option.evidence, str):
        evidence = assessment.evidence[option.evidence]
        return evidence.directness, evidence.expected, evidence.note
    return option.evidence.directness, option.expected, option.evidence.note


def availability_of(assessment: Any, option: Any) -> str:
    """The sentence on whether the option can be had."""
    told = take(option.availability, "text")
    return str(told if told is not None else sentences().availability_text(assessment, option))


def support_of(assessment: Any, option: Any) -> list[Any]:
    """Lines of supportive care as objects."""
    return [assessment.support[s] if isinstance(s, str) else s for s in option.support]


def tests_of(assessment: Any) -> list[Any]:
    """All work-ups in their order, whether they stand in one list or in two."""
    lists = ("next_tests",) if hasattr(assessment, "next_tests") else ("tests", "further_tests")
    return [test for name in lists for test in take(assessment, name, default=())]


def test_values(assessment: Any) -> Values:
    values: Values = {"tests": [" + ".join(test.ids) for test in tests_of(assessment)]}
    for test in tests_of(assessment):
        place = f"tests.{' + '.join(test.ids)}"
        values[f"{place}.mandatory"] = test.mandatory
        values[f"{place}.findings"] = sorted(test.findings)
        values[f"{place}.changes"] = sorted(turns_of(test), key=str)
    return values


def turns_of(test: Any) -> Iterator[list[Any]]:
    """What each result would turn, one line a thing that turns."""
    for change in test.changes:
        for turn in take(change, "turns", default=(change,)):
            things = (turn.what,) if isinstance(turn.what, str) else turn.what
            for what in things:
                turned = as_now(plain(turn.from_)), as_now(plain(turn.to))
                if turned[0] != turned[1]:
                    yield [plain(change.values), turn.kind, what, *turned]


def finding_values(assessment: Any) -> Values:
    """The findings that are known and that the result of both shapes holds: 0.1.0 listed those too
    that no rule reads and that were denied.
    """
    found = assessment.findings
    listed = found.items() if isinstance(found, Mapping) else ((f.name, f) for f in found)
    values: Values = {}
    for name, f in listed:
        if take(f, "known", default=True) and (name in _RELEVANT or f.value is not False):
            values[f"findings.{name}"] = [plain(f.value), bounds_of(f)]
            values[f"sentences.findings.{name}"] = f.text
    return values


def bounds_of(finding: Any) -> Any:
    """The bounds of a finding that is known only within them."""
    interval = take(finding, "interval", default=finding)
    return None if interval is None or finding.value is not None else ends(interval)


def issue_values(record: Any) -> Values:
    issues = [[i.code, i.severity, str(i.source)] for i in record.issues]
    return {"issues": sorted(issues), "issues.order": [i[0] for i in issues]}


def course_values(record: Any) -> Values:
    """The response course, its days, flags and endpoints of every origin and style."""
    whole = patient_course(record)
    values: Values = {"course.start": [whole.start, whole.start_reason]}
    course = whole.course
    if course is not None:
        for name in (
            "measurable",
            "involved_chain",
            "best_confirmed",
            "best_confirmed_day",
            "progression_day",
            "progression_criteria",
            "relapse_from_cr_day",
            "clinical_relapse_day",
            "biochemical_relapse_day",
            "mrd_negative_days",
            "sustained_mrd_negative_day",
            "new_therapy_day",
            "last_assessed_day",
        ):
            values[f"course.{name}"] = plain(take(course, name))
        values["course.flags"] = sorted(flag.id for flag in course.flags)
        for visit in course.visits:
            values[f"visits.{visit.day}"] = [visit.response, visit.confirmed, visit.rule]
            values[f"sentences.visit.{visit.day}"] = [visit.reason]
    return values | endpoint_values(record)


def endpoint_values(record: Any) -> Values:
    values: Values = {}
    judged = failures(record)
    for origin in _ORIGINS:
        for style in _STYLES:
            planned = _PLANNED if style == "fda" else ()
            found = endpoints(record, judged, origin=origin, style=style, schedule=planned)
            for infusion, by_name in found.items():
                for name, e in by_name.items():
                    place = f"endpoints.{infusion}.{origin}.{style}.{name}"
                    values[place] = [e.status, e.event, plain(e.day), plain(e.days), e.competing]
    return values


def sentence_values(assessment: Any, record: Any) -> Values:
    """What a user reads, by what it is of: each text once, however often it stood there."""
    texts: dict[str, set[str]] = defaultdict(set)
    reasons = Reasons(assessment)
    texts["about"].add(str(take(assessment.about, "reason")))
    texts["causes"].add(str(take(assessment.causes, "text")))
    for failure in assessment.failures:
        texts["failure"] |= {str(failure.reason), str(failure.difference)}
        texts["signals"] |= {s.text for s in failure.signals}
    for alert in assessment.alerts:
        texts[f"alert.{alert.id}"].add(alert.text)
    factors = [f for group in assessment.causes.groups for f in group.factors]
    for thing in (*assessment.options, *factors):
        for side in _SIDES:
            for reason in reasons.of(thing, *side):
                texts[f"reason.{reason.rule}"].add(reason.text)
    for option in assessment.options:
        texts[f"option.{option.id}"] |= {option.name, option.summary}
        texts[f"availability.{option.id}"].add(availability_of(assessment, option))
        texts[f"option.{option.id}"].add(evidence_of(assessment, option)[2])
        texts[f"support.{option.id}"] |= {s.text for s in support_of(assessment, option)}
        for reason in reasons.of(option, "checklist"):
            texts[f"reason.{reason.rule}"].add(reason.text)
    for test in tests_of(assessment):
        texts[f"test.{' + '.join(test.ids)}"] |= {test.name, test.why}
    texts["issues"] |= {f"{i.message} | {i.done}" for i in record.issues}
    return {f"sentences.{place}": sorted(said) for place, said in texts.items()}


_PARTS = (failure_values, cause_values, option_values, test_values, finding_values)


def values_of(record: Any, assessment: Any, *, sentences: bool) -> Values:
    values: Values = {"alerts": [alert.id for alert in assessment.alerts]}
    values["as_of"] = plain(assessment.as_of)
    for part in _PARTS:
        values |= part(assessment)
    values |= issue_values(record) | course_values(record)
    if sentences:
        return values | sentence_values(assessment, record)
    return {place: v for place, v in values.items() if not place.startswith("sentences.")}


def assessed(records: list[Any], options: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Each record with its assessment, many at once; where that raises, one by one, and the error
    stands in the place of the assessment.
    """
    for start in range(0, len(records), _TOGETHER):
        some = records[start : start + _TOGETHER]
        try:
            yield from zip(some, rearm.assess_all(some, **options), strict=True)
        except Exception:
            for record in some:
                yield record, _one(record, options)


def _one(record: Any, options: dict[str, Any]) -> Any:
    try:
        return rearm.assess(record, **options)
    except Exception as error:
        return error


def answers(reading: dict[str, Any]) -> Iterator[tuple[str, Values]]:
    """Patient and values for one entry of the plan (`path`, `mapping`, `as_of`, `region`).

    What belongs to no one patient comes first, under the name of the file or folder in brackets.
    """
    whole = f"[{Path(reading['path']).name}]"
    try:
        read = rearm.read(reading["path"], *filter(None, [reading.get("mapping")]))
    except Exception as error:
        yield whole, {"error": type(error).__name__}
        return
    general = [[i.code, i.severity, str(i.source)] for i in take(read, "issues", default=())]
    yield whole, {"issues": sorted(general)}
    options = {k: reading.get(k) for k in ("as_of", "region")}
    for record, assessment in assessed(list(read.records), options):
        if isinstance(assessment, Exception):
            yield record.patient_id, {"error": type(assessment).__name__}
            continue
        try:
            values = values_of(record, assessment, sentences=reading["sentences"])
        except (AttributeError, TypeError):
            raise  # the worker does not know this shape: no difference between the versions
        except Exception as error:
            values = {"error": type(error).__name__}
        yield record.patient_id, values


def main(arguments: list[str]) -> int:
    plan = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    home = Path(rearm.__file__ or "").resolve()
    if not home.is_relative_to(Path(plan["root"]).resolve()):
        raise SystemExit(f"rearm was imported from {home}, not from {plan['root']}.")
    with Path(arguments[1]).open("w", encoding="utf-8") as out:
        for reading in plan["readings"]:
            for patient, values in answers(reading):
                line = {"set": reading["set"], "patient": patient, "values": values}
                out.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
