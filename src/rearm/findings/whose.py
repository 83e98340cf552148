"""Which event a finding speaks of: the failure of the CAR-T, or the present relapse.

Where no line followed the CAR-T the two are one. After a later line, what options read (tempo,
pattern, the antigen of the tumour now) is of the present relapse, and what causes read (`cart_`) is
of the time of the CAR-T failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.findings.base import Found
from rearm.findings.chart import PatientChart

__all__ = [
    "CART",
    "LATER_LINES",
    "OF_RELAPSE",
    "PAST_AFTER_A_LATER_LINE",
    "TOLD_AS",
    "CartFinding",
    "chart_of",
    "later_lines_of",
]

LATER_LINES = "lines_after_car_t"

# Read with the present relapse in place of the failure.
OF_RELAPSE = frozenset(
    {
        "any_plasmacytoma_at_relapse",
        "bcma_flow_percent",
        "bcma_ihc_percent",
        "bcma_rna_percent",
        "bcma_status",
        "bcma_stain_percent",
        "bone_lesion_or_cord_at_relapse",
        "fcrh5_percent",
        "gprc5d_biallelic_fraction",
        "gprc5d_flow_percent",
        "gprc5d_ihc_percent",
        "gprc5d_stain_percent",
        "gprc5d_status",
        "lesion_not_myeloma",
        "lesion_without_histology",
        "lesions_at_relapse",
        "plasma_cell_leukaemia",
        "signal_relapse_from_cr",
        "soluble_bcma_at_relapse",
        "tnfrsf17_biallelic_fraction",
        "tnfrsf17_ectodomain_variant",
        "tnfrsf17_one_copy",
        "untested_lesion",
    }
)

# Of the time of the CAR-T failure: once a line followed it, no test of today tells them.
PAST_AFTER_A_LATER_LINE = frozenset(
    {
        "car_detectable_at_failure",
        "car_gone_before_failure",
        "emd_at_failure",
        "soluble_bcma_fold_from_nadir",
        "soluble_bcma_undetectable",
        "treg_percent",
    }
)

# Read for the CAR-T failure, up to the first agent against this antigen since.
_AT_FAILURE = {
    "soluble_bcma_undetectable": "BCMA",
    "soluble_bcma_fold_from_nadir": "BCMA",
    "bcma_density_fall": "BCMA",
    "bcma_agent_between_failure_and_sample": "BCMA",
    "gprc5d_agent_between_failure_and_sample": "GPRC5D",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CartFinding:
    """A finding as it was at the failure of the CAR-T: `now` is the one of the present relapse,
    `antigen` the one that it tells of, since agents against it change the tumour.
    """

    now: str
    antigen: str | None

    def chart(self, chart: PatientChart) -> PatientChart:
        """The chart that it is read from where a line followed the CAR-T."""
        return chart if self.antigen is None else chart.of_car_t(self.antigen)


CART: Mapping[str, CartFinding] = {
    "cart_bcma_status": CartFinding(now="bcma_status", antigen="BCMA"),
    "cart_bcma_rna_percent": CartFinding(now="bcma_rna_percent", antigen="BCMA"),
    "cart_tnfrsf17_biallelic_fraction": CartFinding(
        now="tnfrsf17_biallelic_fraction", antigen="BCMA"
    ),
    "cart_tnfrsf17_ectodomain_variant": CartFinding(
        now="tnfrsf17_ectodomain_variant", antigen="BCMA"
    ),
    "cart_tnfrsf17_one_copy": CartFinding(now="tnfrsf17_one_copy", antigen="BCMA"),
    "cart_gprc5d_status": CartFinding(now="gprc5d_status", antigen="GPRC5D"),
    "cart_plasma_cell_leukaemia": CartFinding(now="plasma_cell_leukaemia", antigen=None),
    "cart_untested_lesion": CartFinding(now="untested_lesion", antigen=None),
}


# What says the same as long as no line followed the CAR-T: the finding -> the one it is told by.
TOLD_AS: Mapping[str, str] = {
    **{name: of.now for name, of in CART.items()},
    "relapse_status": "failure_status",
    "relapse_after": "lines_after_car_t",
    "relapse_responded": "responded",
    "relapse_early_or_no_response": "early_or_no_response",
    "relapse_pattern_biochemical": "pattern_biochemical",
    "relapse_pattern_cns": "pattern_cns",
    "days_to_relapse": "time_to_failure_days",
}


def chart_of(chart: PatientChart, name: str) -> PatientChart:
    """The chart that the finding of this name is read from."""
    if name in OF_RELAPSE:
        return chart.of_relapse
    antigen = _AT_FAILURE.get(name)
    return chart if antigen is None else chart.of_car_t(antigen)


def later_lines_of(found: Mapping[str, Found]) -> bool:
    """Did a line follow the CAR-T?"""
    lines = found.get(LATER_LINES)
    return lines is not None and bool(lines.value)
