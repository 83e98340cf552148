"""Numbers that a mapping's author wrote have a point, whatever mark the file has."""

from __future__ import annotations

from pathlib import Path

import pytest

from rearm.intake import read
from rearm.record import Lab, Record

MAPPING = """
[files]
l = "l.csv"
[[sheet]]
file = "l"
id = "Pat"
[[sheet.row]]
table = "infusions"
day = 0
product = "ide-cel"
when = {{ column = "D", is = [0] }}
even_blank = true
[[sheet.row]]
table = "labs"
test = "serum_m_protein"
day = {{ column = "D" }}
value = {{ column = "V" }}
unit = "g/L"
[[sheet.row]]
table = "labs"
day = {{ column = "D" }}
{row}
"""
CSV = "Pat;D;V;M\nA;10;1,5;x\nA;20;2,5;x\n"
POINT = "Pat,D,V,M\nA,10,1.5,x\nA,20,2.5,x\n"

CRP = 'test = "crp"\nunit = "mg/L"\nvalue = {{ column = "M", words = {{ x = "{x}" }} }}'
MRD = 'test = "mrd"\nvalue = "negative"\n'
CONSTANTS = [
    (MRD + 'sensitivity = {{ column = "M", words = {{ x = "{x}" }} }}', "0.00001", 1e-5),
    (MRD + 'sensitivity = {{ column = "M", words = {{ x = {x} }} }}', "0.00001", 1e-5),
    (MRD + 'when = {{ column = "M", is = ["x"] }}\nsensitivity = "{x}"', "0.0001", 1e-4),
    (CRP, "1.234", 1.234),
    (CRP, "<1.234", 1.234),
]  # fmt: skip


def _read(folder: Path, row: str, csv: str) -> Record:
    (folder / "l.csv").write_text(csv, encoding="utf-8")
    mapping = folder / "m.toml"
    mapping.write_text(MAPPING.format(row=row), encoding="utf-8")
    (record,) = read(folder, mapping=mapping).records
    return record


def _upper(lab: Lab) -> float | None:
    return None if lab.quantity is None else lab.quantity.high


@pytest.mark.parametrize("csv", [CSV, POINT], ids=["comma", "point"])
@pytest.mark.parametrize(("row", "given", "number"), CONSTANTS)
def test_a_constant_is_read_with_its_point(
    row: str, given: str, number: float, csv: str, tmp_path: Path
) -> None:
    record = _read(tmp_path, row.format(x=given), csv)
    m_protein = [_upper(x) for x in record.labs if x.test == "serum_m_protein"]
    assert m_protein == pytest.approx([0.15, 0.25]), "the cells have the mark of the file"
    others = [x for x in record.labs if x.test != "serum_m_protein"]
    assert len(others) == 2
    for lab in others:
        stated = lab.sensitivity if lab.test == "mrd" else _upper(lab)
        assert stated == pytest.approx(number)
    assert not [i for i in record.issues if i.severity == "error"]
