"""Bags of one product given within days are one CAR-T everywhere: in the lines, in the findings and
in a store. Names that are not all known may be one product: that is told, and no bag makes a
failure of the one before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rearm
from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.intake import read_tables
from rearm.knowledge.bundle import bundled
from rearm.outcome.failures import failures
from rearm.record import Record
from rearm.report.sheet.case_lines import case_lines
from rearm.therapy.exposure_history import TreatmentHistory
from rearm.therapy.lines import lines, prior_lines

THERAPIES = [
    {"start_day": -400, "end_day": -300, "regimen": "VRd", "best_response": "PR"},
    {"start_day": 200, "regimen": "talquetamab", "best_response": "PR"},
]
ASSESSMENTS = [
    {"day": 30, "response": "VGPR", "by": "team"},
    {"day": 180, "response": "PD", "by": "team"},
]
# day, product and target of each bag; lines with a CAR-T, and whether the names are told
Bags = tuple[tuple[int, str, str], ...]
CASES: dict[str, tuple[Bags, int, bool]] = {
    "one bag": (((0, "ide-cel", ""),), 1, False),
    "three bags": (((0, "ide-cel", ""), (3, "ide-cel", ""), (7, "ide-cel", "")), 1, False),
    "a second dose after weeks": (((0, "ide-cel", ""), (15, "ide-cel", "")), 2, False),
    "two products": (((0, "ide-cel", ""), (7, "cilta-cel", "")), 2, False),
    "one name, not known": (((0, "CAR-T acad.", ""), (3, "CAR-T acad.", "")), 1, False),
    "two names, not known": (((0, "CAR-T acad.", ""), (3, "CAR-T academic", "")), 1, True),
    "one name of two known": (((0, "ide-cel", ""), (3, "Abc", "")), 1, True),
    "on one day": (((0, "ide-cel", ""), (0, "Abc", "")), 1, True),
    "no name": (((0, "ide-cel", ""), (3, "", "")), 1, True),
    "another target": (((0, "Abc", "BCMA"), (3, "Def", "GPRC5D")), 2, False),
    "one target": (((0, "Abc", "BCMA"), (3, "Def", "BCMA")), 1, True),
    "two names after weeks": (((0, "Abc", ""), (15, "Def", "")), 2, False),
}


def tables(bags: Bags) -> dict[str, list[dict[str, Any]]]:
    own: dict[str, list[dict[str, Any]]] = {
        "patients": [{}],
        "infusions": [{"day": day, "product": name, "target": to} for day, name, to in bags],
        "therapies": THERAPIES,
        "assessments": ASSESSMENTS,
    }
    return {name: [{"patient_id": "A", **row} for row in rows] for name, rows in own.items()}


def record(bags: Bags) -> Record:
    return read_tables(tables(bags)).records[0]


@pytest.mark.parametrize(("bags", "given", "told"), CASES.values(), ids=CASES)
def test_a_split_dose_is_one_line_and_one_infusion(bags: Bags, given: int, told: bool) -> None:
    patient = record(bags)
    assert sum(line.infusion is not None for line in lines(patient)) == given
    assert prior_lines(patient, 100).count == 1 + given
    found = failures(patient)
    assert len(found) == given
    assert found[-1].status == "failed" and found[-1].day == 180
    codes = [issue.code for issue in patient.issues]
    assert codes.count("split_dose_by_name") == told
    assert "two_products_one_day" not in codes


def test_the_line_holds_the_rows_of_every_bag_and_the_drugs_between_them() -> None:
    rows = tables(CASES["three bags"][0])
    flu = {"patient_id": "A", "start_day": 1, "agents": "fludarabine", "purpose": "lymphodepletion"}
    rows["therapies"].append(flu)
    of_cells = lines(read_tables(rows).records[0])[1]
    assert [x.day for x in of_cells.doses] == [0, 3, 7]
    assert {x.agents for x in of_cells.rows} == {("fludarabine",)}
    assert set(of_cells.sources) >= {x.source for x in of_cells.doses}


def test_a_number_left_out_for_the_cells_is_that_of_all_bags() -> None:
    rows = tables(CASES["three bags"][0])
    for row, number in zip(rows["therapies"], (1, 4), strict=True):
        row["line"] = number
    patient = read_tables(rows).records[0]
    assert "line_missing" in {issue.code for issue in patient.issues}
    history = TreatmentHistory(patient, None, bundled().lexicon)
    assert history.gap_words == "line 3 is not recorded"


def test_a_store_counts_it_once(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, rows in tables(CASES["three bags"][0]).items():
        head = list(dict.fromkeys(key for row in rows for key in row))
        text = "".join(",".join(str(row.get(k, "")) for k in head) + "\n" for row in rows)
        (source / f"{name}.csv").write_text(",".join(head) + "\n" + text)
    build(source, tmp_path / "store", Wanted(buckets=1))
    found = StoreFolder(tmp_path / "store").table("lines").sort("line")
    told = found.select("after_infusion", "strategy").collect().rows()
    assert [after for after, _ in told] == [0, 0, 1]
    assert told[1][1] is None
    assert told[2][1] == "bispecific-gprc5d"


@pytest.mark.parametrize(
    "name", ["three bags", "two names, not known", "two products", "on one day"]
)
def test_the_sheet_tells_it_once(name: str) -> None:
    bags, given, _ = CASES[name]
    told = " ".join(case_lines(rearm.assess(record(bags))))
    products = [product for _, product, _ in bags]
    once = list(dict.fromkeys(products)) if given > 1 else products[:1]
    assert f"lines: VRd (PR); {'; '.join(once)}; talquetamab (PR)." in told
