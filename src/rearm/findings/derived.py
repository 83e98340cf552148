"""Findings computed from other findings, without the record, so that hypothetical values can be put
in before they are derived.

Three values throughout: an unknown input gives unknown unless the others decide. Only the status of
an antigen speaks of what was done as well as of what is: one negative stain is
`not_detected_unconfirmed` because no second method was used.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from rearm.findings.base import Value, all3, any3, not3
from rearm.interval import Interval

__all__ = [
    "ANY_OF",
    "CHILDBEARING_AGE",
    "CLONAL",
    "DERIVED",
    "NEGATIVE_PERCENT",
    "POSITIVE_PERCENT",
    "derive",
]

Input = Value | Interval

# Share of plasma cells with the antigen. No limit has been tested against outcome: 20 % is the
# usual convention for a positive marker in flow cytometry and the like of trial eligibility for
# GPRC5D; 5 % lies above the background of the methods. Weak basis, project parameters.
NEGATIVE_PERCENT = 5.0  # at most: not detected
POSITIVE_PERCENT = 20.0  # at least: retained
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
    if value is None or isinstance(value, bool | str):
        return None
    return value if isinstance(value, Interval) else Interval.of(float(value))


def _or(*names: str) -> Callable[[Mapping[str, Input]], Value]:
    return lambda values: any3([_flag(values, n) for n in names])


def _and(*names: str) -> Callable[[Mapping[str, Input]], Value]:
    return lambda values: all3([_flag(values, n) for n in names])


def _early_or_no_response(values: Mapping[str, Input]) -> Value:
    days = _number(values, "time_to_failure_days")
    return any3([not3(_flag(values, "responded")), days.at_most(_EARLY_DAYS) if days else None])


def _asymptomatic(values: Mapping[str, Input]) -> Value:
    status = _word(values, "failure_status")
    relapse = any3(
        [
            None if status is None else status in ("failed", "suspected"),
            _flag(values, "signal_relapse_from_cr"),
        ]
    )
    shown = [
        _flag(values, n)
        for n in ("urgent", "pattern_extraosseous", "pattern_cns", "pattern_leukaemic")
    ]
    return all3([relapse, *(not3(x) for x in shown)])


def _pregnancy_possible(values: Mapping[str, Input]) -> Value:
    """True only with a pregnancy shown; unknown asks for the test; false for men, from 56 years on,
    and with a negative test.
    """
    sex, age, pregnant = _word(values, "sex"), _number(values, "age"), _flag(values, "pregnancy")
    if pregnant:
        return True
    return all3(
        [
            None if sex is None else sex == "F",
            age.below(CHILDBEARING_AGE) if age else None,
            pregnant,
        ]
    )


# ---------------------------------------------------------------- antigen


def _classes(percent: Interval | None) -> tuple[str | None, ...]:
    """What a stain can be: negative, low, positive; several where a bound straddles a limit, None
    where it was not done.
    """
    if percent is None:
        return (None,)
    found: list[str | None] = []
    if percent.at_most(NEGATIVE_PERCENT) is not False:
        found.append("negative")
    if (
        percent.at_most(NEGATIVE_PERCENT) is not True
        and percent.at_least(POSITIVE_PERCENT) is not True
    ):
        found.append("low")
    if percent.at_least(POSITIVE_PERCENT) is not False:
        found.append("positive")
    return tuple(found)


def _gene_classes(fraction: Interval | None) -> tuple[str | None, ...]:
    if fraction is None:
        return (None,)
    found: list[str | None] = []
    if fraction.at_least(CLONAL) is not False:
        found.append("clonal")
    if fraction.above(0.0) is not False and fraction.at_least(CLONAL) is not True:
        found.append("subclonal")
    if fraction.above(0.0) is not True:
        found.append("intact")
    return tuple(found)


def _status(protein: tuple[str | None, ...], gene: str | None) -> str | None:
    """The status for one reading of each method. None: unknown, or gene and protein contradict each
    other.
    """
    seen = [x for x in protein if x is not None]
    negative, positive = seen.count("negative"), seen.count("positive")
    if gene == "clonal":
        # A clone that lost the gene in half of its cells or more may still hold positive cells; the
        # caller checks that they fit.
        return "lost"
    if negative and positive:
        return None
    if negative >= 2:
        return "lost"
    if gene == "subclonal":
        return "subclonal_loss"
    if not seen:
        return None  # an intact gene does not say that the protein is there
    if negative:
        return "not_detected_unconfirmed" if len(seen) == 1 else "reduced"
    return "retained" if positive == len(seen) else "reduced"


def _antigen(*stains: str, gene: str) -> Callable[[Mapping[str, Input]], Value]:
    def status(values: Mapping[str, Input]) -> Value:
        percents = [_number(values, s) for s in stains]
        fraction = _number(values, gene)
        shown_negative = any(p is not None and p.at_most(NEGATIVE_PERCENT) for p in percents)
        contradicted = any(
            p is not None and fraction is not None and p.low / 100 + fraction.low > 1.2
            for p in percents
        )
        if contradicted:  # more antigen-bearing cells than the clone has left
            return None
        if (
            fraction is not None
            and fraction.exact is None
            and fraction.above(0.0)
            and shown_negative
        ):
            # both copies are hit in a share that is not stated, and the protein is not seen: two
            # methods agree
            return "lost"
        found = {
            _status(protein, event)
            for protein in itertools.product(*(_classes(p) for p in percents))
            for event in _gene_classes(fraction)
        }
        return found.pop() if len(found) == 1 else None

    return status


def _loss_fraction(values: Mapping[str, Input]) -> Value:
    fraction = _number(values, "tnfrsf17_biallelic_fraction")
    return fraction.exact if fraction else None


_STATUS_OF_BCMA = _antigen(
    "bcma_flow_percent", "bcma_ihc_percent", "bcma_rna_percent", gene="tnfrsf17_biallelic_fraction"
)
_STATUS_OF_GPRC5D = _antigen(
    "gprc5d_flow_percent", "gprc5d_ihc_percent", gene="gprc5d_biallelic_fraction"
)

# In this order: a finding stands after those that it is derived from.
DERIVED: dict[str, Callable[[Mapping[str, Input]], Value]] = {
    "early_or_no_response": _early_or_no_response,
    "triple_class_exposed": _and("exposed_pi", "exposed_imid", "exposed_anti_cd38"),
    "triple_class_refractory": _and("refractory_pi", "refractory_imid", "refractory_anti_cd38"),
    "penta_drug_refractory": _and(
        "refractory_bortezomib",
        "refractory_carfilzomib",
        "refractory_lenalidomide",
        "refractory_pomalidomide",
        "refractory_anti_cd38",
    ),
    "bcma_status": _STATUS_OF_BCMA,
    "bcma_loss_fraction": _loss_fraction,
    "gprc5d_status": _STATUS_OF_GPRC5D,
    "high_risk_cytogenetics": _or("del_17p", "t_4_14", "t_14_16", "gain_1q"),
    "tp53_biallelic": _and("del_17p", "tp53_mutation"),
    "pregnancy_possible": _pregnancy_possible,
    "urgent": _or(
        "cord_compression",
        "hypercalcaemia",
        "renal_failure",
        "hyperviscosity",
        "plasma_cell_leukaemia",
        "cns_disease",
    ),
    "asymptomatic_relapse": _asymptomatic,
}


# Findings that are true as soon as one of their parts is.
ANY_OF = frozenset({"high_risk_cytogenetics", "urgent"})


def derive(values: Mapping[str, Input]) -> dict[str, Input]:
    """`values` with every derived finding computed anew from the others, in order; what stood there
    for them is replaced.

    A number known only within bounds is given as a `Interval`. A finding that is absent is unknown.
    """
    found: dict[str, Input] = dict(values)
    for name, function in DERIVED.items():
        found[name] = function(found)
    return found
