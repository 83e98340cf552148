"""The findings that the vignettes were written for."""

from typing import Any

import pytest
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

from rearm.findings import Found, find
from rearm.intake import read_tables
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures

FILE = DATA / "vignettes.yaml"

EXPECTED: dict[str, dict[str, Any]] = {
    "D01": {"bcma_status": "lost", "bcma_loss_fraction": 0.93, "t_11_14": True,
    "gprc5d_status": "retained", "exposed_gprc5d": False, "soluble_bcma_undetectable": True},
    "D02": {"bcma_status": "retained", "tnfrsf17_ectodomain_variant": True,
    "tnfrsf17_biallelic_fraction": 0, "keratopathy_grade": 3, "eye_care_access": True},
    "D03": {"bcma_status": "retained", "tnfrsf17_one_copy": True, "expansion_late": True,
    "heart_failure_severe": True, "next_tcell_therapy_planned": True, "lvef": 30},
    "D04": {"bcma_status": "not_detected_unconfirmed", "neuropathy_grade": 3,
    "tnfrsf17_biallelic_fraction": None, "early_or_no_response": True},
    "D05": {"untested_lesion": True, "bcma_status": "retained", "cord_compression": True,
    "emd_at_failure": True, "stopped_for_toxicity_talquetamab": True},
    "D06": {"alc_peak_15": 0.3, "bendamustine_before_apheresis": True, "in_specification": False,
    "responded": False, "bcma_status": None},
    "D07": {"high_risk_cytogenetics": True, "ferritin_above_normal_before_infusion": True,
    "bcma_status": None, "car_detectable_at_failure": None},
    "D08": {"car_gone_before_failure": True, "hbsag": True, "hbv_dna_detected": None,
    "t_11_14": False, "bcma_status": "retained"},
    "D09": {"mds_aml": True, "failure_status": "not_failed", "neutrophils": 0.7},
    "D10": {"gprc5d_status": "lost", "bcma_status": "retained", "plasma_cell_leukaemia": True,
    "cns_disease": True, "exposed_gprc5d": True},
    "D11": {"anti_car_antibody": True, "anti_car_antibody_before_infusion": False,
    "car_gone_before_failure": True, "active_infection": True, "goals_of_care": "comfort_only",
    "infusions_given": 1},
    "D12": {"signal_relapse_from_cr": True, "signal_mrd_conversion": True,
    "failure_status": "suspected"},
    "D13": {"construct_human": True, "infusions_given": 2, "infused_ide_cel": True,
    "car_product": "eque-cel", "relapse_doubling_days": None},
    "D14": {"hypercalcaemia": True, "renal_failure": True, "neutrophils": 0.3, "stored_cd34": True,
    "braf_v600e": True, "prolonged_cytopenia": True},
}  # fmt: skip


def findings_of(name: str) -> dict[str, Found]:
    vignette = next(v for v in read_yaml(FILE) if v["id"] == name)
    as_of = vignette["as_of"]
    record = read_tables(vignette["tables"]).records[0].known_at(as_of)
    return find(record, failures(record), load_catalogue(), as_of=as_of)


@pytest.mark.parametrize("name", EXPECTED)
def test_findings_of_the_vignettes(name: str) -> None:
    found = findings_of(name)
    assert {n: found[n].value for n in EXPECTED[name]} == EXPECTED[name]
