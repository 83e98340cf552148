"""What a program that watches the board is told, who may ask, and that nothing of a patient is in
it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support.board import new_board, stock
from tests.support.running_board import running

from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.child.worker import Worker
from rearm.board.monitoring import addresses
from rearm.board.monitoring.addresses import MonitoringRoute
from rearm.board.refusals import Busy
from rearm.board.settings import MonitoringSettings, Settings
from rearm.board.store import jobs
from rearm.board.store.cases import results_of
from rearm.board.store.utc import now
from rearm.board.web.guards import CrowdGuard

TOKEN = "gXh7b2QpZr8vTn4kLw3m"
PROXY, WATCHER, STRANGER = "10.0.0.9", "10.2.0.7", "10.3.0.1"
PATHS = ("/healthz", "/readyz")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    monkeypatch.setenv("WATCH_TOKEN", TOKEN)
    watched = MonitoringSettings(addresses=("10.2.0.0/24",), token_env="WATCH_TOKEN")
    settings = Settings(
        origin="https://board.example.org", trusted_proxies=(PROXY,), monitoring=watched
    )
    board = new_board(tmp_path / "board", settings=settings)
    board.self_tested = now()
    return board


def _ask(board: Board, path: str, peer: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with TestClient(make_app(board), base_url=board.origin, client=(peer, 1)) as client:
        return client.get(path, headers=named)


# ---------------------------------------------------------------- who may ask


@pytest.mark.parametrize("path", PATHS)
def test_named_addresses_and_the_token_are_answered(board: Board, path: str) -> None:
    assert _ask(board, path, WATCHER).status_code == 200
    assert _ask(board, path, STRANGER, authorization=f"Bearer {TOKEN}").status_code == 200
    by_proxy = {"x_forwarded_for": WATCHER, "x_forwarded_proto": "https"}
    assert _ask(board, path, PROXY, **by_proxy).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_to_everybody_else_there_is_nothing(board: Board, path: str) -> None:
    nothing = [
        _ask(board, path, STRANGER),
        _ask(board, path, STRANGER, authorization="Bearer "),
        _ask(board, path, STRANGER, authorization=f"Bearer {TOKEN}x"),
        _ask(board, path, STRANGER, authorization=f"Basic {TOKEN}"),
        _ask(board, path, STRANGER, x_forwarded_for=WATCHER),  # who is no proxy may claim nothing
        _ask(board, path, PROXY, x_forwarded_for=STRANGER, x_forwarded_proto="https"),
        _ask(board, path, PROXY, x_forwarded_for=f"{WATCHER}, {STRANGER}"),
    ]
    assert [x.status_code for x in nothing] == [404] * 7
    assert not any('"alive"' in x.text or "revision" in x.text for x in nothing)


def test_a_look_without_the_guard_would_be_seen(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "may_watch", lambda request, board: True)
    assert _ask(board, "/readyz", STRANGER).status_code == 200


def test_an_empty_token_opens_nothing(tmp_path: Path) -> None:
    settings = Settings(origin="https://board.example.org", trusted_proxies=(PROXY,))
    silent = new_board(tmp_path / "silent", settings=settings)
    assert _ask(silent, "/readyz", "127.0.0.1").status_code == 404
    assert _ask(silent, "/readyz", "127.0.0.1", authorization="Bearer ").status_code == 404


def test_a_board_of_one_machine_tells_that_machine(tmp_path: Path) -> None:
    local = new_board(tmp_path / "local")
    assert _ask(local, "/healthz", "127.0.0.1").status_code == 200
    assert _ask(local, "/healthz", STRANGER).status_code == 404


def test_the_addresses_are_declared(board: Board) -> None:
    routes = [x for x in make_app(board).routes if isinstance(x, MonitoringRoute)]
    assert [(x.path, x.needs) for x in routes] == [(path, "monitoring") for path in PATHS]
    assert _post(board).status_code == 405


def _post(board: Board) -> Any:
    headers = {"origin": board.origin}
    with TestClient(make_app(board), base_url=board.origin, client=(WATCHER, 1)) as client:
        return client.post("/readyz", headers=headers)


def test_pages_are_still_asked_by_tls_only(board: Board) -> None:
    assert _ask(board, "/sign-in", WATCHER).status_code == 403
    assert _ask(board, "/healthz/", WATCHER).status_code == 403


# ---------------------------------------------------------------- what is told


def test_a_board_that_can_work_says_so_part_by_part(board: Board) -> None:
    told = _ask(board, "/readyz", WATCHER).json()
    newest = board.database.newest()
    assert told["ready"] is True
    assert told["database"] == {"ok": True, "revision": newest, "expected": newest}
    assert told["self_test"]["ok"] is True and told["self_test"]["passed_at"].endswith("Z")
    assert told["processes"] == dict.fromkeys(("reading", "drawing", "printing", "cards"), True)
    assert told["reports"] == {"waiting": 0, "longest_seconds": 0}


def test_nothing_of_a_patient_is_told(board: Board) -> None:
    before = _ask(board, "/readyz", WATCHER).json()
    case = stock(board, "SYN-01")["SYN-01"]
    answer = _ask(board, "/readyz", WATCHER)
    assert answer.json() == before  # also no count: it is the same with a patient
    assert "SYN" not in answer.text and case not in answer.text
    assert _ask(board, "/healthz", WATCHER).json() == {"alive": True}


def test_reports_that_wait_are_counted(board: Board) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    with board.database.writing() as session:
        for _ in range(2):
            jobs.ask(session, results_of(session, case)[0], "somebody")
    told = _ask(board, "/readyz", WATCHER).json()
    assert told["reports"]["waiting"] == 2 and told["reports"]["longest_seconds"] < 600


def _no_self_test(board: Board, monkeypatch: pytest.MonkeyPatch) -> str:
    board.self_tested = None
    return "self_test"


def _no_database(board: Board, monkeypatch: pytest.MonkeyPatch) -> str:
    def gone() -> str:
        raise Busy("The server db.hospital.local does not answer.")

    monkeypatch.setattr(board.database, "revision", gone)
    return "database"


def _older_tables(board: Board, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(board.database, "revision", lambda: "people")
    return "database"


@pytest.mark.parametrize("broken", [_no_self_test, _no_database, _older_tables])
def test_what_can_t_work_is_not_ready(
    broken: Any, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = broken(board, monkeypatch)
    answer = _ask(board, "/readyz", WATCHER)
    assert answer.status_code == 503
    told = answer.json()
    assert told["ready"] is False and told[part]["ok"] is False
    assert "db.hospital.local" not in answer.text
    assert _ask(board, "/healthz", WATCHER).status_code == 200  # it lives, so nobody ends it


def test_a_process_that_outlasts_its_limit_is_not_ready(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(what="This file", seconds=60, megabytes=1024)
    assert not worker.is_stuck()
    worker._busy_since = monotonic() - 65
    assert not worker.is_stuck()  # it is still being ended
    worker._busy_since = monotonic() - 75
    assert worker.is_stuck()
    board.reader = worker
    answer = _ask(board, "/readyz", WATCHER)
    assert answer.status_code == 503 and answer.json()["processes"]["reading"] is False


def test_a_busy_board_is_alive(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CrowdGuard.__init__, "__kwdefaults__", {"most": 0})
    assert _ask(board, "/healthz", WATCHER).status_code == 200
    assert _ask(board, "/readyz", WATCHER).status_code == 503
    assert _ask(board, "/readyz", WATCHER).headers["retry-after"] == "5"


# ---------------------------------------------------------------- the command


def _health(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rearm.cli", "serve", "health", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("running") / "board"
    with running(place, "--no-examples"):
        yield place


@pytest.mark.slow
def test_the_command_asks_a_board_that_runs(folder: Path) -> None:
    asked = _health("--folder", str(folder))
    assert (asked.returncode, asked.stdout) == (0, "Ready.\n"), asked.stderr
    told = json.loads(_health("--folder", str(folder), "--json").stdout)
    assert told["self_test"]["ok"] is True


@pytest.mark.slow
def test_the_command_says_that_no_board_answers(tmp_path: Path) -> None:
    never = _health("--folder", str(tmp_path / "never"))
    assert never.returncode == 2 and "No board has run" in never.stderr
    (tmp_path / "port").write_text("1")
    gone = _health("--folder", str(tmp_path))
    assert gone.returncode == 2 and "No board answers at 127.0.0.1:1" in gone.stderr
