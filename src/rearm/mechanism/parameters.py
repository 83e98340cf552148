"""Parameters, mechanisms, products and drugs of the model, read and checked.

They stand in `knowledge/data/mechanism/*.toml`.

A varying parameter is Gaussian on its own scale (natural logarithm, or log10 for fractions); a
mechanism or product shifts its mean and may replace its spread. What the kernel gets is the clipped
value, so that no draw is absurd.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.errors import RearmError
from rearm.knowledge._toml import parsed

__all__ = [
    "MarkerScale",
    "MechanismError",
    "Mechanisms",
    "Parameter",
    "PatientMix",
    "Population",
    "Shift",
    "load",
    "read_table",
]

Floats = npt.NDArray[np.float64]
NO_FAILURE = "no_failure"
_FOLDER = resources.files("rearm.knowledge") / "data" / "mechanism"


class MechanismError(RearmError):
    """The question cannot be answered; the message says why and what would help.

    >>> from rearm.mechanism import MechanismError, run_trial
    >>> try:
    ...     run_trial({"title": "no arm", "product": "ide-cel"})
    ... except MechanismError as error:
    ...     print(type(error).__name__)
    MechanismError
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: typical value, spread between patients, clip, and where it comes from."""

    name: str
    unit: str
    meaning: str
    value: float
    sd: float = 0.0
    low: float = -math.inf
    high: float = math.inf
    scale: str = "ln"  # ln | log10
    vary: bool = False
    source: str | None = None
    assumption: str | None = None

    @property
    def centre(self) -> float:
        """The typical value on the scale on which the parameter is Gaussian."""
        return self.value if self.scale == "log10" else math.log(self.value)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a mechanism or product changes of one parameter: factor or value, and spread."""

    times: float | None = None
    value: float | None = None
    sd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerScale:
    """How a marker is measured.

    `value`, `sd`: median level and spread between patients; `lab_sd`: spread between laboratories;
    `noise`: of the logarithm of value + `offset`; `background`: what is there without tumour.
    """

    unit: str
    value: float
    sd: float
    noise: float
    offset: float
    background: float = 0.0
    lab_sd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Patients other than those that a product was calibrated on.

    `weights`: factors of the mechanisms' shares; `death`: hazard of death without progression.
    """

    text: str
    shifts: Mapping[str, Shift]
    weights: Mapping[str, float]
    death: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMix:
    """Who is drawn; `death`: hazard of death without progression, per day."""

    shares: Floats
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    death: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanisms:
    """Everything that the wing knows."""

    parameters: Mapping[str, Parameter]
    varying: tuple[str, ...]
    scales: Mapping[str, MarkerScale]
    isotype: Mapping[str, float]
    drugs: Mapping[str, Mapping[str, Any]]
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    mechanism_shifts: Mapping[str, Mapping[str, Shift]]
    product_shifts: Mapping[str, Mapping[str, Shift]]
    doses: Mapping[str, float]
    weights: Mapping[str, Mapping[str, float]]
    assumed: Mapping[str, Mapping[str, float]]
    death: Mapping[str, float]
    horizon: int
    populations: Mapping[str, Population]

    @property
    def names(self) -> tuple[str, ...]:
        """The mechanisms in their order; `no_failure` first."""
        return tuple(self.titles)

    @property
    def fixed(self) -> Mapping[str, float]:
        """Parameters that are the same in all patients."""
        return {name: p.value for name, p in self.parameters.items() if not p.vary}

    def product(self, name: str | None) -> str:
        """The product as the tables know it: `other` for what is not calibrated on its own."""
        return name if name is not None and name in self.weights else "other"

    def prior(
        self, product: str, *, extra: Mapping[str, Shift] | None = None
    ) -> tuple[Floats, Floats]:
        """(mean, spread) [mechanism, varying parameter] for this product."""
        centre = np.array([self.parameters[n].centre for n in self.varying])
        spread = np.array([self.parameters[n].sd for n in self.varying])
        mean, sd = np.tile(centre, (len(self.names), 1)), np.tile(spread, (len(self.names), 1))
        for i, mechanism in enumerate(self.names):
            for shifts in (
                self.product_shifts.get(product, {}),
                extra or {},
                self.mechanism_shifts[mechanism],
            ):
                for name, shift in shifts.items():
                    j = self.varying.index(name)
                    if shift.times is not None:
                        mean[i, j] += math.log(shift.times)
                    if shift.value is not None:
                        scale = self.parameters[name].scale
                        mean[i, j] = shift.value if scale == "log10" else math.log(shift.value)
                    if shift.sd is not None:
                        sd[i, j] = shift.sd
        return mean, sd

    def shares(self, product: str, population: str | None = None) -> Floats:
        """Shares of the mechanisms among patients given this product; they add to 1."""
        w = np.array([self.weights[product][m] for m in self.names])
        if population is not None:
            w = w * np.array([self.populations[population].weights.get(m, 1.0) for m in self.names])
        return np.asarray(w / w.sum())

    def mix(self, product: str, population: str | None = None) -> PatientMix:
        """The patients given this product; of a population other than that of its calibration."""
        p = None if population is None else self.populations[population]
        return PatientMix(
            shares=self.shares(product, population),
            shifts={} if p is None else p.shifts,
            death=self.death[product] if p is None or p.death is None else p.death,
        )

    def assumed_shares(self, product: str) -> Floats:
        """Shares before the calibration."""
        w = np.array([self.assumed[product][m] for m in self.names])
        return np.asarray(w / w.sum())


def _over(shifts: Mapping[str, Shift], times: Mapping[str, float]) -> dict[str, Shift]:
    """Fitted factors multiplied into the shifts of a product."""
    out = dict(shifts)
    for name, factor in times.items():
        before = out.get(name, Shift())
        out[name] = replace(before, times=(before.times or 1.0) * factor)
    return out


def _shifts(table: Mapping[str, Any]) -> dict[str, Shift]:
    return {name: Shift(**values) for name, values in table.items()}


@lru_cache(maxsize=2)
def load(*, fitted: bool = True) -> Mechanisms:
    """The bundled tables; with `fitted` the calibrated kinetics and shares of the products.

    Raises `MechanismError` where a parameter has neither source nor assumption, or a name is not
    known.
    """
    raw, populations = read_table("parameters"), read_table("populations")
    calibrated = read_table("fitted") if fitted else {}
    _check_origin(raw)
    parameters = {p["name"]: Parameter(**p) for p in raw["parameter"]}
    mechanism = populations["mechanism"]
    if next(iter(mechanism)) != NO_FAILURE:
        raise MechanismError("populations.toml: no_failure must be the first mechanism")
    shifts = {m: _shifts(v.get("shift", {})) for m, v in mechanism.items()}
    products, shares = _products(populations, calibrated)
    varying = tuple(p.name for p in parameters.values() if p.vary)
    _check_shifts([*shifts.values(), *products.values()], varying)
    return Mechanisms(
        parameters=parameters,
        varying=varying,
        scales=_scales(raw["scale"], calibrated),
        isotype={k: v for k, v in raw["isotype"].items() if isinstance(v, float)},
        drugs=raw["drug"],
        titles={m: v["title"] for m, v in mechanism.items()},
        texts={m: v["text"] for m, v in mechanism.items()},
        mechanism_shifts=shifts,
        product_shifts=products,
        doses={p: v["dose"] for p, v in populations["product"].items()},
        weights=shares,
        assumed=populations["weights"],
        death=populations["death"],
        horizon=populations["horizon_days"],
        populations={n: _population(v) for n, v in populations["population"].items()},
    )


def read_table(name: str) -> dict[str, Any]:
    """One of the bundled tables of the wing (`name` without `.toml`)."""
    return parsed((_FOLDER / f"{name}.toml").read_bytes())


def _check_origin(raw: Mapping[str, Any]) -> None:
    """Every number has a source or says that it is assumed."""
    for item in [*raw["parameter"], *raw["drug"].values(), *raw["scale"].values()]:
        if not (item.get("source") or item.get("assumption")):
            name = item.get("name") or item.get("title") or item
            raise MechanismError(f"parameters.toml: {name} has neither source nor assumption")


def _check_shifts(groups: Sequence[Mapping[str, Shift]], varying: Sequence[str]) -> None:
    for name in sorted({n for group in groups for n in group}):
        if name not in varying:
            raise MechanismError(
                f"populations.toml shifts {name!r}, which is not a varying parameter"
            )


def _products(
    populations: Mapping[str, Any], calibrated: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Shift]], dict[str, Mapping[str, float]]]:
    """(shifts, shares of the mechanisms) of each product, the calibrated over the assumed."""
    shifts = {p: _shifts(v.get("shift", {})) for p, v in populations["product"].items()}
    shares = dict(populations["weights"])
    for product in shifts:
        if product in calibrated:
            shifts[product] = _over(shifts[product], calibrated[product]["times"])
            shares[product] = calibrated[product]["shares"]
    return shifts, shares


def _scales(table: Mapping[str, Any], calibrated: Mapping[str, Any]) -> dict[str, MarkerScale]:
    names = [f.name for f in fields(MarkerScale)]
    scales = {
        channel: MarkerScale(**{n: s[n] for n in names if n in s}) for channel, s in table.items()
    }
    if "car_scale" in calibrated:
        scales["car"] = replace(scales["car"], value=calibrated["car_scale"])
    return scales


def _population(table: Mapping[str, Any]) -> Population:
    return Population(
        text=table["text"],
        shifts=_shifts(table.get("shift", {})),
        weights=table.get("weights", {}),
        death=table.get("death"),
    )
