"""The API of the board under schemathesis, all checks on, at N examples a route.

python -m scripts.fuzz_api 500

Starts a board with invented patients in a folder of its own, on a free port of this machine, and
installs schemathesis in an environment of its own, since it is no part of what the tests need. Two
passes: as the description says, and with a case that is there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import uvicorn
from sqlalchemy import select

from rearm.board import serve
from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.people.tokens import make_token
from rearm.board.rate import Rate
from rearm.board.store.database import Database
from rearm.board.store.folder import open_board
from rearm.board.store.tables import FIRST_TENANT, Case

SCHEMATHESIS = "schemathesis==4.32.5"

# 422: the content fits its schema and says nothing that could be kept, drawn or decided on; 409:
# the version of the case is not the one that was seen
_CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422"]
"""


@contextmanager
def running_board(folder: Path) -> Iterator[tuple[Board, str]]:
    """A board that answers without the limit on how often; gives it, and a token for all."""
    place = open_board(folder)
    database = Database(place.database)
    database.bring_up_to_date()
    listening = serve.listening(0)
    board = Board(place, database, port=listening.getsockname()[1])
    board.api_rate = Rate(per_minute=1e9, at_once=10**9)
    board.take_in_examples()
    token = make_token(
        database, FIRST_TENANT, "fuzz", name="fuzz", permissions=("read", "edit", "decide"), days=1
    )
    config = uvicorn.Config(make_app(board), log_level="error", lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield board, token
    finally:
        server.should_exit = True
        thread.join(10)
        board.close()


def installed(folder: Path) -> Path:
    """The command of schemathesis in an environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", SCHEMATHESIS], check=True)
    return folder / "bin" / "schemathesis"


def fuzz(command: Path, board: Board, token: str, folder: Path, examples: int) -> int:
    """Both passes; gives 0 where nothing was found."""
    with board.database.reading() as session:
        case = session.scalars(select(Case.id).where(Case.patient_id == "SYN-01")).one()
    known = f'{_CONFIG}\n[parameters]\n"path.case" = "{case}"\n"path.number" = 1\n'
    passes = (("as described", _CONFIG, ()), ("a case that is there", known, ("/cases/{case}",)))
    worst = 0
    for name, config, paths in passes:
        file = folder / "schemathesis.toml"
        file.write_text(config, encoding="utf-8")
        chosen = [x for path in paths for x in ("--include-path-regex", rf"^{path[:13]}")]
        done = subprocess.run(
            [command, "--config-file", file, "run", f"{board.origin}/api/v1/openapi.json",
             "--header", f"Authorization: Bearer {token}", "--checks", "all",
             "--max-examples", str(examples), "--request-timeout", "60",
             "--no-color", *chosen],
            check=False,
            cwd=folder,
        )  # fmt: skip
        print(f"{name}: schemathesis ended with {done.returncode}", flush=True)
        worst = max(worst, done.returncode)
    return worst


def main(arguments: list[str]) -> int:
    examples = int(arguments[0]) if arguments else 500
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = Path(arguments[1]) if len(arguments) > 1 else None
        command = given or installed(folder / "environment")
        with running_board(folder / "board") as (board, token):
            return fuzz(command, board, token, folder, examples)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
