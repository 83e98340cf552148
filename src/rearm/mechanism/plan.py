"""Plans of virtual trials: every part is checked, what cannot be used is named in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rearm.mechanism.parameters import MechanismError, Mechanisms

__all__ = ["Step", "TrialPlan", "read_plan"]

MOST_ARMS = 8  # as many as colours that stay apart
LONGEST = 3650.0  # days


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an arm: drugs or CAR-T products, given at progression (`pd`) or on a `day`.

    They begin after `rest` days and are given for `weeks` (None: until progression).
    """

    give: tuple[str, ...]
    when: Literal["pd", "day"] = "pd"
    day: float | None = None
    rest: float = 0.0
    only_if: Literal["bcma_positive", "bcma_negative"] | None = None
    weeks: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """A plan that can be run. `arms`: name and steps of each."""

    title: str
    product: str
    population: str | None
    patients: int
    months: float
    trial_size: int
    seed: int
    arms: tuple[tuple[str, tuple[Step, ...]], ...]


def read_plan(m: Mechanisms, raw: Mapping[str, Any], *, seed: int | None = None) -> TrialPlan:
    """The plan of a TOML table; `seed` stands over the plan's own.

    Raises `MechanismError` naming the part that cannot be used.
    """
    where = "the plan"
    _check(
        raw,
        ("title", "product", "patients", "months", "seed", "population", "trial_size", "arm"),
        where,
    )
    product = _one_of(raw.get("product", "ide-cel"), m.doses, f"{where}: product")
    population = raw.get("population")
    patients = _whole(raw.get("patients", 2000), 100, 200_000, f"{where}: patients")
    arms: list[tuple[str, tuple[Step, ...]]] = []
    for i, arm in enumerate(_tables(raw.get("arm", []), f"{where}: arm", "[[arm]]")):
        _check(arm, ("name", "step"), f"arm {i + 1}")
        name = _text(arm.get("name", f"arm {i + 1}"), f"arm {i + 1}: name")
        if name in [n for n, _ in arms]:
            raise MechanismError(f"arm {i + 1}: the name {name!r} is taken")
        steps = _tables(arm.get("step", []), f"arm {i + 1}: step", "[[arm.step]]")
        arms.append(
            (name, tuple(_step(m, s, f"arm {i + 1}, step {k + 1}") for k, s in enumerate(steps)))
        )
    if not 1 <= len(arms) <= MOST_ARMS:
        raise MechanismError(
            "the plan has no [[arm]]"
            if not arms
            else f"the plan has {len(arms)} arms; at most {MOST_ARMS} are run"
        )
    return TrialPlan(
        title=_text(raw.get("title", "virtual trial"), f"{where}: title"),
        product=product,
        population=(
            None
            if population is None
            else _one_of(population, m.populations, f"{where}: population")
        ),
        patients=patients,
        months=_number(raw.get("months", 36), 3.0, 120.0, f"{where}: months"),
        trial_size=_whole(raw.get("trial_size", 100), 10, 200_000, f"{where}: trial_size"),
        seed=_whole(
            raw.get("seed", 20_260_101) if seed is None else seed, 0, 2**63 - 1, f"{where}: seed"
        ),
        arms=tuple(arms),
    )


def _step(m: Mechanisms, row: Mapping[str, Any], where: str) -> Step:
    _check(row, ("give", "when", "day", "rest", "only_if", "weeks"), where)
    given = row.get("give", [])
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names:
        raise MechanismError(
            f"{where}: nothing is given; `give` is a list of {', '.join([*m.drugs, *m.doses])}"
        )
    when: Any = row.get("when", "pd")
    day, weeks, only_if = row.get("day"), row.get("weeks"), row.get("only_if")
    if when not in ("pd", "day") or (when == "day") != (day is not None):
        raise MechanismError(
            f"{where}: `when` is pd, or day together with a number of days in `day`"
        )
    if only_if is not None:
        _one_of(only_if, ("bcma_positive", "bcma_negative"), f"{where}: only_if")
    return Step(
        give=tuple(_one_of(g, {**m.drugs, **m.doses}, f"{where}: give") for g in names),
        when=when,
        day=None if day is None else _number(day, 0.0, LONGEST, f"{where}: day"),
        rest=_number(row.get("rest", 0.0), 0.0, LONGEST, f"{where}: rest"),
        only_if=only_if,
        weeks=None if weeks is None else _number(weeks, 1.0, LONGEST / 7.0, f"{where}: weeks"),
    )


def _check(table: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(table) - set(allowed))
    if unknown:
        raise MechanismError(
            f"{where}: {unknown[0]!r} is not known; there are: {', '.join(sorted(allowed))}"
        )


def _tables(value: Any, where: str, form: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(x, Mapping) for x in value):
        raise MechanismError(f"{where} must be written as {form}")
    return value


def _one_of(value: Any, known: Mapping[str, Any] | tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise MechanismError(
            f"{where}: {value!r} is not in the model; there are: {', '.join(dict.fromkeys(known))}"
        )
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise MechanismError(f"{where} must be a text, not {value!r}")
    return value


def _number(value: Any, low: float, high: float, where: str) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not low <= value <= high
    ):
        raise MechanismError(
            f"{where} must be a number between {low:g} and {high:g}, not {value!r}"
        )
    return float(value)


def _whole(value: Any, low: int, high: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise MechanismError(
            f"{where} must be a whole number between {low} and {high}, not {value!r}"
        )
    return value
