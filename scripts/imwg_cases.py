"""Run a file of worked response cases: `python -m scripts.imwg_cases FILE.yaml`. Exit 1 where
anything disagrees.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from tests.support.imwg_cases import run_cases


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: imwg_cases.py FILE.yaml")
        return 2
    path = Path(arguments[0])
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        print(f"{path} cannot be read: {problem}")
        return 2
    cases = content.get("cases") if isinstance(content, dict) else content
    if not isinstance(cases, list) or not all(isinstance(c, dict) for c in cases):
        print(f"{path} holds no list of cases")
        return 2
    summary = run_cases(cases)
    for result in summary.results:
        if result.error is not None:
            print(f"{result.id}: {result.error}")
        elif result.mismatches:
            print(f"{result.id} ({result.title})")
            for m in result.mismatches:
                print(f"    {m.key}: expected {m.expected}, found {m.found}; {m.reason}")
        else:
            print(f"{result.id}: agrees ({result.visits_agreed} visits)")
    print(summary.line)
    return 0 if summary.agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
