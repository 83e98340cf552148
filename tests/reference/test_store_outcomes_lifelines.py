"""Survival from a store beside lifelines, which reads the table of outcomes as it stands."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.support.random_store import random_tables
from tests.support.tiny_store import tiny_store

from rearm.cohort import outcomes

lifelines = pytest.importorskip("lifelines")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("origin", "endpoint"), [("infusion", "PFS"), ("failure", "OS"), ("salvage", "OS")]
)
def test_the_curve_is_that_of_lifelines(
    tmp_path: Path, origin: str, endpoint: str, seed: int
) -> None:
    store = tiny_store(tmp_path / "store", random_tables(150, seed))
    group = outcomes(store, endpoint=endpoint, origin=origin).group()  # type: ignore[arg-type]
    on_origin = (pl.col("days") == 0) & (pl.col("status") == "event") & (pl.col("entry") == 0)
    deaths = store.table("infusions").filter(pl.col("kind") == "death_of_myeloma")
    # survival after a failure counts from a progression
    none_to_follow = deaths.filter(origin == "failure" and endpoint == "OS")
    own = (
        store.table("outcomes")
        .join(none_to_follow.select("patient_id"), on="patient_id", how="anti")
        .filter(
            pl.col("infusion") == 1,
            pl.col("origin") == origin,
            pl.col("endpoint") == endpoint,
            pl.col("status") != "not_computable",
        )
        .with_columns(days=pl.when(on_origin).then(1).otherwise("days"))
        .filter(pl.col("days") > pl.col("entry"))
        .collect()
    )
    fitted = lifelines.KaplanMeierFitter().fit(
        own["days"].to_list(),
        event_observed=(own["status"] == "event").to_list(),
        entry=own["entry"].to_list(),
    )
    told = {
        day: share.value
        for day in (30, 90, 180, 365, 700)
        if (share := group.free.on(day)).value is not None
    }
    assert len(told) >= 4 and group.n == own.height
    assert told == pytest.approx({day: float(fitted.predict(day)) for day in told}, abs=1e-9)
