"""Speed of Kaplan-Meier and cumulative incidence beside lifelines in the same run.

    python -m benchmarks.survival [ROWS]

Whole days, half of the patients enter late, one core, median of 7 rounds that alternate. Both get
arrays; reading and checking the rows counts on both sides.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from lifelines import KaplanMeierFitter

from rearm.cohort.survival import FollowUp, cumulative_incidence, kaplan_meier

ROUNDS = 7


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = np.random.default_rng(1)
    entry = np.where(rng.random(n) < 0.5, rng.integers(0, 200, n), 0)
    last = entry + 1 + rng.exponential(400, n).astype(np.int64)
    cause = rng.choice(3, n, p=[0.3, 0.5, 0.2])

    def ours() -> object:
        return kaplan_meier(FollowUp.of(entry=entry, exit=last, cause=cause))

    def incidence() -> object:
        return cumulative_incidence(FollowUp.of(entry=entry, exit=last, cause=cause), cause=1)

    def theirs() -> KaplanMeierFitter:
        return KaplanMeierFitter().fit(last, cause > 0, entry=entry)

    spans: dict[str, list[float]] = {"ours": [], "incidence": [], "lifelines": []}
    for _ in range(ROUNDS):
        for name, work in (("ours", ours), ("incidence", incidence), ("lifelines", theirs)):
            spans[name].append(milliseconds(work))
    middle = {name: statistics.median(times) for name, times in spans.items()}
    curve = kaplan_meier(FollowUp.of(entry=entry, exit=last, cause=cause))
    peer = theirs().survival_function_at_times(curve.day).to_numpy()
    print(f"{n:,} rows, delayed entry, {len(curve.day):,} days with an end of observation")
    print(f"Kaplan-Meier: {middle['ours']:.1f} ms; lifelines {middle['lifelines']:.1f} ms,", end="")
    print(f" {middle['lifelines'] / middle['ours']:.1f} times as long")
    print(f"cumulative incidence of a cause: {middle['incidence']:.1f} ms")
    print(f"largest difference of the two curves: {np.abs(curve.survival - peer).max():.1e}")


if __name__ == "__main__":
    main()
