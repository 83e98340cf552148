"""A statement speaks of the time before it: what was given later, or failed later, it cannot deny.
What it does contradict is told to whoever keeps the data, and stays open in the answer.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.record import Record
from rearm.report.worklist.contents import may_change_an_answer
from rearm.therapy.exposure import ExposureAnswer, exposure

Row = dict[str, Any]
WORD = {True: "yes", False: "no", None: "?"}
CONFLICT = "statement_contradicted"


def treatment(agents: str, start: int | None, end: int | None, **more: Any) -> Row:
    return {"agents": agents, "start_day": start, "end_day": end, "purpose": "treatment", **more}


def stated(about: str, status: str, day: int | None) -> Row:
    return {"agent_or_class": about, "status": status, "day": day, "by": "team"}


def record_of(treatments: list[Row], statements: list[Row]) -> Record:
    first = treatment("bortezomib;lenalidomide;dexamethasone", -1200, -1000, line=1)
    rows: dict[str, list[Row]] = {
        "patients": [{"sex": "M", "heavy_chain": "IgA", "light_chain": "lambda"}],
        "infusions": [{"day": 0, "product": "cilta-cel"}],
        "therapies": [first, *treatments],
        "refractoriness": statements,
        "assessments": [
            {"day": 40, "response": "VGPR", "by": "team"},
            {"day": 210, "response": "PD", "by": "team"},
            {"day": 420, "response": "PD", "by": "team"},
        ],
        "labs": [{"day": 425, "test": "creatinine", "value": 0.9, "unit": "mg/dL"}],
    }
    with_id = {name: [{"patient_id": "T"} | row for row in own] for name, own in rows.items()}
    (record,) = read_tables(with_id).records
    return record


def told(record: Record) -> list[str]:
    return [x.message for x in record.issues if x.code == CONFLICT and may_change_an_answer(x)]


FAILED = treatment("talquetamab", 250, 400, line=3, progression_on="yes")
GOES_ON = treatment("talquetamab", 250, None, line=3)
EARLIER = treatment("talquetamab", -300, -250, line=2, progression_on="no")
EARLIER_FAILED = treatment("talquetamab", -300, -250, line=2, progression_on="yes")


@pytest.mark.parametrize(
    ("treatments", "statement", "given", "refractory", "conflicts"),
    [
        # older than the treatment: it says nothing of it
        ([FAILED], stated("talquetamab", "not_exposed", 215), "yes", "yes", 0),
        ([FAILED], stated("anti-GPRC5D", "not_exposed", 215), "yes", "yes", 0),
        ([FAILED], stated("anti-GPRC5D", "exposed", 215), "yes", "yes", 0),
        # given before and stopped without failure, then given again and failed
        ([EARLIER, FAILED], stated("talquetamab", "exposed", 215), "yes", "yes", 0),
        # made while it was given, before it failed
        ([FAILED], stated("talquetamab", "exposed", 300), "yes", "yes", 0),
        # it may have known of it, or did: a conflict, and unknown
        ([FAILED], stated("talquetamab", "not_exposed", 410), "yes", "?", 1),
        ([FAILED], stated("anti-GPRC5D", "not_exposed", 410), "yes", "?", 1),
        ([FAILED], stated("talquetamab", "exposed", 410), "yes", "?", 1),
        ([FAILED], stated("talquetamab", "not_exposed", None), "yes", "?", 1),
        ([EARLIER_FAILED], stated("talquetamab", "exposed", 215), "yes", "?", 1),
        # nothing to contradict
        ([], stated("talquetamab", "not_exposed", 215), "no", "no", 0),
        ([EARLIER], stated("talquetamab", "exposed", 215), "yes", "no", 0),
        ([FAILED], stated("talquetamab", "refractory", 410), "yes", "yes", 0),
    ],
)
def test_a_statement_speaks_of_the_time_before_it(
    treatments: list[Row], statement: Row, given: str, refractory: str, conflicts: int
) -> None:
    record = record_of(treatments, [statement])
    asked = exposure(record)
    agent, of_class = asked.refractory_agent("talquetamab"), asked.refractory_cls("anti-GPRC5D")
    assert WORD[asked.agent("talquetamab").value] == given
    assert WORD[asked.cls("anti-GPRC5D").value] == given
    assert (WORD[agent.value], WORD[of_class.value]) == (refractory, refractory)
    assert len(told(record)) == conflicts


def test_what_may_have_been_given_since_is_not_denied() -> None:
    unread = {"regimen": "study drug 7", "start_day": 250, "purpose": "treatment", "line": 3}
    before = record_of([unread], [stated("talquetamab", "not_exposed", 215)])
    after = record_of([unread], [stated("talquetamab", "not_exposed", 260)])
    assert exposure(before).agent("talquetamab").value is None
    assert exposure(after).agent("talquetamab").value is False


def test_a_treatment_that_goes_on_is_neither_failed_nor_denied_to_have_failed() -> None:
    answer: ExposureAnswer = exposure(
        record_of([GOES_ON], [stated("talquetamab", "not_exposed", 215)])
    ).refractory_agent("talquetamab")
    assert answer.value is answer.computed


def lines_about_talquetamab(result: Assessment) -> list[Any]:
    return [
        line
        for tier in result.answer.tiers
        for line in tier.strategies
        if line.strategy == "bispecific-gprc5d"
    ]


def test_the_answer_counts_the_failure_that_came_after_the_statement() -> None:
    result = rearm.assess(record_of([FAILED], [stated("anti-GPRC5D", "not_exposed", 215)]))
    assert result.findings["refractory_talquetamab"].value is True
    assert result.answer.tier_of("bispecific-gprc5d") not in ("first", "alternative")


def test_a_conflict_must_be_settled_first() -> None:
    result = rearm.assess(record_of([FAILED], [stated("anti-GPRC5D", "not_exposed", 410)]))
    finding = result.findings["refractory_talquetamab"]
    assert not finding.known
    assert "stated 'not_exposed'" in finding.text
    (line,) = lines_about_talquetamab(result)
    reasons = [result.reasons[name] for name in line.waits_for]
    assert [x.text for x in reasons if "refractory_talquetamab" in x.findings]
