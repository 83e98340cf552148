"""A record from the tables of a vignette, built in the test so that the course is tested without
the intake.
"""

from __future__ import annotations

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

_YES = {"yes": True, "no": False, None: None}


def record_of(tables: dict[str, list[dict[str, Any]]]) -> Record:
    """Only what the course reads; units as the vignettes use them (g/L beside g/dL)."""
    patient = tables["patients"][0]

    def rows(name: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        found = tables.get(name, [])
        return [
            (
                r,
                {
                    "source": Source(name, f"row {i}"),
                    "when": When.on(r["day"]) if r.get("day") is not None else When(),
                },
            )
            for i, r in enumerate(found, start=2)
        ]

    labs, aside = [], []
    for r, common in rows("labs"):
        quantity, word = _value(r["value"])
        isotype = tuple(b.strip() for b in r.get("isotype", "").split(";") if b.strip())
        fields: dict[str, Any] = {
            k: r.get(k) for k in ("method", "sensitivity", "specimen", "sample_id", "reported_day")
        }
        if quantity is not None and not r.get("unit"):
            aside.append(
                Lab(
                    test=r["test"],
                    as_given=str(r["value"]),
                    why_set_aside="no unit",
                    **fields,
                    **common,
                )
            )
            continue
        if quantity is not None and r["unit"] == "g/L":
            quantity = quantity.scaled(0.1)
        labs.append(
            Lab(test=r["test"], quantity=quantity, word=word, isotype=isotype, **fields, **common)
        )
    therapies = [
        Therapy(
            source=common["source"],
            start=When.on(r["start_day"]) if r.get("start_day") is not None else When(),
            end=When.on(r["end_day"]) if r.get("end_day") is not None else When(),
            line=r.get("line"),
            regimen=r.get("regimen"),
            agents=tuple((r.get("agents") or "").split(";")),
            purpose=r.get("purpose"),
        )
        for r, common in rows("therapies")
    ]
    sizes = (
        "method",
        "result",
        "lesion",
        "kind",
        "site",
        "length_mm",
        "width_mm",
        "short_axis_mm",
        "spd_mm2",
        "n_lesions",
        "suv",
    )
    return Record(
        patient_id=patient["patient_id"],
        source=Source("patients", "row 2"),
        heavy_chain=tuple(patient["heavy_chain"].split(";")) if patient.get("heavy_chain") else (),
        light_chain=patient.get("light_chain"),
        last_seen_day=patient.get("last_seen_day"),
        labs=tuple(labs),
        set_aside=tuple(aside),
        therapies=tuple(therapies),
        infusions=tuple(
            Infusion(
                product=r.get("product"),
                targets=(r["target"],),
                infused=_YES[r.get("infused")],
                **common,
            )
            for r, common in rows("infusions")
        ),
        responses=tuple(
            ResponseStatement(
                response=r["response"], by=r.get("by"), basis=r.get("basis"), **common
            )
            for r, common in rows("assessments")
        ),
        imaging=tuple(
            Imaging(
                **dict[str, Any]((k, r.get(k)) for k in sizes),
                contiguous_with_bone=_YES[r.get("contiguous_with_bone")],
                new=_YES[r.get("new")],
                **common,
            )
            for r, common in rows("imaging")
        ),
        conditions=tuple(
            Condition(
                condition=r["condition"],
                status=r["status"],
                attributed_to_myeloma=_YES[r.get("attributed_to_myeloma")],
                **common,
            )
            for r, common in rows("conditions")
        ),
        facts=tuple(
            Fact(finding=r["finding"], value=r["value"], **common) for r, common in rows("facts")
        ),
        deaths=tuple(Death(cause=r["cause"], **common) for r, common in rows("deaths")),
    )


def _value(value: Any) -> tuple[Interval | None, str | None]:
    if isinstance(value, int | float):
        return Interval.of(float(value)), None
    if str(value).startswith("<"):
        return Interval(0.0, float(str(value)[1:]), high_open=True), None
    return None, str(value)
