"""A public CDM that nobody here wrote, read where it lies: no error of ours, and few issues."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.support.loops import some
from tests.support.places import COHORT

import rearm
from rearm.intake.omop.parts import OmopParts
from rearm.intake.parts import folder_of_part
from rearm.knowledge.bundle import bundled

FOLDER = COHORT.parent / "public" / "omop_synthea27nj"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the public samples are not on this machine"),
]


def test_it_is_read_with_one_issue_a_cause() -> None:
    reading = rearm.read(FOLDER)
    assert len(reading.records) == 28
    assert sum(len(record.labs) for record in reading.records) > 1500
    causes = Counter((issue.code, issue.source.file, issue.column) for issue in reading.issues)
    assert set(some(causes.values())) == {1}
    assert len(reading.issues) < 25
    assert not any(issue.severity == "error" for issue in reading.issues)


def test_its_parts_hold_the_same(tmp_path: Path) -> None:
    OmopParts().cut(FOLDER, tmp_path, 4)
    parts = [p for n in range(4) if (p := folder_of_part(tmp_path, n)).exists()]
    found = {r.patient_id: r for p in parts for r in OmopParts().read(p, bundled(), None).records}
    for record in some(rearm.read(FOLDER).records):
        assert found[record.patient_id].labs == record.labs
        assert found[record.patient_id].conditions == record.conditions
