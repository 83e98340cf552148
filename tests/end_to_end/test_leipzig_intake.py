"""The Leipzig workbook through its mapping: every expectation is computed here from the sheets, by
other means than the product's.

The data carry no licence and are not in the repository; without them these tests are skipped.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import openpyxl
import polars as pl
import pytest
from tests.support.loops import some
from tests.support.places import COHORT, ROOT, needs_cohort

from rearm.intake import Reading, read
from rearm.record import Record

MAPPING = ROOT / "examples" / "mappings" / "leipzig.toml"
pytestmark = needs_cohort

Cells = dict[str, Any]
NUMBER = (int, float)


@cache
def _reading() -> Reading:
    return read(COHORT, MAPPING)


def _records() -> dict[str, Record]:
    return {r.patient_id: r for r in _reading().records}


@cache
def _book() -> openpyxl.Workbook:
    return openpyxl.load_workbook(next(COHORT.glob("*.xlsx")), data_only=True)


def _sheet(name: str, header: int = 1) -> list[Cells]:
    """Rows as mappings; `_row` is the number of the row, `_id` the patient."""
    rows = [[c.value for c in r] for r in _book()[name].iter_rows()]
    names = [" ".join(str(n).split()) if n is not None else "" for n in rows[header - 1]]
    found = []
    for number, row in enumerate(rows[header:], header + 1):
        if row[0] is not None:
            found.append(
                dict(zip(names, row, strict=True))
                | {
                    "_row": number,
                    "_id": re.sub(r"_\d+$", "", str(row[0])),
                }
            )
    return found


def _same_twin(a: float, b: float, ratio: float) -> bool:
    return abs(a / ratio - b) <= max(1.0, 0.02 * b)


def _issues(record: Record, code: str) -> list[str]:
    return [i.message for i in record.issues if i.code == code]


def _bad_copies() -> dict[str, set[tuple[str, int]]]:
    """By patient: (c or k, day) of the cells of the PCR sheet that contradict each other."""
    found: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for row in _sheet("PCR", 2):
        pairs = {d: (row[f"copies_{d}"], row[f"cart_copies_{d}"]) for d in (7, 14, 30, 100)}
        for day, (copies, twin) in pairs.items():
            if copies is not None and twin is not None and not _same_twin(copies, twin, 290):
                found[row["_id"]] |= {("c", day), ("k", day)}
            for other, (_, lone) in pairs.items():
                if (
                    copies is not None
                    and twin is None
                    and lone is not None
                    and pairs[other][0] is None
                    and _same_twin(copies, lone, 290)
                ):
                    found[row["_id"]] |= {("c", day), ("k", other)}
    return found


def test_all_patients_and_nothing_else() -> None:
    assert {row["_id"] for row in _sheet("clin_data")} == set(_records())
    assert len(_reading().files) == 2
    mapping = MAPPING.read_text("utf-8")
    assert not any(patient in mapping for patient in _records())


def test_people_and_products() -> None:
    for row in some(_sheet("clin_data")):
        record = _records()[row["_id"]]
        text = row["Domint Gammopathy"]
        assert record.sex == {"w": "F", "m": "M"}[row["sex"]]
        assert record.light_chain == ("kappa" if "Kappa" in text else "lambda")
        assert set(record.heavy_chain) == (set(re.findall("Ig[GADME]", text)) or {"none"})
        assert record.diagnosis_day == -row["time_diag_cart"]
        [infusion] = record.infusions
        assert (infusion.day, infusion.product, infusion.targets) == (
            0,
            row["Product"].lower(),
            ("BCMA",),
        )
        assert infusion.in_specification == (row["OOS_binary"] == 0)
        assert len(record.deaths) == row["death"] and all(
            d.day == row["os"] and d.cause == "unknown" for d in record.deaths
        )


def test_team_progression_and_visits() -> None:
    for row in some(_sheet("clin_data")):
        record = _records()[row["_id"]]
        stated = [r for r in record.responses if r.basis == "progression day"]
        assert [(r.response, r.day, r.by) for r in stated] == (
            [("PD", row["pfs"], "team")] if row["progression"] == 1 else []
        )
        visits = {r.nominal_day: r.response for r in record.responses if r.basis == "visit"}
        labels = {30: "30 day", 91: "3 month", 183: "6 month", 365: "12 month"}
        assert visits == {
            day: row[f"{label} response"]
            for day, label in labels.items()
            if row[f"{label} response"] is not None
        }
        for response in record.responses:
            assert response.when.first is not None and response.when.last is not None
            if response.nominal_day is not None:
                assert response.when.first <= response.nominal_day


def test_last_contact() -> None:
    """Last contact is `os`, or the latest data where they are later, with an issue."""
    labels = {"Day 0": 0, "Day 7": 7, "Day 14": 14, "Day 30": 30, "Day 100": 100}
    days: dict[str, list[Any]] = defaultdict(list)
    for row in _sheet("immune_subsets"):
        days[row["_id"]].append(row["cum_days"])
    for name in ("elisa", "t_cell_subsets"):
        for row in _sheet(name):
            days[row["_id"]].append(labels.get(row["Day"], -1))
    for name in ("checkpoint_markers",):
        for row in _sheet(name):
            days[row["_id"]].append(row["Day"] if isinstance(row["Day"], NUMBER) else -1)
    for row in _sheet("PCR", 2):
        days[row["_id"]] += [
            d
            for d in (7, 14, 30, 100)
            if row[f"copies_{d}"] is not None or row[f"cart_copies_{d}"] is not None
        ]
    for row in _sheet("pd1_cars"):
        patient = re.sub(r"_\d+$", "", row["sample_id"])
        days[patient] += [d for d in (7, 14, 30, 100) if row[f"Day {d}_CD4+CAR+PD1+"] is not None]
    for row in some(_sheet("clin_data")):
        record = _records()[row["_id"]]
        visits = {"3 month": (61, 91), "6 month": (138, 183), "12 month": (275, 365)}
        later = [
            planned
            for label, (first, planned) in visits.items()
            if row[f"{label} response"] is not None and first > max([row["os"], *days[row["_id"]]])
        ]
        expected = max([row["os"], *days[row["_id"]], *later])
        assert record.last_seen_day == expected == record.last_day()
        assert bool(_issues(record, "last_seen_before_data")) == (expected > row["os"])


def test_every_result_stands_where_it_says() -> None:
    """Each result of a sheet with addresses equals the cell that it names."""
    checked = 0
    for record in some(_reading().records):
        for lab in (*record.labs, *record.set_aside):
            if "!" not in lab.source.place:
                continue
            sheet, address = lab.source.place.split("!")
            value = _book()[sheet][address].value
            if (
                isinstance(value, NUMBER)
                and lab.word is None
                and lab.as_given.split()[0] not in ("I", "II", "III", "negative", "positive")
            ):
                assert float(lab.as_given.split()[0]) == pytest.approx(value, rel=1e-9)
                checked += 1
    assert checked > 3000


def test_copies_and_their_twins() -> None:
    bad = _bad_copies()
    assert sum(len(v) for v in bad.values()) >= 4, "a pair off by ten and a shifted pair"
    for row in some(_sheet("PCR", 2)):
        record = _records()[row["_id"]]
        for kind, test, column in (
            ("c", "car_copies_per_ug_dna", "copies"),
            ("k", "car_copies_per_1000_cells", "cart_copies"),
        ):
            used = {
                x.day: x.quantity.exact
                for x in record.labs
                if x.test == test and x.quantity is not None
            }
            aside = {x.day for x in record.set_aside if x.test == test}
            cells = {
                d: row[f"{column}_{d}"]
                for d in (7, 14, 30, 100)
                if row[f"{column}_{d}"] is not None
            }
            flagged = {d for k, d in bad[row["_id"]] if k == kind}
            assert used == {d: v for d, v in cells.items() if d not in flagged}
            assert aside == flagged
        assert bool(_issues(record, "twin_contradiction")) == bool(bad[row["_id"]])


def test_soluble_bcma() -> None:
    exact = {"Day 0": 0, "Day 7": 7, "Day 14": 14, "Day 30": 30, "Day 100": 100}
    for row in some(_sheet("elisa")):
        pg, ng = row["BCMA [pg/mL]"], row["BCMA [ng/mL]"]
        if pg is None:
            continue
        assert _same_twin(pg, ng, 1000)
        found = [
            x
            for x in _records()[row["_id"]].labs
            if x.test == "soluble_bcma" and x.source.place == f"elisa!C{row['_row']}"
        ]
        assert [x.quantity.exact for x in found if x.quantity] == [pytest.approx(pg / 1000)]
        assert found[0].unit == "ng/mL"
        if row["Day"] in exact:
            assert found[0].day == exact[row["Day"]]
        else:
            assert found[0].when.last is not None and found[0].when.last < 0


def test_single_cells() -> None:
    frame = pl.read_csv(next(COHORT.glob("*.csv")), infer_schema_length=None).filter(
        pl.col("TYPE") == "TNFRSF17_RNA"
    )
    groups = frame.group_by("PATIENT_ID", "Day").agg(n=pl.len(), above=(pl.col("EXPRS") > 0).sum())
    expected = Counter((p, n, round(100 * a / n, 6)) for p, _, n, a in groups.iter_rows())
    found = Counter(
        (r.patient_id, x.cells_counted, round(x.quantity.exact or 0, 6))
        for r in _reading().records
        for x in r.labs
        if x.test == "bcma_rna_positive_plasma_cells" and x.quantity is not None
    )
    assert found == expected


def test_days_of_apheresis() -> None:
    stated: dict[str, list[set[int]]] = defaultdict(list)
    for row in _sheet("clin_data"):
        stated[row["_id"]].append({-row["time_apheresis_cart"]})
    for row in _sheet("immune_subsets"):
        if row["Day"] == "Leukapheresis":
            stated[row["_id"]].append({row["cum_days"]})
    further: dict[str, set[int]] = defaultdict(set)
    for row in _sheet("bite_leukapheresis"):
        further[row["_id"]].add(row["cum_days"])
    for patient, record in some(_records().items()):
        groups = [*stated[patient], *([further[patient]] if further[patient] else [])]
        apart = any(min(abs(x - y) for x in a for y in b) > 1 for a in groups for b in groups)
        days = set() if apart else groups[0] | further[patient]
        assert set(record.infusions[0].apheresis_days) == days
        assert (
            bool([m for m in _issues(record, "days_contradict") if "leukapheresis" in m]) == apart
        )


def test_a_label_that_its_day_contradicts() -> None:
    labels = {"Day 0": 0, "Day 7": 7, "Day 14": 14, "Day 30": 30, "Day 100": 100}
    for row in some(_sheet("immune_subsets")):
        planned = labels.get(row["Day"])
        apart = planned is not None and abs(row["cum_days"] - planned) > max(3, planned / 2)
        record = _records()[row["_id"]]
        labs = [
            x
            for x in record.labs
            if re.fullmatch(rf"immune_subsets![A-Z]+{row['_row']}", x.source.place)
        ]
        if apart:
            assert all(x.day is None for x in labs) and [
                m for m in _issues(record, "days_contradict") if repr(row["Day"]) in m
            ]
        elif row["Day"] in labels:
            assert {x.day for x in labs} <= {row["cum_days"]}


def test_rows_that_two_patients_share() -> None:
    rows = _sheet("checkpoint_markers")
    keys = {
        row["_row"]: tuple(v for k, v in row.items() if k not in ("_row", "_id", "sample_id"))
        for row in rows
    }
    owners: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in rows:
        owners[keys[row["_row"]]].add(row["_id"])
    shared = {row["_row"] for row in rows if len(owners[keys[row["_row"]]]) > 1}
    assert shared
    for row in some(rows):
        record = _records()[row["_id"]]
        place = re.compile(rf"checkpoint_markers![A-Z]+{row['_row']}")
        used = [x for x in record.labs if place.fullmatch(x.source.place)]
        assert bool(used) == (row["_row"] not in shared)
        assert bool(_issues(record, "rows_shared_by_patients")) == any(
            r["_row"] in shared for r in rows if r["_id"] == row["_id"]
        )


def test_fractions_under_percent_are_set_aside() -> None:
    rows = _sheet("t_cell_subsets")
    percent = [name for name in rows[0] if name.endswith("%")]
    assert all(max(r[name] for r in rows if r[name] is not None) <= 1 for name in percent)
    for patient in some({r["_id"] for r in rows}):
        record = _records()[patient]
        assert len(_issues(record, "percent_holds_fractions")) == 1
        assert not [
            x
            for x in record.labs
            if x.source.place.startswith("t_cell_subsets!") and (x.unit or "").startswith("%")
        ]


def test_words_out_of_place_and_not_done() -> None:
    for row in some(_sheet("clin_data")):
        record = _records()[row["_id"]]
        misplaced = [
            v for k, v in row.items() if k.endswith("MRD method") and v not in (None, "MCF")
        ]
        assert len(_issues(record, "word_out_of_place")) == len(misplaced)
        assert {x.method for x in record.labs if x.test == "mrd"} <= {"flow_cytometry", None}
    mapped = [
        "CD3_abs",
        "CD3_PD1_%",
        "CD3_CAR_%",
        "CD3_CAR_abs",
        "CD4_abs",
        "CD8_abs",
        "CD4_PD1_%",
        "CD8_PD1_%",
        "CD4_CAR_abs",
        "CD8_CAR_abs",
        "B_cells_abs",
        "NK_abs",
    ]
    for patient, record in some(_records().items()):
        rows = [r for r in _sheet("immune_subsets") if r["_id"] == patient]
        words = [r[c] for r in rows for c in mapped if isinstance(r[c], str)]
        drugs = [w for w in words if w == "Teclistamab"]
        assert len(_issues(record, "drug_for_number")) == len(drugs)
        noted = [int(m.split()[0]) for m in _issues(record, "not_done") if "immune_subsets" in m]
        assert sum(noted) >= len(words) - len(drugs) and (bool(noted) or not words)


def test_regimens_and_refractoriness() -> None:
    """Each regimen text that is not a CAR-T gives its therapies, in the line of its column;
    refractoriness is kept as stated.
    """
    for row in some(_sheet("clin_data")):
        record = _records()[row["_id"]]
        lines = {t.line for t in record.therapies if t.after_infusion == 0}
        stated = {n for n in range(1, 15) if row[f"Regime_{n}"] not in (None, "CAR-T")}
        assert lines == stated | {2} if row["Erhaltung_2"] else lines == stated
        last = max(n for n in range(1, 15) if row[f"Regime_{n}"] is not None)
        salvage = [row[f"{n}_salvage_therapy_regimen"] for n in ("first", "second", "third")]
        assert [t.line for t in record.therapies if t.after_infusion == 1] == [
            last + n for n, text in enumerate(salvage, 1) if text
        ]
    for row in some(_sheet("Refractoriness")):
        found = {
            s.agent_or_class: s.status.replace("_", " ")
            for s in _records()[row["_id"]].refractoriness
        }
        assert found == {
            name.lower() if name != "anti-CD38" else name: row[name]
            for name in ("Bortezomib", "Carfilzomib", "Lenalidomide", "Pomalidomide", "anti-CD38")
        }


def test_cytogenetics() -> None:
    columns = [
        "gain_1q",
        "del_13q",
        "IGH (Chr. 14)",
        "t(11;14)",
        "t(4;14)",
        "plus_14",
        "del_1p",
        "del_17p",
        "del_14",
    ]
    for row in some(_sheet("clin_data")):
        variants = _records()[row["_id"]].variants
        assert len(variants) == sum(row[c] is not None for c in columns) and all(
            v.result == "present" for v in variants
        )


def test_nothing_unexpected_is_said() -> None:
    """Every kind of issue is one that the sheets give reason for; above all, no rounding and no
    number noise is flagged.
    """
    codes = {i.code for i in _reading().all_issues()}
    assert codes <= {
        "statement_contradicted",
        "percent_holds_fractions", "not_done", "last_seen_before_data", "regimen_ambiguous",
        "regimen_note", "regimen_unread",
        "twin_contradiction", "days_contradict", "rows_shared_by_patients", "drug_for_number",
        "word_out_of_place", "sheets_not_mapped", "row_blank", "undated", "file_not_read",
        "no_end_recorded",
    }  # fmt: skip
