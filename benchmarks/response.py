"""Speed of the response course, with its reasons, beside a straightforward pandas group-by of the
same rules in the same run.

    python -m benchmarks.response [PATIENTS]
    python -m benchmarks.response_versions SRC [PATIENTS]   beside another version of this program

24 visits of 8 tests a patient, records in memory, one core. Building the records is timed apart.
The pandas peer knows serum, urine and the first-to-second confirmation only, for which the
generated patients are enough; both answer for the same patients and the agreement of their
confirmed responses is printed.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

from rearm.record import Lab, Record, Source, When

if TYPE_CHECKING:
    import pandas as pd

    from rearm.interval import Interval
    from rearm.response.course import ResponseCourse, response_course
else:
    try:
        from rearm.interval import Interval
        from rearm.response.course import ResponseCourse, response_course
    except ImportError:  # version 0.1.0, for `benchmarks.response_versions`
        from rearm.course.response import ResponseCourse, response_course

        from rearm.record import Quantity as Interval

VISITS, ROUNDS = 24, 5
_DEPTH = {"NE": 0, "PD": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6}
_NAMES = {depth: name for name, depth in _DEPTH.items()}


def rows(patients: int, seed: int = 1) -> list[tuple[int, int, str, float | str]]:
    """(patient, day, test, value) of patients with a serum M-protein: a fall, a plateau, in some a
    relapse.
    """
    r = random.Random(seed)
    out: list[tuple[int, int, str, float | str]] = []
    for patient in range(patients):
        start, floor = r.uniform(1.5, 5.0), r.choice((0.0, 0.0, 0.1, 0.3, 1.0, 2.0))
        turn = r.choice((8, 12, 18, 99))
        m = start
        for visit in range(VISITS):
            if visit:
                m = (
                    min(m * r.uniform(1.2, 1.8) + 0.1, 8.0)
                    if visit >= turn
                    else max(floor, m * r.uniform(0.3, 0.8) - 0.05)
                )
            value = round(m, 2)
            low = value < 0.05
            out += [
                (patient, visit * 28, "serum_m_protein", value),
                (patient, visit * 28, "urine_m_protein_24h", float(r.choice((0, 0, 20, 60)))),
                (patient, visit * 28, "kappa_flc", round(10 + 30 * value, 1)),
                (patient, visit * 28, "lambda_flc", 10.0),
                (patient, visit * 28, "serum_immunofixation", "negative" if low else "positive"),
                (patient, visit * 28, "urine_immunofixation", "negative"),
                (patient, visit * 28, "marrow_plasma_cells", 2.0 if low else 20.0),
                (patient, visit * 28, "creatinine", 0.9),
            ]
    return out


def records(data: list[tuple[int, int, str, float | str]], patients: int) -> list[Record]:
    labs: list[list[Lab]] = [[] for _ in range(patients)]
    for n, (patient, day, test, value) in enumerate(data):
        source = Source("labs.csv", f"row {n + 2}")
        if isinstance(value, str):
            labs[patient].append(Lab(test=test, when=When.on(day), source=source, word=value))
        else:
            labs[patient].append(
                Lab(test=test, when=When.on(day), source=source, quantity=Interval.of(value))
            )
    return [
        Record(
            patient_id=str(i),
            source=Source("patients.csv", str(i)),
            heavy_chain=("IgG",),
            light_chain="kappa",
            labs=tuple(found),
        )
        for i, found in enumerate(labs)
    ]


def ours(given: list[Record]) -> Iterator[ResponseCourse]:
    """One course at a time, each handed on before the next, as the command line does."""
    return (response_course(record, start=0) for record in given)


# ---- the peer ----------------


def with_pandas(wide: pd.DataFrame) -> pd.DataFrame:
    """The rules as a data manager writes them: a function for each table, no reasons."""
    return wide.groupby("patient", group_keys=False)[list(wide.columns)].apply(_patient)


def _patient(t: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    t = t.sort_values("day").copy()
    serum, urine = t["serum_m_protein"], t["urine_m_protein_24h"]
    base = serum.iloc[0]
    nadir, urine_nadir = serum.cummin().shift(), urine.cummin().shift()
    fall = (base - serum) / base
    level = pd.Series(_DEPTH["SD"], index=t.index)
    level[fall >= 0.25 - 1e-9] = _DEPTH["MR"]
    level[fall >= 0.5 - 1e-9] = _DEPTH["PR"]
    level[(fall >= 0.9 - 1e-9) & (urine < 100)] = _DEPTH["VGPR"]
    clear = (t["serum_immunofixation"] == "negative") & (t["urine_immunofixation"] == "negative")
    level[clear & (t["marrow_plasma_cells"] < 5)] = _DEPTH["CR"]
    rise = serum - nadir
    progressed = (rise >= 0.5 - 1e-9) & (rise >= 0.25 * nadir - 1e-9) | (nadir >= 5) & (
        rise >= 1 - 1e-9
    )
    progressed |= (urine - urine_nadir >= 200 - 1e-9) & (
        urine - urine_nadir >= 0.25 * urine_nadir - 1e-9
    )
    level[progressed] = _DEPTH["PD"]
    t = t.assign(level=level).iloc[1:]
    following = t["level"].shift(-1)
    pair = (
        t["level"]
        .where(following.isna(), t[["level"]].assign(n=following).min(axis=1))
        .clip(lower=_DEPTH["SD"])
    )
    # the last visit has no second: SD
    pair = pair.where(following.notna(), _DEPTH["SD"]).where(t["level"] != _DEPTH["PD"], 0)
    confirmed = pair.cummax()
    relapse = (t["level"] == _DEPTH["PD"]) & (following == _DEPTH["PD"])
    t["confirmed"] = confirmed.where(~relapse.cummax(), _DEPTH["PD"])
    return t


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time: a rate per core, also where others use the machine."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(patients: int) -> None:
    """Print both speeds and how far the answers agree."""
    import pandas as pd

    data = rows(patients)
    built = timed(lambda: records(data, patients))
    given = records(data, patients)
    few = min(patients, 400)  # pandas is slow enough that this many give a steady median
    long = pd.DataFrame(
        [x for x in data if x[0] < few], columns=["patient", "day", "test", "value"]
    )
    wide = long.pivot(index=["patient", "day"], columns="test", values="value").reset_index()
    for column in ("serum_m_protein", "urine_m_protein_24h", "marrow_plasma_cells"):
        wide[column] = wide[column].astype(float)
    mine, peers = [], []
    for _ in range(ROUNDS):  # in turns, so that a busy machine burdens both
        mine.append(patients / timed(lambda: deque(ours(given), maxlen=0)))
        peers.append(few / timed(lambda: with_pandas(wide)))
    own, peer = statistics.median(mine), statistics.median(peers)
    answers = with_pandas(wide)
    table = {
        (int(p), int(d)): _NAMES[int(c)]
        for p, d, c in zip(answers["patient"], answers["day"], answers["confirmed"], strict=True)
    }
    visits = [
        (i, v.day, v.confirmed) for i, course in enumerate(ours(given[:few])) for v in course.visits
    ]
    agreed = sum(table[i, day] == ("NE" if c == "BL" else c) for i, day, c in visits)
    print(
        f"response course, {patients} patients, {VISITS} visits x 8 tests, per core (processor"
        f" time), median of {ROUNDS}"
    )
    print(f"  building the records   {patients / built:10,.0f} patients/s (not counted below)")
    print(
        f"  with reasons           {own:10,.0f} patients/s   (range {min(mine):,.0f} to"
        f" {max(mine):,.0f})"
    )
    print(
        f"  pandas group-by        {peer:10,.0f} patients/s   (range {min(peers):,.0f} to"
        f" {max(peers):,.0f})"
    )
    print(f"  ratio                  {own / peer:10.1f}")
    print(f"  confirmed responses    {agreed} of {len(visits)} agree")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
