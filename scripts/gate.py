"""The long checks, each with its table in `docs/validation/`: `make gate-NAME [PARTS="..."]`.

A gate runs one or more commands, prints what they print, and writes it with the command, the time
and the version to `docs/validation/NAME.md`. Run before an issue is resolved; none is part of
`make test`. Each takes less than an hour and a quarter on two cores.

A gate of several parts writes each under its name, with its command, commit and day. `PARTS` names
those that are to run; of the others the page says that they did not run, and gives no figure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from rearm.version import __version__

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".gate"  # what parts printed, not in the repository
ROUNDS = 10  # of the property tests, each with inputs of its own


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Commands (arguments of Python) and what they show."""

    title: str
    commands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One command of a gate of several, and what it shows."""

    shows: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a part printed."""

    shown: list[str]
    begun: datetime
    minutes: float
    commit: str

    @property
    def failed(self) -> bool:
        return _ended_badly(self.shown)


_TESTS = ("-m", "pytest", "-q", "-rP", "--no-header", "-W", "ignore", "-n", "2")
_PROPERTY = ("-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "tests/property")
_ROOMS = tuple(
    sorted(
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests" / "end_to_end").glob("test_board_*.py")
        if not file.stem.endswith(("_browser", "_kills"))
    )
)

GATES = {
    "imwg": Gate(
        title="The response course against the second implementation, 20,000 generated courses",
        commands=(("-m", "scripts.imwg_compare", "20000"),),
    ),
    "property": Gate(
        title=f"Property tests on inputs drawn anew, {ROUNDS} rounds",
        commands=tuple((*_PROPERTY, f"--hypothesis-seed={i}") for i in range(ROUNDS)),
    ),
    "removals": Gate(
        title="Verdicts without each row and each cell of the examples in turn",
        commands=(("-m", "scripts.removals"),),
    ),
    "evidence": Gate(
        title="Coverage of the pooled intervals on simulated meta-analyses",
        commands=(("-m", "scripts.evidence_simulation"),),
    ),
    "mechanism": Gate(
        title="The model at full size: posteriors, published targets, accuracy against LSODA",
        commands=(
            ("-m", "scripts.mechanism_inference"),
            ("-m", "scripts.mechanism_calibrate"),
            ("-m", "benchmarks.mechanism", "--no-peers"),
            ("-m", "pytest", "-v", "--no-header", "tests/spec/test_mechanism_criteria.py"),
        ),
    ),
    "mutation": Gate(
        title="Mutation testing of the response criteria, all mutants",
        commands=(("-m", "scripts.mutation", "--share", "1"),),
    ),
    "thin": Gate(
        title="Records with one datum less or less exact: what they state against the fuller one",
        commands=(("-m", "scripts.thin_records", "20000"),),
    ),
    "slips": Gate(
        title="Values wrong by ten, and laboratory days on another axis: how many are told",
        commands=(("-m", "scripts.slips"),),
    ),
    "discrimination": Gate(
        title="How the answer tells patients apart: what stands first, in whom, by which placement",
        commands=(("-m", "scripts.discrimination"),),
    ),
    "practicalities": Gate(
        title="How options are given: the share of what was read, by option",
        commands=(("-m", "scripts.practicalities"),),
    ),
    "layouts": Gate(
        title="2,000 invented patients as tidy tables, FHIR, OMOP and REDCap: the same answers",
        commands=(("-m", "pytest", "-v", "--no-header", "tests/end_to_end/test_demo_layouts.py"),),
    ),
    "ledger": Gate(
        title="Reports of a registry: every cell of a patient that is shown is in the ledger",
        commands=(("-m", "pytest", "-v", "--no-header", "tests/unit/test_report_ledger.py"),),
    ),
    "registry": Gate(
        title="A store of 100,000 invented patients: speed, memory, an update, the report",
        commands=(("-m", "benchmarks.registry", "--halves"),),
    ),
    "spark": Gate(
        title="A store of 2,000 invented patients made on Spark and by the local pool",
        commands=(("-m", "benchmarks.registry", "--patients", "2000", "--spark", "2000"),),
    ),
    "licences": Gate(
        title="Each package that an installation brings, with its licence and reason",
        commands=(("-m", "scripts.licences"),),
    ),
    "audit": Gate(
        title="Known weaknesses of the packages that the tests run with",
        commands=(("-m", "scripts.audit"),),
    ),
    "versions": Gate(
        title="Answers of this version beside those of another",
        commands=(("-m", "scripts.compare_versions", os.environ.get("REF", "3cbca73")),),
    ),
}

BOARD = {
    "load-sqlite": Part(
        shows="load on SQLite: fixed rate, a crowd, memory",
        command=("-m", "benchmarks.board", "--database", "sqlite"),
    ),
    "load-postgresql": Part(
        shows="load on PostgreSQL: fixed rate, a crowd, memory",
        command=("-m", "benchmarks.board", "--database", "postgresql"),
    ),
    "axe": Part(
        shows="every page under axe-core: light, dark, and on a phone",
        command=("-m", "scripts.board_axe"),
    ),
    "kills": Part(
        shows="a writer killed in mid-write, on both databases",
        command=(*_TESTS, "tests/end_to_end/test_board_kills.py"),
    ),
    "api": Part(
        shows="the API under schemathesis, all checks, 500 examples a route",
        command=("-m", "scripts.fuzz_api", "500"),
    ),
    "sheets": Part(
        shows="numbers read back from 100 sheets, page and PDF, beside those of the results",
        command=("-m", "scripts.sheet_numbers", "100"),
    ),
    "matrix": Part(
        shows="every role and tenant at every address",
        command=(*_TESTS, "tests/end_to_end/test_board_people.py", "-k", "matrix or every_role"),
    ),
    "hostile": Part(
        shows="hostile texts through every field into every page, PDF, card and export",
        command=(*_TESTS, "tests/end_to_end/test_board_hostile_texts.py"),
    ),
    "rooms-postgresql": Part(
        shows="every test of the rooms on PostgreSQL, and a morning there in a browser",
        command=(*_TESTS, "--dist", "worksteal", *_ROOMS),
        environment={"REARM_BOARD_ON": "postgresql"},
    ),
}
BOARD_TITLE = "The board: load, pages, kills, the API, sheets, who may what, hostile texts"
_OF_BOARD = {
    "PYTHONWARNINGS": "ignore",
    "REARM_CI": "1",
    "REARM_HOSTILE": "all",
    "REARM_KILLS": "100",
}
"""No test may be skipped; every text; how often a writer is killed on each database."""


def lines(command: tuple[str, ...], more: Mapping[str, str] | None = None) -> Iterator[str]:
    """What the command prints, as it comes; the exit status as the last line where it is not 0."""
    environment = os.environ | {"HYPOTHESIS_PROFILE": "gate"} | {**(more or {})}
    running = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert running.stdout is not None
    for line in running.stdout:
        print(line, end="", flush=True)
        yield line.rstrip()
    if running.wait() != 0:
        yield f"ended with {running.returncode}"


def page(name: str, gate: Gate, shown: list[str], minutes: float) -> str:
    """The table of one gate. Tables stay tables; what else was printed stands as it was."""
    return f"# {gate.title}\n\n{_when(name, minutes)}\n\n{_as_printed(shown)}\n"


def page_of_parts(name: str, title: str, parts: Mapping[str, Part], ran: Mapping[str, Ran]) -> str:
    """The table of a gate of several parts, and each of them; a part that did not run has
    no figure.
    """
    minutes = sum(each.minutes for each in ran.values())
    rows, sections = [], []
    for part, told in parts.items():
        each = ran.get(part)
        if each is None:
            rows.append(f"| {part} | {told.shows} | **not run** | | |")
            continue
        outcome = "**NOT as wanted**" if each.failed else "as wanted"
        rows.append(f"| {part} | {told.shows} | {outcome} | {each.minutes:.0f} | {each.commit} |")
        sections.append(
            f"## {part}: {told.shows}\n\n`{_told(told.command)}`, commit {each.commit}, "
            f"{each.begun:%Y-%m-%d %H:%M} UTC, {each.minutes:.0f} minutes.\n\n"
            f"{_as_printed(each.shown)}\n"
        )
    table = "\n".join(
        ["| part | shows | outcome | minutes | commit |", "|---|---|---|---|---|", *rows]
    )
    return f"# {title}\n\n{_when(name, minutes)}\n\n{table}\n\n" + "\n".join(sections)


def _when(name: str, minutes: float) -> str:
    return (
        f"`make gate-{name}`, version {__version__}, commit {_commit()},"
        f" {datetime.now(UTC):%Y-%m-%d}, {minutes:.0f} minutes on {os.cpu_count()} cores."
    )


def _commit() -> str:
    """The commit that was tried, and whether files differ from it."""

    def git(*command: str) -> str:
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", ".", ":!docs/validation")
    return (git("rev-parse", "--short=8", "HEAD") or "unknown") + (
        " and changes" if changed else ""
    )


def _told(command: tuple[str, ...]) -> str:
    return " ".join(("python", *(f"'{x}'" if " " in x else x for x in command)))


_OF_A_WORKER = re.compile(r"\[gw[0-9]+\] ")  # where the program stands: of no use to a reader


def _as_printed(shown: list[str]) -> str:
    is_table = any(line.startswith("|---") for line in shown)
    body = "\n".join(x for x in shown if not _OF_A_WORKER.match(x)).strip()
    return body if is_table else f"```text\n{body}\n```"


def _ended_badly(shown: list[str]) -> bool:
    return any(line.startswith("ended with ") for line in shown)


def _written(name: str, text: str) -> None:
    file = ROOT / "docs" / "validation" / f"{name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"written: {file.relative_to(ROOT)}")


def _keep(part: str, ran: Ran) -> None:
    """For calls that run other parts."""
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"board-{part}.json").write_bytes(msgspec.json.encode(ran))


def _kept() -> dict[str, Ran]:
    """What ran last of each part, in their order."""
    files = {part: KEPT / f"board-{part}.json" for part in BOARD}
    return {
        part: msgspec.json.decode(file.read_bytes(), type=Ran)
        for part, file in files.items()
        if file.exists()
    }


def run_board(chosen: list[str]) -> int:
    """The parts of the board that are named, or all. What ran in earlier calls stands on the page
    too, each with the commit that it ran on.
    """
    unknown = [x for x in chosen if x not in BOARD]
    if unknown:
        print(f"No part {unknown[0]}. There are {', '.join(BOARD)}.")
        return 2
    failed = []
    for part in [x for x in BOARD if x in chosen or not chosen]:
        print(f"\n{part}: {BOARD[part].shows}", flush=True)
        begun, start = datetime.now(UTC), time.monotonic()
        shown = [*lines(BOARD[part].command, {**_OF_BOARD, **BOARD[part].environment})]
        minutes = (time.monotonic() - start) / 60
        done = Ran(shown=shown, begun=begun, minutes=minutes, commit=_commit())
        failed += [part] if done.failed else []
        _keep(part, done)
        _written("board", page_of_parts("board", BOARD_TITLE, BOARD, _kept()))
    print(f"NOT as wanted: {', '.join(failed)}" if failed else "Everything is as wanted.")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] == "board":
        return run_board(arguments[1:])
    if len(arguments) != 1 or arguments[0] not in GATES:
        titles = {name: gate.title for name, gate in GATES.items()} | {"board": BOARD_TITLE}
        print("\n".join(f"make gate-{name:<10} {title}" for name, title in titles.items()))
        return 0 if arguments in ([], ["list"]) else 2
    name, gate = arguments[0], GATES[arguments[0]]
    start = time.monotonic()
    shown = [line for command in gate.commands for line in lines(command)]
    _written(name, page(name, gate, shown, (time.monotonic() - start) / 60))
    return 1 if _ended_badly(shown) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
