"""What a test would change, as the sheet says it."""

from __future__ import annotations

import pytest
from tests.support.answered import answered

from rearm.assessment.result import Assessment, Change, NextTest
from rearm.report.assessment.change_words import changes_in_words, conditions_in_words, told_by
from rearm.report.assessment.context import page_context
from rearm.report.assessment.sentences import asked_as

GPRC5D = "bispecific antibody against GPRC5D"
BCMA = "bispecific antibody against BCMA"

# who, and what a test would change
TOLD = [
    ("SYN-04", f"if uninvolved IgG is below 400 mg/dL: first choice changes from {BCMA} or"
     f" {GPRC5D} to {GPRC5D}"),
    ("SYN-09", f"if the repeat confirms progression: first choice changes from"
     f" none to {GPRC5D}"),
    ("SYN-09", "if the repeat does not confirm it: nothing to choose for now"),
    ("D01", "if ECOG performance status is 3 or 4: first choice changes from"
     f" {GPRC5D} to none"),
]  # fmt: skip


@pytest.mark.parametrize(("patient", "told"), TOLD)
def test_a_change_is_told_by_the_result_that_brings_it(patient: str, told: str) -> None:
    result = answered()[patient]
    found = [text for x in result.tests for text in changes_in_words(result, x)]
    assert told in found


def test_without_a_relapse_no_strategy_is_said_to_move() -> None:
    changes = [
        change
        for result in answered().values()
        for test in result.next_tests
        for change in test.changes
        if change.values.get("failure_status") == "not_failed"
    ]
    assert len(changes) >= 3
    assert not [turn for change in changes for turn in change.turns if turn.kind == "strategy"]


def test_a_number_is_told_as_the_range_in_which_every_value_changes_the_same() -> None:
    told = [
        (result, name, limits, change.values[name])
        for result in answered().values()
        for test in result.tests
        for change in test.changes
        for name, limits in change.within.items()
    ]
    assert len(told) >= 5
    for _, _, limits, value in told:
        assert isinstance(value, float)
        assert limits["low"] is None or limits["low"] < value
        assert limits["high"] is None or value < limits["high"]


def test_a_share_of_the_clone_is_told_as_per_cent() -> None:
    """Never `loss of both TNFRSF17 copies is 0.2 or 0.9`."""
    told = {
        text.partition(":")[0]
        for result in answered().values()
        for test in result.tests
        if test.ids in (("tnfrsf17_sequencing",), ("gprc5d_sequencing",))
        for text in changes_in_words(result, test)
    }
    assert "if there is loss of both TNFRSF17 copies in 20 % of the clone" in told
    assert not [x for x in told if "copies is " in x or " 0.2" in x or " 0.9" in x]


Rows = list[tuple[bool | float | int | str, ...]]
TNFRSF17 = ("tnfrsf17_biallelic_fraction", "tnfrsf17_ectodomain_variant", "tnfrsf17_one_copy")
ECOG = ("ecog", "frailty")
BLOOD = ("neutrophils", "hypercalcaemia")
LESIONS = ("any_plasmacytoma_at_relapse", "lesions_at_relapse", "bone_lesion_or_cord_at_relapse")

# findings, the results that bring a change, those that bring another, what is said
RESULTS = [
    (TNFRSF17, [(0.0, True, True)], [(0.2, False, True), (0.0, False, True)],
     "if there is {tnfrsf17_ectodomain_variant}"),
    (TNFRSF17, [(0.2, False, True), (0.0, True, True)], [(0.9, False, True)],
     "if there is {tnfrsf17_biallelic_fraction} in 20 % of the clone"
     " or if there is {tnfrsf17_ectodomain_variant}"),
    (TNFRSF17, [(0.0, False, True)], [(0.0, True, True), (0.2, False, True)],
     "if there is {tnfrsf17_one_copy} and no {tnfrsf17_ectodomain_variant}"
     " and no {tnfrsf17_biallelic_fraction}"),
    (ECOG, [(1, "frail"), (2, "frail")], [(3, "fit"), (3, "frail")],
     "if {frailty} is frail and {ecog} is 1 or 2"),
    (ECOG, [(3, "fit"), (3, "frail"), (4, "fit"), (4, "frail")], [(1, "frail")],
     "if {ecog} is 3 or 4"),
    (BLOOD, [(1.0, True), (1.0, False)], [(2.0, True)], "if {neutrophils} is 1 G/L"),
    (BLOOD, [(1.0, True), (2.0, True)], [(1.0, False)], "if there is {hypercalcaemia}"),
    (LESIONS, [(False, 0, False)], [(True, 1, False), (False, 0, True)],
     "if there is no {any_plasmacytoma_at_relapse} and no {bone_lesion_or_cord_at_relapse}"),
]  # fmt: skip


@pytest.mark.parametrize(("findings", "these", "others", "told"), RESULTS)
def test_a_result_is_told_by_what_no_other_result_shows(
    findings: tuple[str, ...], these: Rows, others: Rows, told: str
) -> None:
    result = _incomplete_in(findings)
    changes = [Change(values=dict(zip(findings, row, strict=True)), turns=()) for row in these]
    rest = [Change(values=dict(zip(findings, row, strict=True)), turns=()) for row in others]
    test = _test_of(findings, (*changes, *rest))
    said = " or ".join(conditions_in_words(result, test, changes))
    assert said == told.format(**{name: asked_as(result, name) for name in findings})


def _incomplete_in(findings: tuple[str, ...]) -> Assessment:
    """A patient of whom a test would tell these, so that labels and units are at hand."""
    wanted = set(findings)
    return next(
        result
        for result in answered().values()
        if any(wanted <= set(test.findings) for test in result.next_tests)
    )


def _test_of(findings: tuple[str, ...], changes: tuple[Change, ...]) -> NextTest:
    return NextTest(
        ids=("any",), name="any", tests=(), findings=findings, mandatory=False,
        changes=changes, why="", invasiveness=0, turnaround=1, citations=(),
    )  # fmt: skip


BLOOD_PANEL = ("hypercalcaemia", "renal_failure")


def test_a_result_is_told_apart_from_those_that_change_nothing() -> None:
    """`if there is no hypercalcaemia` was said of a panel that changes the choice by a renal
    failure: the panel without either changes nothing and was no longer there to be told apart.
    """
    result = _incomplete_in(BLOOD_PANEL)
    failing = Change(
        values={"hypercalcaemia": False, "renal_failure": True},
        turns=(),
        apart_by=(("renal_failure",),),
    )
    both = Change(values=dict.fromkeys(BLOOD_PANEL, True), turns=(), extreme=True)
    test = _test_of(BLOOD_PANEL, (failing, both))
    assert told_by(result, test, [failing]) == [(("renal_failure",), [failing])]


def test_a_condition_holds_for_no_result_that_changes_nothing() -> None:
    """Of every sentence of every example: what it says is not shown by a result that leaves the
    choice as it is.
    """
    wrong, seen = [], 0
    for name, result in answered().items():
        for test in result.next_tests:
            for change in test.changes:
                for names, told in told_by(result, test, [change]):
                    seen += 1
                    apart = all(set(names) & set(few) for x in told for few in x.apart_by)
                    alone = len(names) == len(change.values)
                    wrong += [] if apart or alone else [(name, test.ids, change.values, names)]
    assert seen > 1000
    assert wrong == []


def test_one_condition_never_brings_two_effects_on_the_page() -> None:
    told = []
    for name, result in answered().items():
        context = page_context(result, with_picture=False)
        for test in result.next_tests:
            lines = str(context.changes(test)).split("<li>")[1:]
            told.append((name, test.ids, [line.partition(": ")[0] for line in lines]))
    assert sum(len(conditions) for _, _, conditions in told) > 1000
    assert [x for x in told if len(set(x[2])) < len(x[2])] == []
