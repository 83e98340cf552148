"""Run patients with expectations through the public entry, and print each expectation that holds or
not, with the reason.

    make vignettes FILE=any.yaml

A file holds a list of patients: `id`, `title`, `as_of`, `region`, `tables` (the tidy tables),
`expect`. Days are days of the patient's own axis. Each patient is written to a folder of CSV files,
read with `rearm.read`, assessed with `rearm.assess`, and drawn as a page. Hard expectations:
excluded, never_preferred, alerts_include, must_not_say and the status of the failure.
"""

from __future__ import annotations

import csv
import html
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import rearm
from rearm.assessment import Assessment
from rearm.assessment.result import Causes, FailureResult, OptionResult
from rearm.report import page
from rearm.report.assessment.sentences import availability_text, finding_text, reason_text

GRADES = ["excluded", "unlikely", "possible", "likely", "established"]
NEGATIONS = re.compile(r"\b(no|not|without|cannot|never|nor)\b|n't\b", re.IGNORECASE)
CLAUSE_END = re.compile(r"[.;:!?()\n]|, (?:but|and)\b")


@dataclass(frozen=True)
class Outcome:
    """One expectation: what was expected, whether it holds and is hard, and what was found."""

    what: str
    holds: bool
    hard: bool
    found: str


def write_tables(tables: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """The tidy tables of one patient as CSV files; a column that a row lacks is left empty."""
    for name, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, columns)
            writer.writeheader()
            writer.writerows(rows)


def page_text(markup: str) -> str:
    """The text that a reader of the page sees: without markup, style and script."""
    without = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", markup, flags=re.DOTALL | re.IGNORECASE)
    blocks = re.sub(
        r"</(p|li|h\d|tr|td|th|div|section|summary|dd|dt|caption)>|<br\s*/?>",
        ".\n",
        without,
        flags=re.IGNORECASE,
    )
    return html.unescape(re.sub(r"<[^>]+>", " ", blocks))


def strings(value: Any) -> Iterator[str]:
    """All texts inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def said(pattern: str, texts: list[str]) -> str | None:
    """The first place where the pattern is said and not negated earlier in the same clause."""
    for text in texts:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            start = 0
            for end in CLAUSE_END.finditer(text, 0, match.start()):
                start = end.end()
            if not NEGATIONS.search(text[start : match.start()]):
                return text[max(0, match.start() - 60) : match.end() + 40].replace("\n", " ")
    return None


def one_of(found: Any, expected: Any) -> bool:
    return found in expected if isinstance(expected, list) else found == expected


def texts_of(assessment: Assessment) -> Iterator[str]:
    """All that a reader is told on the page and by the result; not the issues, which tell of the
    input, nor the titles of publications.
    """
    yield page_text(page(assessment))
    yield from (reason_text(reason) for reason in assessment.reasons.values())
    yield from (finding_text(finding) for finding in assessment.findings.values())
    yield from (availability_text(assessment, option) for option in assessment.options)
    others = assessment.to_dict()
    for part in ("issues", "reasons", "findings", "publications"):
        del others[part]
    yield from strings(others)


def judge_failure(
    failure: FailureResult | None, expected: dict[str, Any], label: str
) -> Iterator[Outcome]:
    if expected.get("status_none"):
        holds = failure is None or failure.status == "cannot_be_judged"
        yield Outcome(f"{label}: none", holds, True, str(failure and failure.status))
        return
    if failure is None:
        yield Outcome(f"{label}: {expected}", False, True, "no entry for this infusion")
        return
    for key in ("status", "kind", "certainty", "timing"):
        if key in expected:
            yield Outcome(
                f"{label}.{key} {expected[key]}",
                one_of(getattr(failure, key), expected[key]),
                key == "status",
                str(getattr(failure, key)),
            )
    if "day" in expected:
        tolerance = expected.get("day_tolerance", 0)
        near = failure.day is not None and abs(failure.day - expected["day"]) <= tolerance
        yield Outcome(f"{label}.day {expected['day']}", near, False, str(failure.day))
    for word in expected.get("pattern_includes", []):
        yield Outcome(
            f"{label}.pattern has {word}",
            word in failure.pattern,
            False,
            str(failure.pattern),
        )
    signals = [s.id for s in failure.signals]
    for word in expected.get("signals_include", []):
        yield Outcome(f"{label}.signals have {word}", word in signals, False, str(signals))


def judge_causes(causes: Causes, expected: dict[str, Any]) -> Iterator[Outcome]:
    groups = {g.group: g.grade for g in causes.groups}
    ranked = [g for g in causes.groups if g.group != "safety"]
    best = min((g.rank for g in ranked if g.rank is not None), default=None)
    leading = [g.group for g in ranked if best is not None and g.rank == best]
    shown = ", ".join(f"{g.group} {g.grade}" for g in causes.groups)
    if "leading_any_of" in expected:
        yield Outcome(
            f"causes lead with {expected['leading_any_of']}",
            any(g in expected["leading_any_of"] for g in leading),
            False,
            shown,
        )
    for group in expected.get("not_leading", []):
        yield Outcome(f"causes do not lead with {group}", group not in leading, False, shown)
    for group, grade in expected.get("grade_at_least", {}).items():
        known = groups.get(group) in GRADES and GRADES.index(groups[group]) >= GRADES.index(grade)
        yield Outcome(f"cause {group} at least {grade}", known, False, str(groups.get(group)))
    for group, grade in expected.get("grade_at_most", {}).items():
        low = groups.get(group) not in GRADES or GRADES.index(groups[group]) <= GRADES.index(grade)
        yield Outcome(f"cause {group} at most {grade}", low, False, str(groups.get(group)))
    for group, grades in expected.get("grade_not", {}).items():
        yield Outcome(
            f"cause {group} not {grades}",
            groups.get(group) not in grades,
            False,
            str(groups.get(group)),
        )
    if "undetermined" in expected:
        yield Outcome(
            f"causes undetermined {expected['undetermined']}",
            causes.undetermined == expected["undetermined"],
            False,
            shown,
        )


def options_of(
    options: Sequence[OptionResult], wanted: str | dict[str, Any]
) -> tuple[str, list[OptionResult]]:
    """The options that a tag, or a tag with targets and agents, stands for."""
    want = {"strategy": wanted} if isinstance(wanted, str) else wanted
    chosen = [o for o in options if o.strategy == want["strategy"]]
    if "only_targets" in want:
        chosen = [o for o in chosen if sorted(o.targets) == sorted(want["only_targets"])]
    if "agents" in want:
        chosen = [o for o in chosen if set(want["agents"]) <= set(o.agents)]
    return ", ".join(f"{k}={v}" for k, v in want.items()), chosen


VERDICTS = {
    "excluded": {"excluded"},
    "discouraged_or_worse": {"excluded", "discouraged"},
    "needs_information": {"needs_information"},
    "preferred_or_acceptable": {"preferred", "acceptable"},
}


def judge_options(options: Sequence[OptionResult], expected: dict[str, Any]) -> Iterator[Outcome]:
    for key, wanted_list in expected.items():
        for wanted in wanted_list:
            label, chosen = options_of(options, wanted)
            found = (
                ", ".join(
                    f"{o.id} {o.verdict}" + (f" until {o.until}" if o.until else "") for o in chosen
                )
                or "no such option"
            )
            if key in VERDICTS:
                holds = bool(chosen) and all(o.verdict in VERDICTS[key] for o in chosen)
                if isinstance(wanted, dict) and wanted.get("temporary"):
                    holds = holds and all(o.until for o in chosen)
            elif key == "never_preferred":
                holds = all(o.verdict != "preferred" for o in chosen)
            elif key == "not_excluded":
                holds = all(o.verdict != "excluded" for o in chosen)
            else:
                raise SystemExit(f"unknown expectation under options: {key}")
            yield Outcome(f"{key}: {label}", holds, key in ("excluded", "never_preferred"), found)


def judge(vignette: dict[str, Any]) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        write_tables(vignette["tables"], Path(folder))
        reading = rearm.read(folder)
    (record,) = reading.records
    assessment = rearm.assess(record, as_of=vignette.get("as_of"), region=vignette.get("region"))
    texts = list(texts_of(assessment))
    expect = dict(vignette["expect"])

    by_day = {f.infusion_day: f for f in assessment.failures}
    wanted = expect.pop("failure", None)
    if wanted is not None:
        last = assessment.failures[-1] if assessment.failures else None
        failure = by_day.get(wanted["infusion_day"]) if "infusion_day" in wanted else last
        yield from judge_failure(failure, wanted, "failure")
    for earlier in expect.pop("earlier_failures", []):
        found = by_day.get(earlier["infusion_day"])
        yield from judge_failure(found, earlier, f"failure of infusion {earlier['infusion_day']}")
    yield from judge_causes(assessment.causes, expect.pop("causes", {}))
    yield from judge_options(assessment.options, expect.pop("options", {}))
    alerts = [a.id for a in assessment.alerts]
    for alert in expect.pop("alerts_include", []):
        yield Outcome(f"alert {alert}", alert in alerts, True, str(alerts))
    asked = str([[t.tests, t.findings, t.name] for t in assessment.next_tests]).lower()
    for words in expect.pop("asks_for", []):
        yield Outcome(
            f"asks for {words}",
            any(w.strip().lower() in asked for w in words.split(" | ")),
            False,
            asked[:200],
        )
    for pattern in expect.pop("must_not_say", []):
        place = said(pattern, texts)
        yield Outcome(f"must not say /{pattern}/", place is None, True, place or "")
    if expect:
        raise SystemExit(f"{vignette['id']}: unknown expectations {sorted(expect)}")


def run(vignettes: list[dict[str, Any]], *, show: bool = True) -> list[tuple[str, Outcome]]:
    """All outcomes, each with the id of its patient; with `show` they are printed as they come."""
    outcomes = []
    for vignette in vignettes:
        if show:
            print(f"{vignette['id']}  {vignette['title']}")
        for outcome in judge(vignette):
            outcomes.append((vignette["id"], outcome))
            if show:
                mark = "holds " if outcome.holds else "FAILS "
                print(
                    f"  {mark} {outcome.what}"
                    + ("" if outcome.holds else f"   found: {outcome.found}")
                )
    hard = [o for _, o in outcomes if o.hard]
    if show:
        print(
            f"vignettes {len(vignettes)}, expectations met {sum(o.holds for _, o in outcomes)} of"
            f" {len(outcomes)}, hard {sum(o.holds for o in hard)} of {len(hard)}"
        )
    return outcomes


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: make vignettes FILE=patients.yaml", file=sys.stderr)
        return 2
    vignettes = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    return 0 if all(o.holds for _, o in run(vignettes)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
