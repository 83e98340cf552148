"""Compare the response course with the slow reference on generated courses: `python -m
scripts.imwg_compare 20000 [first seed]`.
"""

from __future__ import annotations

import json
import sys

from tests.support.imwg_cases import run_cases
from tests.support.imwg_generator import generate
from tests.support.imwg_reference import reference


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 20_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    wrong = 0
    for seed in range(first, first + count):
        case = generate(seed)
        case["expected"] = reference(case)
        result = run_cases([case]).results[0]
        if result.error or result.mismatches:
            wrong += 1
            if wrong <= 5:
                print(json.dumps(case))
                print(result.error or "")
                for m in result.mismatches:
                    print(f"    {m.key}: reference {m.expected}, product {m.found}; {m.reason}")
    print(f"courses {count}, disagreements {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
