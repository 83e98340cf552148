"""A project fetched from a server that answers as REDCap does; the token stays in the request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.command_line import Done, run_alone
from tests.support.redcap_export import Style, tidy_rows, write_project
from tests.support.redcap_server import RedcapServer, serving

from rearm.intake import InputError, read
from rearm.intake.redcap.api import fetch

TABLES = Path(__file__).parents[2] / "examples" / "tables"
TOKEN = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedcapServer]:
    folder = tmp_path / "project"
    folder.mkdir()
    export, dictionary = write_project(folder, tidy_rows(TABLES), Style())
    # the centre marks the day of the diagnosis as an identifier
    text = dictionary.read_text("utf-8")
    line = next(x for x in text.splitlines() if x.startswith("patients_diagnosis_day,"))
    marked = text.replace(line, f"{line[: -len(',,,,,,,,')]},y,,,,,,,")
    with serving(RedcapServer(TOKEN, export.read_text("utf-8"), marked)) as running:
        yield running


def _run(server: RedcapServer, folder: Path, token: str | None) -> Done:
    return run_alone("redcap", server.url, folder, environment={"REDCAP_TOKEN": token or ""})


def test_a_project_is_fetched_and_read_like_any_export(
    server: RedcapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    export, dictionary = fetch(server.url, tmp_path / "out")
    records = read(export, redcap=dictionary).records
    there = {record.patient_id: record for record in read(TABLES).records}
    assert [record.patient_id for record in records] == [*there]
    for record in records:
        assert len(record.labs) == len(there[record.patient_id].labs)
        assert record.sex == there[record.patient_id].sex


def test_identifiers_are_not_asked_for(
    server: RedcapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    export, _ = fetch(server.url, tmp_path / "out")
    asked = next(x for x in server.asked if x["content"] == "record")
    fields = {value for key, value in asked.items() if key.startswith("fields[")}
    assert "patients_sex" in fields
    assert "patients_complete" in fields
    assert "patients_diagnosis_day" not in fields
    assert "patients_diagnosis_day" not in export.read_text("utf-8")


def test_the_command_fetches_and_says_what_to_run(server: RedcapServer, tmp_path: Path) -> None:
    done = _run(server, tmp_path / "out", TOKEN)
    assert done.returncode == 0, done.stderr
    assert "rearm check" in done.stdout
    assert _everything(tmp_path / "out").count(TOKEN) == 0
    assert TOKEN not in done.stdout + done.stderr
    again = _run(server, tmp_path / "out", TOKEN)
    assert again.returncode == 2
    assert "already contains export.csv, dictionary.csv" in again.stderr


WRONG = "F" * 32
FAULTS = [
    (None, "The environment variable REDCAP_TOKEN holds no token"),
    ("secret", "holds no API token of REDCap"),
    (WRONG, "refuses the request"),
]


@pytest.mark.parametrize(("token", "why"), FAULTS)
def test_a_fault_is_told_without_the_token(
    server: RedcapServer, tmp_path: Path, token: str | None, why: str
) -> None:
    done = _run(server, tmp_path / "out", token)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert (token or "secret") not in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


def test_a_server_that_answers_otherwise_or_not_is_told(
    server: RedcapServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    server.broken = True
    for url, why in (
        (server.url, "does not answer"),
        ("http://127.0.0.1:9/api/", "can't be reached"),
        ("http://redcap.example.org/api/", "is not encrypted"),
        ("https://redcap.example.org/", "ends in /api/"),
    ):
        with pytest.raises(InputError, match=why) as raised:
            fetch(url, tmp_path / "out")
        assert TOKEN not in str(raised.value)


def _everything(folder: Path) -> str:
    return "".join(path.read_text("utf-8") for path in folder.iterdir())
