"""A second CAR-T with bridging is one line: the first salvage, counted from its infusion.

The bridging ends the response to the first CAR-T: what it brought is not credited to the cells.
Bridging that no infusion follows is a treatment of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.course_builder import infusion, record, serum, team, therapy

from rearm.cohort import outcomes
from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.outcome.endpoints import Endpoint, InfusionOrigin, endpoints
from rearm.outcome.failures import failures
from rearm.record import When

# M-protein by day: response to the first CAR-T, progression on day 200, a fall by the bridging from
# day 230 on, the second CAR-T on day 260, progression from day 420 on
RESPONSE = {-6: 3.0, 28: 1.0, 56: 0.5, 90: 0.5}
RELAPSE = {200: 1.2, 214: 2.0}
BRIDGED = {255: 1.2}
SECOND = {290: 0.3, 320: 0.2, 350: 0.2, 420: 0.8, 434: 1.0}
LABS = RESPONSE | RELAPSE | BRIDGED | SECOND
TWO = [infusion(0), infusion(260, "cilta-cel")]
BRIDGING = therapy(230, "bridging", agents=("bortezomib", "dexamethasone"))
BY_ORDER = therapy(None, "bridging", agents=("bortezomib",), after_infusion=1)
IN_MONTH = replace(BRIDGING, start=When(216, 246))
NO_DAY = replace(TWO[1], when=When(255, 285))


def _ends(origin: InfusionOrigin = "infusion", number: int = 1, **parts: Any) -> dict[Any, Any]:
    rec = record(last_seen_day=500, **parts)
    return dict(endpoints(rec, failures(rec), origin=origin)[number])


def _told(e: Endpoint) -> tuple[str, int | None]:
    return e.status, e.day


# bridging, infusions after day 0; day of the next treatment and of the first salvage
NEXT = {
    "no bridging": ([], TWO, 260),
    "bridging belongs to the second CAR-T": ([BRIDGING], TWO, 260),
    "with its lymphodepletion": ([BRIDGING, therapy(255, "lymphodepletion")], TWO, 260),
    "known by order": ([BY_ORDER], TWO, 260),
    "known by its month": ([IN_MONTH], TWO, 260),
    "no infusion followed": ([BRIDGING], TWO[:1], 230),
    "the infusion has no exact day": ([BRIDGING], [TWO[0], NO_DAY], 230),
    "a salvage came before the bridging": ([therapy(216, "salvage"), BRIDGING], TWO, 216),
    "of the first CAR-T": ([therapy(-20, "bridging")], TWO, 260),
}


@pytest.mark.parametrize("name", NEXT)
def test_the_next_treatment_and_the_first_salvage_are_one_line(name: str) -> None:
    rows, infusions, day = NEXT[name]
    parts: Any = {"labs": serum(LABS), "therapies": rows, "infusions": infusions}
    assert _told(_ends(**parts)["TTNT"]) == ("event", day)
    assert _ends(origin="failure", **parts)["TTNT"].day == day
    salvage = _ends(origin="salvage", **parts)
    assert salvage["OS"].origin_day == salvage["PFS"].origin_day == day


def test_the_salvage_is_read_as_the_second_car_t_from_before_its_bridging() -> None:
    parts: Any = {"labs": serum(LABS), "therapies": [BRIDGING], "infusions": TWO}
    salvage, second = _ends(origin="salvage", **parts), _ends(number=2, **parts)
    assert _told(salvage["PFS"]) == _told(second["PFS"]) == ("event", 420)
    assert salvage["PFS"].days == 420 - 260
    # 0.3 g/dL on day 290 is a fall by 85 % from the 2.0 before the bridging: a response
    assert salvage["DOR"].origin_day == second["DOR"].origin_day == 290
    assert _told(salvage["TTNT"]) == ("censored", 500)


def test_what_the_bridging_brings_is_not_of_the_first_car_t() -> None:
    """No response to the cells; a fall by the bridging before the second infusion."""
    flat = {-6: 3.0, 28: 2.9, 56: 2.9, 90: 2.9, 245: 0.9, 255: 0.9}
    parts: Any = {"labs": serum(flat), "therapies": [BRIDGING], "infusions": TWO}
    found = _ends(**parts)
    assert found["DOR"].obstacle == "no_response"
    assert _told(found["PFS"]) == ("censored", 90)
    assert _told(found["failure-b"]) == ("event", 230)


def test_a_progression_under_the_bridging_is_not_of_the_first_car_t() -> None:
    parts: Any = {"labs": serum(RESPONSE), "therapies": [BRIDGING], "infusions": TWO}
    assert _told(_ends(responses=[team(250, "PD")], **parts)["PFS"]) == ("censored", 90)


TABLES = {
    "patients": "patient_id,sex,birth_year,heavy_chain,light_chain,last_seen_day\n"
    "A,F,1960,IgG,kappa,500\nB,F,1961,IgG,kappa,500\n",
    "infusions": "patient_id,day,product\nA,0,ide-cel\nA,260,cilta-cel\nB,0,ide-cel\n",
    "therapies": "patient_id,regimen,purpose,start_day\n"
    "A,bortezomib dexamethasone,bridging,230\nA,fludarabine cyclophosphamide,"
    "lymphodepletion,255\nB,bortezomib dexamethasone,bridging,230\n",
    "assessments": "patient_id,day,response,by\n"
    + "".join(f"{p},90,VGPR,team\n{p},200,PD,team\n" for p in "AB")
    + "A,290,PR,team\nA,420,PD,team\n",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StoreFolder:
    source = tmp_path_factory.mktemp("registry")
    for name, text in TABLES.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    folder = tmp_path_factory.mktemp("store") / "store"
    built = build(source, folder, Wanted(buckets=1))
    assert (built.patients, built.errors) == (2, {})
    return StoreFolder(folder)


def test_a_registry_knows_the_strategy_of_the_salvage(store: StoreFolder) -> None:
    progression = outcomes(store, endpoint="PFS", origin="salvage", by="strategy")
    second = progression.group("second-cart-same-target")
    assert (second.n, second.events, second.median.value) == (1, 1, 160)
    survival = outcomes(store, endpoint="OS", origin="failure", by="strategy", landmark=100)
    assert survival.group("second-cart-same-target").n == 1
