"""Two hundred invented patients and their answers, kept: `python -m scripts.golden` prints which
answers are no longer the same.

python -m scripts.golden
python -m scripts.golden --write --by NAME --reason "what changed and why"

A change is kept with a note that names who looked at it; the note holds the hash of the table, so
that neither goes without the other (tests/reference/test_golden.py).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import TypeAlias

from tests.support.answered import answered
from tests.support.places import ROOT
from tests.support.results import generated

from rearm.assessment import Assessment

TABLE = ROOT / "tests" / "data" / "golden.csv"
NOTES = ROOT / "docs" / "validation" / "golden.toml"
PATIENTS = 200
Rows: TypeAlias = Mapping[str, Mapping[str, str]]

_HEAD = """\
# Each change of the answers of tests/data/golden.csv: when, by whom it was looked at, why, how many
# patients it concerns, and the hash of the table after it. Written by scripts/golden.py.
"""


def results() -> Iterator[tuple[str, Assessment]]:
    """The examples and vignettes, then generated patients, `PATIENTS` in all."""
    known = [*islice(answered().items(), PATIENTS)]
    yield from known
    for result in generated(PATIENTS - len(known)):
        yield result.patient_id, result


def row(name: str, result: Assessment) -> dict[str, str]:
    """What a reader compares, and the hash of the whole result but for versions of the software."""
    told = result.to_dict()
    del told["versions"]
    whole = json.dumps(told, sort_keys=True, ensure_ascii=False).encode("utf-8")
    last = result.failures[-1] if result.failures else None
    now = result.relapse
    tiers = {
        tier.tier: " ".join(x.strategy for x in tier.strategies) for tier in result.answer.tiers
    }
    return {
        "patient": name,
        "failure": "" if last is None else f"{last.status} {last.day}",
        "relapse": "" if now is None else f"{now.after} {now.status}",
        "state": result.answer.state,
        "first": tiers.get("first", ""),
        "alternative": tiers.get("alternative", ""),
        "not_possible": tiers.get("not_possible", ""),
        "causes": " ".join(
            f"{x.group}:{x.grade}" for x in result.causes.groups if x.rank == 1
        ),
        "alerts": " ".join(f"{x.id}:{x.status}" for x in result.alerts),
        "tests": " ".join("+".join(x.ids) for x in result.tests),
        "hash": hashlib.sha256(whole).hexdigest()[:16],
    }  # fmt: skip


def today() -> dict[str, dict[str, str]]:
    """The rows that this tree gives, by patient."""
    return {name: row(name, result) for name, result in results()}


def kept() -> dict[str, dict[str, str]]:
    """The rows that are kept, by patient."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {x["patient"]: x for x in csv.DictReader(lines)}


def notes() -> list[Mapping[str, str | int]]:
    """The notes, the oldest first."""
    return list(tomllib.loads(NOTES.read_text(encoding="utf-8"))["change"])


def table_hash() -> str:
    return hashlib.sha256(TABLE.read_bytes()).hexdigest()


def moved(
    before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """What is no longer the same, a line a patient."""
    lines = [f"{name}: no longer there" for name in before if name not in now]
    for name, each in now.items():
        old = before.get(name)
        if old is None:
            lines.append(f"{name}: new")
        elif old != each:
            told = [
                f"{x} {old[x]!r} -> {each[x]!r}" for x in each if x != "hash" and old[x] != each[x]
            ]
            lines.append(f"{name}: {'; '.join(told) or 'only what the table does not show'}")
    return lines


def write(now: Rows, *, by: str, reason: str, concerned: int) -> None:
    """The table, and a note of who looked at the change and why it is meant."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=[*next(iter(now.values()))], lineterminator="\n")
    writer.writeheader()
    writer.writerows(now.values())
    TABLE.write_text(out.getvalue(), encoding="utf-8")
    text = NOTES.read_text(encoding="utf-8") if NOTES.exists() else _HEAD
    fields = {"date": f"{date.today()}", "by": by, "reason": reason, "patients": concerned,
              "sha256": table_hash()}  # fmt: skip
    note = "\n".join(f"{name} = {json.dumps(value)}" for name, value in fields.items())
    NOTES.write_text(f"{text}\n[[change]]\n{note}\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts.golden")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--by", default="")
    parser.add_argument("--reason", default="")
    asked = parser.parse_args(arguments)
    now = today()
    lines = moved(kept() if TABLE.exists() else {}, now)
    print("\n".join(lines) or f"The answers of {len(now)} patients are the same.")
    if not asked.write:
        return 1 if lines else 0
    if not (asked.by and asked.reason):
        print("Name who looked at it and why it is meant: --by, --reason.")
        return 2
    if lines:
        write(now, by=asked.by, reason=asked.reason, concerned=len(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
