"""The long checks, each with its table in `docs/validation/`: `make gate-NAME`.

A gate runs one or more commands, prints what they print, and writes it with the command, the time
and the version to `docs/validation/NAME.md`. Run before an issue is resolved; none is part of
`make test`. Each takes less than an hour on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rearm.version import __version__

ROOT = Path(__file__).parents[1]
ROUNDS = 10  # of the property tests, each with inputs of its own


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Commands (arguments of Python) and what they show."""

    title: str
    commands: tuple[tuple[str, ...], ...]


_PROPERTY = ("-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "tests/property")

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
    "sheets": Gate(
        title="Numbers read back from 100 sheets, page and PDF, beside those of the results",
        commands=(("-m", "scripts.sheet_numbers", "100"),),
    ),
    "api": Gate(
        title="The API of the board under schemathesis, all checks, 500 examples a route",
        commands=(("-m", "scripts.fuzz_api", "500"),),
    ),
    "board": Gate(
        title="The board: load, every page under axe, killed in mid-write",
        commands=(
            ("-m", "benchmarks.board"),
            ("-m", "scripts.board_axe"),
            ("-m", "pytest", "-v", "--no-header", "tests/end_to_end/test_board_kills.py"),
        ),
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


def lines(command: tuple[str, ...]) -> Iterator[str]:
    """What the command prints, as it comes; the exit status as the last line where it is not 0."""
    environment = os.environ | {"HYPOTHESIS_PROFILE": "gate", "REARM_KILLS": "200"}
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
    is_table = any(line.startswith("|---") for line in shown)
    body = "\n".join(shown).strip()
    return (
        f"# {gate.title}\n\n"
        f"`make gate-{name}`, version {__version__}, {minutes:.0f} minutes on"
        f" {os.cpu_count()} cores.\n\n" + (body if is_table else f"```text\n{body}\n```") + "\n"
    )


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in GATES:
        print("\n".join(f"make gate-{name:<10} {gate.title}" for name, gate in GATES.items()))
        return 0 if arguments in ([], ["list"]) else 2
    name, gate = arguments[0], GATES[arguments[0]]
    start = time.monotonic()
    shown = [line for command in gate.commands for line in lines(command)]
    minutes = (time.monotonic() - start) / 60
    file = ROOT / "docs" / "validation" / f"{name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(page(name, gate, shown, minutes), encoding="utf-8")
    print(f"written: {file.relative_to(ROOT)}")
    return 1 if any(line.startswith("ended with ") for line in shown) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
