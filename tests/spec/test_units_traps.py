"""Values as laboratories write them, and what is read. A haematologist can check each line."""

from __future__ import annotations

import pytest

from rearm import units
from rearm.knowledge.lab_tests import load_tests

READ = """
test                     | value    | unit           | read as
serum_m_protein          | 3.5      | g/dL           | 3.5 g/dL
serum_m_protein          | 35       | g/L            | 3.5 g/dL
serum_m_protein          | 35       | g/l            | 3.5 g/dL
serum_m_protein          | 3500     | mg/dl          | 3.5 g/dL
serum_m_protein          | 3,5      | gm/dL          | 3.5 g/dL
serum_m_protein          | <0.1     | g/dL           | <0.1 g/dL
serum_m_protein          | <1       | g/L            | <0.1 g/dL
urine_m_protein_24h      | 200      | mg/24h         | 200 mg/24h
urine_m_protein_24h      | 200      | mg/24 h        | 200 mg/24h
urine_m_protein_24h      | 200      | mg/(24.h)      | 200 mg/24h
urine_m_protein_24h      | 200      | mg/d           | 200 mg/24h
urine_m_protein_24h      | 200      | mg/{24_h}      | 200 mg/24h
urine_m_protein_24h      | 0.2      | g/24h          | 200 mg/24h
kappa_flc                | 120      | mg/L           | 120 mg/L
kappa_flc                | 12       | mg/dL          | 120 mg/L
lambda_flc               | >=5000   | mg/L           | >=5000 mg/L
lambda_flc               | ≤ 0.15   | mg/dL          | <=1.5 mg/L
igg                      | 7.2      | g/L            | 720 mg/dL
albumin                  | 38       | g/L            | 3.8 g/dL
calcium_corrected        | 2.75     | mmol/L         | 11.0214 mg/dL
creatinine               | 177      | umol/L         | 2.00222 mg/dL
creatinine               | 177      | µmol/l         | 2.00222 mg/dL
hemoglobin               | 6.2      | mmol/L         | 9.99099 g/dL
hemoglobin               | 100      | g/L            | 10 g/dL
neutrophils              | 0.9      | 10*9/L         | 0.9 10*9/L
neutrophils              | 0.9      | 10^9/L         | 0.9 10*9/L
neutrophils              | 0.9      | x10^9/L        | 0.9 10*9/L
neutrophils              | 0.9      | × 10⁹/L        | 0.9 10*9/L
neutrophils              | 0.9      | G/L            | 0.9 10*9/L
neutrophils              | 0.9      | Gpt/L          | 0.9 10*9/L
neutrophils              | 0.9      | /nL            | 0.9 10*9/L
neutrophils              | 0.9      | K/uL           | 0.9 10*9/L
neutrophils              | 0.9      | 10*3/uL        | 0.9 10*9/L
neutrophils              | 0.9      | Tsd/µl         | 0.9 10*9/L
neutrophils              | 900      | /uL            | 0.9 10*9/L
neutrophils              | 900      | /µL            | 0.9 10*9/L
neutrophils              | 900      | /μL            | 0.9 10*9/L
neutrophils              | 900      | cells/mm3      | 0.9 10*9/L
ldh                      | 5        | µkat/L         | 300 U/L
ferritin                 | 1500     | µg/L           | 1500 ng/mL
crp                      | 1.2      | mg/dL          | 12 mg/L
cd4_t_cells              | 0.2      | 10*9/L         | 200 /uL
car_copies_per_ug_dna    | 1.2e5    | copies/µg DNA  | 120000 copies/ug
car_copies_per_ug_dna    | <10      | copies/ug      | <10 copies/ug
car_copies_per_1000_cells| 0.4      | copies/cell    | 400 copies/1000 cells
car_t_cells_flow         | 12       | % of T cells   | 12 % of T cells
car_t_cells_flow         | 85       | /uL            | 85 /uL
soluble_bcma             | 404000   | pg/mL          | 404 ng/mL
bcma_positive_plasma_cells| 0.4     | fraction       | 40 %
hbv_dna                  | <10      | [IU]/mL        | <10 IU/mL
weight                   | 154.324  | lb             | 70.0002 kg
flc_ratio                | 0.01     | {ratio}        | 0.01 ratio
flc_ratio                | 0.01     |                | 0.01 ratio
ecog                     | 2        |                | 2 score
"""

REFUSED = """
test                     | value    | unit           | why
serum_m_protein          | 3.5      |                | unit_missing
kappa_flc                | 120      |                | unit_missing
soluble_bcma             | 404      |                | unit_missing
serum_m_protein          | 3.5      | mg/24h         | unit_not_allowed
serum_m_protein          | 3.5      | Mg/dL          | unit_not_allowed
serum_m_protein          | 3.5      | g              | unit_not_allowed
urine_m_protein_24h      | 200      | mg             | unit_not_allowed
urine_m_protein_24h      | 200      | mg/dL          | unit_not_allowed
urine_m_protein_24h      | 200      | mg/g           | unit_not_allowed
kappa_flc                | 120      | mmol/L         | unit_not_allowed
car_copies_per_ug_dna    | 500      | copies/mL      | unit_not_allowed
car_copies_per_ug_dna    | 500      | copies/1000 cells | unit_not_allowed
car_t_cells_flow         | 12       | %              | unit_not_allowed
hbv_dna                  | 500      | copies/mL      | unit_not_allowed
hemoglobin               | 10       | K/uL           | unit_not_allowed
serum_m_protein          | 35       | g/dL           | value_impossible
creatinine               | 177      | mg/dL          | value_impossible
calcium_corrected        | 2.4      | mg/dL          | value_impossible
hemoglobin               | 110      | g/dL           | value_impossible
albumin                  | 38       | g/dL           | value_impossible
platelets                | 150000   | 10*9/L         | value_impossible
marrow_plasma_cells      | 140      | %              | value_impossible
soluble_bcma             | 404000   | ng/mL          | value_impossible
serum_m_protein          | -1       | g/dL           | value_impossible
serum_m_protein          | 1,234    | g/L            | value_unreadable
serum_m_protein          | n.d.     | g/dL           | value_unreadable
serum_m_protein          |          | g/dL           | value_unreadable
"""

# extremes that were measured in patients and must not be refused
EXTREME = """
test                     | value    | unit           | read as
serum_m_protein          | 12       | g/dL           | 12 g/dL
kappa_flc                | 50000    | mg/L           | 50000 mg/L
urine_m_protein_24h      | 25       | g/24h          | 25000 mg/24h
car_copies_per_ug_dna    | 3e6      | copies/ug      | 3e+06 copies/ug
ferritin                 | 250000   | ng/mL          | 250000 ng/mL
platelets                | 1        | 10*9/L         | 1 10*9/L
calcium_corrected        | 20       | mg/dL          | 20 mg/dL
creatinine               | 18       | mg/dL          | 18 mg/dL
hemoglobin               | 2.5      | g/dL           | 2.5 g/dL
lymphocytes              | 80       | 10*9/L         | 80 10*9/L
igg                      | 11000    | mg/dL          | 11000 mg/dL
flc_ratio                | 15000    | ratio          | 15000 ratio
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()[1:]]


def read(test_id: str, value: str, unit: str) -> str:
    test = load_tests().definition(test_id, unit)
    assert test is not None
    number = units.parse_number(value)
    factor = units.factor(unit, test.units, test_name=test.name, allowed=test.allowed)
    bound = units.bound(number, factor)
    units.check_range(
        units.scaled(number, factor),
        hard=test.hard,
        soft=test.soft,
        test_name=test.name,
        unit=test.unit,
    )
    match number.comparator:
        case "":
            assert bound.low == bound.high
            shown = f"{bound.low:g}"
        case "<" | "<=":
            assert bound.low == 0 and bound.high_open == (number.comparator == "<")
            shown = f"{number.comparator}{bound.high:g}"
        case ">" | ">=":
            assert bound.high == float("inf") and bound.low_open == (number.comparator == ">")
            shown = f"{number.comparator}{bound.low:g}"
    return f"{shown} {test.unit}"


@pytest.mark.parametrize(("test_id", "value", "unit", "expected"), rows(READ) + rows(EXTREME))
def test_is_read(test_id: str, value: str, unit: str, expected: str) -> None:
    assert read(test_id, value, unit) == expected


@pytest.mark.parametrize(("test_id", "value", "unit", "code"), rows(REFUSED))
def test_is_refused(test_id: str, value: str, unit: str, code: str) -> None:
    with pytest.raises(units.UnitRefusal) as refusal:
        read(test_id, value, unit)
    assert refusal.value.code == code
    test = load_tests().definition(test_id, unit)
    assert str(refusal.value)[0].isupper() or (
        test is not None and str(refusal.value).split()[0].rstrip(":") in test.name
    )
    assert str(refusal.value).endswith(".")
