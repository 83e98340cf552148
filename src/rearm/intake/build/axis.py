"""One patient's day axis: which calendar date is day 0, and what a stated moment is on the axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rearm.intake.rows import Moment, Row, Value
from rearm.intake.values import Refused, is_dated, parse_moment
from rearm.record import UNKNOWN_WHEN, When

__all__ = ["DAY_COLUMNS", "INFUSION", "Axis", "choose_day_zero", "infusion_off_day_zero"]

INFUSION = "the first CAR-T infusion"  # what day 0 is where it could be chosen by the infusion
_NOT_INFUSED = ("no", "n", "false", "0", "nein")
# days from the first possible day of birth; beyond them the age is certainly over 120 years
OLDEST = 121 * 366

# Columns that hold days, by table, the one that dates the event first.
DAY_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": ("diagnosis_day", "last_seen_day"),
    "labs": ("day", "reported_day"),
    "therapies": ("start_day", "end_day"),
    "infusions": ("day", "apheresis_days"),
    "assessments": ("day",),
    "refractoriness": ("day",),
    "variants": ("day", "reported_day"),
    "imaging": ("day", "reported_day"),
    "toxicities": ("day", "end_day"),
    "conditions": ("day", "end_day"),
    "facts": ("day",),
    "deaths": ("day",),
}


@dataclass(slots=True)
class Axis:
    """Bounds and anchors of one patient's axis. `zero` and `today` are ordinals of dates; days are
    on the axis.
    """

    zero: int | None
    today: int
    birth: int | None = None  # ordinal of the first day on which the patient can have been born
    death_day: int | None = None
    infusion_day: int | None = None
    bridging_day: int | None = None
    lymphodepletion_day: int | None = None
    diagnosis_day: int | None = None
    apheresis_days: tuple[int, ...] = ()

    def when(self, moment: Moment, *, may_follow_death: bool = False) -> When:
        """`moment` on the axis. Raises Refused where it has no place: before birth, after death (a
        report may), in the future.
        """
        if moment.anchor is not None:
            return self._anchored(moment)
        first, last = moment.first, moment.last
        if moment.dated:
            if self.zero is None:
                raise Refused(
                    "no_day_zero",
                    "A calendar date can't be placed among day numbers without the date of day 0."
                    " Give patients.day_zero.",
                )
            if first is not None and first > self.today >= self.zero:
                raise Refused(
                    "date_in_future", f"The date {_iso(first)} lies in the future. Correct it."
                )
            first = None if first is None else first - self.zero
            last = None if last is None else last - self.zero
        elif (
            self.zero is not None
            and first is not None
            and first + self.zero > self.today >= self.zero
        ):
            raise Refused(
                "date_in_future",
                f"{_shown(first, last, self.zero)} lies in the future. Correct the day or day 0.",
            )
        if (
            self.birth is not None
            and self.zero is not None
            and last is not None
            and last + self.zero < self.birth
        ):
            raise Refused(
                "before_birth",
                f"{_shown(first, last, self.zero)} lies before the patient's birth. Correct the day"
                " or the birth.",
            )
        if (
            self.birth is not None
            and self.zero is not None
            and first is not None
            and first + self.zero > self.birth + OLDEST
        ):
            raise Refused(
                "beyond_age",
                f"{_shown(first, last, self.zero)} would make the patient over 120 years old."
                " Correct the day or the birth.",
            )
        if (
            self.death_day is not None
            and first is not None
            and first > self.death_day
            and not may_follow_death
        ):
            raise Refused(
                "after_death",
                f"{_shown(first, last, self.zero)} lies after the recorded death (day"
                f" {self.death_day}). Correct one of them.",
            )
        return When(first, last)

    def _anchored(self, moment: Moment) -> When:
        infusion = self.infusion_day
        match moment.anchor:
            case "apheresis" if len(self.apheresis_days) == 1:
                return When.on(self.apheresis_days[0])
            case "apheresis" if self.apheresis_days:
                return When(min(self.apheresis_days), max(self.apheresis_days))
            case "before_bridging" if self.bridging_day is not None:
                return When(None, self.bridging_day - 1)
            case "before_lymphodepletion" | "before_bridging" if (
                self.lymphodepletion_day is not None
            ):
                return When(None, self.lymphodepletion_day - 1)
            case "diagnosis":
                return UNKNOWN_WHEN if self.diagnosis_day is None else When.on(self.diagnosis_day)
            case "after_infusion":
                return UNKNOWN_WHEN if infusion is None else When(infusion + 1, None)
            case _:
                return UNKNOWN_WHEN if infusion is None else When(None, infusion - 1)


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _shown(first: int | None, last: int | None, zero: int | None) -> str:
    day = first if first is not None else last
    if day is None:
        return "The day"
    return (
        f"Day {day} ({_iso(day + zero)})" if zero is not None and day + zero > 0 else f"Day {day}"
    )


def infusion_off_day_zero(rows: Iterable[Row], zero: int) -> int | None:
    """Ordinal of the first dated infusion where the stated day 0 is the date of none of them and
    other rows are day numbers; else None.

    Day numbers of centres count from the infusion, so one of the two dates is then mostly wrong.
    """
    infusions: list[int] = []
    numbered = False
    for row in rows:
        for place, column in enumerate(DAY_COLUMNS.get(row.table, ())):
            value = row.values.get(column)
            if value is None or column == "diagnosis_day":
                continue
            if row.table == "infusions" and place == 0 and is_dated(value):
                if _was_infused(row) and (moment := _exact(value)) is not None:
                    infusions.append(moment)
            elif row.table != "infusions" and _is_number(value):
                numbered = True
    return min(infusions) if numbered and infusions and zero not in infusions else None


def _was_infused(row: Row) -> bool:
    """Whether the row does not say that its product was never given."""
    return str(row.values.get("infused", "")).strip().casefold() not in _NOT_INFUSED


def _exact(value: Value) -> int | None:
    """Ordinal of a whole date, else None."""
    try:
        moment = parse_moment(value)
    except Refused:
        return None
    return moment.first if moment.dated and moment.first == moment.last else None


def _is_number(value: Value) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdigit()
    return isinstance(value, float | int) and not isinstance(value, bool)


def choose_day_zero(rows: Iterable[Row]) -> tuple[int, str] | None:
    """Ordinal of the date to take as day 0 where dates stand without one, and why; None without a
    whole date, or beside day numbers.

    The first infused CAR-T; else the first dose of the first dated line of therapy; else the first
    dated row.
    """
    infusions: list[int] = []
    doses: list[int] = []
    others: list[int] = []
    for row in rows:
        for place, column in enumerate(DAY_COLUMNS.get(row.table, ())):
            value = row.values.get(column)
            if value is None:
                continue
            if not is_dated(value):
                if _is_number(value):
                    return None
                continue
            day = _exact(value)
            if day is None:
                continue
            others.append(day)
            if place == 0 and row.table == "infusions" and _was_infused(row):
                infusions.append(day)
            if place == 0 and row.table == "therapies":
                doses.append(day)
    for found, what in (
        (infusions, INFUSION),
        (doses, "the first dose of the first dated therapy"),
        (others, "the first dated row"),
    ):
        if found:
            return min(found), what
    return None
