"""What stands under "before the infusion" was surely there before it: not what was found later, on
a day that nobody stated, or in a month that holds the infusion. Infusion on day 0 (2024-06-01),
failure on day 200, read on day 220.
"""

from __future__ import annotations

import pytest
from tests.support.findings_case import Row, findings, record_of, shown, therapy, variant

from rearm import assess

Day = int | str | None


def del_17p(day: Day, result: str = "present") -> Row:
    return variant(day, "17p13", "del(17p)", "deletion", result)


@pytest.mark.parametrize(
    ("what", "rows", "before", "ever"),
    [
        ("in a sample from before", [del_17p(-60)], True, True),
        ("of the month before", [del_17p("2024-05")], True, True),
        ("after the failure", [del_17p(205)], None, True),
        ("between infusion and failure", [del_17p(100)], None, True),
        ("in the month of the infusion", [del_17p("2024-06")], None, True),
        ("without a day", [del_17p(None)], None, True),
        ("not there before, won since", [del_17p(-60, "absent"), del_17p(205)], False, True),
        ("there before, gone since", [del_17p(-60), del_17p(205, "absent")], True, False),
        ("a later denial does not tell of before", [del_17p(205, "absent")], None, False),
        ("nothing", [], None, None),
    ],
)
def test_a_deletion(what: str, rows: list[Row], before: object, ever: object) -> None:
    found = findings(*rows)
    assert found["del_17p_before_infusion"].value is before, what
    assert found["del_17p"].value is ever, what
    high_risk = found["high_risk_cytogenetics_before_infusion"].value
    assert high_risk is (True if before else None), what


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("gain_1q", {"gene": "1q21", "kind": "gain", "copies": 3}),
        ("amp_1q", {"gene": "1q21", "kind": "amplification"}),
        ("tp53_mutation", {"gene": "TP53", "change": "p.Arg175His", "kind": "snv"}),
        ("hyperhaploid", {"gene": "karyotype", "change": "hyperhaploid"}),
    ],
)
@pytest.mark.parametrize(
    ("day", "before"), [(-60, True), (205, None), ("2024-06", None), (None, None)]
)
def test_its_siblings(name: str, row: dict[str, object], day: Day, before: object) -> None:
    found = findings(("variants", {"day": day, "result": "present", **row}))
    assert found[name].value is True
    assert found[f"{name}_before_infusion"].value is before


def test_a_translocation_is_there_from_the_start() -> None:
    row = variant(205, "t(4;14)", "IGH::NSD2", "translocation")
    assert findings(row)["high_risk_cytogenetics_before_infusion"].value is True


def test_both_copies_need_both_hits_from_before() -> None:
    mutation = variant(205, "TP53", "p.Arg175His", "snv")
    assert findings(del_17p(-60), mutation)["tp53_biallelic_before_infusion"].value is None
    assert findings(del_17p(-60), mutation)["tp53_biallelic"].value is True


@pytest.mark.parametrize(("day", "value"), [(-60, True), (205, None), ("2024-06", None)])
def test_as_somebody_states_it(day: Day, value: object) -> None:
    row = ("facts", {"day": day, "finding": "high_risk_cytogenetics", "value": "yes", "by": "team"})
    assert findings(row)["high_risk_cytogenetics_before_infusion"].value is value


@pytest.mark.parametrize(("day", "named"), [(-60, True), (205, False), (None, False)])
def test_the_page_names_no_risk_factor_before_its_time(day: Day, named: bool) -> None:
    causes = assess(record_of(del_17p(day))).causes
    assert ("high_risk_cytogenetics" in {x.id for x in causes.risk_factors}) is named
    scores = [x for x in causes.scores if x.id == "r_iss"]
    assert bool(scores) is named  # no item of it was found in the record


def test_the_sentence_says_that_the_time_is_not_known() -> None:
    text = findings(del_17p(205))["del_17p_before_infusion"].text
    assert text.endswith("day 205: unknown whether also before the infusion")


@pytest.mark.parametrize(
    ("what", "start", "end", "days"),
    [
        ("ended before", -100, -40, 40),
        ("began before, no end", -100, None, "[0, 100]"),
        ("in the month of the infusion", "2024-06", None, None),
        ("ended before, its start not known", None, -40, 40),
        ("without a day", None, None, None),
    ],
)
def test_a_bcma_agent_of_an_open_day_was_perhaps_given_since(
    what: str, start: Day, end: Day, days: object
) -> None:
    row = therapy(None, None, "belantamab mafodotin")
    row[1].update(start_day=start, end_day=end)
    found = findings(row)["days_bcma_agent_to_infusion"]
    assert shown(found) == days, what
    assert ("perhaps before the infusion" in found.text) is (days is None), what
