"""Facts that are assumed or stated: over all findings, a sample of which is tried in each run
(`REARM_ALL_FACTS=1` tries all of them for each patient).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.support.what_if import answer_of, records, supposed

from rearm.assessment import Assessment, AssessmentError, assess
from rearm.assessment.moves import moves
from rearm.assessment.overruling import StatedFact, assess_overruled, settable_findings
from rearm.assessment.result import FactKind
from rearm.findings import DERIVED
from rearm.findings.base import Value
from rearm.knowledge.bundle import load
from rearm.record import Fact, Source, When

_PATIENTS = ("SYN-02", "SYN-05", "SYN-09")
_FEW = 8


def _cases() -> Iterator[tuple[str, str, Value]]:
    """A patient, a finding and one of the values that it can have."""
    catalogue = load().catalogue
    every = []
    for name in sorted(settable_findings(load())):
        entry = catalogue[name]
        values: tuple[Value, ...] = entry.values or (0, 3, 70)
        if entry.type == "bool":
            values = (True, False)
        every += [(patient, name, value) for patient in _PATIENTS for value in values]
    if os.environ.get("REARM_ALL_FACTS"):
        yield from every
    else:
        yield from random.Random(os.environ.get("REARM_SEED", "facts")).sample(every, _FEW)


def _known(patient: str, name: str) -> bool:
    found = answer_of(patient).findings.get(name)
    return found is not None and found.known


@pytest.mark.parametrize(("patient", "name", "value"), list(_cases()))
def test_what_is_assumed_is_the_answer_to_a_record_that_states_it(
    patient: str, name: str, value: Value
) -> None:
    """Of what the record does not tell: by all codes, with the reasons of each."""
    fact = StatedFact(kind="finding", what=name, value=value)
    _, after = supposed(patient, fact)
    assert Assessment.from_json(after.to_json()) == after  # whole: each id leads somewhere
    if _known(patient, name) or name in DERIVED:
        return
    record, day = records()[patient], answer_of(patient).as_of
    assert day is not None
    word = ("no", "yes")[value] if isinstance(value, bool) else str(value)
    told = Fact(finding=name, value=word, source=Source("f", "x"), when=When.on(day), by="x")
    stated = assess(replace(record, facts=(*record.facts, told)), as_of=day)
    assert moves(stated, after) == ()


@pytest.mark.parametrize("patient", ["SYN-01", "SYN-08", "SYN-09", "SYN-11"])
def test_nothing_assumed_is_the_answer_itself(patient: str) -> None:
    before, after = supposed(patient)
    assert after.hypothetical and not before.hypothetical
    assert replaced(after) == before
    assert moves(before, after) == ()


def replaced(result: Assessment) -> Assessment:
    """The result without its mark."""
    plain = result.to_dict()
    return Assessment.from_dict({**plain, "hypothetical": False})


def test_what_does_not_fit_changes_nothing_but_is_shown() -> None:
    record = records()["SYN-10"]
    fact = StatedFact(
        kind="finding", what="active_infection", value=False, id="a", by="x", at="2026-11-30",
        reason="r", anchor="infusion 999, 0 lines since", was="yes",
    )  # fmt: skip
    found = assess_overruled(record, [fact])
    assert [x.status for x in found.overruled] == ["stale"]
    assert moves(answer_of("SYN-10"), found) == () and not found.lost_alerts


@pytest.mark.parametrize(
    ("patient", "kind", "what", "value"),
    [
        ("SYN-01", "finding", "no_such_finding", True),
        ("SYN-01", "finding", "failure_status", "failed"),
        ("SYN-01", "finding", "ecog", True),
        ("SYN-01", "finding", "ecog", 1.5),
        ("SYN-01", "finding", "ecog", -1),
        ("SYN-01", "finding", "bcma_status", "gone"),
        ("SYN-01", "cause", "no_such_cause", "likely"),
        ("SYN-01", "cause", "cart_exhaustion", "perhaps"),
        ("SYN-08", "cause", "cart_exhaustion", "likely"),
        ("SYN-08", "failure_day", "", 10),
        ("SYN-01", "relapse", "", "none"),
        ("SYN-01", "failure", "", "perhaps"),
        ("SYN-01", "failure_day", "", True),
    ],
)
def test_what_can_t_be_is_refused_with_a_sentence(
    patient: str, kind: FactKind, what: str, value: Value
) -> None:
    with pytest.raises(AssessmentError, match=r": .*\."):
        supposed(patient, StatedFact(kind=kind, what=what, value=value))


def test_the_last_statement_of_a_fact_counts() -> None:
    facts = [StatedFact(kind="finding", what="gprc5d_status", value=x) for x in ("lost", "reduced")]
    _, both = supposed("SYN-01", *facts)
    _, last = supposed("SYN-01", facts[1])
    assert both == last
