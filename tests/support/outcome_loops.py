"""The slow reader of a store: one patient after the other, in plain Python."""

from __future__ import annotations

from typing import Any

from rearm.cohort.outcomes.opened import OpenedStore
from rearm.cohort.outcomes.question import Question

Row = dict[str, Any]
Counted = tuple[str | None, int, int, int]  # group, entry, exit, cause


def counted(store: OpenedStore, question: Question) -> dict[str, Counted | str]:
    """By patient with an origin: what counts, or why it does not."""
    tables = {
        name: store.table(name).collect().rows(named=True)
        for name in ("outcomes", "patients", "infusions", "lines")
    }
    found: dict[str, Counted | str] = {}
    for row in tables["outcomes"]:
        wanted = "PFS" if question.endpoint == "progression" else question.endpoint
        own = (row["infusion"], row["origin"], row["endpoint"])
        asked = own == (question.infusion, question.origin, wanted)
        if not asked or row["origin_day"] is None or _death_is_the_failure(row, tables, question):
            continue
        found[row["patient_id"]] = _one(row, tables, question)
    return found


def _death_is_the_failure(row: Row, tables: dict[str, list[Row]], question: Question) -> bool:
    """Survival after a failure counts from a progression."""
    kind = next(
        x["kind"]
        for x in tables["infusions"]
        if (x["patient_id"], x["infusion"]) == (row["patient_id"], row["infusion"])
    )
    after_failure = (question.origin, question.endpoint) == ("failure", "OS")
    return after_failure and kind == "death_of_myeloma"


def _one(row: Row, tables: dict[str, list[Row]], question: Question) -> Counted | str:
    if row["status"] == "not_computable":
        return str(row["obstacle"])
    of_next_therapy = row["endpoint"] == "TTNT" or question.by in ("strategy", "option")
    if row["origin"] == "failure" and of_next_therapy and _treated_before(row, tables):
        return "new_therapy_before_failure"
    group, since, why = _group(row, tables, question)
    if why is not None:
        return why
    cause = 0
    if row["status"] == "event":
        cause = 2 if question.endpoint == "progression" and row["event"] == "death" else 1
    elif row["competing"] and question.endpoint != "progression":
        cause = 2
    days, entry = row["days"], (row["entry"] or 0) if question.entry else 0
    if question.origin == "apheresis":
        entry = max(entry, _infused_on(row, tables) - row["origin_day"])
    if question.landmark == "first_dose":
        assert since is not None
        entry = max(entry, since)
    if cause and days == 0 and entry == 0:
        days = 1
    if isinstance(question.landmark, int):
        if entry > question.landmark:
            return "not_seen_at_landmark"
        if days <= question.landmark:
            return "event_before_landmark" if cause else "not_followed_to_landmark"
        days, entry = days - question.landmark, 0
    if days <= entry:
        return "ended_before_entry" if entry else "no_follow_up"
    return group, entry, days, cause


def _treated_before(row: Row, tables: dict[str, list[Row]]) -> bool:
    return any(
        x["origin_day"] + x["days_high"] < row["origin_day"]
        for x in tables["outcomes"]
        if (x["patient_id"], x["infusion"], x["origin"], x["endpoint"], x["status"])
        == (row["patient_id"], row["infusion"], "infusion", "TTNT", "event")
    )


def _infused_on(row: Row, tables: dict[str, list[Row]]) -> int:
    return next(
        int(x["day"])
        for x in tables["infusions"]
        if (x["patient_id"], x["infusion"]) == (row["patient_id"], row["infusion"])
    )


def _group(
    row: Row, tables: dict[str, list[Row]], question: Question
) -> tuple[str | None, int | None, str | None]:
    """The group, the day on which it begins, and why there is none."""
    if question.by is None:
        return None, None, None
    if question.by in ("product", "kind"):
        value = next(
            x[question.by]
            for x in tables["infusions"]
            if (x["patient_id"], x["infusion"]) == (row["patient_id"], row["infusion"])
        )
        return value or "not_known", None, None
    if question.infusion > 1:
        return _strategy(row, tables, _infused_on(row, tables), question.infusion - 1), None, None
    if question.origin == "salvage":
        return _strategy(row, tables, row["origin_day"], 1), None, None
    later = next(
        x
        for x in tables["outcomes"]
        if (x["patient_id"], x["infusion"], x["origin"], x["endpoint"])
        == (row["patient_id"], row["infusion"], question.origin, "TTNT")
    )
    if later["status"] == "not_computable":
        return None, None, str(later["obstacle"])
    begun = later["days"] if later["status"] == "event" else None
    if question.landmark == "first_dose":
        if begun is None:
            return None, None, "no_salvage"
        return _strategy(row, tables, row["origin_day"] + begun, 1), begun, None
    assert isinstance(question.landmark, int)
    if begun is None or later["days_low"] > question.landmark:
        return "no_salvage_yet", None, None
    if later["days_high"] > question.landmark:
        return None, None, "new_therapy_undated"
    return _strategy(row, tables, row["origin_day"] + begun, 1), None, None


def _strategy(row: Row, tables: dict[str, list[Row]], day: int, after: int) -> str:
    lines = [
        x
        for x in tables["lines"]
        if x["patient_id"] == row["patient_id"]
        and x["after_infusion"] == after
        and x["start_low"] == x["start_high"] == day
    ]
    first = min(lines, key=lambda x: x["line"], default=None)
    return "not_known" if first is None or first["strategy"] is None else str(first["strategy"])
