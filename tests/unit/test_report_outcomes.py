"""What the report says of outcomes is what the curves hold: medians, days, bounds, and whom a
figure counts. Stores are small and drawn by hand; `min_cell` 1 shows every count as it is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.tiny_store import tiny_store

from rearm.cohort import outcomes
from rearm.cohort.outcomes.opened import opened
from rearm.cohort.store.folder import StoreFolder
from rearm.cohort.survival import Estimate
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.contents import cohort_report
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.figures import FIGURES, Figure, figure_of, median_words
from rearm.report.cohort.page import cohort_page, every_table

Row = dict[str, Any]
ASKED = {asked.id: asked for asked in FIGURES}


def _store(folder: Path, outcomes: list[Row], **tables: list[Row]) -> StoreFolder:
    """Every patient has a first infusion on day 0, followed from its day on."""
    rows = [
        {"infusion": 1, "origin": "infusion", "endpoint": "OS", "origin_day": 0, "entry": 0} | row
        for row in outcomes
    ]
    ids: list[str] = sorted({str(row["patient_id"]) for row in rows})
    tables.setdefault("patients", [{"patient_id": x, "infusions": 1} for x in ids])
    tables.setdefault(
        "infusions",
        [{"patient_id": x, "infusion": 1, "day": 0, "status": "not_failed"} for x in ids],
    )
    return tiny_store(folder, {**tables, "outcomes": rows})


def _figure(store: StoreFolder, name: str, least: int = 5) -> Figure:
    return figure_of(Cohort(opened(store)), ASKED[name], CountRule(least))


def _cell(figure: Figure, column: str, row: int = 0) -> str:
    label, cells = figure.table.rows[row]
    assert label
    return cells[figure.table.columns.index(column)].text


def _deaths(days: list[int], censored: list[int]) -> list[Row]:
    dead = [{"status": "event", "event": "death", "days": day} for day in days]
    alive = [{"status": "censored", "days": day} for day in censored]
    return [{"patient_id": f"P{i:02d}"} | row for i, row in enumerate([*dead, *alive])]


MEDIAN = "median, months (95 %)"


@pytest.mark.parametrize(
    ("dead", "alive", "least", "words"),
    [
        # all of 20 alive but six: above one half to the end
        ([30, 60, 90, 120, 150, 180], [400] * 14, 1, "not reached"),
        # the same, and what becomes of the last few is not told
        (
            [30, 60, 90, 120, 150, 180],
            [400] * 14,
            5,
            "not reached by month 13; few at risk later",
        ),
        # one half is reached on day 500, when few are at risk
        (
            [30, 60, 90, 120, 150, 180, 500, 501, 502, 503],
            [400] * 8,
            5,
            "not reached by month 13; few at risk later",
        ),
    ],
)
def test_a_median_is_not_reached_as_far_as_the_curve_is_shown(
    tmp_path: Path, dead: list[int], alive: list[int], least: int, words: str
) -> None:
    figure = _figure(_store(tmp_path / "store", _deaths(dead, alive)), "os_product", least)
    assert _cell(figure, MEDIAN) == words


def test_a_median_that_the_curve_has_passed_and_that_is_not_told_is_not_shown(
    tmp_path: Path,
) -> None:
    dead = [20 * i for i in range(1, 21)]
    (group,) = _figure(_store(tmp_path / "store", _deaths(dead, [900] * 12)), "os_product").groups
    assert group.curve is not None and group.curve.points[-1].share < 0.5
    assert group.median.value is not None
    assert median_words(replace(group, median=Estimate())) == "not shown (few at risk)"


@pytest.mark.parametrize("least", [1, 5])
def test_shares_of_states_are_told_with_their_day(tmp_path: Path, least: int) -> None:
    # no step falls on month 6 or 12; a report that is passed on shows the ends of some weeks
    dead = [160] * 5 + [170] + [280] * 4 + [400] * 5
    report = cohort_report(_store(tmp_path / "store", _deaths(dead, [800] * 30)), min_cell=least)
    (table,) = [table for table in every_table(report) if table.id == "states"]
    by_day = dict(report.states)
    named = [int(name.removeprefix("% on day ")) for name in table.columns]
    if least == 1:
        assert named == [183, 365, 730]
    else:
        assert len(named) >= 2 and set(named) <= set(by_day) and named[0] <= 183
    for place, day in enumerate(named):
        last = max(x for x in by_day if x <= day)
        shown = [cells[place].value for _, cells in table.rows]
        assert shown == [round(100 * share) for share in by_day[last]]


def test_response_is_told_of_all_who_were_treated(tmp_path: Path) -> None:
    infusions = [
        {"patient_id": f"P{i:02d}", "infusion": 1, "day": 0, "status": "failed",
         "product": "ide-cel", "responded": True if i < 6 else None, "evaluable": i < 8}
        for i in range(12)
    ]  # fmt: skip
    store = _store(tmp_path / "store", _deaths([], [300] * 12), infusions=infusions)
    table = cohort_report(store, min_cell=1).tables["responses"]
    cells = dict(table.rows)["all"]
    by_column = dict(zip(table.columns, (cell.text for cell in cells), strict=True))
    assert (by_column["responded"], by_column["of all treated"]) == ("6", "12")
    assert by_column["of evaluable"] == "8"
    # R: prop.test(6, 12, correct = FALSE), prop.test(6, 8, correct = FALSE)
    assert by_column["limits of all treated (95 %)"] == "25 to 75 %"
    assert by_column["limits of evaluable (95 %)"] == "41 to 93 %"
    assert not any("intention" in note for note in table.notes)


def test_survival_after_a_failure_counts_from_a_progression(tmp_path: Path) -> None:
    kinds = ["progression_after_response"] * 6 + ["death_of_myeloma"] * 8
    infusions = [
        {"patient_id": f"P{i:02d}", "infusion": 1, "day": 0, "status": "failed", "kind": kind}
        for i, kind in enumerate(kinds)
    ]
    lived = [90, 100, 110, 120, 130, 140, *[0] * 8]
    after = [row | {"origin": "failure", "origin_day": 50} for row in _deaths(lived, [])]
    store = _store(tmp_path / "store", after, infusions=infusions)
    figure = _figure(store, "os_failure", 1)
    assert [(label, cells[0].text) for label, cells in figure.table.rows] == [
        ("progression after a response", "6")
    ]
    assert "(8)" in figure.table.notes[0] and "death of myeloma" in figure.table.notes[0]
    found = outcomes(store, endpoint="OS", origin="failure")
    assert found.n == 6 and found.without_origin == {"failure_is_death": 8}
    few = _figure(store, "os_failure", 9).table.notes[0]
    assert "(*)" in few  # the rule of counts holds in a note as well


def _salvaged(folder: Path) -> StoreFolder:
    """24 with a first salvage on day 50; two strategies have eight and seven deaths. Two patients
    of the first had a second CAR-T later, of one the finding is not recorded; a third strategy was
    given once.
    """
    ids = [f"P{i:02d}" for i in range(24)]
    strategy = ["bispecific-bcma"] * 12 + ["celmod"] * 11 + ["adc-bcma"]
    rows = []
    for i, patient in enumerate(ids):
        row: Row = {"patient_id": patient, "origin": "salvage", "origin_day": 50}
        died = i % 3 != 0
        row |= {"status": "event" if died else "censored", "days": 40 + 17 * i % 101}
        rows.append(row)
    infusion = {"infusion": 1, "day": 0, "status": "failed"}
    later = {"infusion": 2, "day": 300, "status": "not_failed"}
    return _store(
        folder,
        rows,
        patients=[{"patient_id": x, "age": 50.0 + i, "infusion_day": 0} for i, x in enumerate(ids)],
        infusions=[
            *({"patient_id": x} | infusion for x in ids),
            *({"patient_id": x} | later for x in ids[:2]),
        ],
        lines=[
            {"patient_id": x, "line": 2, "after_infusion": 1, "start_low": 50, "start_high": 50,
             "strategy": given}
            for x, given in zip(ids, strategy, strict=True)
        ],
        findings=[
            {"patient_id": x, "emd_before_infusion": None if x == ids[2] else i % 4 == 0}
            for i, x in enumerate(ids)
        ],
    )  # fmt: skip


def test_a_finding_of_a_later_infusion_is_no_covariate_of_the_first_salvage(
    tmp_path: Path,
) -> None:
    store = _salvaged(tmp_path / "store")
    of_finding = cohort_report(store, min_cell=1, adjust=("extraosseous",)).tables["adjusted"]
    assert (
        "20 of 24 patients are in it. Left out: 2 whose findings are as of a later CAR-T, after the"
        " first salvage; 1 of whom a covariate is not recorded; 1 of strategies with too few"
    ) in of_finding.notes[0]
    of_age = cohort_report(store, min_cell=1, adjust=("age",)).tables["adjusted"]
    assert "23 of 24 patients are in it. Left out: 1 of strategies" in of_age.notes[0]
    who = cohort_report(store, min_cell=1).tables["who"]
    assert any("later CAR-T" in note for note in who.notes)


@pytest.fixture
def undated(tmp_path: Path) -> StoreFolder:
    """40 patients: 14 die on known days, 10 on a day that nobody wrote down, after day 100."""
    known = _deaths([20 * i + 15 for i in range(14)], [900] * 16)
    lost = [
        {"patient_id": f"Q{i:02d}", "status": "not_computable", "obstacle": "death_undated"}
        for i in range(10)
    ]
    people = [{"patient_id": x["patient_id"], "last_seen": 900} for x in known]
    people += [{"patient_id": x["patient_id"], "last_seen": 100, "died": True} for x in lost]
    after = [row | {"origin": "failure"} for row in (*known, *lost)]
    begun = [
        {
            "patient_id": x["patient_id"],
            "origin": "failure",
            "endpoint": "TTNT",
            "days": 900,
            "status": "censored",
        }
        for x in (*known, *lost)
    ]
    return _store(tmp_path / "store", [*known, *lost, *after, *begun], patients=people)  # fmt: skip


@pytest.mark.parametrize("least", [1, 5])
def test_deaths_without_a_day_bound_every_share_and_the_median(
    undated: StoreFolder, least: int
) -> None:
    figure = _figure(undated, "os_product", least)
    bounds = outcomes(undated, endpoint="OS").group().bounds
    assert bounds is not None
    days = {183: "at 6 months (95 %)", 365: "at 12 months (95 %)", 730: "at 24 months (95 %)"}
    for day, column in days.items():
        early, late = bounds.earliest.on(day).value, bounds.latest.on(day).value
        assert early is not None and late is not None and early < late
        assert _cell(figure, column).endswith(f"[{100 * early:.0f} / {100 * late:.0f}]")
    # by hand: of 40, nine die by month 6 on known days, and early, the ten on day 101 as well
    assert bounds.earliest.on(183).value == pytest.approx(21 / 40)
    assert any("too good" in note for note in figure.table.notes)
    landmark = _figure(undated, "os_landmark_60", least)
    assert "[" in _cell(landmark, "at 6 months (95 %)")


def test_bounds_that_differ_in_a_few_patients_are_not_shown(tmp_path: Path) -> None:
    # of six vague deaths, only two may lie on either side of month 6
    rows = _deaths([20 * i + 15 for i in range(14)], [900] * 26)
    for i, low, high in ((0, 10, 20), (1, 30, 40), (2, 50, 60), (3, 70, 80), (8, 170, 190)):
        rows[i] |= {"days_low": low, "days_high": high}
    rows[9] |= {"days_low": 180, "days_high": 210}
    store = _store(tmp_path / "store", rows)
    column = "at 6 months (95 %)"
    assert "[" in _cell(_figure(store, "os_product", 1), column)
    assert "[" not in _cell(_figure(store, "os_product", 5), column)
    assert "[" in _cell(_figure(store, "os_product", 5), "at 12 months (95 %)")


def test_a_model_says_of_how_many_patients_and_deaths_it_is(tmp_path: Path) -> None:
    store = _salvaged(tmp_path / "store")
    table = cohort_report(store, min_cell=1, adjust=("age",)).tables["adjusted"]
    assert table.columns[:2] == ("patients", "deaths")
    rows = [[cell.text for cell in cells[:2]] for _, cells in table.rows[:2]]
    assert rows == [["12", "8"], ["11", "7"]]
    said = " ".join(table.notes)
    assert "proportional" in said and "Efron" in said and "five deaths" in said
    for least, shown in ((3, [12, 9, 12, 6]), (5, [None] * 4)):
        # four of each are alive: below five, what is shown would tell it
        rounded = cohort_report(
            store, min_cell=least, adjust=("age",), ledger=tmp_path / f"ledger {least}"
        ).tables["adjusted"]
        assert [cell.value for _, cells in rounded.rows[:2] for cell in cells[:2]] == shown


def test_a_share_before_the_first_event_says_that_its_limits_are_not_known(tmp_path: Path) -> None:
    store = _store(tmp_path / "store", _deaths([200, 210, 220, 230, 240, 250], [900] * 14))
    figure = _figure(store, "os_product", 1)
    assert _cell(figure, "at 6 months (95 %)") == "100 % (limits not known)"
    assert _cell(figure, "at 12 months (95 %)").startswith("70 % (4")
    assert '"Limits not known"' in cohort_page(cohort_report(store, min_cell=1))
    # that nobody had the event is not told where small counts are hidden
    assert _cell(_figure(store, "os_product"), "at 6 months (95 %)") == ""
