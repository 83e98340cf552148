"""`rearm serve migrate, backup, restore, patient, retention, audit export`, as they are typed."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
import typer.main
from tests.support.board import new_board
from tests.support.databases import DATABASES, NewDatabase, Stocked
from tests.support.loops import some
from tests.support.places import DATA
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from rearm.board.board import Board
from rearm.board.entry import drafts
from rearm.board.store import cases
from rearm.board.store.folder import open_board
from rearm.board.store.tables import FIRST_TENANT
from rearm.board.store.utc import now
from rearm.cli import app

pytestmark = pytest.mark.slow


def run(*arguments: str | Path, **environment: str) -> Result:
    """The command in this process; those in which somebody types, or a board runs, in another."""
    return CliRunner().invoke(app, ["serve", *map(str, arguments)], env=environment)


def says(done: Result, code: int, *words: str) -> None:
    assert done.exit_code == code, done.output
    for word in words:
        assert word in done.output


def _case(board: Board, state: str) -> tuple[str, str]:
    with board.database.reading() as session:
        found = cases.all_cases(session, FIRST_TENANT)
        return next((x.id, x.patient_id) for x in found if x.state == state)


@pytest.mark.parametrize("kind", DATABASES)
def test_a_board_goes_to_another_folder_and_loses_a_patient(
    tmp_path: Path, stocked: Stocked, kind: str, request: pytest.FixtureRequest
) -> None:
    board = stocked.board(kind, tmp_path / "board")
    case, patient = _case(board, "decided")
    board.close()
    here, there, file = tmp_path / "board", tmp_path / "there", tmp_path / "b.backup"
    says(run("migrate", "--folder", here), 0, "Nothing was changed")
    written = run("backup", file, "--folder", here)
    says(written, 0, "Written to", "head ")
    head = written.stdout.split("head ")[1].strip()
    says(run("backup", file, "--folder", here), 2, "is there already")
    server = {}
    if kind == "sqlite":  # from the file to a server
        server = {"REARM_DATABASE": request.getfixturevalue("postgres")("template0")}
    says(run("restore", file, "--folder", there, **server), 0, "Brought back", head)
    says(run("audit", "verify", "--folder", there, "--head", head), 0, head)
    says(run("restore", file, "--folder", there), 2, "is not empty")
    exported = tmp_path / "patient.json"
    says(run("patient", "export", patient, exported, "--folder", there), 0, "Written")
    assert json.loads(exported.read_text())["patient"] == patient
    says(run("patient", "delete", case, "--folder", there), 2, "--yes")
    says(run("patient", "delete", "nobody", "--yes", "--folder", there), 2, "no such patient")
    deleted = run("patient", "delete", case, "--yes", "--folder", there)
    says(deleted, 0, f"Case {case} and everything", "decisions: 1", "earlier still contain")
    assert patient not in deleted.output and "traces" not in deleted.stdout
    says(run("audit", "verify", "--folder", there, "--head", head), 0)
    events = tmp_path / "audit.ndjson"
    says(run("audit", "export", events, "--folder", there), 0, "entries")
    told = [json.loads(line) for line in events.read_text().splitlines()]
    assert told[-1]["subtype"][0]["code"] == "erased" and patient not in events.read_text()
    for private in some((file, exported, events)):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600


def _typed(folder: Path, case: str, answer: str) -> tuple[int, str]:
    """The command in a terminal, in which somebody types."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rearm.cli", "serve", "patient", "delete", case, "--folder",
         str(folder)], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    told, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, told


def test_the_id_is_typed_once_more_to_delete(tmp_path: Path, stocked: Stocked) -> None:
    board = stocked.board("sqlite", tmp_path / "board")
    case, _ = _case(board, "decided")
    code, told = _typed(tmp_path / "board", case, "yes")
    assert code == 2 and "can't be brought back" in told and "Nothing was deleted" in told
    assert _case(board, "decided")[0] == case
    code, told = _typed(tmp_path / "board", case, case)
    assert code == 0 and f"Case {case} and everything" in told
    with board.database.reading() as session:
        assert [x.patient_id for x in cases.all_cases(session, FIRST_TENANT)] == ["SYN-03"]
    board.close()


def test_retention_lists_and_deletes_when_told(tmp_path: Path, stocked: Stocked) -> None:
    board = stocked.board("sqlite", tmp_path / "board")
    case, patient = _case(board, "decided")
    with board.database.writing() as session:
        version = cases.case_of(session, case).version
        cases.move(session, case, version, "x", state="followed_up", meeting_day="")
    with board.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE cases SET changed_at = '2020-01-01T00:00:00.000000Z', version = version + 1 "
            f"WHERE id = '{case}'"
        )
    board.close()
    folder = ("--folder", tmp_path / "board")
    says(run("retention", *folder), 0, "kept without end")
    says(run("retention", "--apply", *folder), 0, "kept without end")
    says(run("retention", "--days", "30", *folder), 0, f"{patient} (case {case})", "2020-01-01")
    says(run("retention", "--set", "30", *folder), 0, patient)
    says(run("retention", "--set", "soon", *folder), 2, "neither a number of days")
    says(run("retention", *folder), 0, patient)
    says(run("retention", "--apply", *folder), 0, f"Case {case} and everything")
    says(run("retention", *folder), 0, "Nobody who is followed up")
    says(run("retention", "--set", "off", *folder), 0, "kept without end")
    says(run("audit", "verify", *folder), 0)


def test_migrate_brings_an_earlier_database_up_and_keeps_a_copy(tmp_path: Path) -> None:
    folder = tmp_path / "board"
    open_board(folder)
    with sqlite3.connect(folder / "board.sqlite") as connection:
        connection.executescript((DATA / "board" / "first_tables.sql").read_text())
    says(run("audit", "verify", "--folder", folder), 2, "rearm serve migrate")
    says(run("backup", tmp_path / "b", "--folder", folder), 2, "rearm serve migrate")
    says(run("migrate", "--folder", folder), 0, "from step 0001", "board.before-0001.sqlite")
    says(run("audit", "verify", "--folder", folder), 0)
    says(run("migrate", "--folder", folder), 0, "Nothing was changed")
    says(run("migrate", "--folder", tmp_path / "new"), 0, "new board was made")


def _commands() -> dict[str, set[str]]:
    """Each command of `rearm serve` with its options."""
    found: dict[str, set[str]] = {}
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)
    groups = [("", whole.commands["serve"])]
    while groups:
        name, command = groups.pop()
        found[name] = {option for x in command.params for option in x.opts}
        if isinstance(command, TyperGroup):
            groups += [(f"{name} {x}".strip(), y) for x, y in command.commands.items()]
            if name:
                del found[name]
    return found


def test_every_command_finds_the_board_in_the_same_ways() -> None:
    commands = _commands()
    assert {"", "user add", "token add", "audit verify", "backup", "link"} <= commands.keys()
    for name, options in some(commands.items()):
        assert {"--folder", "--database", "--config"} <= options, name


def test_users_and_tokens_stand_where_the_configuration_says(
    tmp_path: Path, stocked: Stocked, postgres: NewDatabase
) -> None:
    board = stocked.board("postgresql", tmp_path / "board")
    board.close()
    here, other = tmp_path / "board.toml", tmp_path / "other.toml"
    for file, url in ((here, str(board.folder.where)), (other, postgres())):
        kept = tmp_path / f"{file.stem}.address"
        kept.write_text(url)
        file.write_text(f'folder = "{tmp_path / "board"}"\ndatabase_url_file = "{kept}"\n')
    says(run("user", "add", "Alice", "--role", "reader", "--config", here), 2, "No board ran")
    board.folder.port.write_text("8765")
    says(run("user", "add", "Alice", "--role", "reader", "--config", here), 0, "/password/")
    says(run("user", "list", "--config", here), 0, "alice: first: reader")
    says(run("token", "add", "--name", "ward", "--config", here), 0)
    says(run("token", "list", "--config", here), 0, "ward: read in first")
    assert not (tmp_path / "board" / "board.sqlite").exists()
    for command in (("user", "list"), ("token", "list"), ("audit", "verify"), ("retention",)):
        says(run(*command, "--config", other), 2, "another database")


def test_what_waits_too_long_ends_by_command_too(tmp_path: Path, stocked: Stocked) -> None:
    board = stocked.board("sqlite", tmp_path / "board")
    with board.database.writing() as session:
        drafts.start(session, FIRST_TENANT, "x").changed_at = now() - timedelta(days=9)
    board.close()
    config = tmp_path / "board.toml"
    config.write_text(f'folder = "{tmp_path / "board"}"\nnot_taken_in_days = 7\n')
    folder = ("--folder", tmp_path / "board")
    says(run("retention", "--apply", *folder), 0, "deleted after 30 days.")
    says(run("retention", "--config", config), 0, "deleted after 7 days.")
    says(run("retention", "--apply", "--config", config), 0, "deleted after 7 days. 1 deleted.")
    says(run("audit", "verify", *folder), 0)


def test_what_can_t_be_used_is_a_sentence(tmp_path: Path) -> None:
    new_board(tmp_path / "board").close()
    (tmp_path / "letter").write_text("x")
    folder = ("--folder", tmp_path / "new")
    says(run("restore", tmp_path / "letter", *folder), 2, "not the database of a board")
    says(run("restore", tmp_path / "absent", *folder), 2, "no file")
    says(run("backup", tmp_path / "b", "--folder", tmp_path), 2, "not the folder of a board")
    away = {"REARM_DATABASE": "postgresql://reader:hidden-word@127.0.0.1:1/board"}
    done = run("migrate", "--folder", tmp_path / "server", **away)
    says(done, 2, "can't be reached")
    assert "hidden-word" not in done.output
    says(run("migrate", *folder, REARM_DATABASE="mysql://x/y"), 2, "address of the database")


def test_a_board_answers_from_a_server(tmp_path: Path, stocked: Stocked) -> None:

    stocked.board("postgresql", tmp_path / "board").close()
    command = [sys.executable, "-m", "rearm.cli", "serve", "--folder", str(tmp_path / "board"),
               "--port", "0"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(x[0] for line in process.stdout if (x := re.search(r"http://127\S+", line)))
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"SYN-01" in opener.open(link, timeout=30).read()
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert "Traceback" not in told and not (tmp_path / "board" / "board.sqlite").exists()
