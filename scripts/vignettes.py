"""Run patients with expectations through the public entry, and print each expectation that holds or
not, with the reason.

    make vignettes FILE=any.yaml

A file holds a list of patients: `id`, `title`, `as_of`, `region`, `tables` (the tidy tables),
`expect`. Days are days of the patient's own axis. Each patient is written to a folder of CSV files,
read with `rearm.read`, assessed with `rearm.assess`, and drawn as a page.
"""

from __future__ import annotations

import csv
import html
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from scripts.vignette_answer import judge_answer
from scripts.vignette_judge import (
    Outcome,
    judge_causes,
    judge_failure,
    judge_options,
    unknown_key,
)

import rearm
from rearm.assessment import Assessment
from rearm.report import page
from rearm.report.assessment.sentences import availability_text, finding_text, reason_text

NEGATIONS = re.compile(r"\b(no|not|without|cannot|never|nor|if so)\b|n't\b", re.IGNORECASE)
CLAUSE_END = re.compile(r"[.;:!?()\n]|, (?:but|and)\b")


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


def judge(vignette: dict[str, Any]) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        write_tables(vignette["tables"], Path(folder))
        reading = rearm.read(folder)
    (record,) = reading.records
    assessment = rearm.assess(record, as_of=vignette.get("as_of"), region=vignette.get("region"))
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
    yield from judge_options(assessment.options, assessment.answer, expect.pop("options", {}))
    yield from _judge_words(assessment, expect)
    yield from judge_answer(assessment, expect)
    yield from map(unknown_key, expect)


def _judge_words(assessment: Assessment, expect: dict[str, Any]) -> Iterator[Outcome]:
    """Alerts, tests to ask for, what was stated, what must not be said; taken out of `expect`."""
    alerts = [a.id for a in assessment.alerts]
    for alert in expect.pop("alerts_include", []):
        yield Outcome(f"alert {alert}", alert in alerts, True, str(alerts))
    for alert in expect.pop("alerts_exclude", []):
        yield Outcome(f"no alert {alert}", alert not in alerts, True, str(alerts))
    asked = str([[t.tests, t.findings, t.name] for t in assessment.next_tests]).lower()
    for words in expect.pop("asks_for", []):
        holds = any(w.strip().lower() in asked for w in words.split(" | "))
        yield Outcome(f"asks for {words}", holds, False, asked[:200])
    for name, value in expect.pop("stated", {}).items():
        found = _stated(assessment, name)
        yield Outcome(f"stated: {name} {value}", found == value, False, str(found))
    patterns = expect.pop("must_not_say", [])
    texts = list(texts_of(assessment)) if patterns else []
    for pattern in patterns:
        place = said(pattern, texts)
        yield Outcome(f"must not say /{pattern}/", place is None, True, place or "")


def _stated(assessment: Assessment, name: str) -> Any:
    """What the team stated, as the result carries it."""
    if name == "best_response_after_car_t":
        return assessment.failures[-1].best_response_team if assessment.failures else None
    finding = assessment.findings.get(name)
    return finding.value if finding is not None and finding.stated_by is not None else None


def judged(vignette: dict[str, Any]) -> Iterator[Outcome]:
    """The outcomes of one patient; a fault on the way is one too, so that the next is run."""
    try:
        yield from judge(vignette)
    except Exception as error:  # whatever is wrong with this patient, the others are run
        yield Outcome("read and judged", False, True, f"{type(error).__name__}: {error}")


def run(vignettes: list[dict[str, Any]], *, show: bool = True) -> list[tuple[str, Outcome]]:
    """All outcomes, each with the id of its patient; with `show` they are printed as they come."""
    outcomes = []
    for vignette in vignettes:
        if show:
            print(f"{vignette['id']}  {vignette['title']}")
        for outcome in judged(vignette):
            outcomes.append((vignette["id"], outcome))
            if show:
                mark = "holds " if outcome.holds else "FAILS "
                print(
                    f"  {mark} {outcome.what}"
                    + ("" if outcome.holds else f"   found: {outcome.found}")
                )
    if show:
        print(f"vignettes {len(vignettes)}, {_met([o for _, o in outcomes])}")
        ours = [o for _, o in outcomes if not o.of_answer]
        if len(ours) < len(outcomes):
            print(f"without those of the recommendation: {_met(ours)}")
    return outcomes


def _met(outcomes: list[Outcome]) -> str:
    hard = [o for o in outcomes if o.hard]
    return (
        f"expectations met {sum(o.holds for o in outcomes)} of {len(outcomes)},"
        f" hard {sum(o.holds for o in hard)} of {len(hard)}"
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: make vignettes FILE=patients.yaml", file=sys.stderr)
        return 2
    vignettes = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    return 0 if all(o.holds for _, o in run(vignettes)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
