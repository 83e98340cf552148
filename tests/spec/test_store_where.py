"""Who fulfils a condition: certainly, perhaps, and which test would tell; beside the slow reading
of each patient by himself.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.generated_patients import write_patients

import rearm
from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.cohort.store.where import patients_where
from rearm.errors import InputError
from rearm.knowledge import load
from rearm.rules import parse_condition, truth

KNOWLEDGE = load()
CONDITIONS = (
    "relapse_pattern_extraosseous",
    "relapse_pattern_extraosseous AND time_to_failure_days <= 270",
    "NOT relapse_pattern_extraosseous OR age >= 70",
    "bcma_status IN ('lost', 'subclonal_loss')",
    "neutrophils < 1.0",
    "refractory_anti_cd38 AND prior_lines >= 4",
    "soluble_bcma_at_relapse > 100",
    "crs_grade_past >= 2",
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(60, tmp_path_factory.mktemp("patients"), seed=23)


@pytest.fixture(scope="module")
def store(source: Path, tmp_path_factory: pytest.TempPathFactory) -> StoreFolder:
    folder = tmp_path_factory.mktemp("store") / "store"
    build(source, folder, Wanted(buckets=4))
    return StoreFolder(folder)


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_table_answers_as_each_patient_does(
    text: str, source: Path, store: StoreFolder
) -> None:
    condition = parse_condition(text, KNOWLEDGE.catalogue)
    plan = plan_of(KNOWLEDGE)
    one_by_one = {}
    for record in rearm.read(source).records:
        patient = patient_at(record, None, plan)
        one_by_one[record.patient_id] = truth(condition, patient.values, patient.bounds)
    found = patients_where(store, text, KNOWLEDGE)
    by_answer = {
        answer: sorted(p for p, own in one_by_one.items() if own is answer)
        for answer in (True, False, None)
    }
    assert list(found.certain) == by_answer[True]
    assert [one.patient_id for one in found.perhaps] == by_answer[None]
    assert found.no == len(by_answer[False])


def test_all_three_answers_and_bounds_are_met(store: StoreFolder) -> None:
    found = [patients_where(store, text) for text in CONDITIONS]
    assert sum(bool(x.certain) for x in found) >= 4
    assert sum(bool(x.perhaps) for x in found) >= 4
    columns = store.table("findings").collect_schema().names()
    assert any(name.endswith("__low") for name in columns)


def test_who_is_perhaps_so_comes_with_what_is_lacking_and_what_would_tell(
    store: StoreFolder,
) -> None:
    found = patients_where(store, "bcma_status = 'lost'")
    assert found.perhaps
    assert any(one.died for one in found.perhaps)
    assert any(one.no_failure for one in found.perhaps)
    for one in found.perhaps:
        assert one.lacking == ("bcma_status",)
        assert bool(one.would_tell) is not one.died  # nobody examines the dead
        assert set(one.would_tell) <= KNOWLEDGE.workups.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("relapse_pattern_extraoseous", "relapse_pattern_extraosseous"),
        ("bcma_status = 'gone'", "gone"),
        ("neutrophils IS NULL", "missing"),
        ("", "Write what must hold"),
    ],
)
def test_a_condition_that_cannot_be_read_is_a_sentence(
    text: str, told: str, store: StoreFolder
) -> None:
    with pytest.raises(InputError, match=told):
        patients_where(store, text)
