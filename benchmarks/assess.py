"""Speed of the assessment: one patient, a cold start, and ten thousand generated patients, with
what the time goes to.

python -m benchmarks.assess [patients]
"""

from __future__ import annotations

import cProfile
import pstats
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import rearm
from rearm.interval import Interval
from rearm.record import Lab, Record, When

ROOT = Path(__file__).parents[1]


def records() -> list[Record]:
    return list(rearm.read(ROOT / "examples" / "tables").records)


def with_results(record: Record, number: int, seed: int) -> Record:
    """The record with `number` results: further M-protein, light-chain and blood-count values
    between those that are there.
    """
    draw = random.Random(seed)
    tests = {
        "serum_m_protein": 0.4,
        "kappa_flc": 15.0,
        "lambda_flc": 12.0,
        "neutrophils": 2.0,
        "platelets": 120.0,
        "hemoglobin": 11.0,
    }
    last = record.last_day() or 200
    more: list[Lab] = []
    while len(record.labs) + len(more) < number:
        test = draw.choice(list(tests))
        value = tests[test] * draw.uniform(0.9, 1.1)
        more.append(
            Lab(
                test=test,
                when=When.on(draw.randint(5, max(6, last - 60))),
                source=record.source,
                quantity=Interval.of(value),
            )
        )
    return replace(record, labs=(*record.labs, *more))


def generated(number: int) -> list[Record]:
    """Patients that differ: the examples, shifted in time and with values of their own."""
    base = records()
    found = []
    for i in range(number):
        draw = random.Random(i)
        source = base[i % len(base)]
        labs = tuple(
            (
                replace(x, quantity=Interval.of(x.quantity.low * draw.uniform(0.95, 1.05)))
                if x.quantity and x.quantity.exact is not None
                else x
            )
            for x in source.labs
        )
        found.append(replace(source, patient_id=f"G{i:05d}", labs=labs))
    return found


def timed(command: list[str], repeats: int = 5) -> float:
    spans = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        spans.append(time.perf_counter() - start)
    return statistics.median(spans)


def main(number: int) -> None:
    one = with_results(next(r for r in records() if r.patient_id == "SYN-04"), 400, seed=1)
    rearm.assess(one)
    spans = []
    for _ in range(60):
        start = time.perf_counter()
        rearm.assess(one)
        spans.append(time.perf_counter() - start)
    spans.sort()
    print(
        f"one patient with {len(one.labs)} results, warm: median"
        f" {1000 * statistics.median(spans):.1f} ms, p95 {1000 * spans[56]:.1f} ms"
    )
    empty = timed([sys.executable, "-c", "pass"])
    ready = timed([sys.executable, "-c", "import rearm"]) - empty
    print(f"import rearm: {ready:.3f} s above an empty interpreter ({empty:.3f} s), median of 5")
    bundle = ROOT / "examples" / "fhir" / "loss-of-persistence.json"
    print(
        "rearm assess, cold process:"
        f" {timed([sys.executable, '-m', 'rearm.cli', 'assess', str(bundle)]):.2f} s, median of 5"
    )

    for size in (number // 10, number):
        patients = generated(size)
        start = time.perf_counter()
        for _ in rearm.assess_each(patients):
            # one by one, as a cohort is written: ten thousand assessments do not belong into memory
            # together
            pass
        span = time.perf_counter() - start
        print(
            f"assess_each on {size} generated patients: {span:.1f} s, {size / span:.0f} patients a"
            " second"
        )
    profile = cProfile.Profile()
    patients = generated(min(number, 500))
    profile.enable()
    for _ in rearm.assess_each(patients):
        pass
    profile.disable()
    print(
        f"what the time goes to ({len(patients)} patients, by own functions, share of the profiled"
        " time):"
    )
    stats = pstats.Stats(profile)
    total = stats.total_tt  # type: ignore[attr-defined]
    rows = [(cum, key) for key, (_, _, _, cum, _) in stats.stats.items() if "rearm/" in key[0]]  # type: ignore[attr-defined]
    for cumulative, (file, _, name) in sorted(rows, reverse=True)[:16]:
        print(
            f"  {100 * cumulative / total:5.1f} %  {Path(file).parent.name}/{Path(file).name}"
            f" {name}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
