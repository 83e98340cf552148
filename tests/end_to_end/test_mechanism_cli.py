"""`rearm mechanism` over many patients: one that fails costs the others nothing."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("numba")

import rearm.mechanism
from rearm.cli import app
from rearm.cli.model import JsonRows
from rearm.mechanism import MechanismResult, posterior
from rearm.record import Record

TABLES = Path(__file__).parents[2] / "examples" / "tables"


def test_a_fault_in_one_patient_is_a_row_and_a_sentence_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sometimes(record: Record, **options: int | None) -> MechanismResult:
        if record.patient_id == "SYN-01":
            raise ZeroDivisionError("no luck")
        return posterior(record, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rearm.mechanism, "posterior", sometimes)
    chosen = ["--patient", "SYN-01", "--patient", "SYN-03", "--draws", "1800", "--json"]
    result = CliRunner().invoke(app, ["mechanism", str(TABLES), *chosen])
    assert result.exit_code == 0, result.output
    failed, answered = json.loads(result.stdout)
    assert "SYN-01: the model failed (ZeroDivisionError: no luck)." in result.stderr
    assert failed == {
        "patient_id": "SYN-01",
        "error": "SYN-01: the model failed (ZeroDivisionError: no luck).",
    }
    assert answered["patient_id"] == "SYN-03" and answered["prior"]


@pytest.mark.parametrize("rows", [[], [{"a": 1}], [{"a": "x\ny"}, {"b": [1, {"c": None}]}]])
def test_rows_are_printed_as_the_list_would_be(
    rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    printed = JsonRows()
    for row in rows:
        printed.add(row)
    printed.end()
    assert capsys.readouterr().out == json.dumps(rows, indent=1) + "\n"
