"""A program that is killed in the middle of writing leaves nothing torn, on either database.

`REARM_KILLS` says how often it is killed; without it a few times.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.support.board import examples_read, new_board, stock
from tests.support.databases import DATABASES, kills, outside
from tests.support.loops import some

from rearm.board.board import Board
from rearm.board.store.audit import verify

pytestmark = pytest.mark.slow

# Takes patients in, decides, and erases one of them, again and again.
WRITER = """
import sys
from pathlib import Path
import msgspec
from tests.support import board as support
from tests.support.board import new_board, stock
from tests.support.databases import GIVEN
from rearm.board.child.reading import ReadFile
from rearm.board.decision import decisions
from rearm.board.store import cases
from rearm.board.store.erasing import erase
examples = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=ReadFile)
support.examples_read = lambda: examples
board = new_board(Path(sys.argv[1]))
stock(board, "SYN-08", "SYN-11")
print("ready", flush=True)
while True:
    found = stock(board, "SYN-08", "SYN-11")
    with board.database.writing() as session:
        version = cases.case_of(session, found["SYN-08"]).version
        decisions.decide(session, found["SYN-08"], version, "x", number=1, given=GIVEN)
    with board.database.writing() as session:
        erase(session, found["SYN-11"], "x")
"""


@pytest.mark.parametrize("kind", DATABASES)
def test_a_kill_in_the_middle_of_writing_leaves_the_store_whole(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres")() if kind == "postgresql" else None
    new_board(tmp_path / "board", url).close()
    examples = tmp_path / "examples.json"
    examples.write_bytes(msgspec.json.encode(examples_read()))
    dice = random.Random(8)
    entries = 0
    for _ in some(range(kills(2))):
        _killed(tmp_path / "board", examples, dice.uniform(0.05, 0.8))
        board = new_board(tmp_path / "board")
        before, entries = entries, _whole(board)
        assert entries > before
        assert set(stock(board, "SYN-08", "SYN-11")) == {"SYN-08", "SYN-11"}  # it goes on
        board.close()
    print(f"{kind}: killed {kills(2)} times, nothing torn, {entries} entries of the audit hold")


def _killed(folder: Path, examples: Path, seconds: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WRITER, str(folder), str(examples)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.kill()
    process.wait()


def _whole(board: Board) -> int:
    """Nothing is half written: the audit holds, and each act is there with its entry or not at all;
    gives the number of entries.
    """
    with board.database.reading() as session:
        found = verify(session)
    assert found.faults == ()
    with outside(board) as connection:
        if connection.dialect.name == "sqlite":
            check = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            assert check == "ok"

        def count(sql: str) -> int:
            return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {sql}").scalar_one())

        assert count("erasures") == count("audit WHERE action = 'erased'")
        assert count("records") == count("results")
        erased = "subject IN (SELECT case_id FROM erasures)"
        assert count("records") == count(f"audit WHERE action = 'taken_in' AND NOT {erased}")
        assert count("decisions") == count("audit WHERE action = 'decided'")
        # the file of both patients is taken in whole or not at all
        assert count("audit WHERE action = 'taken_in'") % 2 == 0
        assert count("uploads WHERE state = 'taken' AND length(payload) > 0") == 0
    return found.entries
