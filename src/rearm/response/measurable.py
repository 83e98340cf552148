"""What is measurable at baseline, and free light chains: involved chain, ratio, dFLC."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import msgspec

from rearm.interval import Interval
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least, at_most
from rearm.response.progression import Series
from rearm.response.visits import VisitResults

__all__ = [
    "CHAIN_TESTS",
    "DISEASE_TESTS",
    "BaselineDisease",
    "Chain",
    "Measurable",
    "baseline_disease",
    "dflc",
    "dflc_series",
    "high_chain",
    "ratio_normal",
]

Chain = Literal["kappa", "lambda"]
Measurable = Literal["serum", "urine", "flc", "marrow", "plasmacytoma"]

_PROTEINS: tuple[Measurable, ...] = ("serum", "urine")
_WITHOUT_PROTEIN: tuple[Measurable, ...] = ("flc", "marrow")
_LESIONS: tuple[Measurable, ...] = ("plasmacytoma",)

DISEASE_TESTS = (
    "serum_m_protein",
    "urine_m_protein_24h",
    "kappa_flc",
    "lambda_flc",
    "serum_immunofixation",
    "urine_immunofixation",
    "marrow_plasma_cells",
    "circulating_plasma_cells",
    "iga",
    "igg",
    "igm",
    "igd",
)


class BaselineDisease(msgspec.Struct, frozen=True, kw_only=True):
    """Baseline values that falls are counted from, and which of them are measurable. `known` False:
    there is no baseline at all.

    `possible`: all that may be measurable where a bound or two results leave it open; the first is
    `measurable`, by the least that the values allow.
    """

    known: bool
    measurable: tuple[Measurable, ...]
    possible: tuple[tuple[Measurable, ...], ...]
    serum: Interval | None
    urine: Interval | None
    dflc: Interval | None
    marrow: Interval | None
    involved: Chain | None
    lesions: str  # plasmacytomas, in words

    @property
    def undecided(self) -> tuple[Measurable, ...]:
        """Of which it is not known whether they are measurable."""
        named = dict.fromkeys(name for measurable in self.possible for name in measurable)
        return tuple(n for n in named if any(n not in measurable for measurable in self.possible))


def baseline_disease(
    baseline: VisitResults,
    serum_test: str,
    light_chain: str | None,
    c: Criteria,
    *,
    plasmacytoma: bool,
    lesions: str,
) -> BaselineDisease:
    """Serum and urine first; only if neither is measurable the light chains; only if none is, the
    marrow; a `plasmacytoma` is added. `lesions`: those of the baseline, in words.
    """
    serum = baseline.number(serum_test)
    urine = baseline.number("urine_m_protein_24h")
    marrow = baseline.number("marrow_plasma_cells")
    # the involved chain is that of the clone; where the clone is not known, the chain that is high
    # with an abnormal ratio
    high = high_chain(baseline, c)
    involved = _chain(light_chain) or high
    difference = dflc(baseline.values, involved)
    reached: dict[Measurable, bool | None] = {
        "serum": _reaches(baseline, serum_test, c.serum_measurable),
        "urine": _reaches(baseline, "urine_m_protein_24h", c.urine_measurable),
        "flc": _chains_reach(baseline, involved, high, c),
        "marrow": _reaches(baseline, "marrow_plasma_cells", c.marrow_measurable),
        "plasmacytoma": plasmacytoma,
    }
    possible = _possible(reached)
    return BaselineDisease(
        known=plasmacytoma or any(t in baseline.values for t in DISEASE_TESTS),
        measurable=possible[0],
        possible=possible,
        serum=serum,
        urine=urine,
        dflc=difference,
        marrow=marrow,
        involved=involved,
        lesions=lesions,
    )


def _reaches(baseline: VisitResults, test: str, limit: float) -> bool | None:
    """None where bounds leave it open, or a result is there that cannot be used."""
    value = baseline.number(test)
    if value is None:
        return None if test in baseline.unusable else False
    return value.at_least(limit)


def _chains_reach(
    baseline: VisitResults, involved: Chain | None, high: Chain | None, c: Criteria
) -> bool | None:
    """Is the involved chain high enough, with an abnormal ratio? None where the other chain, and
    so the ratio, is not on record.
    """
    alone = [x for x in CHAIN_TESTS if baseline.number(f"{x}_flc") is not None]
    own = involved or (alone[0] if len(alone) == 1 else None)
    reached = _reaches(baseline, f"{own}_flc", 10 * c.flc_measurable)  # given in mg/L
    if high is not None:
        return reached if high == own else False
    unusable = any(f"{x}_flc" in baseline.unusable for x in CHAIN_TESTS)
    return None if (len(alone) == 1 or unusable) and reached is not False else False


def _possible(reached: Mapping[Measurable, bool | None]) -> tuple[tuple[Measurable, ...], ...]:
    """What may be measurable, by every answer to what is not known; the least first."""
    answers = [(x,) if x is not None else (False, True) for x in reached.values()]
    return tuple(
        dict.fromkeys(
            _measurable({name for name, x in zip(reached, taken, strict=True) if x})
            for taken in product(*answers)
        )
    )


def _measurable(reached: set[Measurable]) -> tuple[Measurable, ...]:
    """What is followed: the light chains only without an M-protein, the marrow only without
    both.
    """
    proteins = [name for name in _PROTEINS if name in reached]
    instead = [name for name in _WITHOUT_PROTEIN if name in reached][:1]
    lesions = [name for name in _LESIONS if name in reached]
    return (*(proteins or instead), *lesions)


def _chain(name: str | None) -> Chain | None:
    if name == "kappa":
        return "kappa"
    return "lambda" if name == "lambda" else None


# involved chain -> its test, the test of the other chain
CHAIN_TESTS: dict[Chain, tuple[str, str]] = {
    "kappa": ("kappa_flc", "lambda_flc"),
    "lambda": ("lambda_flc", "kappa_flc"),
}


def dflc(values: Mapping[str, Interval | str], involved: Chain | None) -> Interval | None:
    """The `involved` minus the uninvolved chain, in mg/dL and not below 0, of `values` by test;
    None where a chain, or which one is involved, is not known. Raises nothing.

    >>> from rearm.interval import Interval
    >>> from rearm.response import dflc
    >>> values = {"kappa_flc": Interval.of(8), "lambda_flc": Interval.of(170)}
    >>> dflc(values, "lambda").exact, dflc(values, None)
    (16.2, None)
    """
    if involved is None:
        return None
    own_test, other_test = CHAIN_TESTS[involved]
    own, other = values.get(own_test), values.get(other_test)
    if not isinstance(own, Interval) or not isinstance(other, Interval):
        return None
    return _difference(own, other)


def _difference(own: Interval, other: Interval) -> Interval:
    low, high = (own.low - other.high) / 10.0, (own.high - other.low) / 10.0
    return Interval(
        low if low > 0 else 0.0,
        high if high > 0 else 0.0,
        low > 0 and (own.low_open or other.high_open),
        high > 0 and (own.high_open or other.low_open),
    )


def dflc_series(
    owns: Sequence[Interval | None],
    others: Sequence[Interval | None],
    floor: Interval | None,
    c: Criteria,
) -> Series:
    """dFLC over the visits, from the involved chain and the other one."""
    lows: list[float] = []
    highs: list[float] = []
    for own, other in zip(owns, others, strict=True):
        if own is None or other is None:
            lows.append(-math.inf)
            highs.append(math.inf)
            continue
        low, high = (own.low - other.high) / 10.0, (own.high - other.low) / 10.0
        lows.append(low if low > 0 else 0.0)
        highs.append(high if high > 0 else 0.0)
    return Series(lows, highs, floor, c, _DflcValues(owns, others))


@dataclass(frozen=True, slots=True)
class _DflcValues:
    """dFLC by place, made where its ends are asked for."""

    owns: Sequence[Interval | None]
    others: Sequence[Interval | None]

    def __getitem__(self, place: int, /) -> Interval | None:
        own, other = self.owns[place], self.others[place]
        return None if own is None or other is None else _difference(own, other)


def ratio_normal(results: VisitResults, c: Criteria) -> bool | None:
    """Is the kappa/lambda ratio normal? None where it is not known, or where a bound leaves it
    open.
    """
    low, high = _normal_range(results, c)
    kappa, lam = results.values.get("kappa_flc"), results.values.get("lambda_flc")
    if isinstance(kappa, Interval) and isinstance(lam, Interval) and lam.low > 0:
        lowest, highest = kappa.low / lam.high, kappa.high / lam.low
        if at_least(lowest, low) and at_most(highest, high):
            return True
    ratio = _ratio(results)
    if ratio is None:
        return None
    enough, few_enough = ratio.at_least(low), ratio.at_most(high)
    if enough and few_enough:
        return True
    return False if enough is False or few_enough is False else None


def high_chain(results: VisitResults, c: Criteria) -> Chain | None:
    """The chain that is high while the ratio is abnormal."""
    ratio = _ratio(results)
    if ratio is None:
        return None
    low, high = _normal_range(results, c)
    if ratio.above(high):
        return "kappa"
    return "lambda" if ratio.below(low) else None


def _ratio(results: VisitResults) -> Interval | None:
    """Kappa to lambda, from the chains, else as reported."""
    kappa, lam = results.number("kappa_flc"), results.number("lambda_flc")
    if kappa is None or lam is None or lam.high <= 0:
        return results.number("flc_ratio")
    return Interval(
        kappa.low / lam.high,
        kappa.high / lam.low if lam.low > 0 else float("inf"),
        kappa.low_open or lam.high_open,
        kappa.high_open or lam.low_open,
    )


def _normal_range(results: VisitResults, c: Criteria) -> tuple[float, float]:
    """The laboratory's own range where it gives one."""
    lab = results.labs.get("flc_ratio")
    if lab is not None and lab.ref_low is not None and lab.ref_high is not None:
        return lab.ref_low, lab.ref_high
    return c.ratio_low, c.ratio_high
