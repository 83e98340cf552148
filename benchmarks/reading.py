"""Speed of reading tidy tables, beside another version of the program in the same run.

    python -m benchmarks.reading [--patients 2000] [--other PATH/src]

The patients are the examples over and over, with results and days of their own. CPU time of
`rearm.read` in a process of its own, median of 5; the versions take turns. Without `--other` only
this version is timed, at a tenth of the patients too, which shows whether the cost is linear.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 5
_TIMED = """
import sys, time
import rearm
import rearm.intake
begun = time.process_time()
records = rearm.read(sys.argv[1]).records
print(time.process_time() - begun)
"""


def write_tables(folder: Path, patients: int, seed: int = 1) -> int:
    """The example tables repeated for so many patients, results within 5 % of the example's and
    visits up to three days off. Gives the number of rows written.
    """
    rows = 0
    for table in sorted((ROOT / "examples" / "tables").glob("*.csv")):
        with table.open(encoding="utf-8", newline="") as file:
            entries = list(csv.DictReader(file))
        by_patient: dict[str, list[dict[str, str]]] = {}
        for entry in entries:
            by_patient.setdefault(entry["patient_id"], []).append(entry)
        examples = [f"SYN-{n:02d}" for n in range(1, 12)]
        with (folder / table.name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(entries[0]), lineterminator="\n")
            writer.writeheader()
            for number in range(patients):
                shift = random.Random(f"{seed} {number}")
                moved = [shift.randint(-3, 3) for _ in range(100)]
                draw = random.Random(f"{seed} {number} {table.name}")
                for entry in by_patient.get(examples[number % len(examples)], ()):
                    own = entry | {"patient_id": f"G{number:05d}"}
                    if table.name == "labs.csv":
                        own["value"] = _near(entry["value"], draw)
                        own["day"] = _moved(entry["day"], moved)
                    writer.writerow(own)
                    rows += 1
    return rows


def _near(value: str, draw: random.Random) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    return f"{number * draw.uniform(0.95, 1.05):.3g}"


def _moved(day: str, by: list[int]) -> str:
    """Visits after the first month, some days off; all results of a day move together."""
    if not day.isdigit() or int(day) < 30:
        return day
    return str(int(day) + by[int(day) % len(by)])


def timed(source: Path, folder: Path) -> float:
    """Seconds of processor time that the version in `source` takes to read the folder."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, str(folder)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
    )
    return float(done.stdout.split()[0])


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--patients", type=int, default=2000)
    ask.add_argument("--other", type=Path, help="src folder of the version to compare with")
    given = ask.parse_args()
    versions = {"this version": ROOT / "src"}
    if given.other is not None:
        versions["the other version"] = given.other
    with tempfile.TemporaryDirectory() as place:
        few = Path(place) / "few"
        many = Path(place) / "many"
        few.mkdir()
        many.mkdir()
        write_tables(few, max(1, given.patients // 10))
        rows = write_tables(many, given.patients)
        found: dict[str, list[float]] = {name: [] for name in versions}
        for _ in range(ROUNDS):
            for name, source in versions.items():
                found[name].append(timed(source, many))
        for name, times in found.items():
            median = statistics.median(times)
            print(
                f"{name}: {given.patients} patients, {rows} rows in {median:.2f} s of processor"
                f" time ({1e6 * median / rows:.1f} us a row)"
            )
        if given.other is not None:
            ours, theirs = (statistics.median(times) for times in found.values())
            print(f"{theirs / ours:.1f} times as fast as the other version")
        tenth = statistics.median(timed(versions["this version"], few) for _ in range(ROUNDS))
        whole = statistics.median(found["this version"])
        print(f"ten times the patients cost {whole / tenth:.1f} times as much")


if __name__ == "__main__":
    main()
