"""`like` matches whole cells, and cells that only contain the pattern are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rearm.intake import Reading, read

HEAD = """
[files]
p = "p.csv"
[[sheet]]
file = "p"
id = "Pat"
[[sheet.row]]
table = "infusions"
day = { column = "D" }
product = "ide-cel"
"""
BLOCK = """
[[sheet.row]]
table = "variants"
when = {when}
day = {{ column = "D" }}
gene = "17p13"
kind = "deletion"
result = "present"
"""
CSV = "Pat;F;D\nA;del(17p);2022-01-01\nB;del(17p), gain 1q;2022-01-01\nC;no Del(17p);2022-01-01\n"


def _read(folder: Path, *conditions: str) -> Reading:
    (folder / "p.csv").write_text(CSV, encoding="utf-8")
    text = HEAD + "".join(BLOCK.format(when=when) for when in conditions)
    mapping = folder / "m.toml"
    mapping.write_text(text, encoding="utf-8")
    return read(folder, mapping=mapping)


def _with_variant(reading: Reading) -> list[str]:
    return [r.patient_id for r in reading.records if r.variants]


# the pattern; who has the deletion; how many cells contain it beside something else
PATTERNS = [
    (r"del\(17p\)", ["A"], 1, r".*del\(17p\).*"),
    (r"(?i)del\(17p\)", ["A"], 2, r"(?i).*del\(17p\).*"),
    (r"del\(17p\)|17p-", ["A"], 1, r".*(del\(17p\)|17p-).*"),
    (r".*del\(17p\).*", ["A", "B"], 0, ""),
    (r"del\(13q\)", [], 0, ""),
]


@pytest.mark.parametrize(("like", "read_of", "within", "way_out"), PATTERNS)
def test_a_pattern_within_a_cell(
    like: str, read_of: list[str], within: int, way_out: str, tmp_path: Path
) -> None:
    reading = _read(tmp_path, f"{{ column = 'F', like = '{like}' }}")
    assert _with_variant(reading) == read_of
    issues = [i for i in reading.issues if i.code == "found_within_cell"]
    assert sum(len(i.places) for i in issues) == within
    if not within:
        return
    (issue,) = issues
    assert (issue.severity, issue.done, issue.column) == ("warning", "set_aside", "F")
    assert "'del(17p), gain 1q' (1)" in issue.message and f"like = '{way_out}'" in issue.message
    assert re.compile(way_out).fullmatch("del(17p), gain 1q")
    again = _read(tmp_path, f"{{ column = 'F', like = '{way_out}' }}")
    assert {"A", "B"} <= set(_with_variant(again)), "the way out holds"


@pytest.mark.parametrize("other", ["is = ['del(17p), gain 1q']", r"like = 'del\(17p\), .*'"])
def test_a_cell_that_another_block_means_is_not_told(other: str, tmp_path: Path) -> None:
    first = r"{ column = 'F', like = 'del\(17p\)' }"
    reading = _read(tmp_path, first, f"{{ column = 'F', {other} }}")
    assert _with_variant(reading) == ["A", "B"]
    assert "found_within_cell" not in {i.code for i in reading.issues}


def test_a_row_that_another_condition_leaves_out_is_not_told(tmp_path: Path) -> None:
    """The row would not be read with a longer pattern either."""
    reading = _read(
        tmp_path, r"[{ column = 'F', like = 'del\(17p\)' }, { column = 'D', is = ['no'] }]"
    )
    assert "found_within_cell" not in {i.code for i in reading.issues}
