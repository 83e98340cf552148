"""What was seen of a therapy, in words: one place for sheet, page, terminal and the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from rearm.report.words import measure_words

if TYPE_CHECKING:
    from rearm.assessment.result import EvidenceResult, Figure
    from rearm.knowledge.studies import Nearness

__all__ = ["NOTHING_READ", "figure_line", "figure_words", "in_whom", "is_pivotal", "number_words"]

_FEW = 10  # patients of whom a percentage would say more than was seen
NOTHING_READ = "no figure read"

_NEARNESS: Mapping[Nearness, str] = {
    "after_cart": "after CAR-T, bispecific not separated",
    "after_bispecific": "after a bispecific, some with CAR-T",
    "after_t_cell_redirection": "after CAR-T or bispecific",
    "after_bcma_therapy": "after BCMA therapy of any kind",
    "cart_not_separated": "BCMA therapy before allowed, CAR-T not separated",
    "not_after_cart": "not after CAR-T",
    "pivotal": "pivotal trial, before CAR-T",
}


def figure_line(evidence: EvidenceResult) -> str:
    """The figures nearest to this patient in one line: response with its number and setting, then
    median PFS with its own setting where that differs, then the response in extramedullary disease
    where nobody knows whether this relapse is that. A figure of extramedullary disease alone says
    so before its number. Empty where figures were left out.
    """
    response = _of(evidence.expected, "response")
    pfs = _of(evidence.expected, "pfs")
    nearest = response or pfs
    if nearest is None:
        return NOTHING_READ if evidence.told else ""
    if is_pivotal(nearest):
        return _pivotal(response, pfs)
    parts = []
    if response is not None:
        parts.append(f"{_disease(response)}{_brief(response)}, {_before(response)}")
    if pfs is not None:
        same = response is not None and _setting(pfs) == _setting(response)
        where = "" if same else f", {_before(pfs)}"
        said = response is not None and response.disease == pfs.disease
        disease = "" if said else _disease(pfs)
        parts.append(f"{disease}PFS {pfs.estimate:.1f} months{where}")
    told = {_setting(figure)[0] for figure in (response, pfs) if figure is not None}
    parts += [_if_disease(x, told) for x in evidence.others if x.disease is not None]
    return "; ".join(parts)


def _if_disease(figure: Figure, told: Set[object]) -> str:
    """`if extramedullary 36 % of 28, not after CAR-T`; without a setting that is told already."""
    where = "" if figure.nearness in told else f", {_NEARNESS[figure.nearness]}"
    return f"if extramedullary {_share(figure)}{where}"


def _pivotal(response: Figure | None, pfs: Figure | None) -> str:
    parts = [] if response is None else [_brief(response)]
    if pfs is not None:
        another = response is not None and response.studies != pfs.studies
        trial = f" (another trial, {number_words(pfs)})" if another else ""
        parts.append(f"PFS {pfs.estimate:.1f} months{trial}")
    return f"{_NEARNESS['pivotal']}: {', '.join(parts)}"


def is_pivotal(figure: Figure) -> bool:
    """Whether it is the figure of a trial from before CAR-T, to be shown in grey."""
    return figure.nearness == "pivotal"


def in_whom(figure: Figure) -> str:
    """The disease of its patients, where all had it, and what they had had before."""
    return _disease(figure) + _before(figure)


def _disease(figure: Figure) -> str:
    """`extramedullary: `, before what was seen in such disease alone."""
    return "" if figure.disease is None else f"{figure.disease}: "


def _before(figure: Figure) -> str:
    """What its patients had had before."""
    if figure.of_class and figure.nearness == "after_cart":
        return "class figure, after CAR-T"
    text = _NEARNESS[figure.nearness]
    if figure.other_target:
        text += f" (against {' and '.join(figure.after_targets)})"
    return ("class figure, " if figure.of_class else "") + text


def figure_words(figure: Figure) -> str:
    """`response 62 % (51 to 72 %)`, `median PFS 7.2 months (5.1 to 9.0)`."""
    name = measure_words(figure.measure)
    if figure.unit == "months":
        limits = (
            ""
            if figure.low is None or figure.high is None
            else f" ({figure.low:.1f} to {figure.high:.1f})"
        )
        return f"{name} {figure.estimate:.1f} months{limits}"
    limits = (
        ""
        if figure.low is None or figure.high is None
        else f" ({100 * figure.low:.0f} to {100 * figure.high:.0f} %)"
    )
    return f"{name} {_percent(figure)}{limits}"


def number_words(figure: Figure) -> str:
    """`18`, `22 to 28`, `2 arms, 64`: in how many patients it was seen."""
    if figure.patients is None:
        return "number not read"
    number = _patients(figure)
    return number if figure.arms == 1 else f"{figure.arms} arms, {number}"


def _brief(figure: Figure) -> str:
    """`response 44 % of 18`, `response 73 % of 64 in 2 arms`."""
    return f"response {_share(figure)}"


def _share(figure: Figure) -> str:
    if figure.patients is None:
        return f"{_percent(figure)} (number not read)"
    if figure.events is not None and figure.patients < _FEW:
        return f"{figure.events} of {figure.patients}"
    most = figure.most_patients
    if figure.events is not None and most is not None and most > figure.patients:
        events = round(figure.estimate * most)
        counted = f"{figure.events} of {figure.patients} to {events} of {most}"
        return f"{_percent(figure)} ({counted})"
    arms = "" if figure.arms == 1 else f" in {figure.arms} arms"
    return f"{_percent(figure)} of {_patients(figure)}{arms}"


def _patients(figure: Figure) -> str:
    most = figure.most_patients
    beyond = most is not None and figure.patients is not None and most > figure.patients
    return f"{figure.patients} to {most}" if beyond else f"{figure.patients}"


def _percent(figure: Figure) -> str:
    return f"{100 * figure.estimate:.0f} %"


def _setting(figure: Figure) -> tuple[object, ...]:
    return figure.nearness, figure.disease, figure.other_target, figure.of_class


def _of(figures: Sequence[Figure], measure: str) -> Figure | None:
    return next((figure for figure in figures if figure.measure == measure), None)
