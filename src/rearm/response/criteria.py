"""Response criteria as data: versions, thresholds with their source, the answers to the open
questions A1 to A22, settings.

The numbers stand in `knowledge/data/criteria.toml`; nothing in this package repeats one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rearm.errors import RearmError
from rearm.knowledge.bundle import bundled

__all__ = [
    "DEFAULT_VERSION",
    "RESPONSES",
    "Criteria",
    "CriteriaError",
    "criteria_table",
    "load_criteria",
]

RESPONSES = ("NE", "PD", "SD", "MR", "PR", "VGPR", "CR", "sCR")  # rising depth; NE stands outside
DEFAULT_VERSION = "imwg-2016"


class CriteriaError(RearmError):
    """A version or parameter that does not exist, or a value that it cannot take; the message says
    which are possible.

    >>> from rearm.response import CriteriaError, load_criteria
    >>> try:
    ...     load_criteria("imwg-1999")
    ... except CriteriaError as error:
    ...     print(str(error)[:42])
    The criteria have no version 'imwg-1999'.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """One version of the criteria with all its parameters. Units as in `criteria.toml` (g/dL,
    mg/24h, mg/dL for dFLC, %, mm, days). `docs/dictionary/criteria.md` says what each is; none is
    unknown.

    >>> from rearm.response import load_criteria
    >>> load_criteria().serum_pd_rise
    0.5
    """

    version: str
    changed: tuple[
        tuple[str, str], ...
    ]  # parameters that differ from the version's defaults, as given

    serum_measurable: float
    urine_measurable: float
    flc_measurable: float
    marrow_measurable: float
    ratio_low: float
    ratio_high: float
    vgpr_fall: float
    pr_fall: float
    mr_fall: float
    mr_fall_strict: float
    urine_vgpr_below: float
    urine_pr_below: float
    urine_pr_fall: float
    urine_mr_fall: float
    marrow_cr_below: float
    pd_rise: float
    serum_pd_rise: float
    serum_high_nadir: float
    serum_high_pd_rise: float
    urine_pd_rise: float
    dflc_pd_rise: float
    marrow_pd_rise: float
    marrow_pd_counts: str
    marrow_pd_for_all: int
    lesion_pd_rise: float
    lesion_short_axis: float
    circulating_pd_rise: float
    circulating_pd_minimum: float
    calcium_pd: float
    calcium_relapse: float
    hemoglobin_fall: float
    creatinine_rise: float
    lesion_relapse_growth: float
    doubling_reference: float
    doubling_days: int
    biochemical_serum: float
    biochemical_urine: float
    biochemical_flc: float
    mrd_sensitivity: float
    mrd_sustained_days: int
    kappa_normal: float
    lambda_normal: float
    cytopenia_neutrophils: float
    cytopenia_platelets: float

    visit_window: int
    baseline_window: int
    baseline_marrow_window: int
    carry_forward: int
    serum_marker: str
    ratio_tolerance: float
    mrd_imaging_days: int
    attribution_days: int
    provisional_days: int
    provisional_lesion_days: int
    cytopenia_days: int
    cytopenia_near_days: int
    contradiction_days: int
    immunoglobulin_days: int
    antibody_days: int
    split_infusion_days: int
    early_until: int
    intermediate_until: int
    response_depth: str
    no_response_day: int
    no_response_seen_days: int
    first_look_days: int
    assessment_gap: int
    pattern_days: int
    bridging_days: int
    lymphodepletion_days: int
    new_therapy_is_failure: int
    no_response_is_failure: int

    A1: str
    A2: str
    A3: str
    A4: str
    A5: str
    A6: str
    A7: str
    A8: str
    A9: str
    A10: str
    A11: str
    A12: str
    A13: str
    A14: str
    A15: str
    A16: str
    A17: str
    A18: str
    A19: str
    A20: str
    A21: str
    A22: str

    @property
    def parameters(self) -> dict[str, str]:
        """The answers taken to A1 .. A22."""
        return {f"A{n}": getattr(self, f"A{n}") for n in range(1, 23)}

    def __str__(self) -> str:
        return self.version + "".join(f", {k} = {v}" for k, v in self.changed)


def criteria_table() -> Mapping[str, Any]:
    """The whole table as it stands in the bundled `criteria.toml`: versions, thresholds, settings,
    and the open questions of the text. What a version leaves out is that of the default; no
    threshold is unknown. Raises nothing.

    >>> from rearm.response import criteria_table
    >>> "imwg-2016" in criteria_table()["versions"]
    True
    """
    return bundled().table("criteria.toml")


def load_criteria(version: str = DEFAULT_VERSION, **parameters: Any) -> Criteria:
    """The criteria of `version` with `parameters` laid over: A1 .. A22 (by id or by their text),
    any threshold, any setting.

    Raises CriteriaError with a sentence for an unknown version, for a version whose thresholds are
    not published, for an unknown parameter and for a value that a parameter cannot take. Nothing is
    unknown: what `parameters` leave out is that of the version. Source: Kumar et al. 2016 (IMWG).

    >>> from rearm.response import load_criteria
    >>> load_criteria(serum_pd_rise=1.0).changed
    (('serum_pd_rise', '1.0'),)
    """
    return _load(version, tuple(sorted(parameters.items())))


@lru_cache(maxsize=256)
def _load(version: str, parameters: tuple[tuple[str, Any], ...]) -> Criteria:
    table = criteria_table()
    entry = table["versions"].get(version)
    if entry is None:
        raise CriteriaError(
            f"The criteria have no version {version!r}. Use one of {', '.join(table['versions'])}."
        )
    if "refused" in entry:
        raise CriteriaError(entry["refused"])
    values: dict[str, Any] = {
        name: row["value"]
        for part in ("thresholds", "settings")
        for name, row in table[part].items()
    }
    values |= entry.get("deviations", {})
    values |= {name: row["default"] for name, row in table["ambiguities"].items()}
    changed = []
    for name, given in parameters:
        value = _value(table, name, given, values)
        if value != values[name]:
            values[name] = value
            changed.append((name, str(given)))
    if values["A6"] == "pd" and not values["calcium_pd"]:
        values["calcium_pd"] = table["versions"]["imwg-2006"]["deviations"]["calcium_pd"]
    return Criteria(version=version, changed=tuple(changed), **values)


def _value(table: Mapping[str, Any], name: str, given: Any, values: dict[str, Any]) -> Any:
    if name not in values:
        raise CriteriaError(
            f"The criteria have no parameter {name!r}. Use A1 to A22, or one of "
            f"{', '.join(sorted(_numbers(values)))}."
        )
    ambiguity = table["ambiguities"].get(name)
    if ambiguity is not None:
        return _option(name, given, ambiguity)
    now = values[name]
    if isinstance(now, str):
        allowed = {
            "marrow_pd_counts": ("rise", "level"),
            "serum_marker": ("auto", "spep", "quantitative_ig"),
            "response_depth": RESPONSES[2:],
        }[name]
        if given not in allowed:
            raise CriteriaError(f"{name} is one of {', '.join(allowed)}, not {given!r}.")
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e9:
        raise CriteriaError(f"{name} is a number from 0 upwards, not {given!r}.")
    return given


def _option(name: str, given: Any, ambiguity: dict[str, Any]) -> str:
    """An answer to an open question by its id, by its text, or as `default` / `alternative`."""
    options: dict[str, str] = ambiguity["options"]
    said = str(given).strip().lower()
    for key, text in options.items():
        if said in (key.lower(), text.lower()) or (
            (said == "default") == (key == ambiguity["default"])
            and said in ("default", "alternative")
        ):
            return key
    raise CriteriaError(
        f"{name} ({ambiguity['question']}) is one of {', '.join(options)}, not {given!r}."
    )


def _numbers(values: dict[str, Any]) -> list[str]:
    return [k for k in values if not (k[0] == "A" and k[1:].isdigit())]
