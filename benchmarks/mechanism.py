"""Speed and accuracy of the mechanism kernel, with peers measured in the same run.

    python -m benchmarks.mechanism                 # accuracy, speed, scaling, peers that are
    installed
    python -m benchmarks.mechanism --million OUT   # 1,000,000 patients, two years, to Parquet in
    OUT

Peers solve the same equations (11 states and 4 markers), give the same five observables on the same
24 days, and get the loosest tolerance (two to a decade) with which their median error is not above
ours; where even the tightest is not enough, that is said. Errors are against LSODA at 1e-10. Times
are medians of repeats; our own is taken again beside each peer, so that a busy machine slows both.
Peers that are not installed are named.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import resource
import time
from functools import partial
from pathlib import Path

import numpy as np
from benchmarks._mechanism_peers import FIVE, FLOOR, VISITS, errors, group, peers, timed
from tests.support.mechanism_reference import solve

from rearm.mechanism.model import OUTPUTS
from rearm.mechanism.parameters import load
from rearm.mechanism.population import simulate
from rearm.mechanism.steps import ATOL, RTOL

# floating-point operations: one right-hand side (5 exponentials of 28, 105 others), stage sums,
# error, filters, markers
FLOPS_STEP = 6 * (5 * 28 + 105) + 11 * (2 + 4 + 6 + 8 + 10 + 10) + 11 * 17 + 3 * 95 + 4 * 25 + 40


def accuracy(n: int) -> None:
    patients = group(-(-n // 9)).rows(np.arange(n))
    days = np.unique(np.r_[np.arange(0, 60, 3.0), np.arange(60, 731, 30.0)])
    with mp.Pool(2) as pool:
        want = np.array(
            pool.starmap(
                solve,
                [(p, s, days) for p, s in zip(patients.params, patients.start, strict=True)],
                chunksize=20,
            )
        )
    got = simulate(patients, days, OUTPUTS).values[:, :, :15]
    states, markers = (
        errors(got[:, :, :11], want[:, :, :11]),
        errors(got[:, :, 11:], want[:, :, 11:]),
    )
    print(
        f"accuracy on {n} patients, two years, relative error over a floor of {FLOOR:g} (1000"
        " cells; markers relative to the start):"
    )
    print(f"  states  median {states[0]:.1e}, worst {states[1]:.1e}   (needed 1e-5 and 1e-2)")
    print(f"  markers median {markers[0]:.1e}, worst {markers[1]:.1e}   (needed 1e-3 and 1e-2)")


def speed() -> None:
    patients = group(2000)
    n = len(patients)
    simulate(patients.rows(np.arange(64)), VISITS, FIVE)
    print(
        f"\nspeed, one year, 24 visit days, 5 observables, rtol {RTOL:g}, atol {ATOL:g};", end=" "
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}:")
    sim = simulate(patients, VISITS, FIVE)
    wall, cpu = timed(lambda: simulate(patients, VISITS, FIVE), 9)
    rate = n / wall
    flops = FLOPS_STEP * sim.steps.mean()
    a = np.random.default_rng(0).standard_normal((2000, 2000))
    gemm, _ = timed(lambda: a @ a, 3)
    peak = 2 * 2000**3 / gemm
    print(
        f"  {rate:,.0f} patient-years/s ({2 * n / cpu:,.0f} by CPU time on two cores);"
        f" {sim.steps.mean():.0f} steps per patient-year"
    )
    print(
        f"  about {flops / 1e3:.0f} thousand operations per patient-year, {flops * rate / 1e9:.1f}"
        " GFLOP/s,",
        end=" ",
    )
    print(
        f"{100 * flops * rate / peak:.0f} % of what matrix multiplication reaches here"
        f" ({peak / 1e9:.0f} GFLOP/s)"
    )
    print("  patients   seconds per 1000        days   seconds per 1000 patients")
    for size, days in ((1000, 365), (4000, 730), (16000, 1460)):
        some, few = patients.rows(np.arange(size)), patients.rows(np.arange(4000))
        w, _ = timed(partial(simulate, some, VISITS, FIVE), 3)
        v, _ = timed(partial(simulate, few, np.linspace(0, days, 24), FIVE), 3)
        print(f"  {size:8d}   {1000 * w / size:10.4f}        {days:6d}   {v / 4:10.4f}")


def million(folder: Path, n: int) -> None:
    from rearm.mechanism.stream import StreamPlan, stream

    days = np.unique(
        np.round(np.concatenate([[0, 7, 14, 21, 28], np.linspace(60, 730, 19)]))
    ).tolist()
    t = time.perf_counter()
    files = stream(load(), StreamPlan(product="ide-cel", n=n, days=days, seed=1), folder)
    seconds = time.perf_counter() - t
    import polars as pl

    rows = pl.scan_parquet(files).select(pl.len()).collect().item()
    size = sum(f.stat().st_size for f in files) / 1e9
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{n:,} patients, two years, {len(days)} days, 5 observables: {seconds:.0f} s,", end=" ")
    print(f"peak memory {memory:.2f} GB, {size:.2f} GB on disk, {rows:,} rows")


if __name__ == "__main__":
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--million", type=Path, metavar="OUT")
    ask.add_argument("--patients", type=int, default=1_000_000)
    ask.add_argument("--accuracy", type=int, default=2000)
    ask.add_argument("--no-peers", action="store_true", help="our own accuracy and speed alone")
    a = ask.parse_args()
    if a.million:
        million(a.million, a.patients)
    else:
        accuracy(a.accuracy)
        speed()
        if not a.no_peers:
            peers()
