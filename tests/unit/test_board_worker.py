"""The child process of a board: what crashes, hangs or eats memory costs one request."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from tests.support.board import Visitor, new_board
from tests.support.places import ROOT

from rearm.board.child.worker import Worker
from rearm.board.refusals import Died, NotUsable
from rearm.board.store import uploads
from rearm.errors import InputError

pytestmark = pytest.mark.slow


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(what="This file", seconds=20, megabytes=400)
    yield worker
    worker.close()


def _double(number: int) -> int:
    return 2 * number


def _crash(number: int) -> int:
    os.abort()


def _hang(number: int) -> int:
    time.sleep(600)
    return number


def _eat(number: int) -> int:
    return len(bytearray(number * 2**20))


def _refuse(number: int) -> int:
    raise InputError("The file has no header. Add one.")


def _fail(number: int) -> int:
    raise KeyError("Mrs Canary")


def _crash_on(file: Path) -> bytes:
    os.abort()


def _ident(number: int) -> int:
    return os.getpid()


def test_work_is_done_elsewhere_by_one_process(worker: Worker) -> None:
    assert worker.do(_double, 21) == 42
    first, second = worker.do(_ident, 0), worker.do(_ident, 0)
    assert first == second != os.getpid()


def test_a_crash_costs_one_request(worker: Worker) -> None:
    with pytest.raises(NotUsable, match="brought the process down"):
        worker.do(_crash, 0)
    assert worker.do(_double, 1) == 2


def test_what_hangs_is_ended(worker: Worker) -> None:
    short = Worker(what="This file", seconds=3, megabytes=400)
    began = time.monotonic()
    with pytest.raises(NotUsable, match="longer than 3 seconds"):
        short.do(_hang, 0)
    assert time.monotonic() - began < 15
    short.close()


def test_what_eats_memory_is_told_and_what_does_not_is_done(worker: Worker) -> None:
    pytest.importorskip("resource", reason="this system has no limits of memory")
    with pytest.raises(NotUsable, match="more memory"):
        worker.do(_eat, 1000)
    assert worker.do(_eat, 50) == 50 * 2**20
    without = Worker(what="This file", seconds=20, megabytes=4000)
    assert without.do(_eat, 1000) == 1000 * 2**20  # it is the limit that refused
    without.close()


def test_a_refusal_keeps_its_sentence(worker: Worker) -> None:
    with pytest.raises(NotUsable, match="has no header"):
        worker.do(_refuse, 0)


def test_a_fault_is_told_without_a_word_of_the_input(worker: Worker) -> None:
    with pytest.raises(NotUsable, match="KeyError") as raised:
        worker.do(_fail, 0)
    assert "Canary" not in str(raised.value)


def test_a_process_is_replaced_from_time_to_time(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rearm.board.child.worker._RECYCLED", 2)
    seen = [worker.do(_ident, 0) for _ in range(4)]
    assert len(set(seen)) == 2


def test_its_process_ends_with_it(worker: Worker) -> None:
    process = worker.do(_ident, 0)
    worker.close()
    if Path("/proc").is_dir():
        assert not Path(f"/proc/{process}").exists()
    else:
        with pytest.raises(OSError):
            os.kill(process, 0)


def test_it_is_closed_in_the_middle_of_work_too(worker: Worker) -> None:
    found: list[BaseException] = []

    def work() -> None:
        try:
            worker.do(_hang, 1)
        except NotUsable as refusal:
            found.append(refusal)

    worker.do(_ident, 1)
    busy = Thread(target=work)
    busy.start()
    while not worker._lock.locked():
        time.sleep(0.01)
    begun = time.monotonic()
    worker.close()
    busy.join(3)
    assert time.monotonic() - begun < 3 and not busy.is_alive()
    assert [type(x) for x in found] == [Died]  # nothing was kept, and it may be tried again


def test_a_file_that_brings_its_process_down_costs_one_request(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board(tmp_path / "board")
    board.reader = worker
    visitor = Visitor(board)
    bundle = (ROOT / "examples" / "fhir" / "poor-expansion.json").read_bytes()
    files = {"file": ("letter.json", bundle, "application/json")}
    with monkeypatch.context() as broken:
        broken.setattr(uploads, "read_mapped", _crash_on)
        answer = visitor.post("/upload", files=files)
    assert answer.status_code == 422 and "brought the process down" in answer.text
    assert list(board.folder.incoming.iterdir()) == []  # nothing of the file is left
    assert visitor.get("/worklist").status_code == 200
    assert visitor.post("/upload", files=files).status_code == 303
