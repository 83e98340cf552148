"""Load on the board, on a machine of two cores that also runs the clients.

    python -m benchmarks.board [--database sqlite|postgresql] [--seconds 60] [--crowd-seconds 60]
                               [--requests 10000]

Three parts against a real `rearm serve` with the invented patients, on SQLite or on a PostgreSQL
server that is started for it and writes to the disk:
- ten clients at a fixed rate: two sheets and one card every second, and one form saved beside them.
  A card is asked for as a record system does, with data of its patient and a token of its own.
  Times are taken from the moment at which a request was due, so that a slow answer is charged for
  those it delays.
- a crowd: 200 clients, each asking again as soon as it was answered, or when it was told to.
- many requests: the memory of all processes of the board on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import re
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.databases import DATABASES, new_databases
from tests.support.record_system import (
    PATIENTS,
    SERVICE,
    FakeRecordSystem,
    running_record_system,
)
from tests.support.running_board import running

from rearm.board.commands import new_link

CLIENTS = 10
CROWD = 200
LIMITS = {"sheet": 0.5, "card": 0.5, "form": 0.3}
RATES = {"sheet": 2.0, "card": 1.0, "form": 1.0}
GROWTH = 1.10
_MEGABYTE = 2**20
_CASE = re.compile(r'href="(/patients/[0-9a-f]+)"')
_TOKEN = re.compile(r'name="form_token" value="(\w+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')

Ask = Callable[[int], Awaitable[httpx.Response]]


async def signed_in(folder: Path) -> httpx.AsyncClient:
    """A client with a session of its own."""
    link = new_link(folder)
    origin = link.split("/start/")[0]
    client = httpx.AsyncClient(base_url=origin, headers={"origin": origin}, timeout=60)
    answer = await client.get(link)
    assert answer.status_code == 303, answer.text
    return client


class Cards:
    """A record system that asks for cards."""

    def __init__(self, client: httpx.AsyncClient, system: FakeRecordSystem) -> None:
        self._client, self._system = client, system
        self._origin = str(client.base_url).rstrip("/")
        self._place = f"/cds-services/{SERVICE}"
        self._bodies = [system.request(patient) for patient in PATIENTS]

    async def card(self, turn: int) -> httpx.Response:
        token = self._system.signed(f"{self._origin}{self._place}")  # for once
        body: dict[str, Any] = {**self._bodies[turn % len(self._bodies)]}
        body["hookInstance"] = str(uuid.uuid4())
        headers = {"authorization": f"Bearer {token}"}
        answer = await self._client.post(self._place, json=body, headers=headers)
        assert answer.status_code != 200 or len(answer.json()["cards"]) == 1
        return answer


class Visit:
    """What the clients ask for."""

    def __init__(self, clients: list[httpx.AsyncClient], cases: list[str], cards: Cards) -> None:
        self.clients, self.cases, self.cards = clients, cases, cards
        self._saved: dict[int, tuple[str, str]] = {}

    async def sheet(self, turn: int) -> httpx.Response:
        return await self._client(turn).get(self.cases[turn % len(self.cases)])

    async def ready_form(self, client: int) -> None:
        """The newest version of a patient who is this client's alone."""
        page = (await self.clients[client].get(self.cases[client])).text
        self._saved[client] = (_TOKEN.findall(page)[0], _VERSION.findall(page)[0])

    async def form(self, turn: int) -> httpx.Response:
        which = turn % len(self.clients)
        token, version = self._saved[which]
        sent = {"form_token": token, "version": version, "state": "prepared", "meeting_day": ""}
        answer = await self.clients[which].post(f"{self.cases[which]}/state", data=sent)
        self._saved[which] = (token, str(int(version) + 1))
        return answer

    def _client(self, turn: int) -> httpx.AsyncClient:
        return self.clients[turn % len(self.clients)]


async def at_rate(ask: Ask, rate: float, seconds: float) -> tuple[list[float], Counter[int]]:
    """Seconds that each answer took from when it was due, and the statuses."""
    took: list[float] = []
    statuses: Counter[int] = Counter()
    start = time.monotonic()

    async def one(turn: int, due: float) -> None:
        answer = await ask(turn)
        took.append(time.monotonic() - due)
        statuses[answer.status_code] += 1

    running_ones = []
    for turn in range(int(rate * seconds)):
        due = start + turn / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        running_ones.append(asyncio.create_task(one(turn, due)))
    await asyncio.gather(*running_ones)
    return took, statuses


def at_share(took: list[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(share * len(took)))]


async def fixed_rate(visit: Visit, seconds: float) -> bool:
    asks: dict[str, Ask] = {
        "sheet": visit.sheet,
        "card": visit.cards.card,
        "form": visit.form,
    }
    for client in range(len(visit.clients)):
        await visit.ready_form(client)
    warmed = (visit.sheet, visit.cards.card)
    await asyncio.gather(*(ask(turn) for turn in range(3) for ask in warmed))
    parts = await asyncio.gather(
        *(at_rate(ask, RATES[name], seconds) for name, ask in asks.items())
    )
    print(f"\n{CLIENTS} clients at a fixed rate for {seconds:.0f} s\n")
    print("| what | a second | asked | median | 95 of 100 | longest | wanted | statuses |")
    print("|---|---|---|---|---|---|---|---|")
    good = True
    for name, (took, statuses) in zip(asks, parts, strict=True):
        late = at_share(took, 0.95)
        good &= late < LIMITS[name] and all(status < 400 for status in statuses)
        print(
            f"| {name} | {RATES[name]:g} | {len(took)} | {statistics.median(took) * 1000:.0f} ms "
            f"| {late * 1000:.0f} ms | {max(took) * 1000:.0f} ms "
            f"| under {LIMITS[name] * 1000:.0f} ms | {told(statuses)} |"
        )
    return good


def told(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))


async def crowd(visit: Visit, seconds: float) -> bool:
    statuses: Counter[int] = Counter()
    without_when = 0
    took: dict[int, list[float]] = defaultdict(list)
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        nonlocal without_when
        for turn in itertools.count(number):
            if time.monotonic() > end:
                return
            begun = time.monotonic()
            answer = await visit.sheet(turn)
            statuses[answer.status_code] += 1
            took[answer.status_code].append(time.monotonic() - begun)
            if answer.status_code == 503:
                wait = answer.headers.get("retry-after")
                without_when += wait is None
                await asyncio.sleep(float(wait or 0))

    await asyncio.gather(*(one(number) for number in range(CROWD)))
    served = took.get(200, [0.0])
    print(f"\n{CROWD} clients, each asking again at once, for {seconds:.0f} s\n")
    print("| answered | told to come again | not told when | other faults | median | 95 of 100 |")
    print("|---|---|---|---|---|---|")
    others = sum(n for status, n in statuses.items() if status not in (200, 503))
    print(
        f"| {statuses[200]} | {statuses[503]} | {without_when} | {others} "
        f"| {statistics.median(served):.2f} s | {at_share(served, 0.95):.2f} s |"
    )
    return others == 0 and without_when == 0


async def many(visit: Visit, requests: int, board: int) -> bool:
    print(f"\nMemory over {requests} requests (all processes of the board)\n")
    print("| requests | memory |\n|---|---|")
    marks: list[float] = []
    step = max(1, requests // 5)
    begun = time.monotonic()
    for done in range(0, requests, step):
        for first in range(done, min(done + step, requests), CLIENTS):
            turns = range(first, min(first + CLIENTS, done + step, requests))
            await asyncio.gather(*(visit.sheet(turn) for turn in turns))
        marks.append(memory(board))
        print(f"| {done + step} | {marks[-1]:.0f} MB |", flush=True)
    print(f"\n{requests / (time.monotonic() - begun):.0f} sheets a second, ten at once.")
    return marks[-1] < marks[0] * GROWTH


def memory(process: int) -> float:
    """Of a process and all that it started, in megabytes, shared pages counted once each by their
    share.
    """
    told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    own = int(re.findall(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)[0]) / 1024
    children: set[int] = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        children |= {int(x) for x in (task / "children").read_text().split()}
    return own + sum(memory(child) for child in children)


def board_process() -> int:
    """The one `rearm serve` that this process started."""
    mine = set()
    for task in Path("/proc/self/task").iterdir():
        mine |= {int(x) for x in (task / "children").read_text().split()}
    for child in mine:
        if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes():
            return child
    raise SystemExit("the board does not run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the board stands, and the record system that it knows."""

    folder: Path
    system: FakeRecordSystem


@contextmanager
def running_place(kind: str) -> Iterator[Place]:
    """A board that runs on a database of this kind. Ends with 1 where there is no such server."""
    with tempfile.TemporaryDirectory() as name, running_record_system(FakeRecordSystem()) as system:
        folder = Path(name) / "board"
        options = ["--record-system", str(system.configuration(Path(name)))]
        if kind == "sqlite":
            with running(folder, *options):
                yield Place(folder=folder, system=system)
            return
        try:
            with (
                new_databases(durable=True) as new,
                running(folder, *options, "--database", new("template0")),
            ):
                yield Place(folder=folder, system=system)
        except pytest.skip.Exception as absent:
            raise SystemExit(str(absent)) from None


async def under_load(place: Place, arguments: argparse.Namespace) -> bool:
    clients = [await signed_in(place.folder) for _ in range(CLIENTS)]
    page = (await clients[0].get("/worklist")).text
    cases = list(dict.fromkeys(_CASE.findall(page)))
    visit = Visit(clients, cases, Cards(clients[0], place.system))
    good = await fixed_rate(visit, arguments.seconds)
    good &= await crowd(visit, arguments.crowd_seconds)
    good &= await many(visit, arguments.requests, board_process())
    for client in clients:
        await client.aclose()
    return good


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.board")
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--crowd-seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=10_000)
    given = parser.parse_args(arguments)
    with running_place(given.database) as place:
        print(f"On {given.database}:")
        good = asyncio.run(under_load(place, given))
    print(f"\n{'Every figure is as wanted.' if good else 'NOT every figure is as wanted.'}")
    print(f"{os.cpu_count()} cores, which the clients used too.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
