"""Slips of the pen that are used as stated and said, and days that cannot be: what `check` tells a
data manager.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.record import Issue, Record

PERSON = {"patient_id": "A", "sex": "F"}
INFUSION = {"day": 0, "product": "ide-cel"}


def _record(person: dict[str, Any] | None = None, **tables: Any) -> Record:
    rows = {
        name: [{"patient_id": "A", **row} for row in entries] for name, entries in tables.items()
    }
    return read_tables(
        {"patients": [PERSON | (person or {})], **rows}, today=date(2026, 1, 1)
    ).records[0]


def _told(record: Record, code: str) -> list[Issue]:
    return [i for i in record.issues if i.code == code]


def _series(*values: Any, test: str = "serum_m_protein", unit: str = "g/dL") -> Record:
    """One value a month; a pair states its own unit."""
    rows = [(v, unit) if not isinstance(v, tuple) else v for v in values]
    labs = [{"day": 30 * n, "test": test, "value": v, "unit": u} for n, (v, u) in enumerate(rows)]
    return _record(infusions=[INFUSION], labs=labs)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        ((3.0, 0.8, 9, 1.2), ["row 4"]),  # 0.9 without its point
        ((0.2, 9, 1.2), ["row 3", "row 2"]),  # the CAR-T explains the fall, not the rise
        ((0.8, 3.9, 0.8), []),  # under five times
        ((0.8, 9, 8.5), ["row 2"]),  # a rise that stays: the first may be 8.0
        ((0.05, 0.3, 0.05), []),  # too small to matter
        ((9, 0.8, 0.9), []),  # the CAR-T of day 0 may have done it
        ((0.8, 0.9, 9), ["row 4"]),  # tenfold within a month
        ((0.8, 0.9, 4.2), []),  # under five times
        ((3.0, 0.8, 0.08, 0.7, 0.7), ["row 4"]),  # a nadir from which it does not rise on
        ((3.0, 0.3, 0.8, 2.0), []),  # a nadir, then a relapse
    ],
)
def test_one_value_far_above_both_its_neighbours(
    values: tuple[float, ...], flagged: list[str]
) -> None:
    record = _series(*values)
    told = _told(record, "possible_slip")
    assert [i.source.place for i in told] == [f"{row}, value" for row in flagged]
    assert len(record.labs) == len(values)
    assert all(
        (i.severity, i.done) == ("warning", "used") and "lost decimal point" in i.message
        for i in told
    )


def test_copies_of_the_car_may_peak() -> None:
    assert not _told(
        _series(10, 50000, 20, test="car_copies_per_ug_dna", unit="copies/ug"), "possible_slip"
    )


@pytest.mark.parametrize(
    ("values", "flagged"),
    [
        ((1.5, 1.6, (1.7, "g/L")), True),
        ((1.5, 1.2, (1.7, "g/L")), True),  # 7-fold down, and the number goes on
        ((1.5, 1.6, (17, "g/L")), False),
        ((3.0, 2.9, (2.0, "mg/dL")), True),
        ((3.0, (0.5, "g/L")), False),  # a real fall, stated in another unit
        ((1.5, 1.6, (1.7, "g/dl")), False),  # another spelling of the same unit
    ],
)
def test_another_unit_for_a_number_that_goes_on(values: tuple[Any, ...], flagged: bool) -> None:
    assert bool(_told(_series(*values), "possible_unit_error")) is flagged


@pytest.mark.parametrize(
    ("test", "unit", "values", "words"),
    [
        ("serum_m_protein", "g/dL", (3.0, 0.3, 2.9), ["about 10:"]),
        (
            "serum_m_protein",
            "g/dL",
            (3.0, 0.003, 2.9),
            ["about 1000:"],
        ),  # a number in g/L divided by a thousand
        ("kappa_flc", "mg/L", (2500, 25, 2400), ["about 100:"]),
        (
            "urine_m_protein_24h",
            "mg/24h",
            (1.2, 1200),
            [],
        ),  # a rise by a thousand that stays: it may be true
        ("urine_m_protein_24h", "mg/24h", (1200, 1.2, 1250), ["about 1000:"]),
        ("marrow_plasma_cells", "%", (60, 0.6, 58), ["about 100:"]),  # a fraction among percentages
        ("crp", "mg/L", (2, 200, 2), []),  # no two units of CRP lie a hundred apart
        ("albumin", "g/dL", (4.0, 3.9, 3.8), []),
    ],
)
def test_a_step_as_large_as_between_two_units_that_goes_back(
    test: str, unit: str, values: tuple[float, ...], words: list[str]
) -> None:
    told = _told(_series(*values, test=test, unit=unit), "possible_unit_error")
    assert len(told) == len(words) and all(w in i.message for w, i in zip(words, told, strict=True))
    assert all((i.severity, i.done) == ("warning", "used") for i in told)


@pytest.mark.parametrize(
    ("size", "flagged"), [(4.9, True), (0.5, True), (5, False), (30, False), (0, False)]
)
@pytest.mark.parametrize("column", ["length_mm", "width_mm", "short_axis_mm"])
def test_lesions_too_small_to_be_measured(column: str, size: float, flagged: bool) -> None:
    record = _record(
        imaging=[{"day": 1, "method": "CT", "result": "positive", "lesion": "L1", column: size}]
    )
    told = _told(record, "possible_unit_error")
    assert bool(told) is flagged
    assert all("centimetres" in i.message for i in told)
    assert getattr(record.imaging[0], column) == size


# ---------------------------------------------------------------- days


def _far(day: int, person: dict[str, Any] | None = None, **tables: Any) -> list[Issue]:
    labs = [{"day": d, "test": "crp", "value": 5, "unit": "mg/L"} for d in (0, 30, 90, day)]
    return _told(_record(person, infusions=[INFUSION], labs=labs, **tables), "lonely_last_day")


def test_a_single_row_long_after_everything_else() -> None:
    (told,) = _far(456)
    assert (told.severity, told.done, told.source.place) == ("warning", "used", "row 5, day")
    assert (
        "366 days after all others (day 90 and earlier)" in told.message
        and "assessed as of day 456" in told.message
    )
    assert _far(455) == []
    (with_contact,) = _far(456, {"last_seen_day": 500})
    assert "as of day" not in with_contact.message  # the stated contact sets the last day


def test_what_is_known_late_without_a_slip() -> None:
    assert (
        _far(900, conditions=[{"day": 900, "condition": "diabetes", "status": "present"}]) == []
    )  # two rows of that day
    assert _far(900, deaths=[{"day": 900, "cause": "other"}]) == []
    labs = [{"day": 0, "test": "crp", "value": 5, "unit": "mg/L"}]
    assert (
        _told(_record(infusions=[INFUSION], labs=labs, deaths=[{"day": 900}]), "lonely_last_day")
        == []
    )
    therapies = [{"start_day": -900, "agents": "lenalidomide"}]
    assert (
        _told(_record(infusions=[INFUSION], therapies=therapies), "lonely_last_day") == []
    )  # the infusion itself
    second = [INFUSION, {"day": 3000, "product": "cilta-cel"}]
    assert len(_told(_record(infusions=second, labs=labs), "lonely_last_day")) == 1


@pytest.mark.parametrize(("month", "lonely"), [("2022-05", False), ("2020-08", True)])
def test_a_month_shortly_before_keeps_the_last_day_company(month: str, lonely: bool) -> None:
    person = {"day_zero": "2020-01-15"}
    toxicities = [{"day": month, "toxicity": "CRS", "grade": 3}]
    assert bool(_far(900, person, toxicities=toxicities)) is lonely


@pytest.mark.parametrize(("day", "refused"), [("2081-05-01", True), ("2079-05-01", False)])
def test_nobody_is_older_than_120(day: str, refused: bool) -> None:
    person = {"birth_date": "1959-06-01", "day_zero": "2079-01-01"}
    record = _record(person, labs=[{"day": day, "test": "crp", "value": 5, "unit": "mg/L"}])
    assert [i.done for i in _told(record, "beyond_age")] == (["set_aside"] if refused else [])
    assert len(record.labs) == (not refused)


# ---------------------------------------------------------------- day zero

DATED = {"day": "2024-01-05", "test": "crp", "value": 5, "unit": "mg/L"}


def test_day_zero_of_an_infusion_is_only_noted() -> None:
    record = _record(infusions=[{"day": "2024-01-02", "product": "ide-cel"}], labs=[DATED])
    assert [i.severity for i in _told(record, "day_zero_chosen")] == ["note"]
    assert _told(record, "infusion_without_day") == []


@pytest.mark.parametrize("infusions", [[], [{"product": "ide-cel", "infused": "no"}]])
def test_day_zero_without_an_infusion_is_a_warning(infusions: list[dict[str, Any]]) -> None:
    record = _record(infusions=infusions, labs=[DATED])
    (told,) = _told(record, "day_zero_chosen")
    assert (told.severity, told.done) == ("warning", "used")
    assert (
        "not counted from an infusion" in told.message and "enter or map its date" in told.message
    )


@pytest.mark.parametrize("day", [None, "05/01/24"])
def test_an_infusion_without_a_day_is_an_error(day: str | None) -> None:
    record = _record(infusions=[{"product": "ide-cel", "day": day}], labs=[DATED])
    (told,) = _told(record, "day_zero_chosen")
    assert (told.severity, told.done) == ("error", "used")
    assert "none has a readable date" in told.message
    (missing,) = _told(record, "infusion_without_day")
    assert (missing.severity, missing.done, missing.source.place) == ("error", "used", "row 2")


def test_an_infusion_without_a_day_among_day_numbers() -> None:
    record = _record(
        infusions=[{"product": "ide-cel", "infused": "yes"}], labs=[{**DATED, "day": 5}]
    )
    assert len(_told(record, "infusion_without_day")) == 1
    assert _told(record, "day_zero_chosen") == []


# ---------------------------------------------------------------- values beside others


def _on_days(test: str, unit: str, **values: float) -> list[dict[str, Any]]:
    """`d30=0.4` is a value of day 30, `m40=2.8` one of day -40."""
    days = {name: int(name[1:]) * (-1 if name[0] == "m" else 1) for name in values}
    return [
        {"day": days[name], "test": test, "value": value, "unit": unit}
        for name, value in values.items()
    ]


def _m_protein(**values: float) -> list[dict[str, Any]]:
    return _on_days("serum_m_protein", "g/dL", **values)


def _slips(labs: list[dict[str, Any]], **tables: Any) -> list[str]:
    """What is told as a slip: day and the ground, without the values."""
    record = _record(infusions=[INFUSION], labs=labs, **tables)
    told = _told(record, "possible_slip")
    assert all(issue.done == "used" for issue in told)
    return [issue.message.split("(day ")[1].split(": possible")[0] for issue in told]


def test_a_first_value_before_the_infusion() -> None:
    slip = _m_protein(m44=0.28, m6=2.4, d28=0.9, d60=0.3)
    assert _slips(slip) == ["-44) means a rise too fast for myeloma (2.4 g/dL on day -6)"]
    assert _slips(_m_protein(m44=2.8, m6=2.4, d28=0.9, d60=0.3)) == []


def test_a_last_value_that_falls_faster_than_an_immunoglobulin() -> None:
    slip = _m_protein(m6=2.4, d28=0.9, d400=1.0, d414=0.13)
    ground = "414) means a fall faster than immunoglobulins are cleared (1 g/dL on day 400)"
    assert _slips(slip) == [ground]


def test_a_last_value_that_falls_without_therapy() -> None:
    slip = _m_protein(m6=2.4, d28=0.9, d300=0.9, d360=0.15)
    assert _slips(slip) == []  # no therapy at all is on record: nobody wrote them down
    induction = [{"start_day": -900, "end_day": -700, "regimen": "VRd"}]
    assert _slips(slip, therapies=induction) == [
        "360) means a fall without any therapy (0.9 g/dL on day 300)"
    ]
    salvage = [{"start_day": 305, "regimen": "DPd"}]
    assert _slips(slip, therapies=salvage) == []


def test_a_last_value_against_the_light_chains() -> None:
    labs = _m_protein(m6=2.4, d28=0.9, d300=0.9, d360=0.15)
    labs += _on_days("kappa_flc", "mg/L", d300=60, d360=190)
    salvage = [{"start_day": 305, "regimen": "DPd"}]
    assert _slips(labs, therapies=salvage) == [
        "360) changes in the opposite direction to the light chains (0.9 g/dL on day 300)"
    ]


def test_a_light_chain_that_jumps_while_the_other_markers_stand_still() -> None:
    still = _m_protein(m6=2.4, d28=0.4, d56=0.4, d84=0.4)
    still += _on_days("lambda_flc", "mg/L", d28=9, d56=9, d84=9)
    slip = still + _on_days("kappa_flc", "mg/L", d28=40, d56=520, d84=40)
    assert _slips(slip) == ["56) is far above the values before and after it (40 mg/L, 40 mg/L)"]
    natural = still + _on_days("kappa_flc", "mg/L", d28=40, d56=200, d84=40)
    assert _slips(natural) == []


@pytest.mark.parametrize(
    ("platelets", "neutrophils", "hemoglobin", "told"),
    [
        (11, 1.8, 10.5, True),
        (11, 0.4, 10.5, False),  # the marrow fails as a whole
        (11, 1.8, 7.9, False),
        (58, 1.1, 10.8, False),
        (580, 1.1, 10.8, True),
        (580, 3.1, 12.8, False),
    ],
)
def test_platelets_beside_the_other_counts(
    platelets: float, neutrophils: float, hemoglobin: float, told: bool
) -> None:
    labs = _on_days("platelets", "10*9/L", d56=platelets)
    labs += _on_days("neutrophils", "10*9/L", d56=neutrophils)
    labs += _on_days("hemoglobin", "g/dL", d54=hemoglobin)
    assert bool(_slips(labs)) is told


def test_platelets_without_other_counts_are_not_wondered_about() -> None:
    assert _slips(_on_days("platelets", "10*9/L", d56=11)) == []


def test_creatinine_of_a_failing_kidney_of_which_nothing_else_is_on_record() -> None:
    labs = _on_days("creatinine", "mg/dL", d56=9)
    assert _slips(labs) == ["56) suggests kidney failure, which nothing else on record supports"]
    egfr = _on_days("egfr", "mL/min/1.73m2", d56=7)
    assert _slips(labs + egfr) == []
    assert _slips(_on_days("creatinine", "mg/dL", d40=8.2, d56=9)) == []


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("renal_impairment", "present", False),
        ("dialysis", "resolved", False),
        ("renal_impairment", "unclear", False),
        ("renal_impairment", "absent", True),
        ("adrenal_insufficiency", "present", True),
    ],
)
def test_creatinine_beside_what_is_stated_of_the_kidney(name: str, status: str, told: bool) -> None:
    labs = _on_days("creatinine", "mg/dL", d56=9)
    stated = [{"condition": name, "status": status, "day": 50}]
    assert bool(_slips(labs, conditions=stated)) is told


# ---------------------------------------------------------------- the axis of the laboratory


def _axis(labs: list[dict[str, Any]], last_seen: int = 400, **tables: Any) -> list[str]:
    person = {"last_seen_day": last_seen}
    record = _record(person, infusions=[INFUSION], labs=labs, **tables)
    return [issue.message for issue in _told(record, "laboratory_days_doubtful")]


CHECK = ". Check the days of the laboratory results against the day of the infusion."


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("car_t_cells_flow", "% of T cells"),
        ("car_t_cells_absolute", "/uL"),
        ("car_t_cells_of_lymphocytes", "% of lymphocytes"),
        ("car_t_cells_cd8_absolute", "/uL"),
        ("car_copies_per_1000_cells", "copies/1000 cells"),
    ],
)
def test_every_assay_of_car_t_cells_tells(test: str, unit: str) -> None:
    (told,) = _axis(_on_days(test, unit, m23=9))
    assert told.startswith("CAR-T cells were measured on day -23")


def test_car_t_cells_before_the_infusion() -> None:
    cells = _on_days("car_copies_per_ug_dna", "copies/ug", m23=9000, m16=20000)
    assert _axis(cells) == [
        "CAR-T cells were measured on day -23 (9000 copies/ug), before the first infusion (day 0)"
        + CHECK
    ]
    none_seen = _on_days("car_copies_per_ug_dna", "copies/ug", m7=0, d9=20000)
    assert _axis(none_seen) == []
    infusions = [{"day": -300, "product": "ide-cel"}, INFUSION]
    record = _record(labs=cells, infusions=infusions)
    assert _told(record, "laboratory_days_doubtful") == []


def test_a_fall_before_the_infusion_without_any_therapy() -> None:
    labs = _m_protein(m66=2.4, m32=0.9, m2=0.3)
    assert _axis(labs) == []  # no therapy at all is on record: nobody wrote them down
    induction = [{"start_day": -900, "end_day": -700, "regimen": "VRd"}]
    assert _axis(labs, therapies=induction) == [
        "The M-protein falls from 2.4 to 0.9 g/dL between day -66 and day -32, before the first "
        "infusion (day 0) and with no therapy on record at that time" + CHECK
    ]
    bridging = [{"start_day": -60, "end_day": -20, "regimen": "DPd", "purpose": "bridging"}]
    assert _axis(labs, therapies=bridging) == []
    undated = [{"regimen": "DPd"}]
    assert _axis(labs, therapies=undated) == []  # it may have been then


def test_no_result_after_the_infusion_of_a_patient_who_was_followed() -> None:
    labs = _m_protein(m100=2.0, m90=2.1, m80=2.1, m70=2.2, m60=2.2, m50=2.3)
    assert _axis(labs, last_seen=400) == [
        "The last of 6 laboratory results is from day -50, but the patient was followed to day 400"
        + CHECK
    ]
    assert _axis(labs, last_seen=50) == []
    assert _axis(labs[:5], last_seen=400) == []


@pytest.mark.parametrize(
    ("given", "day", "year", "codes"),
    [
        ("1960-03-14", "1960-03-14", None, []),
        ("14. März 1960", "1960-03-14", None, []),
        ("1960-03", None, 1960, ["birth_year_only"]),
        ("03/1960", None, 1960, ["birth_year_only"]),
        ("March 1960", None, 1960, ["birth_year_only"]),
        ("1960", None, 1960, ["birth_year_only"]),
        (1960, None, 1960, ["birth_year_only"]),
        ("03/04/1960", None, None, ["date_ambiguous"]),
        ("before infusion", None, None, ["date_needed"]),
    ],
)
def test_date_of_birth_of_which_only_a_part_is_known(
    given: Any, day: str | None, year: int | None, codes: list[str]
) -> None:
    record = read_tables({"patients": [{"patient_id": "A", "birth_date": given}]}).records[0]
    assert record.birth_date == (None if day is None else date.fromisoformat(day))
    assert record.birth_year == year
    assert [i.code for i in record.issues] == codes


def test_part_of_a_date_of_birth_that_contradicts_the_year() -> None:
    person: dict[str, Any] = {"patient_id": "A", "birth_date": "1960-03", "birth_year": 1961}
    record = read_tables({"patients": [person]}).records[0]
    assert record.birth_year is None
    assert "patient_contradiction" in {i.code for i in record.issues}
