"""Ids as the words that a physician reads. Every id of a result that is shown has its words here,
so that no page invents its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rearm.assessment.evidence import ExpectedRow

__all__ = [
    "VERDICT_ORDER",
    "days_words",
    "listed",
    "measure_words",
    "strategy_words",
    "whose",
    "words",
]

VERDICT_ORDER = ("preferred", "acceptable", "needs_information", "discouraged", "excluded")

_WORDS = {
    "preferred": "preferred",
    "acceptable": "acceptable",
    "needs_information": "needs information",
    "discouraged": "discouraged",
    "excluded": "excluded",
    "failed": "failed",
    "suspected": "failure suspected",
    "not_failed": "not failed",
    "died_without_progression": "died without progression",
    "cannot_be_judged": "cannot be judged",
    "confirmed": "confirmed by two results or by a lesion",
    "recorded_by_team": "recorded by the team, not computed from results",
    "unconfirmed": "not yet confirmed by a second sample",
    "provisional": "provisional: too early after the infusion to tell",
    "signal": "a signal only, no progressive disease",
    "primary_refractory": "primary refractory",
    "progression_after_response": "progression after a response",
    "progression_from_cr": "progression from a complete response",
    "new_therapy_without_pd": "new therapy without progressive disease",
    "death_of_myeloma": "death of myeloma",
    "early": "early (up to day 90)",
    "intermediate": "intermediate (day 91 to 183)",
    "late": "late (after day 183)",
    "definitive": "Definitive therapy",
    "bridge": "Bridge or hold",
    "local": "Local therapy",
    "enabling": "Enabling",
    "observe": "Observation",
    "supportive": "Supportive care",
    "antigen": "Antigen",
    "t-cell": "T cells",
    "microenvironment": "Microenvironment",
    "product": "Product",
    "tumour": "Tumour",
    "safety": "Not a relapse at all?",
    "established": "established",
    "likely": "likely",
    "possible": "possible",
    "unlikely": "unlikely",
    "not_assessed": "not assessed",
    "outside_label": "outside the label",
    "trial_only": "trial only",
    "not_needed": "no approval needed",
    "available": "approved",
    "check": "check availability",
    "relapse_from_cr": "relapse from complete response",
    "mrd_conversion": "minimal residual disease turned positive",
    "biochemical_rise": "biochemical rise below the limit of progression",
    "light_chain_escape": "light-chain escape",
    "new_uptake": "new uptake on imaging",
    "unattributed_crab": "organ damage not yet attributed",
    "no_response_by_day_90": "no response by day 90",
    "computed": "computed from results",
    "team": "recorded by the team",
}
_STRATEGIES = {
    "second-cart-same-target": "another CAR-T against the same target",
    "second-cart-new-target": "CAR-T against another target",
    "cart-reinfusion": "the same CAR-T again",
    "bispecific-bcma": "bispecific antibody against BCMA",
    "bispecific-gprc5d": "bispecific antibody against GPRC5D",
    "bispecific-fcrh5": "bispecific antibody against FcRH5",
    "bispecific-combination": "bispecific antibody in combination",
    "trispecific": "trispecific antibody",
    "adc-bcma": "antibody-drug conjugate against BCMA",
    "anti-cd38-combination": "anti-CD38 combination",
    "anti-slamf7-combination": "anti-SLAMF7 combination",
    "pi-combination": "proteasome inhibitor combination",
    "imid-combination": "IMiD combination",
    "pi-imid-combination": "proteasome inhibitor with IMiD",
    "celmod": "CELMoD",
    "xpo1-inhibitor": "XPO1 inhibitor",
    "bcl2-inhibitor": "BCL-2 inhibitor",
    "mapk-inhibitor": "MAPK inhibitor",
    "autologous-sct": "autologous transplant",
    "allogeneic-sct": "allogeneic transplant",
}
_MEASURES = {
    "response": "response",
    "orr": "response",
    "pfs": "median PFS",
    "median_pfs": "median PFS",
    "severe_infection": "infection grade 3 or more",
    "crs": "cytokine release syndrome",
}

_SHORT = {
    "bcma": "BCMA", "gprc5d": "GPRC5D", "fcrh5": "FcRH5", "tnfrsf17": "TNFRSF17", "cd4": "CD4", "cd8": "CD8", "cd19": "CD19",
    "cd38": "CD38", "crbn": "CRBN", "braf": "BRAF", "tp53": "TP53", "igg": "IgG", "igm": "IgM", "iga": "IgA", "crs": "CRS",
    "icans": "ICANS", "ecog": "ECOG", "mrd": "MRD", "mds": "MDS", "aml": "AML", "hbv": "HBV", "hcv": "HCV", "hiv": "HIV", "cmv": "CMV",
    "imid": "IMiD", "pi": "proteasome inhibitor", "car": "CAR", "alc": "lymphocyte count (ALC)", "lvef": "LVEF", "egfr": "eGFR",
    "cns": "CNS", "al": "AL", "dna": "DNA", "pet": "PET", "ldh": "LDH", "crp": "CRP", "ada": "anti-CAR antibody", "pd1": "PD-1",
    "il6": "IL-6", "emd": "extramedullary disease", "pd": "progressive disease", "xpo1": "XPO1", "bcl2": "BCL2",
}  # fmt: skip


def words(name: str | None) -> str:
    """The words for an id; an id without words of its own loses its underscores. None is an empty
    text.
    """
    if name is None:
        return ""
    return _WORDS.get(name) or " ".join(_SHORT.get(part, part) for part in name.split("_"))


def measure_words(measure: str) -> str:
    """The words for what an expected figure measures."""
    return _MEASURES.get(measure, measure.replace("_", " "))


def whose(row: ExpectedRow) -> str:
    """In whom a figure was seen where that is not this option after CAR-T; to stand before it."""
    return ("class figure, " if row.of_class else "") + (
        "" if row.directness == "direct" else "not after CAR-T: "
    )


def strategy_words(strategy: str) -> str:
    """The words for a strategy tag."""
    return _STRATEGIES.get(strategy, strategy.replace("-", " "))


def listed(items: tuple[str, ...] | list[str]) -> str:
    """`a, b and c`."""
    texts = [words(i) for i in items]
    return (
        texts[0]
        if len(texts) == 1
        else ", ".join(texts[:-1]) + " and " + texts[-1]
        if texts
        else ""
    )


def days_words(days: int | None) -> str:
    """Days with months in brackets where that helps."""
    if days is None:
        return "day unknown"
    return f"day {days}" if abs(days) < 60 else f"day {days} ({days / 30.4375:.1f} months)"
