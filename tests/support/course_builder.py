"""Short ways to write a record for tests of the course: serum M-protein series, lesions, statements
of the team.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rearm.interval import Interval
from rearm.record import (
    Condition,
    Death,
    Fact,
    Imaging,
    Infusion,
    Lab,
    Record,
    ResponseStatement,
    Source,
    Therapy,
    When,
)


def src(name: str) -> Source:
    return Source("test", name)


def lab(test: str, day: int, value: float | str | Interval, **rest: Any) -> Lab:
    if isinstance(value, str):
        return Lab(test=test, when=When.on(day), source=src(f"{test} {day}"), word=value, **rest)
    quantity = value if isinstance(value, Interval) else Interval.of(float(value))
    return Lab(test=test, when=When.on(day), source=src(f"{test} {day}"), quantity=quantity, **rest)


def serum(series: Mapping[int, float | Interval], *, urine: bool = True) -> list[Lab]:
    """Serum M-protein (g/dL) by day, with urine M-protein 0 on the same days."""
    labs = [lab("serum_m_protein", d, v) for d, v in series.items()]
    return labs + ([lab("urine_m_protein_24h", d, 0) for d in series] if urine else [])


def infusion(day: int | None = 0, product: str = "ide-cel", **rest: Any) -> Infusion:
    return Infusion(
        source=src(f"infusion {day}"),
        when=When() if day is None else When.on(day),
        product=product,
        targets=("BCMA",),
        **{"infused": True, **rest},
    )


def therapy(start: int | None, purpose: str | None, **rest: Any) -> Therapy:
    return Therapy(
        source=src(f"therapy {start}"),
        start=When() if start is None else When.on(start),
        purpose=purpose,
        **rest,
    )


def lesion(
    day: int, name: str | None = "L1", *, result: str = "positive", method: str = "CT", **rest: Any
) -> Imaging:
    return Imaging(
        source=src(f"imaging {day}"),
        when=When.on(day),
        method=method,
        result=result,
        lesion=name,
        **rest,
    )


def team(day: int, response: str, **rest: Any) -> ResponseStatement:
    return ResponseStatement(
        response=response,
        when=rest.pop("when", When.on(day)),
        source=src(f"team {day}"),
        by="team",
        **rest,
    )


def fact(finding: str, value: str, day: int) -> Fact:
    return Fact(finding=finding, value=value, source=src(f"fact {day}"), when=When.on(day))


def condition(
    name: str, day: int | None, *, attributed: bool | None = None, status: str = "present"
) -> Condition:
    return Condition(
        condition=name,
        status=status,
        source=src(f"condition {day}"),
        when=When() if day is None else When.on(day),
        attributed_to_myeloma=attributed,
    )


def death(day: int, cause: str) -> Death:
    return Death(when=When.on(day), cause=cause, source=src(f"death {day}"))


def record(**parts: Any) -> Record:
    """An IgG kappa patient with one infusion on day 0 unless `infusions` says otherwise."""
    given: dict[str, Any] = {
        "infusions": [infusion()],
        "heavy_chain": ("IgG",),
        "light_chain": "kappa",
        **parts,
    }
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    return Record(patient_id="test", source=src("patient"), **given)
