"""One patient's results among each other: repeated rows, corrected results, contradictions, swapped
light chains, steps of a unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from rearm.intake.build.context import Context
from rearm.intake.build.labs import CORRECTING, LabRow
from rearm.intake.values import Refused, number, text
from rearm.knowledge.lab_tests import load_tests
from rearm.record import Lab
from rearm.units import normal_unit

__all__ = ["settle_results"]

_NEVER_A_RESULT = {"entered_in_error", "cancelled"}

# Units of one test lie such factors apart (g/dL and g/L, fraction and percent, mg and g); a step by
# one of them, give or take a tenth, may be a slip of the unit.
_STEPS = (10, 100, 1000)
_NEAR = 0.1
# A protein with a half-life of weeks can't change tenfold within this time but by a slip of the
# unit.
_SLOW = frozenset(
    {"serum_m_protein", "igg", "iga", "igm", "igd", "hemoglobin", "albumin", "total_protein"}
)
_SLOW_DAYS = 14
# One value this many times both its neighbours looks like a lost decimal point (9 for 0.9), where
# it is at least as large as given here (canonical unit): below that no judgement hangs on it.
_SPIKE = 5.0
_SPIKE_FROM = {
    "serum_m_protein": 0.5, "urine_m_protein_24h": 200.0, "kappa_flc": 100.0, "lambda_flc": 100.0, "igg": 500.0, "iga": 500.0,
    "igm": 500.0, "igd": 500.0, "calcium": 5.0, "calcium_corrected": 5.0, "hemoglobin": 5.0, "albumin": 1.0, "total_protein": 3.0,
}  # fmt: skip
_ALIKE = 2.5  # numbers within this factor go on like each other


def settle_results(
    rows: Iterable[LabRow], context: Context
) -> tuple[tuple[Lab, ...], tuple[Lab, ...]]:
    """Usable results and those set aside, in the order of the input; what was decided becomes
    issues.
    """
    rows = list(rows)
    groups: dict[tuple[object, ...], list[LabRow]] = defaultdict(list)
    for item in rows:
        lab = item.lab
        groups[
            (lab.test, lab.when, lab.time, lab.specimen, lab.method, lab.sample_id, lab.isotype)
        ].append(item)
    dropped: set[int] = set()
    _supersede_loosely(rows, context, dropped)
    for group in groups.values():
        if len(group) > 1 or group[0].lab.status is not None:
            _settle([item for item in group if id(item) not in dropped], context, dropped)
    kept = [item for item in rows if id(item) not in dropped]
    labs = tuple(item.lab for item in kept if item.usable)
    _flag_steps([item for item in kept if item.usable], context)
    return labs, tuple(item.lab for item in kept if not item.usable)


def _supersede_loosely(rows: list[LabRow], context: Context, dropped: set[int]) -> None:
    """A correction replaces the result of the same test and day also where sample, specimen, method
    or time stand on one of them only.
    """
    by_day: dict[tuple[object, ...], list[LabRow]] = defaultdict(list)
    for item in rows:
        if item.lab.day is not None and item.lab.status not in _NEVER_A_RESULT:
            by_day[(item.lab.test, item.lab.when)].append(item)
    for group in by_day.values():
        corrections = [item for item in group if item.lab.status in CORRECTING]
        for item in group if corrections else ():
            if item.lab.status in CORRECTING or all(
                _key(item.lab) == _key(c.lab) for c in corrections
            ):
                continue  # of one sample: settled below
            if any(_may_be_one(item.lab, c.lab) for c in corrections):
                dropped.add(id(item))
                message = (
                    f"The result {_named(item.lab)} was replaced by a later version of it; that one"
                    " is used."
                )
                context.issue(item.row, "value", "note", "superseded", message, "set_aside")
            else:
                message = (
                    f"{_named(item.lab)} stands beside a correction of another sample of that day."
                    " Both are kept; check the sample ids."
                )
                context.issue(
                    item.row, "sample_id", "warning", "correction_elsewhere", message, "used"
                )


def _key(lab: Lab) -> tuple[str | None, ...]:
    return (lab.time, lab.specimen, lab.method, lab.sample_id)


def _may_be_one(a: Lab, b: Lab) -> bool:
    return all(x is None or y is None or x == y for x, y in zip(_key(a), _key(b), strict=True))


def _settle(group: list[LabRow], context: Context, dropped: set[int]) -> None:
    """Status and repetition among results of one sample."""
    for item in group:
        if item.lab.status in _NEVER_A_RESULT:
            dropped.add(id(item))
            state = "entered in error" if item.lab.status == "entered_in_error" else "cancelled"
            context.issue(
                item.row,
                "status",
                "note",
                str(item.lab.status),
                f"The result {_named(item.lab)} is marked as {state}; it is not read.",
                "refused",
            )
    alive = [item for item in group if id(item) not in dropped]
    corrections = [item for item in alive if item.lab.status in CORRECTING]
    finals = [item for item in alive if item.lab.status != "preliminary"]
    for item in alive:
        superseded = (corrections and item.lab.status not in CORRECTING) or (
            finals and item.lab.status == "preliminary"
        )
        if superseded:
            dropped.add(id(item))
            context.issue(
                item.row,
                "value",
                "note",
                "superseded",
                f"The result {_named(item.lab)} was replaced by a later version of it; that one is"
                " used.",
                "set_aside",
            )
        elif item.lab.status == "preliminary" and item.usable:
            why = f"The result {_named(item.lab)} is preliminary; it waits for the final one."
            context.issue(item.row, "status", "warning", "preliminary", why, "set_aside")
            _set_aside(item, why)
    alive = [item for item in alive if id(item) not in dropped]
    seen: dict[tuple[object, ...], LabRow] = {}
    for item in alive:
        value = (item.lab.quantity, item.lab.word, item.lab.as_given if not item.usable else None)
        first = seen.setdefault(value, item)
        if first is not item:
            dropped.add(id(item))
            context.issue(
                item.row,
                None,
                "note",
                "duplicate_row",
                f"The result {_named(item.lab)} stands twice (also at {first.lab.source.place});"
                " one is used.",
                "used",
            )
    usable = [item for item in seen.values() if item.usable]
    if len(usable) > 1:
        _differing(usable, context)


def _differing(items: list[LabRow], context: Context) -> None:
    lab = items[0].lab
    shown = " and ".join(item.lab.as_given for item in items)
    where = ", ".join(item.lab.source.place for item in items[1:])
    name = _name(lab)
    if lab.sample_id is not None and lab.specimen != "lesion_biopsy":
        why = (
            f"{name} of sample {lab.sample_id} is given as {shown}; they contradict each other, so"
            " none is used."
        )
        for item in items:
            _set_aside(item, why)
        context.issue(
            items[0].row,
            "value",
            "error",
            "results_contradict",
            f"{why} (Also at {where}.)",
            "set_aside",
        )
    elif lab.day is not None:
        context.issue(
            items[0].row,
            "value",
            "note",
            "several_results",
            f"{name} has several results on day {lab.day}: {shown} (also at {where}). All are"
            " kept.",
            "used",
        )


def _set_aside(item: LabRow, why: str) -> None:
    item.usable = False
    item.lab = replace(item.lab, quantity=None, word=None, why_set_aside=why)


def _flag_steps(items: list[LabRow], context: Context) -> None:
    """Values that look like a slip of a unit or of a decimal point: used, and said."""
    series: dict[tuple[str, str | None], list[LabRow]] = defaultdict(list)
    for item in items:
        if item.lab.day is not None and item.lab.quantity is not None and item.lab.quantity.exact:
            series[(item.lab.test, item.lab.specimen)].append(item)
    for (test, _), found in series.items():
        found.sort(key=lambda item: item.lab.day or 0)
        for place, item in enumerate(found[1:], start=1):
            before, lab = found[place - 1].lab, item.lab
            if _suspicious(found, place) or (_unit_steps(test) and _other_unit(found, place)):
                message = (
                    f"{_name(lab)} goes from {before.as_given} (day {before.day}) to {lab.as_given}"
                    f" (day {lab.day}), a step by about {_apart(found[place - 1], item):.0f}:"
                    " possible unit error. Both are used as stated; check the units."
                )
                context.issue(item.row, "value", "warning", "possible_unit_error", message, "used")
            elif test in _SPIKE_FROM and _lone_peak(found, place):
                after = found[place + 1].lab
                message = (
                    f"{_name(lab)} of {lab.as_given} (day {lab.day}) is over {_SPIKE:g} times the"
                    f" values before and after it ({before.as_given}, {after.as_given}): possible"
                    " slip, such as a lost decimal point. It is used as stated; check it."
                )
                context.issue(item.row, "value", "warning", "possible_slip", message, "used")


def _lone_peak(found: list[LabRow], place: int) -> bool:
    if place + 1 >= len(found):
        return False
    value, highest = _exact(found[place]), max(_exact(found[place - 1]), _exact(found[place + 1]))
    return value > _SPIKE * highest and value - highest >= _SPIKE_FROM[found[place].lab.test]


def _other_unit(found: list[LabRow], place: int) -> bool:
    """The number goes on as before, but its unit is another: 1.6 g/dL, 1.7 g/L."""
    before, item = found[place - 1], found[place]
    first, second = _as_stated(before), _as_stated(item)
    if first is None or second is None or _unit(before) == _unit(item):
        return False
    return _apart(before, item) >= _SPIKE and max(first, second) / min(first, second) <= _ALIKE


def _unit(item: LabRow) -> str:
    return normal_unit(text(item.row.values.get("unit")))


def _as_stated(item: LabRow) -> float | None:
    """The number as it stands in the cell; None where it is none by itself (a unit beside it)."""
    try:
        return abs(number(item.row.values.get("value"), decimal=item.row.decimal)) or None
    except Refused:
        return None


def _apart(a: LabRow, b: LabRow) -> float:
    first, second = _exact(a), _exact(b)
    return max(first, second) / min(first, second)


def _step(a: LabRow, b: LabRow) -> bool:
    """Whether the values lie about as far apart as two units of their test."""
    return any(abs(_apart(a, b) - step) <= _NEAR * step for step in _unit_steps(a.lab.test))


def _suspicious(found: list[LabRow], place: int) -> bool:
    """A step that returns at once, that comes with another unit, or that biology does not allow."""
    before, item = found[place - 1], found[place]
    if not _step(before, item):
        return False
    if _unit(before) != _unit(item):
        return True
    if item.lab.test in _SLOW and (item.lab.day or 0) - (before.lab.day or 0) <= _SLOW_DAYS:
        return True
    if place + 1 < len(found) and _step(item, found[place + 1]):
        up, back = _exact(item) > _exact(before), _exact(found[place + 1]) < _exact(item)
        return up == back
    return False


def _exact(item: LabRow) -> float:
    quantity = item.lab.quantity
    return abs(quantity.exact or 1.0) if quantity is not None else 1.0


@cache
def _unit_steps(test: str) -> tuple[int, ...]:
    """The factors of `_STEPS` by which two units of a test differ."""
    definition = load_tests().get(test)
    factors = () if definition is None else tuple(definition.units.values())
    return tuple(
        step
        for step in _STEPS
        if any(abs(a - step * b) < 1e-9 * a for a in factors for b in factors)
    )


def _name(lab: Lab) -> str:
    test = load_tests().get(lab.test)
    return test.name if test is not None else lab.test


def _named(lab: Lab) -> str:
    return f"{_name(lab)} {lab.as_given} ({lab.when})"
