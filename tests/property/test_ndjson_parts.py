"""An export cut into parts: the same records whatever their number and the order of the lines, and
hashes that change with the content of a patient alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.export_builder import BUNDLES, exploded, write_export
from tests.support.fhir_builder import TODAY, infusion, m_protein, patient
from tests.support.loops import some

from rearm.intake import read
from rearm.intake.ndjson.parts import NdjsonParts
from rearm.intake.parts import PartReader, folder_of_part, part_of
from rearm.knowledge.bundle import bundled
from rearm.record import Record, Source

Json = dict[str, Any]
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
READER: PartReader = NdjsonParts()


def without_places(value: Any) -> Any:
    """A record as plain values, without the places in the input."""
    if isinstance(value, Source):
        return None
    if is_dataclass(value):
        return [(f.name, without_places(getattr(value, f.name))) for f in fields(value)]
    if isinstance(value, tuple):
        return [without_places(item) for item in value]
    return value


@cache
def from_bundles() -> dict[str, Any]:
    """The records of the example bundles, each read by itself."""
    records = (read(path, today=TODAY).records[0] for path in BUNDLES)
    return {record.patient_id: without_places(record) for record in records}


def in_parts(source: Path, folder: Path, count: int) -> tuple[dict[str, Record], dict[str, str]]:
    """The records and the hashes of all parts; each patient lies in his part."""
    READER.cut(source, folder, count)
    records: dict[str, Record] = {}
    hashes: dict[str, str] = {}
    for number in range(count):
        part = folder_of_part(folder, number)
        if not part.exists():
            continue
        own = {r.patient_id: r for r in READER.read(part, bundled(), TODAY).stream()}
        assert own, "no folder for a part without patients"
        assert {part_of(patient_id, count) for patient_id in own} == {number}
        assert own.keys() == READER.hashes(part).keys()
        records |= own
        hashes |= READER.hashes(part)
    return records, hashes


@SLOW
@given(count=st.sampled_from([1, 2, 3, 7, 100, 1000]), seed=st.integers(0, 2**32))
def test_each_cut_gives_the_records_of_the_bundles(count: int, seed: int) -> None:
    with TemporaryDirectory() as folder:
        export = exploded(Path(folder) / "export", seed, files_a_type=1 + seed % 3)
        records, hashes = in_parts(export, Path(folder) / "parts", count)
        again, same = in_parts(export, Path(folder) / "parts", count)
    assert {p: without_places(r) for p, r in records.items()} == from_bundles()
    assert hashes == first_hashes()
    assert (again, same) == (records, hashes), "a second cut replaces the first"


@cache
def first_hashes() -> dict[str, str]:
    with TemporaryDirectory() as folder:
        export = exploded(Path(folder) / "export", 0)
        _, hashes = in_parts(export, Path(folder) / "parts", 1)
    assert len(set(hashes.values())) == len(BUNDLES)
    return hashes


def _later(resource: Json) -> None:
    resource["meta"] = {"lastUpdated": "2026-03-03T00:00:00Z", "versionId": "7"}


def _tagged(resource: Json) -> None:
    resource["meta"] = {"tag": [{"code": "SUBSETTED"}]}


def _status(resource: Json) -> None:
    resource["status"] = "entered-in-error"


def _reordered(resource: Json) -> None:
    items = list(resource.items())
    resource.clear()
    resource.update(reversed(items))


@pytest.mark.parametrize(
    ("change", "is_change"),
    [(_later, False), (_reordered, False), (_tagged, True), (_status, True)],
)
def test_a_hash_changes_with_the_content_of_its_patient_alone(
    tmp_path: Path, change: Callable[[Json], None], is_change: bool
) -> None:
    export = exploded(tmp_path / "export", 0, files_a_type=1)
    file = export / "Observation.000.ndjson"
    lines = [json.loads(x) for x in file.read_text("utf-8").splitlines()]
    chosen = Random(5).choice(lines)
    change(chosen)
    write_export(export, {file.name: lines})
    _, hashes = in_parts(export, tmp_path / "parts", 2)
    changed = {p for p, digest in some(hashes.items()) if digest != first_hashes()[p]}
    who = chosen["subject"]["reference"].removeprefix("Patient/")
    assert changed == ({who} if is_change else set())


@pytest.mark.parametrize("edit", ["name", "nothing"])
def test_a_medication_counts_for_who_refers_to_it(tmp_path: Path, edit: str) -> None:
    given_to = [
        {
            "resourceType": "MedicationStatement",
            "id": f"s{n}",
            "status": "completed",
            "subject": {"reference": f"Patient/p{n}"},
            "medicationReference": {"reference": f"Medication/m{n}"},
        }
        for n in range(2)
    ]

    def hashes(name: str, folder: Path) -> dict[str, str]:
        drugs = [
            {"resourceType": "Medication", "id": f"m{n}", "code": {"text": text}}
            for n, text in enumerate(("bortezomib", name))
        ]
        write_export(folder / "export", {"a.ndjson": [*drugs, *given_to]})
        return in_parts(folder / "export", folder / "parts", 1)[1]

    before = hashes("carfilzomib", tmp_path / "1")
    after = hashes("ixazomib" if edit == "name" else "carfilzomib", tmp_path / "2")
    assert {p for p in before if before[p] != after[p]} == ({"p1"} if edit == "name" else set())


def test_some_patients_of_a_part_alone(tmp_path: Path) -> None:
    READER.cut(exploded(tmp_path / "export", 1), tmp_path / "parts", 1)
    part = folder_of_part(tmp_path / "parts", 0)
    chosen = READER.read(part, bundled(), TODAY, {"SYN-02", "SYN-07", "nobody"})
    assert [record.patient_id for record in chosen.records] == ["SYN-02", "SYN-07"]


JUNK: list[Any] = [None, True, -3, 1e300, "", "\u202e", "Patient/x", [], [1], {}, {"reference": 3}]


def _damaged(value: Any, random: Random, depth: int = 0) -> Any:
    """The value with something in it replaced or left out."""
    if isinstance(value, dict) and value and (depth == 0 or random.random() < 0.7):
        key = random.choice(list(value))
        if random.random() < 0.1:
            return {name: item for name, item in value.items() if name != key}
        return {**value, key: _damaged(value[key], random, depth + 1)}
    if isinstance(value, list) and value and random.random() < 0.7:
        place = random.randrange(len(value))
        return [*value[:place], _damaged(value[place], random, depth + 1), *value[place + 1 :]]
    return random.choice(JUNK)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_damaged_lines_cost_only_their_own_patients(seed: int) -> None:
    random = Random(seed)
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "bortezomib"}}
    taken = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "completed",
        "subject": {"identifier": {"system": "urn:mrn", "value": "1"}},
        "medicationReference": {"reference": "https://example.org/Medication/m"},
    }
    mrn = [{"system": "urn:mrn", "value": "1"}]
    resources = [patient(identifier=mrn), drug, taken, infusion(), m_protein(), m_protein("m2")]
    damaged = [_damaged(x, random) if random.random() < 0.6 else x for x in resources]
    whole = [patient(id="whole"), m_protein("w", subject={"reference": "Patient/whole"})]
    lines: list[Json | str] = [*damaged, *whole]
    random.shuffle(lines)
    with TemporaryDirectory() as folder:
        reading = read(write_export(Path(folder), {"a.ndjson": lines}), today=TODAY)
        records = {record.patient_id: record for record in reading.stream()}
    assert [str(lab.quantity) for lab in records["whole"].labs] == ["1.2"]
    assert records.keys() <= {"whole", "p1", "x"}


def test_memory_holds_no_more_for_more_patients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held is written whenever it grows over the limit, here a small one."""
    monkeypatch.setattr("rearm.intake.ndjson.spool._BUFFER", 10_000)
    records, hashes = in_parts(exploded(tmp_path / "export", 1), tmp_path / "parts", 5)
    assert {p: without_places(r) for p, r in records.items()} == from_bundles()
    assert hashes == first_hashes()
