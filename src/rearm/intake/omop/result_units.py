"""The unit of a result: that of its concept, else of the source value; never guessed."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from rearm.intake.omop.loss import Cause
from rearm.intake.omop.translation import Translation, with_meanings
from rearm.intake.values import shown
from rearm.knowledge.lab_tests import TestDef
from rearm.units import UnitRefusal, factor, normal_unit

__all__ = ["with_units"]

_MISSING = "unit_missing"
_NOT_ALLOWED = "unit_not_allowed"
_CONTRADICTION = "unit_contradiction"


class _Unit(NamedTuple):
    text: str | None = None
    code: str | None = None
    why_not: str | None = None


def with_units(t: Translation, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `unit_text`, and `unit_why_not` where there is none to be used."""
    source = pl.col("value_source").cast(pl.Float64, strict=False)
    rows = rows.with_columns(
        (pl.col("number").is_not_null() & (source == pl.col("number")))
        .fill_null(False)
        .alias("same_number"),
        pl.col("number").is_not_null().alias("is_number"),
    )
    rows = with_meanings(
        rows,
        ("test", "unit", "unit_source", "same_number", "is_number"),
        lambda *said: _unit(t, *said),
        dict.fromkeys(("unit_text", "unit_code", "unit_why_not"), pl.String()),
    )
    _tell(t, table, rows)
    return rows


def _unit(
    t: Translation,
    test_id: str | None,
    concept: int | None,
    source: str | None,
    same_number: bool,
    is_number: bool,
) -> _Unit:
    of_concept = None if concept is None else t.vocabulary.unit(concept)
    test = None if test_id is None else t.knowledge.lab_tests.get(test_id)
    if test is None:
        return _Unit(of_concept or source)
    if not is_number or test.kind == "word":
        allowed = _first_allowed(test, of_concept, source)
        return _Unit(allowed)
    chosen = _first_allowed(test, of_concept, source)
    if chosen is not None:
        both = of_concept is not None and source is not None and same_number
        if both and _differ(test, of_concept or "", source or ""):
            return _Unit(
                None,
                _CONTRADICTION,
                f"The unit is {shown(of_concept)} by its concept and {shown(source)} in the source "
                "value, for the same number.",
            )
        return _Unit(chosen)
    given = of_concept or source
    if given is None and concept is not None:
        given = t.vocabulary.named(concept)
    if given is not None:
        return _Unit(given, _NOT_ALLOWED, _refusal(test, given))
    if "" in test.units:
        return _Unit()
    return _Unit(None, _MISSING, _refusal(test, None))


def _refusal(test: TestDef, unit: str | None) -> str:
    """Why a result in this unit can't be used, in the words of every way in."""
    try:
        factor(unit, test.units, test_name=test.name, allowed=test.allowed)
    except UnitRefusal as refusal:
        return str(refusal)
    raise AssertionError(f"{test.id} is accepted in {unit}")


def _first_allowed(test: TestDef, *units: str | None) -> str | None:
    return next((u for u in units if u is not None and _is_of(test, u)), None)


def _is_of(test: TestDef, unit: str) -> bool:
    normal = normal_unit(unit)
    return normal in test.units or normal in test.elsewhere


def _differ(test: TestDef, first: str, second: str) -> bool:
    """Whether two units, both of the test, mean different amounts."""
    a, b = normal_unit(first), normal_unit(second)
    if not (_is_of(test, first) and _is_of(test, second)):
        return False
    return test.units.get(a) != test.units.get(b) or test.elsewhere.get(a) != test.elsewhere.get(b)


def _tell(t: Translation, table: str, rows: pl.DataFrame) -> None:
    """One issue for each test and cause."""
    totals = dict(rows.filter("is_number").group_by("test").len().iter_rows())
    wrong = rows.filter(pl.col("unit_code").is_not_null())
    for (test_id, code, why), part in wrong.group_by(
        "test", "unit_code", "unit_why_not", maintain_order=True
    ):
        test = t.knowledge.lab_tests[str(test_id)]
        if code == _MISSING:
            every = part.height == totals[test_id]
            which = "All {n}" if every else f"{{n}} of {totals[test_id]}"
            allowed = ", ".join(test.allowed)
            said = f"{which} of {test.name} have no unit. They are not used. Allowed: {allowed}."
        else:
            said = f"{why} {{n}} of results are not used for it."
        t.losses.rows(
            Cause(
                severity="error",
                code=str(code),
                table=table,
                sentence=said,
                column="unit_source_value",
            ),
            part,
            value="unit_source",
        )
