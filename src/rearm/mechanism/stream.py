"""Large virtual populations to Parquet, in parts that can be resumed.

A part is written beside and then moved, so it is whole or absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from rearm.files import write_frame, write_text
from rearm.mechanism.data import CHANNELS
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import Dose, inputs, simulate
from rearm.mechanism.virtual import BLOCK, patients

__all__ = ["OBSERVABLES", "StreamPlan", "stream"]

# g/dL, mg/L, ng/mL, copies/ug DNA, 1e9 cells
OBSERVABLES = ("m_protein", "flc", "sbcma", "car", "burden")
_NEEDED = ("m_protein", "flc", "sbcma_tumour", "sbcma_normal", "car", "burden")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """What a run makes: `n` patients with their markers on `days`, `per_part` in each file."""

    product: str
    n: int
    days: Sequence[float]
    seed: int
    per_part: int = 32 * BLOCK


def stream(
    m: Mechanisms,
    plan: StreamPlan,
    folder: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Virtual patients as Parquet, one file per part, float32; the files in order.

    Parts that are there already are kept, so a run that was killed goes on where it stopped; memory
    holds one part. `progress(part, parts)` is called after each. Raises `MechanismError` where the
    folder holds a run with other settings.
    """
    if plan.per_part % BLOCK:
        raise ValueError(f"per_part must be a multiple of {BLOCK}")
    _settle(m, plan, folder)
    parts = -(-plan.n // plan.per_part)
    files = [folder / f"part-{part:05d}.parquet" for part in range(parts)]
    for part, path in enumerate(files):
        if not path.exists():
            write_frame(path, _frame(m, plan, part * plan.per_part))
        if progress is not None:
            progress(part + 1, parts)
    return files


def _settle(m: Mechanisms, plan: StreamPlan, folder: Path) -> None:
    """Write the settings of the run into its folder, or check that they are those there."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        **asdict(plan),
        "days": list(plan.days),
        "shares": m.shares(plan.product).tolist(),
        "car": m.scales["car"].value,
    }
    path = folder / "settings.json"
    if not path.exists():
        write_text(path, json.dumps(settings))
    elif json.loads(path.read_text(encoding="utf-8")) != settings:
        raise MechanismError(f"{folder} holds a run with other settings; take an empty folder")


def _frame(m: Mechanisms, plan: StreamPlan, first: int) -> pl.DataFrame:
    """Rows patient x day of the part that begins with patient `first`."""
    count = min(plan.per_part, plan.n - first)
    days = np.asarray(plan.days, dtype=np.float64)
    group = patients(m, plan.product, count, plan.seed, first=first)
    x = inputs(m, group.draws, first=Dose(day=0.0, cells=m.doses[plan.product]))
    sim = simulate(x, days, _NEEDED)
    level = {c: np.exp(group.scales[:, i])[:, None] for i, c in enumerate(CHANNELS)}
    normal = x.values["pc_scale"][:, None] * sim["sbcma_normal"]
    columns = {
        "m_protein": level["m_protein"] * sim["m_protein"],
        "flc": level["flc"] * sim["flc"] + m.scales["flc"].background,
        "sbcma": level["sbcma"] * sim["sbcma_tumour"] + normal,
        "car": level["car"] * sim["car"],
        "burden": sim["burden"],
    }
    return pl.DataFrame(
        {
            "patient": np.repeat(np.arange(first, first + count, dtype=np.int32), len(days)),
            "mechanism": np.repeat(group.draws.mechanism.astype(np.int8), len(days)),
            "day": np.tile(days.astype(np.float32), count),
            **{name: columns[name].astype(np.float32).ravel() for name in OBSERVABLES},
        }
    )
