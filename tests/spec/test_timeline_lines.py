"""The timeline from the first line of therapy on: a lane for each line with its best response,
every relapse marked, no panel that shows nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.answered import answered

from rearm.assessment import Assessment
from rearm.report.assessment.timeline import (
    WIDTH,
    _says_something,
    picture_of,
    words_below,
)
from rearm.report.assessment.timeline_lines import lines_panel

RESULTS = answered()


def lanes(result: Assessment) -> list[tuple[str, int, int, str]]:
    zero = result.failures[-1].infusion_day
    assert zero is not None and result.as_of is not None
    panel = lines_panel(result, zero, result.as_of, WIDTH)
    assert panel is not None
    rows = panel["layer"][0]["data"]["values"]
    return [(row["lane"], row["day"], row["end"], row["response"]) for row in rows]


def test_every_line_from_the_first_on_has_its_lane() -> None:
    assert lanes(RESULTS["SYN-04"]) == [
        ("1: VRd + HDM-ASCT + R maintenance", -2290, -2170, ""),
        ("1: VRd + HDM-ASCT + R maintenance", -2120, -2116, ""),
        ("1: VRd + HDM-ASCT + R maintenance", -2030, -1390, "VGPR"),
        ("2: DPd", -1370, -820, "VGPR"),
        ("3: Kd", -800, -450, "PR"),
        ("4: EloPd", -430, -110, "PR"),
        ("CAR-T cilta-cel", 0, 640, "CR"),
    ]


def test_a_later_line_follows_the_car_t() -> None:
    result = RESULTS["E01"]
    assert result.relapse is not None and result.relapse.after == "teclistamab"
    (later,) = [row for row in lanes(result) if "teclistamab" in row[0].lower()]
    (car_t,) = [row for row in lanes(result) if row[0].startswith("CAR-T")]
    assert later[1] > car_t[1] == 0


def test_a_response_that_goes_on_is_drawn_to_the_last_day_that_was_judged() -> None:
    (car_t,) = [row for row in lanes(RESULTS["SYN-11"]) if row[0].startswith("CAR-T")]
    assert car_t[2] == RESULTS["SYN-11"].failures[-1].followed_to_day


@pytest.mark.parametrize(
    ("rows", "drawn"),
    [
        ([(0.0, "at or below zero")] * 4, False),
        ([(90.0, "measured")] * 3, False),
        ([(90.0, "measured"), (91.0, "measured")], True),
        ([(1.2, "measured")], True),
        ([(0.0, "measured")], False),
        ([(10.0, "below detection"), (10.0, "measured")], True),
        ([], False),
    ],
)
def test_a_panel_shows_what_changed(rows: list[tuple[float, str]], drawn: bool) -> None:
    made: list[dict[str, Any]] = [
        {"test": "x", "value": value, "bound": bound} for value, bound in rows
    ]
    assert _says_something(made) is drawn


def test_what_is_left_out_is_named_with_its_value() -> None:
    words = words_below(RESULTS["SYN-07"])
    assert "Not drawn, as it did not change: urine M-protein (90 mg/24 h)." in words


@pytest.mark.parametrize(
    ("name", "marked"),
    [("SYN-04", ["failed"]), ("E01", ["failed", "relapse after teclistamab"])],
)
def test_every_relapse_is_marked(name: str, marked: list[str]) -> None:
    pytest.importorskip("vl_convert")
    picture = picture_of(RESULTS[name])
    for label in ("infusion", *marked):
        assert f">{label}</text>" in picture
