"""Rows on dangers that are unclear, undated or contradict each other: never read as "no". Infusion
on day 0, read on day 220.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from rearm.findings import Found, find
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures
from rearm.record import Condition, Death, Lab, Record, Source, Toxicity, When

AS_OF = 220
Said = tuple[str, When | int | None]


def when(day: When | int | None) -> When:
    return day if isinstance(day, When) else When() if day is None else When.on(day)


def found(
    name: str,
    *rows: Said,
    toxicities: tuple[Toxicity, ...] = (),
    labs: tuple[Lab, ...] = (),
    deaths: tuple[Death, ...] = (),
    last_seen: int | None = None,
) -> dict[str, Found]:
    conditions = tuple(
        Condition(
            condition=name, status=status, when=when(day), source=Source("conditions", str(n))
        )
        for n, (status, day) in enumerate(rows)
    )
    record = Record(
        patient_id="P",
        source=Source("patients", "1"),
        sex="F",
        conditions=conditions,
        toxicities=toxicities,
        labs=labs,
        deaths=deaths,
        last_seen_day=last_seen,
    )
    return find(record, failures(record), load_catalogue(), as_of=AS_OF)


MAY = When(200, 230)


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("absent", [("absent", 215)], False),
        ("absent, then unclear", [("absent", 210), ("unclear", 215)], None),
        ("unclear, then absent", [("unclear", 210), ("absent", 215)], False),
        ("unclear on an unknown day", [("absent", 215), ("unclear", None)], None),
        ("unclear alone", [("unclear", 215)], None),
        ("present and absent on one day", [("absent", 215), ("present", 215)], True),
        ("present, then absent", [("present", 210), ("absent", 215)], False),
        ("present on a day that may be later", [("absent", 215), ("present", MAY)], True),
        ("present on an unknown day", [("absent", 215), ("present", None)], True),
        ("present on an unknown day, alone", [("present", None)], True),
        ("present, then unclear", [("present", 210), ("unclear", 215)], True),
        ("present, resolved on an unknown day", [("present", 210), ("resolved", None)], True),
    ],
)  # fmt: skip
def test_what_stops_a_treatment(what: str, rows: list[Said], value: object) -> None:
    for name in ("active_infection", "enterocolitis"):
        assert found(name, *rows)[name].value is value, (what, name)
    assert found("cns_myeloma", *rows)["cns_disease"].value is value, what


def test_the_contradiction_is_said() -> None:
    text = found("active_infection", ("absent", 215), ("present", 215))["active_infection"].text
    assert (
        "contradicts itself" in text and "absent, day 215" in text and "counts as present" in text
    )
    assert "day unknown" in found("active_infection", ("present", None))["active_infection"].text


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ([("absent", 210), ("unclear", 215)], None),
        ([("absent", 215), ("present", MAY)], None),
        ([("absent", 215), ("present", None)], None),
        ([("unclear", 210), ("absent", 215)], False),
    ],
)
def test_other_conditions_are_unknown_rather_than_absent(rows: list[Said], value: object) -> None:
    for name in ("dialysis", "diabetes", "lung_disease", "hiv"):
        assert found(name, *rows)[name].value is value


def word(test: str, result: str, day: int) -> Lab:
    return Lab(test=test, when=When.on(day), source=Source("labs", test), word=result)


def test_a_negative_test_does_not_settle_an_unclear_statement() -> None:
    csf, serology, pregnancy = (
        word(t, "negative", 210) for t in ("csf_plasma_cells", "hiv_serology", "pregnancy_test")
    )
    for name, asked, lab in (
        ("cns_myeloma", "cns_disease", csf),
        ("hiv", "hiv", serology),
        ("pregnancy", "pregnancy", pregnancy),
    ):
        assert found(name, labs=(lab,))[asked].value is False
        assert found(name, ("unclear", 215), labs=(lab,))[asked].value is None, asked
    assert found("thrombosis", ("unclear", 100))["thrombosis"].value is None
    assert found("thrombosis", ("absent", 100))["thrombosis"].value is False


@pytest.mark.parametrize(("day", "value"), [(210, True), (100, None)])
def test_an_end_before_its_start_resolves_nothing(day: int, value: object) -> None:
    row = Toxicity(
        toxicity="icans",
        grade=2,
        when=When.on(day),
        end=When.on(day - 10),
        source=Source("toxicities", "1"),
    )
    icans = found("x", toxicities=(row,))["unresolved_crs_icans"]
    assert icans.value is value and "before its start" in icans.text
    assert (
        found("x", toxicities=(replace(row, end=When.on(day + 5)),))["unresolved_crs_icans"].value
        is False
    )
