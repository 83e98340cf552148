"""What the patient declined is excluded as long as that holds, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.assessment import Assessment, assess, explain
from rearm.intake import read_tables
from rearm.knowledge.bundle import bundled
from rearm.knowledge.option_names import options_named
from rearm.record import Record

RELAPSED: dict[str, list[dict[str, Any]]] = {
    "infusions": [{"day": 0, "product": "ide-cel"}],
    "assessments": [{"day": 60, "response": "PR"}, {"day": 200, "response": "PD"}],
}


def _record(declined: str | None) -> Record:
    facts = [{"finding": "declined", "value": declined, "by": "patient"}] if declined else []
    tables = RELAPSED | {"facts": facts}
    rows = {name: [{"patient_id": "A"} | row for row in table] for name, table in tables.items()}
    return read_tables({"patients": [{"patient_id": "A"}]} | rows).records[0]


def _taken_out(assessment: Assessment) -> set[str]:
    reasons = {k for k, r in assessment.reasons.items() if r.rule == "declined-by-patient"}
    return {o.id for o in assessment.options if not reasons.isdisjoint(o.against)}


@pytest.mark.parametrize("declined", ["talquetamab", "Talvey", "transplant; bispecifics", "CAR-T"])
def test_options_are_excluded_until_the_patient_wants_them(declined: str) -> None:
    before, after = assess(_record(None)), assess(_record(declined))
    names = [name.strip() for name in declined.split(";")]
    meant = {o for name in names for o in options_named(bundled(), name)}
    assert _taken_out(after) == meant != set()
    verdicts = {o.id: o.verdict for o in before.options}
    for option in after.options:
        if option.id in meant:
            assert option.verdict == "excluded"
            assert "the patient wants it" in (option.until or "")
        else:
            assert option.verdict == verdicts[option.id]


@pytest.mark.parametrize("declined", [None, "none", "keine"])
def test_nothing_declined(declined: str | None) -> None:
    assert _taken_out(assess(_record(declined))) == set()


def test_explanation_of_the_option_tells_it() -> None:
    rules = explain(_record("talquetamab"), "talquetamab").rules
    (told,) = [rule for rule in rules if rule.id == "declined-by-patient"]
    assert told.clause.truth is True
    assert told.sources == ("tables/facts: row 2",)
    others = explain(_record("talquetamab"), "teclistamab").rules
    assert all(rule.id != "declined-by-patient" for rule in others)


def test_name_of_no_option_is_said() -> None:
    record = _record("talquetamab; leeches")
    assert [(i.code, i.done) for i in record.issues] == [("declined_unread", "used")]
    assert "'leeches'" in record.issues[0].message
    assert "'talquetamab'" not in record.issues[0].message


# name as a person writes it; some of the options that it stands for, some that it does not
NAMES = [
    ("talquetamab", {"talquetamab", "talquetamab-daratumumab"}, {"teclistamab"}),
    ("bispecific-gprc5d", {"talquetamab"}, {"teclistamab"}),
    ("GPRC5D bispecific", {"talquetamab"}, {"teclistamab", "gprc5d-car-t"}),
    ("CAR-T", {"second-cart-ide-cel", "gprc5d-car-t"}, {"lenalidomide-after-car-t"}),
    ("transplant", {"allogeneic-transplant", "salvage-autologous-transplant"}, {"dcep"}),
    ("stem cell transplant", {"salvage-autologous-transplant"}, {"stem-cell-boost"}),
    ("Transplantation", {"allogeneic-transplant"}, {"stem-cell-boost"}),
    ("IMiDs", {"pomalidomide-dexamethasone"}, {"carfilzomib-dexamethasone"}),
    ("BCMA", {"teclistamab", "trispecific-bcma-cd38", "second-cart-ide-cel"}, {"talquetamab"}),
    ("chemotherapy", {"dcep", "pace"}, {"talquetamab"}),
    ("clinical trial", {"clinical-trial"}, {"talquetamab"}),
    ("therapy", set(), {"talquetamab"}),
]


@pytest.mark.parametrize(("name", "meant", "others"), NAMES)
def test_options_that_a_name_stands_for(name: str, meant: set[str], others: set[str]) -> None:
    found = set(options_named(bundled(), name))
    assert meant <= found
    assert not others & found
