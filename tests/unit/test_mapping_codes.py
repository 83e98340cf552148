"""A code that the words of one key do not list, and that another key reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from rearm.intake import read

MAPPING = """
[files]
t = "t.csv"
[[sheet]]
file = "t"
id = "Pat"
[[sheet.row]]
table = "infusions"
day = {{ column = "D" }}
product = {{ column = "P", words = {{ abecma = "ide-cel" }}, only_words = true }}
[[sheet.row]]
table = "therapies"
start_day = {{ column = "D" }}
{regimen}
"""
CSV = "Pat;D;P\nA;2022-01-01;abecma\nB;2022-01-01;VRd\n"

# what else reads the column; who is said to read it, the severity
OTHERS = [
    ('regimen = "VRd"', None, "warning"),
    ('regimen = { column = "P" }', "therapies.regimen", "warning"),
    (
        'regimen = { column = "P", words = { VRd = "VRd" }, only_words = true }',
        "therapies.regimen",
        "note",
    ),
]


@pytest.mark.parametrize(("regimen", "reader", "severity"), OTHERS)
def test_the_keys_are_named(
    regimen: str, reader: str | None, severity: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(CSV, encoding="utf-8")
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.format(regimen=regimen), encoding="utf-8")
    issues = [i for i in read(tmp_path, mapping=mapping).issues if i.code == "code_not_listed"]
    (issue,) = [i for i in issues if "for infusions.product" in i.message]
    assert issue.severity == severity and "'VRd' (1)" in issue.message
    if reader is None:
        assert "It is not used;" in issue.message
    else:
        assert f"infusions.product does not use it; {reader} does" in issue.message
        assert "It is not used" not in issue.message
