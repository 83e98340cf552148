"""`rearm serve` as a user meets it: what is refused with a sentence, and what a kill leaves."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.support.board import new_board, stock
from tests.support.command_line import run, run_alone, says
from tests.support.databases import outside, without_triggers

from rearm.cohort.store.lock import locked

pytestmark = pytest.mark.slow


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_alone("serve", "--folder", tmp_path / "board", "--port", str(port))
    says(done, 2, f"Port {port} is in use by another program", "--port")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_another_address_than_this_machine_s_is_refused(tmp_path: Path, host: str) -> None:
    done = run_alone("serve", "--folder", tmp_path / "board", "--host", host)
    says(done, 2, "answers on this machine only")
    assert not (tmp_path / "board").exists()


def test_a_folder_that_is_no_board_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x")
    says(run_alone("serve", "--folder", tmp_path), 2, "not the folder of a board")
    says(run("serve", "audit", "verify", "--folder", tmp_path), 2, "not the folder of a board")
    says(run("serve", "link", "--folder", tmp_path), 2, "not the folder of a board")


def test_a_board_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    board = new_board(tmp_path)
    with outside(board) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for command in (("serve",), ("serve", "audit", "verify")):
        says(run_alone(*command, "--folder", tmp_path), 2, "newer version of Rearm")


def test_verify_tells_by_its_exit_code(tmp_path: Path) -> None:
    board = new_board(tmp_path)
    stock(board, "SYN-01")
    board.database.close()
    done = run("serve", "audit", "verify", "--folder", tmp_path)
    says(done, 0, "each follows the one before", "Head: ")
    head = done.stdout.split("Head: ")[1].strip()
    says(run("serve", "audit", "verify", "--folder", tmp_path, "--head", head), 0)
    says(run("serve", "audit", "verify", "--folder", tmp_path, "--head", "0" * 64), 1, "No entry")
    with without_triggers(board) as connection:
        connection.exec_driver_sql("UPDATE audit SET who = 'nobody' WHERE number = 1")
    says(
        run("serve", "audit", "verify", "--folder", tmp_path), 1, "Entry 1 of the audit was changed"
    )
    done = run("serve", "audit", "verify", "--folder", tmp_path, "--json")
    assert json.loads(done.stdout)["faults"][0] == {"kind": "entry_changed", "what": "1"}


def test_it_starts_with_the_invented_patients_and_its_link_works(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rearm.cli", "serve", "--folder", str(tmp_path / "b"),
               "--port", "0"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(x[0] for line in process.stdout if (x := re.search(r"http://127\S+", line)))
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"Worklist" in opener.open(link, timeout=30).read()
        home = link.split("/start/")[0]
        found = json.loads(opener.open(f"{home}/worklist.json", timeout=30).read())
        assert found["patients"] == 11
        assert all(row["invented"] for group in found["groups"] for row in group["rows"])
        again = run("serve", "link", "--folder", tmp_path / "b")
        says(again, 0, home)
        other = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"SYN-01" in other.open(again.stdout.strip(), timeout=30).read()
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in told and "SYN-" not in told


CONFIG = """
folder = "{folder}"
port = 0
origin = "https://board.example.org"
trusted_proxies = ["127.0.0.1"]

[[tenants]]
id = "north"
name = "North hospital"
"""


def test_a_board_for_many_is_served_to_its_proxy_only(tmp_path: Path) -> None:
    config = tmp_path / "board.toml"
    config.write_text(CONFIG.format(folder=tmp_path / "b"))
    command = [sys.executable, "-m", "rearm.cli", "serve", "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(x for x in process.stdout if "At the board" in x)
        assert "/start/" not in line and "https://board.example.org" in line
        home = f"http://127.0.0.1:{line.rsplit(':', 1)[1].strip()}"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{home}/sign-in", timeout=30)
        asked = {"X-Forwarded-Proto": "https", "Host": "board.example.org"}
        request = urllib.request.Request(f"{home}/sign-in", headers=asked)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["strict-transport-security"]
            assert "__Host-rearm_browser=" in answer.headers["set-cookie"]
        more = ("--role", "chair", "--tenant", "north", "--config", config)
        added = run("serve", "user", "add", "Alice", *more)
        says(added, 0, "https://board.example.org/password/")
        says(run("serve", "user", "add", "alice", *more), 2, "There is a user of this name")
        says(run("serve", "user", "roles", "bob", "--config", config), 2, "no user of this name")
        says(run("serve", "user", "disable", "alice", "--config", config), 0, "can't sign in")
        listed = run("serve", "user", "list", "--json", "--config", config)
        assert json.loads(listed.stdout) == [
            {"name": "alice", "roles": {"north": ["chair"]}, "disabled": True, "provider": False}
        ]
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert "Traceback" not in told


def test_a_configuration_that_can_t_be_used_starts_nothing(tmp_path: Path) -> None:
    config = tmp_path / "board.toml"
    config.write_text(CONFIG.format(folder=tmp_path / "b") + 'hots = "0.0.0.0"\n')
    says(run_alone("serve", "--config", config), 2, "unknown field `hots`", "tenants[0]")
    assert not (tmp_path / "b").exists()


def test_one_program_serves_a_folder(tmp_path: Path) -> None:
    board = new_board(tmp_path)
    with locked(board.folder.path):
        says(run_alone("serve", "--folder", tmp_path, "--port", "0"), 2, "name another folder")


def test_the_help_stays_quick() -> None:
    code = (
        "import sys, rearm.cli\n"
        "heavy = {'starlette', 'uvicorn', 'sqlalchemy', 'alembic'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
