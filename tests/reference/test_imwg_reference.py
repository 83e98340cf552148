"""The course against the slow, literal reference on generated courses. The full number: `python -m
scripts.imwg_compare 20000`.
"""

from __future__ import annotations

import pytest
from tests.support.imwg_cases import run_cases
from tests.support.imwg_generator import generate
from tests.support.imwg_reference import reference

COURSES = 2_000


# where the product once differed: progression of one visit by a marker that may not count
FOUND_WRONG = (6632, 6833, 9190)


@pytest.mark.slow
def test_generated_courses_agree_with_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    cases = []
    for seed in (*range(COURSES), *FOUND_WRONG):
        case = generate(seed)
        case["expected"] = reference(case)
        cases.append(case)
    summary = run_cases(cases)
    wrong = [r for r in summary.results if r.error or r.mismatches]
    with capsys.disabled():
        print(f" [courses {COURSES}, disagreements {len(wrong)}]", end="")
    assert not wrong, (wrong[0].id, wrong[0].error, wrong[0].mismatches[:3])


def test_generated_courses_are_not_all_alike() -> None:
    """The comparison bites only where every level, every outcome and every criterion of progression
    occurs.
    """
    seen: set[str] = set()
    for seed in range(COURSES):
        found = reference(generate(seed))
        seen |= (
            set(found["visit_response"])
            | {f"best {found['best_confirmed_response']}"}
            | {f"by {m}" for m in found["measurable"]}
        )
        seen |= {
            k
            for k in ("pd_date", "relapse_from_cr_date", "sustained_mrd_negative_date")
            if found[k]
        }
    levels = {"NE", "PD", "SD", "MR", "PR", "VGPR", "CR", "sCR", "PRE"}
    assert levels <= seen
    assert {f"best {x}" for x in ("SD", "MR", "PR", "VGPR", "CR", "sCR")} <= seen
    assert {
        "by serum",
        "by urine",
        "by flc",
        "by marrow",
        "by plasmacytoma",
        "pd_date",
        "relapse_from_cr_date",
    } <= seen
