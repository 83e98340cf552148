"""The API of the board under schemathesis, all checks on, at N examples a route.

python -m scripts.fuzz_api 500

Starts a board with invented patients in a folder of its own, on a free port of this machine, and
installs schemathesis in an environment of its own, since it is no part of what the tests need.
Three passes: each address by itself as the description says, addresses one after the other as
their links lead, and each address of a case with one that is there. Nearly all of the time goes to
what schemathesis draws and checks, so two of them run beside each other.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import uvicorn
from sqlalchemy import select

from rearm.board import serve
from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.child.drawing import print_sheet_plainly
from rearm.board.people.tokens import make_token
from rearm.board.rate import Rate
from rearm.board.store import cases
from rearm.board.store.database import Database
from rearm.board.store.folder import open_board
from rearm.board.store.tables import FIRST_TENANT, Case, Result

SCHEMATHESIS = "schemathesis==4.32.5"

# 422: the content fits its schema and says nothing that could be kept, drawn or decided on; 409:
# the version of the case is not the one that was seen; 413: what is too long may be too large, too
_CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422"]
negative_data_rejection.expected-statuses = [
  "400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx",
]
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
    with database.reading() as session:
        result = cases.assessment_of(session.scalars(select(Result).limit(1)).one()).to_json()
    board.drawer.do(print_sheet_plainly, result)  # what it loads at first counts for nobody
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One run of schemathesis: its phases, and what more it is told."""

    name: str
    phases: str
    options: tuple[str, ...] = ()
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run said, and how it ended."""

    said: str
    ended: int
    minutes: float

    def told(self, pattern: str) -> str:
        found = re.search(pattern, self.said)
        return "not told" if found is None else found[1]


class Fuzz:
    """Schemathesis against a board, at so many examples a route."""

    def __init__(self, command: Path, board: Board, token: str, folder: Path, examples: int):
        self.command, self.board, self.token = command, board, token
        self.folder, self.examples = folder, examples

    def passes(self) -> tuple[Pass, ...]:
        with self.board.database.reading() as session:
            case = session.scalars(select(Case.id).where(Case.patient_id == "SYN-01")).one()
        known = f'[parameters]\n"path.case" = "{case}"\n"path.number" = 1\n'
        of_case = ("--include-path-regex", "^/cases/")
        return (
            Pass(name="each address", phases="examples,coverage,fuzzing"),
            Pass(name="one after the other", phases="stateful"),
            Pass(name="a case that is there", phases="examples,coverage,fuzzing,stateful",
                 options=of_case, known=known),
        )  # fmt: skip

    def run(self, one: Pass) -> Ran:
        place = self.folder / one.name.replace(" ", "-")
        place.mkdir()
        (place / "schemathesis.toml").write_text(f"{_CONFIG}{one.known}", encoding="utf-8")
        begun = time.monotonic()
        done = subprocess.run(
            [self.command, "--config-file", place / "schemathesis.toml",
             "run", f"{self.board.origin}/api/v1/openapi.json",
             "--header", f"Authorization: Bearer {self.token}", "--checks", "all",
             "--phases", one.phases, "--max-examples", str(self.examples),
             "--request-timeout", "60", "--no-color", *one.options],
            check=False, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8",
        )  # fmt: skip
        minutes = (time.monotonic() - begun) / 60
        ran = Ran(said=done.stdout, ended=done.returncode, minutes=minutes)
        print(f"{one.name}: ended with {ran.ended}", file=sys.stderr, flush=True)
        return ran

    def all(self) -> bool:
        """Runs all passes and prints what they found; whether that is nothing."""
        passes = self.passes()
        with ThreadPoolExecutor(2) as beside:
            ran = [*beside.map(self.run, passes)]
        print("| pass | addresses tested | requests | seed | minutes | found |")
        print("|---|---|---|---|---|---|")
        for one, each in zip(passes, ran, strict=True):
            print(
                f"| {one.name} | {each.told(r'Tested: (.+)')} "
                f"| {each.told(r'([0-9]+) generated')} | {each.told(r'Seed: ([0-9]+)')} "
                f"| {each.minutes:.0f} | {'nothing' if each.ended == 0 else 'see below'} |"
            )
        bad = [each for each in ran if each.ended != 0]
        for each in bad:
            print(f"\n```text\n{each.said.strip()}\n```")
        print(f"\n{self.examples} examples a route, all checks of {SCHEMATHESIS}.")
        return not bad


def main(arguments: list[str]) -> int:
    examples = int(arguments[0]) if arguments else 500
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = Path(arguments[1]) if len(arguments) > 1 else None
        command = given or installed(folder / "environment")
        with running_board(folder / "board") as (board, token):
            return 0 if Fuzz(command, board, token, folder, examples).all() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
