"""Findings computed from other findings, without the record, so that hypothetical values can be put
in before they are derived.

Three values throughout: an unknown input gives unknown unless the others decide; a word of which
several are left is the tuple of these. Only the status of an antigen speaks of what was done as
well as of what is: one negative stain is `not_detected_unconfirmed` because no second method was
used.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rearm.findings.base import Value, all3, any3, not3
from rearm.findings.whose import CART, LATER_LINES
from rearm.interval import Interval

__all__ = [
    "ANY_OF",
    "CHILDBEARING_AGE",
    "CLONAL",
    "DERIVED",
    "PARTS",
    "STANDING",
    "Derivation",
    "derive",
    "derived_from",
]

Input = Value | Interval | tuple[str, ...]

# Share of plasma cells with the antigen. No limit tells outcome: 20 % is the usual convention for a
# positive marker in flow cytometry and the like of trial eligibility for GPRC5D (POLARIS); at 50 %
# the first trial of ide-cel split its patients, who responded alike on both sides (Raje 2019, table
# 3); 5 % lies above the background of the methods. From 20 to 50 % the clone is mixed: whether that
# is less than before one stain does not tell. Weak basis, project parameters.
_NEGATIVE_PERCENT = 5.0  # at most: not detected
_POSITIVE_PERCENT = 20.0  # below: reduced
_MOST_PERCENT = 50.0  # at least: retained
# Share of the clone from which a biallelic event is called clonal loss; below it is subclonal. A
# project parameter.
CLONAL = 0.5
# years; label wording of teratogenic agents puts menopause lower, so this errs to the side of
# testing
CHILDBEARING_AGE = 56
_EARLY_DAYS = 183


def _flag(values: Mapping[str, Input], name: str) -> bool | None:
    value = values.get(name)
    return value if isinstance(value, bool) else None


def _word(values: Mapping[str, Input], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def _number(values: Mapping[str, Input], name: str) -> Interval | None:
    value = values.get(name)
    if value is None or isinstance(value, bool | str | tuple):
        return None
    return value if isinstance(value, Interval) else Interval.of(float(value))


@dataclass(frozen=True, slots=True)
class Derivation:
    """How one finding follows from others; it reads no more than `parts`."""

    parts: tuple[str, ...]
    compute: Callable[[Mapping[str, Input]], Input]


def _or(*names: str) -> Derivation:
    return Derivation(names, lambda values: any3([_flag(values, n) for n in names]))


def _and(*names: str) -> Derivation:
    return Derivation(names, lambda values: all3([_flag(values, n) for n in names]))


def _early_or_no_response(values: Mapping[str, Input]) -> Value:
    return _early(values, "responded", "time_to_failure_days")


def _early_relapse(values: Mapping[str, Input]) -> Value:
    return _early(values, "relapse_responded", "days_to_relapse")


def _early(values: Mapping[str, Input], responded: str, to_failure: str) -> Value:
    days = _number(values, to_failure)
    return any3([not3(_flag(values, responded)), days.at_most(_EARLY_DAYS) if days else None])


def _a_line_followed(values: Mapping[str, Input]) -> bool:
    lines = _number(values, LATER_LINES)
    return lines is not None and lines.above(0) is True


_OF_FAILURE = {"failed": "failed", "suspected": "suspected", "not_failed": "none"}


def _relapse_status(values: Mapping[str, Input]) -> Input:
    """That of the CAR-T failure, as long as no line followed it."""
    if _a_line_followed(values):
        return values.get("relapse_status")
    return _OF_FAILURE.get(_word(values, "failure_status") or "")


def _at_car_t_failure(name: str, now: str) -> Callable[[Mapping[str, Input]], Input]:
    """The finding of now, as long as no line followed the CAR-T."""

    def compute(values: Mapping[str, Input]) -> Input:
        return values.get(name if _a_line_followed(values) else now)

    return compute


# None of these is there in a relapse without symptoms.
_SYMPTOMS = (
    "urgent",
    "relapse_pattern_extraosseous",
    "relapse_pattern_cns",
    "relapse_pattern_leukaemic",
)


def _asymptomatic(values: Mapping[str, Input]) -> Value:
    status = _word(values, "relapse_status")
    failed = None if status is None else status in ("failed", "suspected")
    relapse = any3([failed, _flag(values, "signal_relapse_from_cr")])
    return all3([relapse, *(not3(_flag(values, name)) for name in _SYMPTOMS)])


def _pregnancy_possible(values: Mapping[str, Input]) -> Value:
    """True only with a pregnancy shown; unknown asks for the test; false for men, from 56 years on,
    and with a negative test.
    """
    pregnant = _flag(values, "pregnancy")
    if pregnant:
        return True
    sex, age = _word(values, "sex"), _number(values, "age")
    woman = None if sex is None else sex == "F"
    return all3([woman, age.below(CHILDBEARING_AGE) if age else None, pregnant])


# ---------------------------------------------------------------- antigen


_Stain = Literal["negative", "low", "positive"]
_GeneLoss = Literal["clonal", "subclonal", "intact"]


def _stain_classes(percent: Interval | None) -> tuple[_Stain | None, ...]:
    """What a stain can be; several where a bound straddles a limit or the clone is mixed. None: it
    was not done.
    """
    if percent is None:
        return (None,)
    negative, most = percent.at_most(_NEGATIVE_PERCENT), percent.at_least(_MOST_PERCENT)
    possible: list[_Stain] = []
    if negative is not False:
        possible.append("negative")
    if negative is not True and most is not True:
        possible.append("low")
    if percent.at_least(_POSITIVE_PERCENT) is not False:
        possible.append("positive")
    return tuple(possible)


def _gene_classes(fraction: Interval | None) -> tuple[_GeneLoss | None, ...]:
    """In how much of the clone both copies of the gene can be lost; None where it was not read."""
    if fraction is None:
        return (None,)
    lost, clonal = fraction.above(0.0), fraction.at_least(CLONAL)
    possible: list[_GeneLoss] = []
    if clonal is not False:
        possible.append("clonal")
    if lost is not False and clonal is not True:
        possible.append("subclonal")
    if lost is not True:
        possible.append("intact")
    return tuple(possible)


def _status(protein: tuple[_Stain | None, ...], gene: _GeneLoss | None) -> str | None:
    """The status for one reading of each method. None: unknown, or gene and protein contradict each
    other.
    """
    seen = [x for x in protein if x is not None]
    negative, positive = seen.count("negative"), seen.count("positive")
    if gene == "clonal":
        # A clone that lost the gene in half of its cells or more may still hold positive cells; the
        # caller checks that they fit.
        return "lost"
    if gene == "subclonal":
        # where no method sees the protein, gene and protein are two methods that agree
        nowhere_seen = negative == len(seen) > 0 or (negative >= 2 and not positive)
        return "lost" if nowhere_seen else "subclonal_loss"
    if negative and positive:
        return None
    if negative >= 2:
        return "lost"
    if not seen:
        return None  # an intact gene does not say that the protein is there
    if negative:
        return "not_detected_unconfirmed" if len(seen) == 1 else "reduced"
    return "retained" if positive == len(seen) else "reduced"


# From the best to the worst; the words that are left are given in this order.
_STATUSES = ("retained", "reduced", "not_detected_unconfirmed", "subclonal_loss", "lost")
# Share of cells with the antigen and share that lost its gene add up to one, with some room for the
# scatter of both.
_MOST_TOGETHER = 1.2


def _antigen(*stains: str, unnamed: str, rna: tuple[str, ...] = (), gene: str) -> Derivation:
    """The status of an antigen by stains of named methods, one whose method is not stated, RNA and
    the gene.
    """

    def status(values: Mapping[str, Input]) -> Input:
        named = [_number(values, s) for s in stains]
        others = [_number(values, s) for s in rna]
        nameless, fraction = _number(values, unnamed), _number(values, gene)
        readings = [[*named, *others]]
        if nameless is not None and not all(named):
            # It may be the method that is named beside it, or another one.
            another = [*named, nameless, *others]
            readings = [*readings, another] if any(named) else [another]
        if fraction is None and not any(p for reading in readings for p in reading):
            return None  # nothing was done
        possible: set[str | None] = set()
        for percents in readings:
            possible |= _possible_statuses(percents, fraction)
        return _words_left(possible)

    return Derivation((*stains, unnamed, *rna, gene), status)


def _words_left(possible: set[str | None]) -> Input:
    """The word, or the words that are left; None where it may be anything."""
    if None in possible or not possible:
        return None
    left = tuple(word for word in _STATUSES if word in possible)
    return left[0] if len(left) == 1 else left


def _possible_statuses(
    percents: Sequence[Interval | None], fraction: Interval | None
) -> set[str | None]:
    """What the antigen can be by these readings; None where they contradict each other. A proven
    loss stays one beside a stain that shows more cells than it leaves: only its share is in doubt.
    """
    possible = {
        _status(protein, event)
        for protein in itertools.product(*(_stain_classes(p) for p in percents))
        for event in _gene_classes(fraction)
        if not _contradicts(percents, fraction, event)
    }
    proven = fraction is not None and fraction.above(0.0)
    return {"subclonal_loss", "lost"} if proven and not possible else possible


def _contradicts(
    percents: Sequence[Interval | None], fraction: Interval | None, event: _GeneLoss | None
) -> bool:
    """Whether more cells bear the antigen than the clone has left with the gene."""
    if fraction is None:
        return False
    lost = max(fraction.low, CLONAL) if event == "clonal" else fraction.low
    return any(p is not None and p.low / 100 + lost > _MOST_TOGETHER for p in percents)


def _loss_fraction(values: Mapping[str, Input]) -> Value:
    fraction = _number(values, "tnfrsf17_biallelic_fraction")
    return fraction.exact if fraction else None


# In this order: a finding stands after those that it is derived from.
DERIVED: dict[str, Derivation] = {
    "early_or_no_response": Derivation(
        ("responded", "time_to_failure_days"), _early_or_no_response
    ),
    "relapse_status": Derivation(("failure_status", LATER_LINES), _relapse_status),
    "relapse_early_or_no_response": Derivation(
        ("relapse_responded", "days_to_relapse"), _early_relapse
    ),
    "triple_class_exposed": _and("exposed_pi", "exposed_imid", "exposed_anti_cd38"),
    "triple_class_refractory": _and("refractory_pi", "refractory_imid", "refractory_anti_cd38"),
    "penta_drug_refractory": _and(
        "refractory_bortezomib",
        "refractory_carfilzomib",
        "refractory_lenalidomide",
        "refractory_pomalidomide",
        "refractory_anti_cd38",
    ),
    "bcma_status": _antigen(
        "bcma_flow_percent",
        "bcma_ihc_percent",
        unnamed="bcma_stain_percent",
        rna=("bcma_rna_percent",),
        gene="tnfrsf17_biallelic_fraction",
    ),
    "bcma_loss_fraction": Derivation(("tnfrsf17_biallelic_fraction",), _loss_fraction),
    "gprc5d_status": _antigen(
        "gprc5d_flow_percent",
        "gprc5d_ihc_percent",
        unnamed="gprc5d_stain_percent",
        gene="gprc5d_biallelic_fraction",
    ),
    "high_risk_cytogenetics": _or("del_17p", "t_4_14", "t_14_16", "gain_1q"),
    "high_risk_cytogenetics_before_infusion": _or(
        "del_17p_before_infusion", "t_4_14", "t_14_16", "gain_1q_before_infusion"
    ),
    "tp53_biallelic": _and("del_17p", "tp53_mutation"),
    "tp53_biallelic_before_infusion": _and(
        "del_17p_before_infusion", "tp53_mutation_before_infusion"
    ),
    "pregnancy_possible": Derivation(("sex", "age", "pregnancy"), _pregnancy_possible),
    "urgent": _or(
        "cord_compression",
        "hypercalcaemia",
        "renal_failure",
        "hyperviscosity",
        "plasma_cell_leukaemia",
        "cns_disease",
    ),
    "asymptomatic_relapse": Derivation(
        (*_SYMPTOMS, "relapse_status", "signal_relapse_from_cr"), _asymptomatic
    ),
}


DERIVED |= {
    name: Derivation((of.now, LATER_LINES), _at_car_t_failure(name, of.now))
    for name, of in CART.items()
}

# Derived where no line followed the CAR-T; after a later line they stand as they were read.
STANDING = ("relapse_status", *CART)

# The findings that others are derived from, without those that are derived themselves.
PARTS = tuple(
    dict.fromkeys(
        (
            *(part for x in DERIVED.values() for part in x.parts if part not in DERIVED),
            *STANDING,
        )
    )
)

# Findings that are true as soon as one of their parts is.
ANY_OF = frozenset({"high_risk_cytogenetics", "high_risk_cytogenetics_before_infusion", "urgent"})


def derive(
    values: Mapping[str, Input], placed: Mapping[str, Input] | None = None
) -> dict[str, Input]:
    """`values` with every derived finding computed anew from the others, in order; what stood there
    for them is replaced. `placed`: derived findings that are not computed but stand as given here.

    A number known only within bounds is given as an `Interval`. A finding that is absent is
    unknown.
    """
    found: dict[str, Input] = dict(values)
    for name, derivation in DERIVED.items():
        found[name] = placed[name] if placed and name in placed else derivation.compute(found)
    return found


def derived_from(values: Mapping[str, Input], changes: Mapping[str, Input]) -> dict[str, Input]:
    """The derived findings that rest on `changes`, with these in place of what `values` say; the
    others stay as they are in `values`. A derived finding that is itself changed is left alone.
    """
    found: dict[str, Input] = {}
    current: dict[str, Input] | None = None
    touched = set(changes)
    for name, derivation in DERIVED.items():
        if name not in changes and not touched.isdisjoint(derivation.parts):
            current = {**values, **changes} if current is None else current
            current[name] = found[name] = derivation.compute(current)
            touched.add(name)
    return found
