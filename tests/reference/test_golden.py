"""The answers of two hundred invented patients are those that were looked at, and none changes
without a note that names who looked.
"""

from __future__ import annotations

import pytest
from scripts import golden
from tests.support.loops import some


def test_the_answers_are_those_that_were_looked_at() -> None:
    now = golden.today()
    assert len(now) == golden.PATIENTS
    assert golden.moved(golden.kept(), now) == []


def test_the_table_is_the_one_of_the_last_note() -> None:
    """Whoever changes the table by hand changes its hash."""
    assert golden.notes()[-1]["sha256"] == golden.table_hash()
    for note in some(golden.notes()):
        assert note["by"] and note["reason"] and note["date"]


def test_the_table_is_small() -> None:
    assert golden.TABLE.stat().st_size < 2_000_000


@pytest.mark.parametrize("field", ["state", "first", "hash"])
def test_another_answer_is_told(field: str) -> None:
    before = golden.kept()
    name = next(iter(before))
    after = {**before, name: {**before[name], field: "another"}}
    (line,) = golden.moved(before, after)
    assert line.startswith(f"{name}: ")
    assert ("another" in line) is (field != "hash")


def test_without_a_name_and_a_reason_nothing_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    before = golden.TABLE.read_bytes()
    assert golden.main(["--write"]) == 2
    assert "--by" in capsys.readouterr().out
    assert golden.TABLE.read_bytes() == before
