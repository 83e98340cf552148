"""Print worked response cases as tables for reading: `python -m scripts.imwg_page FILE.yaml >
docs/response-cases.md`.

Ends with 1, and writes nothing, where a case does not agree with what its file expects.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from tests.support.imwg_cases import case_record, run_cases

from rearm.response.course import CourseDays, response_course

_NO_RESULT = {"date", "baseline", "line"}
HEAD = """# Worked response cases

Invented patients, each worked by hand from the criteria first; the response course agrees with all
of them, visit by visit (`make imwg-cases FILE=cases.yaml` runs any file of this form). Results
carry their unit in the name, as in the file; what is not named was not done. Response is that of
the visit, confirmed the best confirmed so far, until confirmed progression. BL: baseline. PRE: an
earlier line. The last column is what the program says of the visit.
"""


def page(cases: list[dict[str, Any]]) -> Iterator[str]:
    yield HEAD
    for case in cases:
        record, criteria, start, _, days = case_record(case)
        course = response_course(
            replace(record, infusions=()),
            start=start,
            criteria=criteria,
            days=CourseDays(baseline_from=start, schedule=tuple(days)),
            infusion=False,
        )
        at = {v.day: v for v in course.visits}
        expected = case["expected"]
        yield f"## {case['id']}: measurable {', '.join(course.measurable) or 'nothing'}\n"
        yield from _facts(case)
        yield "| date | results | response | confirmed | why |\n|---|---|---|---|---|"
        for visit, day, response, confirmed in zip(
            case["visits"],
            days,
            expected["visit_response"],
            expected["confirmed_response"],
            strict=True,
        ):
            why = f"`{at[day].rule}` {at[day].reason}" if day in at else ""
            yield f"| {visit['date']} | {_results(visit)} | {response} | {confirmed} | {why} |"
        best, progression = expected.get("best_confirmed_response"), expected.get("pd_date")
        yield (
            f"\nBest confirmed response {best};"
            f" {f'progression on {progression}' if progression else 'no confirmed progression'}.\n"
        )


def _facts(case: dict[str, Any]) -> Iterator[str]:
    """What the case states beside its visits."""
    said = [f"{k.replace('_', ' ')} {v}" for k, v in case.get("patient", {}).items() if k != "type"]
    said += [
        f"{k.replace('_', ' ')} {case[k]}"
        for k in ("new_therapy_date", "cart_infusion_date")
        if case.get(k)
    ]
    if death := case.get("death"):
        said.append(f"death {death['date']}, cause {death['cause']}")
    said += [f"{k} = {v}" for k, v in (case.get("parameters") or {}).items()]
    if said:
        yield "; ".join(said) + ".\n"


def _results(visit: dict[str, Any]) -> str:
    return (
        ", ".join(
            f"{k} {_shown(v)}" for k, v in visit.items() if k not in _NO_RESULT and v is not None
        )
        or "none"
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(v) for v in value.values())
    return str(value).replace("|", "/")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: imwg_page.py FILE.yaml", file=sys.stderr)
        return 2
    content = yaml.safe_load(Path(arguments[0]).read_text(encoding="utf-8"))
    cases = content["cases"] if isinstance(content, dict) else content
    summary = run_cases(cases)
    if not summary.agreed:
        print(summary.line, file=sys.stderr)
        return 1
    print("\n".join(page(cases)) + f"\n{summary.line[0].upper()}{summary.line[1:]}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
