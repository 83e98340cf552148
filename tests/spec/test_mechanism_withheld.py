"""The model names no mechanism against a record: what it does not read, and what nobody looked for,
keeps the answer back on the terminal, on the page and in JSON.

Patients A and C are those that a physician tried: A relapsed by M-protein alone and nobody had
imaged him, and the model named a lesion; C had no BCMA left, and the model named low antigen.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numba")

from typer.testing import CliRunner

from rearm.cli import app
from rearm.intake import read_tables
from rearm.mechanism import MechanismError, MechanismResult, posterior
from rearm.mechanism.data import collect
from rearm.mechanism.parameters import load
from rearm.mechanism.result import NOTE
from rearm.record import Record
from rearm.report.mechanism import mechanism_page, mechanism_text

FEW = 3_000
Row = dict[str, Any]


def _serum(*values: tuple[int, float]) -> list[Row]:
    test = {"patient_id": "p", "test": "serum_m_protein", "unit": "g/dL"}
    return [{**test, "day": day, "value": value} for day, value in values]


def _stain(day: int | str, value: str | float, *, test: str = "bcma_positive_plasma_cells") -> Row:
    cells = {"specimen": "marrow", "method": "flow_cytometry"}
    return {"patient_id": "p", "day": day, "test": test, "value": value, "unit": "%", **cells}


def _imaging(day: int | str, result: str) -> Row:
    seen = {"method": "PET-CT", "result": result, "kind": "extramedullary"}
    return {"patient_id": "p", "day": day, **seen}


A_SERUM = (
    (-7, 3.4), (29, 1.1), (57, 0.3), (92, 0.2), (148, 0.2), (211, 0.5), (239, 0.8), (252, 1.0),
)  # fmt: skip
C_SERUM = ((-7, 2.8), (91, 0.3), (336, 1.2), (357, 1.6), (518, 0.2), (882, 0.9), (910, 1.5))


def _record(serum: tuple[tuple[int, float], ...], *labs: Row, **tables: list[Row]) -> Record:
    who = {"patient_id": "p", "sex": "M", "heavy_chain": "IgG", "light_chain": "kappa"}
    (record,) = read_tables(
        {
            "patients": [{**who, "last_seen_day": max(day for day, _ in serum)}],
            "infusions": [{"patient_id": "p", "day": 0, "product": "ide-cel"}],
            "labs": [*_serum(*serum), *labs],
            **tables,
        }
    ).records
    return record


def patient_c(*labs: Row) -> Record:
    course = {"start_day": 364, "end_day": 903, "regimen": "Teclistamab", "purpose": "treatment"}
    return _record(C_SERUM, *labs, therapies=[{"patient_id": "p", "line": 7, **course}])


@cache
def patient_a() -> MechanismResult:
    """As he was first entered: nobody had imaged him; several tests read the answer."""
    return posterior(_record(A_SERUM), draws=FEW)


def _withheld(result: MechanismResult) -> tuple[str, str, dict[str, Any]]:
    """The answer on the terminal, on the page and as data, none of which may name a mechanism."""
    text, page = mechanism_text(result), mechanism_page(result)
    data = json.loads(json.dumps(result.to_dict()))
    assert result.status == data["status"] == "withheld"
    assert data["probabilities"] == data["errors"] == {} and data["classes"] == []
    for title in result.titles.values():
        assert title not in text and title not in page
    assert "<h2>Mechanisms</h2>" not in page
    assert result.reason in text and result.reason in page and result.reason == data["reason"]
    return text, page, data


@pytest.mark.slow
def test_where_bcma_was_not_detected_no_mechanism_is_named() -> None:
    result = posterior(patient_c(_stain(917, 0)), draws=FEW)
    text, page, data = _withheld(result)
    assert result.reason == (
        "BCMA was not detected on day 917 (flow cytometry, marrow). The model does not read it, so"
        " no mechanism is named."
    )
    assert [(x["code"], x["test"], x["day"]) for x in data["facts"]] == [
        ("antigen_on_cells", "bcma_positive_plasma_cells", 917)
    ]
    assert result.next_measurements == ()
    assert "Most informative tests" not in text + page and "virtual patients" not in text


def test_without_the_stain_the_same_course_is_answered_or_refused_on_its_own() -> None:
    assert collect(load(), patient_c()).unread == ()


@pytest.mark.slow
def test_a_lesion_that_nobody_looked_for_is_not_named() -> None:
    result = patient_a()
    text, page, data = _withheld(result)
    assert result.reason == (
        "The markers leave a lesion outside the marrow open, and no imaging is on record that shows"
        " or excludes one: no mechanism is named."
    )
    assert [x["code"] for x in data["facts"]] == ["no_imaging"]
    first = result.next_measurements[0]
    assert first.test == "imaging" and first.bits > 0.2 and first.day > 252
    assert "whole-body imaging for a lesion on day" in text
    assert "whole-body imaging for a lesion" in page


@pytest.mark.slow
def test_a_negative_pet_is_read_and_the_lesion_is_no_longer_the_first() -> None:
    record = _record(A_SERUM, imaging=[_imaging(246, "negative")])
    evidence = collect(load(), record)
    assert evidence.lesion is False and evidence.unread == ()
    result = posterior(record, draws=FEW)
    assert result.status in ("told", "cannot_tell")
    assert result.leading is not None and "sanctuary" not in result.leading.members
    assert result.probabilities["sanctuary"] < 0.35
    assert "imaging" not in {x.test for x in result.next_measurements}


@pytest.mark.slow
def test_what_would_tell_most_lies_ahead_of_the_record() -> None:
    labs = [{**_stain(300, 20), "test": "bone_marrow_plasma_cells"}]
    evidence = collect(load(), _record((*A_SERUM, (300, 1.4)), *labs))
    assert evidence.last_day == 300
    assert ("m_protein", 300) in evidence.measured
    result = patient_a()
    known = {(x, 252) for x in ("m_protein",)}
    assert not {(x.test, x.day) for x in result.next_measurements} & known
    assert all(x.day > 252 for x in result.next_measurements)


@pytest.mark.parametrize(
    ("day", "value", "told"),
    [
        (245, 95, "BCMA was found on 95 % of the tumour cells on day 245"),
        (230, "<5", "BCMA was found on less than 5 % of the tumour cells on day 230"),
        (245, "20-40", "BCMA was found on 20 to 40 % of the tumour cells on day 245"),
        ("", 0, "BCMA was not detected (day unknown, flow cytometry, marrow)"),
    ],
)
def test_each_stain_at_failure_speaks(day: int | str, value: str | float, told: str) -> None:
    (fact,) = collect(load(), _record(A_SERUM, _stain(day, value))).unread
    assert fact.code == "antigen_on_cells" and fact.text.startswith(told)


@pytest.mark.parametrize(
    "row",
    [
        _stain(-20, 0),  # of the time before the infusion
        _stain(60, 0),  # months before the progression
        _stain(245, 10, test="gprc5d_positive_plasma_cells"),  # not the antigen of the CAR-T
    ],
)
def test_other_stains_do_not_speak_of_this_failure(row: Row) -> None:
    assert collect(load(), _record(A_SERUM, row)).unread == ()


def test_a_sequenced_antigen_speaks() -> None:
    row = {"patient_id": "p", "day": 250, "gene": "TNFRSF17", "change": "p.Gln38*"}
    seen = {**row, "result": "present", "kind": "mutation", "assay": "WES"}
    (fact,) = collect(load(), _record(A_SERUM, variants=[seen])).unread
    assert (fact.code, fact.test, fact.day) == ("antigen_gene", "TNFRSF17", 250)
    assert fact.text == "TNFRSF17 was found altered on day 250 (p.Gln38*)"


@pytest.mark.parametrize(
    ("finding", "value", "told"),
    [
        ("antigen_bcma", "lost", "BCMA on the tumour cells is stated as lost"),
        ("car_t_expansion", "poor", "the expansion of the CAR-T cells is stated as poor"),
    ],
)
def test_what_is_stated_speaks(finding: str, value: str, told: str) -> None:
    row = {"patient_id": "p", "day": 250, "finding": finding, "value": value, "by": "team"}
    (fact,) = collect(load(), _record(A_SERUM, facts=[row])).unread
    assert (fact.code, fact.test, fact.text) == ("stated", finding, told)


def test_a_t_cell_neoplasm_speaks() -> None:
    row = {"patient_id": "p", "day": 250, "condition": "t_cell_lymphoma", "status": "present"}
    (fact,) = collect(load(), _record(A_SERUM, conditions=[row])).unread
    assert (fact.code, fact.text) == ("t_cell_neoplasm", "a T-cell neoplasm is on record")
    absent = [{**row, "status": "absent"}]
    assert collect(load(), _record(A_SERUM, conditions=absent)).unread == ()


def test_imaging_at_the_relapse_comes_before_older_imaging() -> None:
    m = load()
    both = [_imaging(-20, "positive"), _imaging(246, "negative")]
    assert collect(m, _record(A_SERUM, imaging=both)).lesion is False
    turned = [_imaging(-20, "negative"), _imaging(246, "positive")]
    assert collect(m, _record(A_SERUM, imaging=turned)).lesion is True
    assert collect(m, _record(A_SERUM, imaging=[_imaging(-20, "positive")])).lesion is True


def test_a_lesion_that_is_no_myeloma_is_not_read_as_one() -> None:
    m = load()
    lesion = {**_imaging(246, "positive"), "lesion": "L1"}
    biopsy = {"patient_id": "p", "day": 250, "finding": "lesion_histology", "by": "pathology"}
    for word, seen in (("plasma_cells", True), ("benign", None)):
        facts = [{**biopsy, "value": f"L1={word}"}]
        assert collect(m, _record(A_SERUM, imaging=[lesion], facts=facts)).lesion is seen


def test_imaging_without_a_day_that_says_something_else_speaks() -> None:
    m = load()
    (fact,) = collect(m, _record(A_SERUM, imaging=[_imaging("", "positive")])).unread
    assert (fact.code, fact.day) == ("imaging", None)
    assert fact.text == "imaging (day unknown) shows an extramedullary lesion"
    agreed = [_imaging(246, "positive"), _imaging("", "positive")]
    assert collect(m, _record(A_SERUM, imaging=agreed)).unread == ()


def test_settings_are_checked_also_where_the_answer_is_withheld() -> None:
    with pytest.raises(MechanismError, match="too few"):
        posterior(patient_c(_stain(917, 0)), draws=10)


@pytest.mark.slow
def test_every_output_says_once_that_the_model_feeds_no_recommendation() -> None:
    assert "research model that feeds no recommendation" in NOTE
    result = patient_a()
    assert mechanism_text(result).count(NOTE) == 1
    assert mechanism_page(result).count("feeds no recommendation") == 1
    assert json.dumps(result.to_dict()).count("feeds no recommendation") == 1


@pytest.mark.slow
def test_the_command_withholds_and_prints_json() -> None:
    """Example SYN-01 has its BCMA genes sequenced and its cells stained at the relapse."""
    tables = Path(__file__).parents[2] / "examples" / "tables"
    command = ["mechanism", str(tables), "--patient", "SYN-01", "--draws", "1800"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert NOTE in done.stdout and "so no mechanism is named." in done.stdout
    (row,) = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert row["status"] == "withheld" and row["note"] == NOTE
    assert {x["code"] for x in row["facts"]} == {"antigen_on_cells", "antigen_gene"}
    assert row["probabilities"] == {}
