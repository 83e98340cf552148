"""What the sheet says of a result is true of every result that shows it: judged again, each brings
what the sentence promises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.answered import answered
from tests.support.assess_case import plan
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

from rearm.assessment.next_tests import before_deciding
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.pipeline import Batch
from rearm.assessment.result import Change, NextTest
from rearm.assessment.scenarios import varied
from rearm.intake import read_tables
from rearm.report.assessment.change_words import told_by


def patients() -> Iterator[tuple[str, Patient]]:
    for name in ("vignettes", "vignettes_2"):
        for one in read_yaml(DATA / f"{name}.yaml"):
            (record,) = read_tables(one["tables"]).records
            yield one["id"], patient_at(record, one.get("as_of"), plan())


def by_effect(test: NextTest) -> dict[Any, list[Change]]:
    """The results that move the first choice alike."""
    found: dict[Any, list[Change]] = {}
    for change in test.changes:
        moved = tuple(
            (turn.from_, turn.to, turn.what)
            for turn in change.turns
            if turn.kind == "strategy" and "first" in (turn.from_, turn.to)
        )
        if moved and not change.extreme:
            found.setdefault(moved, []).append(change)
    return found


def shows(values: Mapping[str, Any], names: tuple[str, ...], told: list[Change]) -> bool:
    """Whether the result is one of those that the sentence names."""
    return all(
        name in values and any(values[name] == change.values[name] for change in told)
        for name in names
    )


def test_every_result_that_a_sentence_names_brings_what_it_says() -> None:
    wrong, sentences, results = [], 0, 0
    for name, patient in patients():
        batch = Batch.of(plan(), [patient], None)
        answers = batch.own.answers[0].tolist()
        tried = {
            tuple(w.workup.id for w in x.workups): x
            for x in varied(plan(), patient, answers, tried=True)
        }
        tests = before_deciding(plan(), patient, batch.next_tests()[0])
        for test in (x for x in tests if x.ids in tried):
            for changes in by_effect(test).values():
                extreme = [x.values for x in test.changes if x.extreme]
                for names, told in told_by(answered()[name], test, changes):
                    sentences += 1
                    for scenario in tried[test.ids].scenarios:
                        values = dict(scenario.values)
                        if values not in extreme and shows(values, names, told):
                            results += 1
                            if values not in [x.values for x in changes]:
                                wrong.append((name, test.ids, names, values))
    assert sentences > 30
    assert results > sentences
    assert wrong == []
