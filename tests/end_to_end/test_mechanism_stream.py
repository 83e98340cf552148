"""A large population to Parquet: killed and resumed without a lost or doubled row, the same
whatever the number of threads.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

numba = pytest.importorskip("numba")

from rearm.mechanism import MechanismError  # noqa: E402
from rearm.mechanism.parameters import load  # noqa: E402
from rearm.mechanism.stream import StreamPlan, stream  # noqa: E402

pytestmark = pytest.mark.slow

DAYS = [0.0, 30.0, 90.0, 365.0]
N = 8_192
RUN = """
import sys
from pathlib import Path
from rearm.mechanism.parameters import load
from rearm.mechanism.stream import StreamPlan, stream
days = [0.0, 30.0, 90.0, 365.0]
plan = StreamPlan(product="ide-cel", n=int(sys.argv[2]), days=days, seed=4, per_part=1024)
stream(load(), plan, Path(sys.argv[1]))
"""


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    plan = StreamPlan(product="ide-cel", n=N, days=DAYS, seed=4, per_part=1024)
    whole = stream(load(), plan, tmp_path / "whole")
    folder = tmp_path / "killed"
    env = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    child = subprocess.Popen([sys.executable, "-c", RUN, str(folder), str(N)], env=env)
    until = time.monotonic() + 60
    while (
        len(list(folder.glob("*.parquet"))) < 2
        and time.monotonic() < until
        and child.poll() is None
    ):
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    files = stream(load(), plan, folder)
    a, b = pl.read_parquet(whole), pl.read_parquet(files)
    assert (
        b.height == N * len(DAYS) and b.select(pl.struct("patient", "day").is_unique().all()).item()
    )
    assert a.equals(b)


def test_a_folder_with_other_settings_is_refused(tmp_path: Path) -> None:
    plan = StreamPlan(product="ide-cel", n=1024, days=DAYS, seed=4, per_part=1024)
    stream(load(), plan, tmp_path)
    with pytest.raises(MechanismError, match="other settings"):
        stream(load(), replace(plan, seed=5), tmp_path)
