"""What an input leaves out is said where somebody looks: in the exit code, on the terminal and in
the table of patients.
"""

from __future__ import annotations

import csv
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rearm.cli import app

Row = dict[str, Any]
RUN = CliRunner()
PERSON: Row = {"patient_id": "K1", "sex": "F", "heavy_chain": "IgA", "day_zero": "2024-02-05"}
INFUSED: Row = {"patient_id": "K1", "day": 0, "product": "cilta-cel"}
JUDGED: Row = {"patient_id": "K1", "day": 60, "response": "VGPR", "by": "team"}
COUNT: Row = {"patient_id": "K1", "day": 75, "test": "platelets", "value": 90, "unit": "10*9/L"}


def written(folder: Path, **tables: list[Row]) -> Path:
    """Tidy tables in a folder."""
    given = {"patients": [PERSON], "infusions": [INFUSED], "assessments": [JUDGED]} | tables
    folder.mkdir(exist_ok=True)
    for name, rows in given.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, list(dict.fromkeys(c for row in rows for c in row)))
            out.writeheader()
            out.writerows(rows)
    return folder


def assess(folder: Path, *more: str) -> tuple[int, str, str]:
    """Exit code, what was printed, and the text of the table of patients."""
    html = folder.parent / "pages"
    done = RUN.invoke(app, ["assess", str(folder), "--html", str(html), "--quiet", *more])
    index = html / "index.html"
    text = re.sub(r"<[^>]+>", " ", index.read_text()) if index.exists() else ""
    return done.exit_code, done.output, " ".join(unescape(text).split())


def test_everything_read_is_exit_0(tmp_path: Path) -> None:
    code, output, index = assess(written(tmp_path / "in"))
    assert code == 0 and "K1" in index
    assert "not read" not in output + index


@pytest.mark.parametrize(
    ("stray", "told"),
    [
        (PERSON | {"patient_id": "K2\nK3"}, "runs over several lines"),
        (PERSON | {"patient_id": ""}, "has no patient id"),
    ],
)
def test_a_patient_who_is_left_out_stands_in_the_table(
    tmp_path: Path, stray: Row, told: str
) -> None:
    code, output, index = assess(written(tmp_path / "in", patients=[PERSON, stray]))
    assert code == 1
    assert told in output and told in index
    assert "K1" in index


def test_a_record_without_anything_is_no_clean_input(tmp_path: Path) -> None:
    blank: dict[str, list[Row]] = {
        "patients": [{"patient_id": "K1", "sex": ""}],
        "infusions": [{"patient_id": "K1", "day": "", "product": ""}],
        "assessments": [{"patient_id": "K1", "day": "", "response": "", "by": ""}],
    }
    done = RUN.invoke(app, ["check", str(written(tmp_path / "in", **blank))])
    assert done.exit_code == 1
    assert "nothing on record that can be judged: K1" in " ".join(done.output.split())
    filled = RUN.invoke(app, ["check", str(written(tmp_path / "other"))])
    assert filled.exit_code == 0


@pytest.mark.parametrize(
    ("as_of", "code", "told"),
    [
        ("90", 0, ""),
        ("75", 0, ""),
        ("400", 0, "What happened since is not on record"),
        ("2025-03-11", 0, "What happened since is not on record"),  # day 400
        ("60000", 2, "is later than today"),
        ("2999-01-01", 2, "later than today"),
        ("-40", 2, "nothing is on record by day -40; the first data are of day 0"),
        ("2023-12-27", 2, "nothing is on record by day -40"),
    ],
)
def test_a_day_that_does_not_fit_the_data(tmp_path: Path, as_of: str, code: int, told: str) -> None:
    folder = written(tmp_path / "in", labs=[COUNT])
    found, output, index = assess(folder, "--as-of", as_of)
    assert found == code
    assert told in " ".join(output.split())
    assert "K1" in index  # one who is refused stands there with the reason


def test_shifted_dates_are_no_future(tmp_path: Path) -> None:
    shifted = written(tmp_path / "in", patients=[PERSON | {"day_zero": "2190-01-01"}])
    assert assess(shifted, "--as-of", "70")[0] == 0


def test_tidy_tables_need_no_mapping(tmp_path: Path) -> None:
    target = tmp_path / "mapping.toml"
    tidy = written(tmp_path / "tidy")
    done = RUN.invoke(app, ["init", str(target), "--from", str(tidy)])
    assert done.exit_code == 2 and "no mapping is needed" in done.output
    assert not target.exists()
    # a table of the centre that only has the name of a tidy one is drafted
    own = written(tmp_path / "own", labs=[{"patient_id": "K1", "Datum": "2024-03-01", "Hb": 11}])
    done = RUN.invoke(app, ["init", str(target), "--from", str(own)])
    assert done.exit_code == 0 and target.exists()


@pytest.mark.parametrize("option", ["--html", "--sheet", "--json"])
def test_an_empty_name_is_no_folder(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "in")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    done = RUN.invoke(app, ["assess", str(folder), option, "", "--quiet"])
    assert done.exit_code == 2
    assert list((tmp_path / "here").iterdir()) == []


def test_strategies_are_listed() -> None:
    listed = RUN.invoke(app, ["knowledge", "list"]).output
    assert re.search(r"^strategy +bispecific-bcma ", listed, flags=re.M)


def test_that_no_mechanism_will_be_named_is_said_before_the_model_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stain: Row = {"patient_id": "K1", "day": 200, "test": "bcma_positive_plasma_cells"}
    stain |= {"value": 93, "unit": "%", "specimen": "marrow", "method": "flow_cytometry"}
    failed = [JUDGED, JUDGED | {"day": 198, "response": "PD"}]
    folder = written(tmp_path / "in", assessments=failed, labs=[stain])

    def stopped(*_: object, **__: object) -> None:
        raise RuntimeError("the model was run")

    monkeypatch.setattr("rearm.mechanism.posterior", stopped)
    done = RUN.invoke(app, ["mechanism", str(folder)])
    assert isinstance(done.exception, RuntimeError)
    assert "no mechanism is named" in done.output
