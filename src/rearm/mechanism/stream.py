"""Large virtual populations to Parquet, in parts that can be resumed: a part is written beside and
then moved, so it is whole or absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from rearm.mechanism.data import CHANNELS
from rearm.mechanism.parameters import MechanismError, Mechanisms
from rearm.mechanism.population import Dose, inputs, simulate
from rearm.mechanism.virtual import BLOCK, patients

__all__ = ["OBSERVABLES", "stream"]

OBSERVABLES = (
    "m_protein",
    "flc",
    "sbcma",
    "car",
    "burden",
)  # g/dL, mg/L, ng/mL, copies/ug DNA, 1e9 cells
_NEEDED = ("m_protein", "flc", "sbcma_tumour", "sbcma_normal", "car", "burden")


def stream(
    m: Mechanisms,
    product: str,
    n: int,
    days: Sequence[float],
    folder: Path,
    *,
    seed: int,
    per_part: int = 32 * BLOCK,
    told: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """`n` virtual patients with their markers on `days`, one Parquet file per part, float32;
    returns the files in order.

    Parts that are there already are kept, so a run that was killed goes on where it stopped. Raises
    `MechanismError` where the folder holds a run with other settings. `told(part, parts)` is called
    after each part.
    """
    if per_part % BLOCK:
        raise ValueError(f"per_part must be a multiple of {BLOCK}")
    folder.mkdir(parents=True, exist_ok=True)
    shares, scale = m.shares(product), m.scales["car"].value
    settings = {
        "product": product,
        "n": n,
        "days": list(days),
        "seed": seed,
        "per_part": per_part,
        "shares": shares.tolist(),
        "car": scale,
    }
    plan = folder / "settings.json"
    if plan.exists() and json.loads(plan.read_text(encoding="utf-8")) != settings:
        raise MechanismError(f"{folder} holds a run with other settings; take an empty folder")
    if not plan.exists():
        beside = plan.with_suffix(".part")
        beside.write_text(json.dumps(settings), encoding="utf-8")
        beside.replace(plan)
    parts = -(-n // per_part)
    files = []
    for part in range(parts):
        path = folder / f"part-{part:05d}.parquet"
        files.append(path)
        if not path.exists():
            first = part * per_part
            _frame(
                m,
                product,
                first,
                min(per_part, n - first),
                np.asarray(days, dtype=np.float64),
                seed,
            ).write_parquet(
                beside := path.with_suffix(".part"), compression="zstd", compression_level=1
            )
            beside.replace(path)
        if told is not None:
            told(part + 1, parts)
    return files


def _frame(
    m: Mechanisms, product: str, first: int, count: int, days: np.ndarray, seed: int
) -> pl.DataFrame:
    """Rows patient x day of one part."""
    group = patients(m, product, count, seed, first=first)
    params, start, threshold, value = inputs(
        m, group.draws, first=Dose(day=0.0, cells=m.doses[product])
    )
    sim = simulate(params, start, threshold, days, _NEEDED)
    level = {c: np.exp(group.scales[:, i])[:, None] for i, c in enumerate(CHANNELS)}
    columns = {
        "m_protein": level["m_protein"] * sim["m_protein"],
        "flc": level["flc"] * sim["flc"] + m.scales["flc"].background,
        "sbcma": (
            level["sbcma"] * sim["sbcma_tumour"] + value["pc_scale"][:, None] * sim["sbcma_normal"]
        ),
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
