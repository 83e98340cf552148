"""How often things happen in the invented registry.

Every number is invented: chosen so that a registry looks plausible, near to what the literature
reports in general, and taken from no patient. None is evidence, and nothing else in Rearm reads
them. Shares are between 0 and 1, times in days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

# ---------------------------------------------------------------- who they are

FIRST_INFUSION = date(2021, 6, 1)
LAST_INFUSION = date(2025, 12, 31)
DATA_CUT = date(2026, 6, 30)
LOST_TO_FOLLOW_UP = 0.05
FEMALE = 0.44
AGE = (64.0, 8.5)  # mean and standard deviation, years
YOUNGEST, OLDEST = 36, 83
HEAVY_CHAINS = {"IgG": 0.58, "IgA": 0.21, "none": 0.19, "IgD": 0.02}
KAPPA = 0.63

# ---------------------------------------------------------------- the disease

M_PROTEIN = (2.2, 0.55)  # before the CAR-T: median, g/dL, and spread of its logarithm
LOWEST_M_PROTEIN, HIGHEST_M_PROTEIN = 1.1, 5.0
LIGHT_CHAINS_BESIDE = (160.0, 0.9)  # involved light chain where the heavy chain secretes, mg/L
LIGHT_CHAINS_ALONE = (900.0, 0.8)
HIGHEST_LIGHT_CHAINS = 9000.0
URINE_MEASURABLE = 0.55  # of those with light chains alone
URINE = (900.0, 0.6)  # mg/24h
MARROW = (28.0, 0.9)  # plasma cells, %
HIGHEST_MARROW = 92.0
HIGH_RISK = 0.34
# each patient's own counts without myeloma: median, spread of its logarithm; and from day to day
COUNTS = {
    "hemoglobin": (12.9, 0.08),
    "neutrophils": (3.2, 0.3),
    "platelets": (200.0, 0.25),
    "lymphocytes": (1.4, 0.35),
}
COUNT_SPREAD = {"hemoglobin": 0.025, "neutrophils": 0.22, "platelets": 0.12, "lymphocytes": 0.2}
EXTRAOSSEOUS_BEFORE = 0.12
PARASKELETAL_BEFORE = 0.14
CYTOGENETICS_DONE = 0.82
CYTOGENETICS = {"17p13": 0.13, "1q21": 0.34, "t(4;14)": 0.11, "t(14;16)": 0.04, "t(11;14)": 0.18}
AMPLIFIED_1Q = 0.3  # of those with a gain
RISKY_IN_HIGH_RISK, RISKY_OTHERWISE = 1.8, 0.6  # times the shares above, but not t(11;14)
BRAF_TESTED, BRAF_MUTATED = 0.12, 0.06

# ---------------------------------------------------------------- before the CAR-T

TRANSPLANTED = 0.66
REFRACTORY_TO_LAST_LINE = 0.9
REFRACTORY_TO_EARLIER_LINE = 0.74
CONJUGATE_BEFORE = 0.05  # belantamab mafodotin before the CAR-T
AT_APHERESIS = (0.8, 1.0)  # burden, as a share of that before the CAR-T
LEFT_BY_BRIDGING = (0.45, 1.2)
BRIDGED = 0.76
BRIDGED_WITH_TALQUETAMAB = 0.09
RADIOTHERAPY_FOR_BRIDGING = 0.1
BENDAMUSTINE = 0.07
OUT_OF_SPECIFICATION = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A CAR-T product. `responses`: share of each best response; `median`: days to progression by
    best response; `lines`: share of each number of earlier lines; `crs_day`: usual first day.
    """

    name: str
    share: float
    cells: float
    responses: Mapping[str, float]
    median: Mapping[str, float]
    lines: Mapping[int, float]
    crs: float
    crs_severe: float
    crs_day: int
    icans: float
    parkinsonism: float


_LATE_LINES = {3: 0.1, 4: 0.25, 5: 0.3, 6: 0.2, 7: 0.15}
_EARLIER_LINES = {1: 0.08, 2: 0.14, 3: 0.2, 4: 0.26, 5: 0.18, 6: 0.14}
_DEEP = {"CR": 0.70, "VGPR": 0.15, "PR": 0.09, "SD": 0.04, "PD": 0.02}
_DEEP_MEDIAN = {"CR": 1750.0, "VGPR": 680.0, "PR": 300.0, "SD": 85.0, "PD": 26.0}

PRODUCTS = (
    Product(
        name="idecabtagene vicleucel",
        share=0.42,
        cells=4.3e8,
        responses={"CR": 0.38, "VGPR": 0.19, "PR": 0.18, "SD": 0.14, "PD": 0.11},
        median={"CR": 600.0, "VGPR": 340.0, "PR": 150.0, "SD": 60.0, "PD": 26.0},
        lines=_LATE_LINES,
        crs=0.81,
        crs_severe=0.05,
        crs_day=1,
        icans=0.18,
        parkinsonism=0.003,
    ),
    Product(
        name="ciltacabtagene autoleucel",
        share=0.53,
        cells=5.6e7,
        responses=_DEEP,
        median=_DEEP_MEDIAN,
        lines=_EARLIER_LINES,
        crs=0.78,
        crs_severe=0.04,
        crs_day=7,
        icans=0.15,
        parkinsonism=0.025,
    ),
    Product(
        name="equecabtagene autoleucel",
        share=0.03,
        cells=7e7,
        responses=_DEEP,
        median={k: v * 0.85 for k, v in _DEEP_MEDIAN.items()},
        lines=_LATE_LINES,
        crs=0.88,
        crs_severe=0.02,
        crs_day=6,
        icans=0.03,
        parkinsonism=0.0,
    ),
    Product(
        name="MCARH109",
        share=0.02,
        cells=1.5e8,
        responses={"CR": 0.3, "VGPR": 0.22, "PR": 0.2, "SD": 0.16, "PD": 0.12},
        median={"CR": 420.0, "VGPR": 300.0, "PR": 170.0, "SD": 70.0, "PD": 26.0},
        lines=_LATE_LINES,
        crs=0.85,
        crs_severe=0.06,
        crs_day=2,
        icans=0.08,
        parkinsonism=0.0,
    ),
)

# ---------------------------------------------------------------- after the CAR-T

HAZARD_HIGH_RISK = 1.35  # times to progression are divided by these
HAZARD_EXTRAOSSEOUS = 1.8
HAZARD_OUT_OF_SPECIFICATION = 1.5
SHAPE = 1.15  # of the Weibull distribution of times to progression
DEPTH = {  # residual disease at the nadir, as a share of that before
    "CR": (0.0, 0.0),
    "VGPR": (0.02, 0.08),
    "PR": (0.14, 0.42),
    "MR": (0.53, 0.68),
    "SD": (0.8, 0.97),
    "PD": (1.0, 1.0),
}
HALF_LIFE = (9.0, 17.0)  # of the markers while they fall
DOUBLING_EARLY, DOUBLING_LATE = (22.0, 55.0), (45.0, 130.0)
EARLY = 180
DIED_WITHOUT_RELAPSE = 0.05
TIME_TO_SUCH_DEATH = 150.0
CAUSES_WITHOUT_RELAPSE = {"infection": 0.55, "toxicity": 0.2, "other": 0.15, "unknown": 0.1}
CAUSES_AFTER_RELAPSE = {"myeloma": 0.78, "infection": 0.14, "toxicity": 0.02, "unknown": 0.06}
DEATH_DAY_UNKNOWN = 0.004

PATTERNS = {  # how the disease comes back
    "biochemical": 0.62,
    "marrow": 0.11,
    "clinical": 0.07,
    "paraskeletal": 0.07,
    "extraosseous": 0.11,
    "extraosseous_alone": 0.02,  # with quiet markers
}
CNS = 0.008
PLASMA_CELL_LEUKAEMIA = 0.015
LESION_SITES = {
    "liver": 0.2,
    "skin": 0.15,
    "lymph node": 0.25,
    "pleura": 0.12,
    "muscle": 0.18,
    "kidney": 0.1,
}
BONE_SITES = {"rib": 0.35, "vertebra T8": 0.25, "sacrum": 0.2, "skull": 0.1, "femur": 0.1}

# ---------------------------------------------------------------- what is measured

VISIT_MISSED = 0.06
RESULT_MISSING = 0.05
LIGHT_CHAINS_AT_VISIT = 0.25
URINE_AT_VISIT = 0.08
COUNTS_AT_VISIT = 0.1
IMMUNOGLOBULINS_AT_VISIT = 0.16
IMMUNOFIXATION_SERUM, IMMUNOFIXATION_URINE = 0.55, 0.6  # once no M-protein is seen
RESPONSE_STATED = 0.4
RESPONSE_DIFFERS = 0.05  # the team is one step away from the results
PROGRESSION_STATED = 0.88
MARROW_AT = {28: 0.35, 84: 0.45, 168: 0.3, 315: 0.3}  # planned day: share done
MRD_TESTED, MRD_NEGATIVE_IN_CR = 0.65, 0.8
PET_BEFORE, PET_AT_84 = 0.55, 0.35
MEASURING_ERROR = 0.03
CHECKED_AGAIN = (14, 28)  # days from a first rise to the next sample

STRINGENT = 0.35  # of complete responses, by the team
MRD_BY_FLOW = 0.6
MARROW_BEFORE = 0.8
FERRITIN = (320.0, 0.9)  # ng/mL
ECOG_BEFORE = {"0": 0.32, "1": 0.54, "2": 0.14}
ECOG_AT_FAILURE = {"0": 0.24, "1": 0.5, "2": 0.2, "3": 0.06}
IGG_EARLY, IGG_LATE = (420.0, 0.35), (560.0, 0.35)  # without M-protein, mg/dL
IGG_LOW_FOR = 400  # days after the cells
CHEMISTRY_MISSING = 0.15
CHEMISTRY = {  # unit, median without disease, more at the burden before the CAR-T, spread
    "creatinine": ("mg/dL", 0.93, 0.05, 0.26),
    "calcium_corrected": ("mg/dL", 9.3, 0.05, 0.035),
    "ldh": ("U/L", 195.0, 45.0, 0.24),
    "albumin": ("g/dL", 4.0, -0.2, 0.07),
    "beta2_microglobulin": ("mg/L", 2.4, 1.2, 0.3),
    "crp": ("mg/L", 3.5, 4.0, 0.6),
}
ORGANS = {
    "anaemia": 0.4,
    "pathological_fracture": 0.25,
    "renal_impairment": 0.2,
    "hypercalcaemia": 0.15,
}
ORGAN_DAMAGE = {  # by the condition that the myeloma has caused: median and spread of the result
    ("renal_impairment", "creatinine"): (2.8, 0.2),
    ("hypercalcaemia", "calcium_corrected"): (12.3, 0.04),
}

PERSISTENCE_FOLLOWED = 0.28
PERSISTS_AT_FAILURE = 0.25
PET_AT_FAILURE = 0.55
MARROW_AT_FAILURE = 0.42
BCMA_TESTED, GPRC5D_TESTED = 0.36, 0.24
BCMA_AFTER_BCMA = {"retained": 0.82, "reduced": 0.12, "lost": 0.06}
GPRC5D_BEFORE_GPRC5D = {"retained": 0.93, "reduced": 0.06, "lost": 0.01}
GPRC5D_AFTER_GPRC5D = {"retained": 0.45, "reduced": 0.2, "lost": 0.35}
POSITIVE_CELLS = {"retained": (78.0, 99.0), "reduced": (22.0, 58.0), "lost": (0.0, 3.0)}
BY_FLOW = 0.7
SEQUENCED_AT_FAILURE = 0.09
BIALLELIC_LOSS, MONOALLELIC_LOSS = 0.06, 0.1
SOLUBLE_BCMA = 0.14
SOLUBLE_BCMA_LEVEL = (45.0, 220.0, 0.4)  # ng/mL without disease, more with it, spread
T_CELLS_COUNTED = 0.25
T_CELLS = {"cd4_t_cells": (230.0, 0.5), "cd8_t_cells": (380.0, 0.6)}  # /uL

# ---------------------------------------------------------------- toxicity and comorbidity

TOXICITY_RECORDED = 0.94
IEC_HS = 0.03
INFECTION_SEVERE = 0.27
CYTOPENIA_LATE = 0.3
HYPOGAMMAGLOBULINAEMIA = 0.55
PRESENT = {
    "peripheral_neuropathy": 0.2,
    "heart_failure": 0.05,
    "arrhythmia": 0.05,
    "chronic_kidney_disease": 0.09,
    "diabetes": 0.11,
    "thrombosis": 0.06,
    "al_amyloidosis": 0.01,
    "hepatitis_b": 0.02,
    "lung_disease": 0.05,
}
SECOND_CANCER = {"second_solid_tumour": 0.02, "mds_aml": 0.02}
VIRUSES_TESTED = 0.8
INFECTION_LOOKED_FOR, INFECTION_ACTIVE = 0.6, 0.08
FRAILTY_STATED = 0.35
FRAILTY = {"fit": 0.45, "intermediate": 0.37, "frail": 0.18}
GOALS_STATED = 0.3
GOALS = {"disease_control": 0.9, "comfort_only": 0.06, "no_hospital": 0.04}
TRIAL_OPEN = 0.1
CD34_STORED_STATED, CD34_STORED = 0.3, 0.45
HISTORY_COMPLETE = 0.88
NOT_EXPOSED_STATED = 0.4
HEART_MEASURED = 0.3
EJECTION, BEST_EJECTION = (58.0, 6.0), 72.0  # %

# ---------------------------------------------------------------- salvage

SALVAGED = 0.86
SALVAGED_AGAIN = 0.7
MOST_SALVAGES = 3
WAIT_FOR_SALVAGE = (6, 55)
WAIT_FOR_CELLS = (70, 130)
TIME_TO_DEATH_UNTREATED = 80.0
TIME_TO_DEATH_AFTER_LAST = 130.0
DIED_ON_SALVAGE = 0.07
STOPPED_EARLY = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """A salvage treatment. `group`: those of one group are not given twice running."""

    regimen: str
    agents: str
    share: float
    group: str
    responses: Mapping[str, float]
    median: float


_STRONG = {"CR": 0.3, "VGPR": 0.22, "PR": 0.16, "MR": 0.04, "SD": 0.13, "PD": 0.15}
_MIDDLE = {"CR": 0.15, "VGPR": 0.2, "PR": 0.15, "MR": 0.06, "SD": 0.2, "PD": 0.24}
_WEAK = {"CR": 0.03, "VGPR": 0.1, "PR": 0.21, "MR": 0.12, "SD": 0.26, "PD": 0.28}

CAR_T_AGAIN = "CAR-T"
SALVAGES = (
    Salvage(
        regimen="talquetamab",
        agents="talquetamab",
        share=0.29,
        group="GPRC5D",
        responses=_STRONG,
        median=250.0,
    ),
    Salvage(
        regimen="teclistamab",
        agents="teclistamab",
        share=0.12,
        group="BCMA",
        responses=_MIDDLE,
        median=170.0,
    ),
    Salvage(
        regimen="elranatamab",
        agents="elranatamab",
        share=0.06,
        group="BCMA",
        responses=_MIDDLE,
        median=170.0,
    ),
    Salvage(
        regimen="belantamab mafodotin",
        agents="belantamab mafodotin",
        share=0.04,
        group="BCMA",
        responses=_WEAK,
        median=110.0,
    ),
    Salvage(
        regimen="cevostamab",
        agents="cevostamab",
        share=0.03,
        group="FCRH5",
        responses=_MIDDLE,
        median=160.0,
    ),
    Salvage(
        regimen="KPd",
        agents="carfilzomib;pomalidomide;dexamethasone",
        share=0.14,
        group="conventional",
        responses=_WEAK,
        median=120.0,
    ),
    Salvage(
        regimen="DPd",
        agents="daratumumab;pomalidomide;dexamethasone",
        share=0.1,
        group="conventional",
        responses=_WEAK,
        median=120.0,
    ),
    Salvage(
        regimen="SVd",
        agents="selinexor;bortezomib;dexamethasone",
        share=0.08,
        group="conventional",
        responses=_WEAK,
        median=95.0,
    ),
    Salvage(
        regimen="VDT-PACE",
        agents="bortezomib;dexamethasone;thalidomide;cisplatin;doxorubicin;cyclophosphamide;etoposide",
        share=0.05,
        group="conventional",
        responses=_WEAK,
        median=75.0,
    ),
    Salvage(
        regimen="venetoclax + dexamethasone",
        agents="venetoclax;dexamethasone",
        share=0.04,
        group="venetoclax",
        responses=_WEAK,
        median=130.0,
    ),
    Salvage(
        regimen="CAR-T",
        agents="",
        share=0.05,
        group=CAR_T_AGAIN,
        responses=_STRONG,
        median=270.0,
    ),
)
SECOND_PRODUCTS = {"ciltacabtagene autoleucel": 0.6, "MCARH109": 0.4}
