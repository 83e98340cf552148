"""A second, literal writing of the confirmation of stated responses, as column operations on a
table, against the one of the product.
"""

from __future__ import annotations

import random

import pandas as pd
import pytest

from rearm.export.stated_rs import Stated, confirm_stated

pytestmark = pytest.mark.slow

RANK = {"PD": 8, "sCR": 7, "CR": 6, "VGPR": 5, "PR": 4, "MR": 3, "SD": 2, "NE": 1}
RESPONSE = ["sCR", "CR", "VGPR", "PR", "MR"]
COURSES = 1000


def course(seed: int) -> list[Stated]:
    r = random.Random(seed)
    day, out, new = 0, [], r.choice([None, None, r.randint(20, 300)])
    dead = r.random() < 0.2
    for n in range(1, r.randint(2, 10)):
        day += r.choice((14, 28, 28, 84, 85))
        response = r.choice(["sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "PD", "NE"])
        why = r.choice(("imaging", "laboratory", "laboratory", "none")) if response == "PD" else ""
        out.append(
            Stated(
                day=day, response=response, sequence=n, pd_by_imaging=why == "imaging",
                    pd_by_laboratory=why == "laboratory",
                death_of_progression=dead and response == "PD", new_therapy_day=new,
            )
        )  # fmt: skip
    return out


def second(visits: list[Stated]) -> list[str | None]:
    t = pd.DataFrame(
        [
            (
                v.day,
                v.response,
                v.pd_by_imaging,
                v.pd_by_laboratory,
                v.death_of_progression,
                v.new_therapy_day,
            )
            for v in visits
        ],
        columns=["day", "now", "imaging", "laboratory", "dead", "new"],
    )
    t["new"] = t["new"].astype(float)
    e = t[t["now"] != "NE"].copy()
    e["next"], e["next_day"] = e["now"].shift(-1), e["day"].shift(-1)
    e["confirmed"] = None
    early = e["new"].isna() | (e["next_day"] <= e["new"])
    is_response, next_response = e["now"].isin(RESPONSE), e["next"].isin(RESPONSE)
    now_rank, next_rank = e["now"].map(RANK), e["next"].map(RANK)
    better = is_response & next_response & early & (next_rank >= now_rank)
    worse = is_response & e["next"].isin([*RESPONSE, "SD"]) & early & (next_rank < now_rank)
    lost = is_response & (
        (e["next"] == "PD") | e["next"].isna() | (e["new"].notna() & (e["next_day"] > e["new"]))
    )
    e.loc[better, "confirmed"] = e["now"]
    e.loc[worse, "confirmed"] = e["next"]
    e.loc[lost, "confirmed"] = "SD"
    e.loc[e["now"] == "SD", "confirmed"] = "SD"
    progressed = (e["now"] == "PD") & (
        e["imaging"] | e["dead"] | (e["laboratory"] & (e["next"] == "PD"))
    )
    e.loc[progressed, "confirmed"] = "PD"
    e.loc[(e["now"] == "PD") & ~progressed & e["laboratory"], "confirmed"] = "NE"
    t["confirmed"] = e["confirmed"].reindex(t.index).where(t["now"] != "NE", "NE")
    best = t["confirmed"].map(RANK).fillna(0).cummax()
    back = {v: k for k, v in RANK.items()}
    return [back.get(int(b)) for b in best]


def test_both_writings_agree() -> None:
    differ = [
        seed for seed in range(COURSES) if confirm_stated(course(seed))[0] != second(course(seed))
    ]
    print(f"{COURSES} generated courses of stated responses, {len(differ)} disagreements")
    assert not differ
