"""Which of the figures that were read is shown for a patient: the one seen in people who had had
what this patient had.

The order of nearness, the nearest first. With a bispecific besides the CAR-T: after a bispecific;
settings that hold such patients among others (T-cell redirection, BCMA therapy of any kind); after
CAR-T; CAR-T not separated; not after CAR-T; the pivotal trial. Without one: after CAR-T; the wider
settings; after a bispecific; CAR-T not separated; not after CAR-T; the pivotal trial. With
extramedullary relapse, figures of extramedullary disease come before all others, but for those
after a bispecific where the patient had one.

What is not known never chooses the more flattering figure: where nobody knows whether a bispecific
was given, the figure that claims less is shown. Where nobody knows whether the relapse is
extramedullary, the figure of all patients is shown and that of extramedullary disease is told
beside it. A figure without a number of patients stands only where it claims no more than the next
one that has a number; a pivotal trial, from before CAR-T, is no such next one, and neither its
response nor its PFS stands beside one that was seen nearer to this patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from rearm.assessment.evidence import SettingRow
from rearm.assessment.result.options import EvidenceResult, Figure
from rearm.findings.base import any3
from rearm.knowledge.studies import NEARNESS, Nearness

__all__ = ["CHOSEN_BY", "Sequel", "figure_of", "figures_for", "sequel_of"]

# one object a word, so that the JSON can leave out the most frequent
_NEARNESS: Mapping[str, Nearness] = {nearness: nearness for nearness in NEARNESS}

Values = Mapping[str, bool | float | int | str | None]

_AFTER_BISPECIFIC: tuple[Nearness, ...] = (
    "after_bispecific",
    "after_t_cell_redirection",
    "after_bcma_therapy",
    "after_cart",
    "cart_not_separated",
    "not_after_cart",
    "pivotal",
)
_AFTER_CART: tuple[Nearness, ...] = (
    "after_cart",
    "after_t_cell_redirection",
    "after_bcma_therapy",
    "after_bispecific",
    "cart_not_separated",
    "not_after_cart",
    "pivotal",
)
_BISPECIFIC_GIVEN: Mapping[str, str] = {
    "exposed_bcma_bispecific": "BCMA",
    "exposed_talquetamab": "GPRC5D",
}
"""Findings that a bispecific was given, with its target."""
_SINCE, _LESION = "exposed_tce_after_infusion", "relapse_pattern_extraosseous"
CHOSEN_BY = (*_BISPECIFIC_GIVEN, _SINCE, _LESION)
"""The findings that choose the setting."""
_HIGHER_IS_BETTER = frozenset(("response", "pfs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequel:
    """What of this patient chooses the setting. None: not known.

    `targets`: those against which a bispecific was given.
    """

    bispecific: bool | None
    targets: frozenset[str]
    extramedullary: bool | None


def figure_of(row: SettingRow, *, of_class: bool = False) -> Figure:
    """A figure as a result holds it: numbers to four decimal places, which is more than any of
    them holds.
    """
    return Figure(
        measure=row.measure,
        estimate=round(row.estimate, 4),
        low=_rounded(row.low),
        high=_rounded(row.high),
        nearness=_NEARNESS[row.nearness],
        disease=row.disease,
        arms=row.arms,
        patients=row.patients,
        most_patients=row.most_patients,
        events=row.events,
        after_targets=row.after_targets,
        studies=row.studies,
        of_class=of_class or row.of_class,
        borrowed_share=_rounded(row.borrowed_share),
        unborrowed=tuple(round(x, 4) for x in row.unborrowed),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def sequel_of(values: Values) -> Sequel:
    """The patient's own sequence and disease, from the findings of the present relapse."""

    def known(name: str) -> bool | None:
        value = values.get(name)
        return value if isinstance(value, bool) else None

    given = [known(name) for name in (*_BISPECIFIC_GIVEN, _SINCE)]
    return Sequel(
        bispecific=any3(given),
        targets=frozenset(
            target for name, target in _BISPECIFIC_GIVEN.items() if known(name) is True
        ),
        extramedullary=known(_LESION),
    )


def figures_for(
    evidence: EvidenceResult, candidates: Sequence[Figure], targets: Iterable[str], sequel: Sequel
) -> EvidenceResult:
    """The evidence with the figures for this patient: one a measure in `expected`, in the order of
    `candidates`; in `others` what is to be read beside them. `targets`: those of the option.
    """
    measures = dict.fromkeys(figure.measure for figure in candidates)
    chosen = []
    for measure in measures:
        of_measure = [figure for figure in candidates if figure.measure == measure]
        figure = _chosen(of_measure, sequel)
        if figure is not None:
            chosen.append(_with_target(figure, frozenset(targets), sequel))
    chosen = _without_pivotal(chosen)
    responses = [figure for figure in candidates if figure.measure == "response"]
    return structs.replace(
        evidence, expected=tuple(chosen), others=tuple(_beside(responses, chosen, sequel))
    )


def _without_pivotal(chosen: Sequence[Figure]) -> list[Figure]:
    """Without response or PFS of a trial from before CAR-T where one of them was seen nearer."""
    benefits = [figure for figure in chosen if figure.measure in _HIGHER_IS_BETTER]
    nearer = any(figure.nearness != "pivotal" for figure in benefits)
    return [x for x in chosen if not (nearer and x in benefits and x.nearness == "pivotal")]


def _chosen(figures: Sequence[Figure], sequel: Sequel) -> Figure | None:
    if sequel.bispecific is None:
        either = [_nearest(figures, sequel, bispecific=given) for given in (True, False)]
        found = [figure for figure in either if figure is not None]
        return min(found, key=_claim, default=None)
    return _nearest(figures, sequel, bispecific=sequel.bispecific)


def _nearest(figures: Sequence[Figure], sequel: Sequel, *, bispecific: bool) -> Figure | None:
    """The nearest figure that has a number of patients, or one before it that claims no more."""
    ordered = _ordered(figures, sequel.extramedullary is True, bispecific)
    ordered = [x for x in ordered if x.nearness != "pivotal"] or ordered
    counted = next((figure for figure in ordered if figure.patients is not None), None)
    if counted is None:
        return ordered[0] if ordered else None
    return next(x for x in ordered if x is counted or _claim(x) <= _claim(counted))


def _ordered(figures: Sequence[Figure], extramedullary: bool, bispecific: bool) -> list[Figure]:
    ladder = _AFTER_BISPECIFIC if bispecific else _AFTER_CART

    def place(figure: Figure) -> tuple[bool, bool, int]:
        of_sequence = bispecific and figure.nearness == "after_bispecific"
        of_disease = (figure.disease == "extramedullary") is extramedullary
        return not of_sequence, not of_disease, ladder.index(figure.nearness)

    fitting = [x for x in figures if extramedullary or x.disease is None]
    # Where a therapy was seen in extramedullary disease only, that is what there is.
    return sorted(fitting or figures, key=place)


def _claim(figure: Figure) -> float:
    """How much a figure claims for a therapy."""
    return figure.estimate if figure.measure in _HIGHER_IS_BETTER else -figure.estimate


def _with_target(figure: Figure, targets: frozenset[str], sequel: Sequel) -> Figure:
    """Marked where this patient had a bispecific against the same target, and those of the figure
    had one against another.
    """
    same = bool(targets & sequel.targets)
    other = bool(figure.after_targets) and not targets & frozenset(figure.after_targets)
    return structs.replace(figure, other_target=True) if same and other else figure


def _beside(
    responses: Sequence[Figure], chosen: Sequence[Figure], sequel: Sequel
) -> Iterable[Figure]:
    """Responses told beside the one that is shown: in extramedullary disease where that is lower
    and nobody knows whether this relapse is that; and after CAR-T where another setting is nearer.
    """
    shown = next((figure for figure in chosen if figure.measure == "response"), None)
    if shown is None:
        return
    if sequel.extramedullary is None:
        part = [figure for figure in responses if figure.disease == "extramedullary"]
        if_so = replace(sequel, extramedullary=True)
        nearest = _nearest(part, if_so, bispecific=sequel.bispecific is not False)
        if nearest is not None and _percent(nearest) < _percent(shown):
            yield nearest
    after_cart = (x for x in responses if x.nearness == "after_cart" and x.disease is None)
    yield from (x for x in after_cart if x.patients is not None and not _same(x, shown))


def _percent(figure: Figure) -> int:
    """As it is told."""
    return round(100 * figure.estimate)


def _same(first: Figure, second: Figure) -> bool:
    return (first.nearness, first.disease) == (second.nearness, second.disease)
