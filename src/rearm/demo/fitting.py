"""The invented patients whom a condition over the dictionary's findings certainly fits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.demo.chart import Tables
from rearm.demo.patient import demo_patient
from rearm.errors import InputError
from rearm.intake import read_tables
from rearm.knowledge import Knowledge
from rearm.rules import Compiled, ConditionRefused, RuleCondition, findings_frame, parse_condition

__all__ = ["FEWEST_DRAWN", "MOST_DRAWN", "condition_of", "fitting_patients"]

MOST_DRAWN = 400  # for each patient that is wanted
FEWEST_DRAWN = 4000
_BATCH = 50


def condition_of(text: str, knowledge: Knowledge) -> RuleCondition:
    """The condition as it is read. Raises InputError with a sentence where it can't be."""
    try:
        return parse_condition(text, knowledge.catalogue)
    except ConditionRefused as error:
        raise InputError(f"--where can't be used. {error}") from None


def fitting_patients(
    count: int, seed: int, condition: RuleCondition, knowledge: Knowledge
) -> Iterator[Tables]:
    """The first `count` patients for whom the condition is certainly true on their last day with
    data; fewer where it fits too few of those drawn (`MOST_DRAWN` for each).
    """
    most = max(FEWEST_DRAWN, MOST_DRAWN * count)
    drawn = (demo_patient(number, seed) for number in range(most))
    return islice(_fitting(drawn, condition, knowledge), count)


def _fitting(
    drawn: Iterable[Tables], condition: RuleCondition, knowledge: Knowledge
) -> Iterator[Tables]:
    every = iter(drawn)
    while batch := list(islice(every, _BATCH)):
        ids = _ids_of_fitting(batch, condition, knowledge)
        yield from (tables for tables in batch if tables["patients"][0]["patient_id"] in ids)


def _ids_of_fitting(
    batch: Sequence[Tables], condition: RuleCondition, knowledge: Knowledge
) -> frozenset[str]:
    records = read_tables(_together(batch), knowledge=knowledge).records
    plan = plan_of(knowledge)
    patients = [patient_at(record, None, plan) for record in records]
    frame = findings_frame(
        [patient.values for patient in patients],
        condition.reads,
        knowledge.catalogue,
        [patient.bounds for patient in patients],
    )
    answers = Compiled([condition]).evaluate(frame)[:, 0]
    return frozenset(
        record.patient_id for record, answer in zip(records, answers, strict=True) if answer == 1
    )


def _together(batch: Iterable[Tables]) -> Mapping[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for tables in batch:
        for name, entries in tables.items():
            rows[name] += entries
    return rows
