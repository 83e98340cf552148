"""Every threshold of the response criteria just under, at and just over. A table that a
haematologist can check line by line.

Each row: what is measurable at baseline, one later result, and the response of that visit before
confirmation.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.imwg_cases import run_cases

SERUM = {"serum_m_g_dl": 4.0, "serum_ife": "pos", "urine_m_mg_24h": 0, "urine_ife": "neg"}
URINE = {"serum_m_g_dl": 0, "serum_ife": "pos", "urine_m_mg_24h": 2000, "urine_ife": "pos"}
FLC = {
    "serum_m_g_dl": 0,
    "serum_ife": "pos",
    "urine_m_mg_24h": 0,
    "urine_ife": "pos",
    "kappa_mg_l": 510,
    "lambda_mg_l": 10,
}
MARROW = {
    "serum_m_g_dl": 0,
    "serum_ife": "neg",
    "urine_m_mg_24h": 0,
    "urine_ife": "neg",
    "bm_pc_pct": 60,
    "kappa_mg_l": 12,
    "lambda_mg_l": 10,
}
CLEAN = {"serum_m_g_dl": 0, "serum_ife": "neg", "urine_m_mg_24h": 0, "urine_ife": "neg"}
LESION = {
    **SERUM,
    "plasmacytoma_spd_cm2": 20,
    "n_lesions": 2,
    "lesion_longest_cm": 4,
    "lesion_short_axis_cm": 1.1,
}
CELLS = {**CLEAN, "circ_pc_per_ul": 400, "bm_pc_pct": 20, "kappa_mg_l": 12, "lambda_mg_l": 10}
AT = {"serum_m_g_dl": 0.2, "serum_ife": "pos", "urine_m_mg_24h": 0, "urine_ife": "neg"}

# fmt: off
#   threshold                      baseline  then   response
ROWS: list[tuple[str, dict[str, Any], list[dict[str, Any]], str]] = [
    ("serum fall 24.9 %",           SERUM,  [{**SERUM, "serum_m_g_dl": 3.004}], "SD"),
    ("serum fall 25 %",             SERUM,  [{**SERUM, "serum_m_g_dl": 3.0}], "MR"),
    ("serum fall 49.9 %",           SERUM,  [{**SERUM, "serum_m_g_dl": 2.004}], "MR"),
    ("serum fall 50 %",             SERUM,  [{**SERUM, "serum_m_g_dl": 2.0}], "PR"),
    ("serum fall 89.9 %",           SERUM,  [{**SERUM, "serum_m_g_dl": 0.404}], "PR"),
    ("serum fall 90 %",             SERUM,  [{**SERUM, "serum_m_g_dl": 0.4}], "VGPR"),
    ("urine 99 with serum 90 %", SERUM,
     [{**SERUM, "serum_m_g_dl": 0.4, "urine_m_mg_24h": 99, "urine_ife": "pos"}], "VGPR"),
    ("urine 100 with serum 90 %", SERUM,
     [{**SERUM, "serum_m_g_dl": 0.4, "urine_m_mg_24h": 100, "urine_ife": "pos"}], "PR"),
    ("urine 199 with serum 90 %", SERUM,
     [{**SERUM, "serum_m_g_dl": 0.4, "urine_m_mg_24h": 199, "urine_ife": "pos"}], "PR"),
    ("urine 200: nadir 0, so PD", SERUM,
     [{**SERUM, "serum_m_g_dl": 0.4, "urine_m_mg_24h": 200, "urine_ife": "pos"}], "PD"),
    ("urine not collected",         SERUM,  [{"serum_m_g_dl": 0.4, "serum_ife": "pos"}], "PR"),
    ("urine fall 49.9 %",           URINE,  [{**URINE, "urine_m_mg_24h": 1002}], "SD"),
    ("urine fall 50 %",             URINE,  [{**URINE, "urine_m_mg_24h": 1000}], "MR"),
    ("urine 200: fall 90 %",        URINE,  [{**URINE, "urine_m_mg_24h": 200}], "PR"),
    ("urine 201: fall 89.95 %",     URINE,  [{**URINE, "urine_m_mg_24h": 201}], "MR"),
    ("urine 100",                   URINE,  [{**URINE, "urine_m_mg_24h": 100}], "PR"),
    ("urine 99.9",                  URINE,  [{**URINE, "urine_m_mg_24h": 99.9}], "VGPR"),
    ("urine <100, a bound",         URINE,  [{**URINE, "urine_m_mg_24h": "<100"}], "VGPR"),
    ("urine <101, a bound",         URINE,  [{**URINE, "urine_m_mg_24h": "<101"}], "PR"),
    ("urine missing",               URINE,  [{"serum_m_g_dl": 0, "serum_ife": "pos"}], "NE"),
    ("dFLC fall 49.9 %",            FLC,    [{**FLC, "kappa_mg_l": 260.5}], "SD"),
    ("dFLC fall 50 %",              FLC,    [{**FLC, "kappa_mg_l": 260}], "PR"),
    ("dFLC fall 89.9 %",            FLC,    [{**FLC, "kappa_mg_l": 60.5}], "PR"),
    ("dFLC fall 90 %",              FLC,    [{**FLC, "kappa_mg_l": 60}], "VGPR"),
    ("ratio 1.65 for CR", FLC, [{**CLEAN, "bm_pc_pct": 2, "kappa_mg_l": 16.5, "lambda_mg_l": 10}],
     "CR"),
    ("ratio 1.66, no CR", FLC, [{**CLEAN, "bm_pc_pct": 2, "kappa_mg_l": 16.6, "lambda_mg_l": 10}],
     "VGPR"),
    ("ratio 0.26 for CR", FLC, [{**CLEAN, "bm_pc_pct": 2, "kappa_mg_l": 2.6, "lambda_mg_l": 10}],
     "CR"),
    ("ratio 0.25, no CR", FLC, [{**CLEAN, "bm_pc_pct": 2, "kappa_mg_l": 2.5, "lambda_mg_l": 10}],
     "VGPR"),
    ("marrow fall 49.9 %",          MARROW, [{**MARROW, "bm_pc_pct": 30.06}], "SD"),
    ("marrow fall 50 %",            MARROW, [{**MARROW, "bm_pc_pct": 30}], "PR"),
    ("marrow 5 %",                  SERUM,  [{**CLEAN, "bm_pc_pct": 5}], "VGPR"),
    ("marrow 4.9 %",                SERUM,  [{**CLEAN, "bm_pc_pct": 4.9}], "CR"),
    ("marrow missing",              SERUM,  [CLEAN], "VGPR"),
    ("sCR", SERUM,
     [{**CLEAN, "bm_pc_pct": 1, "bm_clonal": "neg", "kappa_mg_l": 12, "lambda_mg_l": 10}], "sCR"),
    ("clonal cells, no sCR", SERUM,
     [{**CLEAN, "bm_pc_pct": 1, "bm_clonal": "pos", "kappa_mg_l": 12, "lambda_mg_l": 10}], "CR"),
    ("ratio abnormal, no sCR", SERUM,
     [{**CLEAN, "bm_pc_pct": 1, "bm_clonal": "neg", "kappa_mg_l": 17, "lambda_mg_l": 10}], "CR"),
    ("SPD fall 49 %",               LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 10.2}], "SD"),
    ("SPD fall 50 %",               LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 10}], "PR"),
    ("SPD fall 90 %, not over",     LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 2}], "PR"),
    ("SPD fall 90.5 %", LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 1.9}], "VGPR"),
    ("plasmacytoma left, no CR", LESION,
     [{**CLEAN, "bm_pc_pct": 1, "plasmacytoma_spd_cm2": 1, "n_lesions": 1}], "VGPR"),
    ("plasmacytoma gone, CR", LESION, [{**CLEAN, "bm_pc_pct": 1, "plasmacytoma_spd_cm2": 0}], "CR"),
    ("plasmacytoma not imaged",     LESION, [{**CLEAN, "bm_pc_pct": 1}], "SD"),
    # progression
    ("serum +0.49", SERUM, [{**SERUM, "serum_m_g_dl": 1.0}, {**SERUM, "serum_m_g_dl": 1.49}], "PR"),
    ("serum +0.5", SERUM, [{**SERUM, "serum_m_g_dl": 1.2}, {**SERUM, "serum_m_g_dl": 1.7}], "PD"),
    ("serum +0.5 but 24.9 %", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 2.01}, {**SERUM, "serum_m_g_dl": 2.51}], "PR"),
    ("serum +25 %", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 2.0}, {**SERUM, "serum_m_g_dl": 2.5}], "PD"),
    ("nadir 5, +0.99", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 5.0}, {**SERUM, "serum_m_g_dl": 5.99}], "MR"),
    ("nadir 5, +1", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 5.0}, {**SERUM, "serum_m_g_dl": 6.0}], "PD"),
    ("nadir 4.9, +1", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 4.9}, {**SERUM, "serum_m_g_dl": 5.9}], "MR"),
    ("urine +199", URINE, [{**URINE, "urine_m_mg_24h": 50}, {**URINE, "urine_m_mg_24h": 249}],
     "MR"),
    ("urine +200", URINE, [{**URINE, "urine_m_mg_24h": 50}, {**URINE, "urine_m_mg_24h": 250}],
     "PD"),
    ("dFLC +10, not over", FLC, [{**FLC, "kappa_mg_l": 50}, {**FLC, "kappa_mg_l": 150}], "PR"),
    ("dFLC +10.1", FLC, [{**FLC, "kappa_mg_l": 50}, {**FLC, "kappa_mg_l": 151}], "PD"),
    ("dFLC +10.1 but serum", {**SERUM, "kappa_mg_l": 50, "lambda_mg_l": 10},
     [{**SERUM, "kappa_mg_l": 510, "lambda_mg_l": 10}], "SD"),
    ("marrow +9.9", MARROW, [{**MARROW, "bm_pc_pct": 15}, {**MARROW, "bm_pc_pct": 24.9}], "PR"),
    ("marrow +10", MARROW, [{**MARROW, "bm_pc_pct": 15}, {**MARROW, "bm_pc_pct": 25}], "PD"),
    ("marrow +10 but 20 %", MARROW, [{**MARROW, "bm_pc_pct": 50}, {**MARROW, "bm_pc_pct": 60}],
     "SD"),
    ("cells 199", CELLS, [{**CELLS, "circ_pc_per_ul": 0}, {**CELLS, "circ_pc_per_ul": 199}], "SD"),
    ("cells 200", CELLS, [{**CELLS, "circ_pc_per_ul": 0}, {**CELLS, "circ_pc_per_ul": 200}], "PD"),
    ("cells +49 %",                 CELLS,  [{**CELLS, "circ_pc_per_ul": 597}], "SD"),
    ("cells +50 %",                 CELLS,  [{**CELLS, "circ_pc_per_ul": 600}], "PD"),
    ("SPD +49 %",                   LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 29.8}], "SD"),
    ("SPD +50 %, two lesions",      LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 30}], "PD"),
    ("SPD +50 %, one lesion", LESION,
     [{**LESION, **AT, "plasmacytoma_spd_cm2": 30, "n_lesions": 1}], "SD"),
    ("diameter +49 %",              LESION, [{**LESION, **AT, "lesion_longest_cm": 5.96}], "SD"),
    ("diameter +50 %, short 1.1",   LESION, [{**LESION, **AT, "lesion_longest_cm": 6}], "PD"),
    ("diameter +50 %, short 1.0", {**LESION, "lesion_short_axis_cm": 1.0},
     [{**LESION, **AT, "lesion_longest_cm": 6}], "SD"),
    # however large it was at baseline: it counts by itself as it was when it was smallest
    ("short 1.0 when smallest", LESION,
     [{**LESION, **AT, "lesion_longest_cm": 2, "lesion_short_axis_cm": 1.0},
      {**LESION, **AT, "lesion_longest_cm": 3, "lesion_short_axis_cm": 1.5}], "SD"),
    ("short 1.1 when smallest", LESION,
     [{**LESION, **AT, "lesion_longest_cm": 2, "lesion_short_axis_cm": 1.1},
      {**LESION, **AT, "lesion_longest_cm": 3, "lesion_short_axis_cm": 1.0}], "PD"),
    ("short 1.0 when smallest, above since", LESION,
     [{**LESION, **AT, "lesion_longest_cm": 2, "lesion_short_axis_cm": 1.0},
      {**LESION, **AT, "lesion_longest_cm": 2.5, "lesion_short_axis_cm": 1.2},
      {**LESION, **AT, "lesion_longest_cm": 3, "lesion_short_axis_cm": 1.2}], "PD"),
    ("lesion came back", LESION,
     [{**LESION, **AT, "plasmacytoma_spd_cm2": 0}, {**LESION, **AT, "plasmacytoma_spd_cm2": 2}],
      "PD"),
    ("new lesion, labs missing",    SERUM,  [{"new_lesion": "soft_tissue"}], "PD"),
    # a bound progresses only where every value that it allows does
    ("nadir <6, then 7", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": "<6"}, {**SERUM, "serum_m_g_dl": 7}], "SD"),
    ("nadir 5, then >5.5", {**SERUM, "serum_m_g_dl": 9},
     [{**SERUM, "serum_m_g_dl": 5}, {**SERUM, "serum_m_g_dl": ">5.5"}], "SD"),
    ("marrow 15, then <40", MARROW, [{**MARROW, "bm_pc_pct": 15}, {**MARROW, "bm_pc_pct": "<40"}],
     "SD"),
    ("cells 0, then <300", CELLS,
     [{**CELLS, "circ_pc_per_ul": 0}, {**CELLS, "circ_pc_per_ul": "<300"}], "SD"),
    # circulating cells count where they are the only measure of disease
    ("cells +300, serum measurable", {**SERUM, "circ_pc_per_ul": 0},
     [{**SERUM, "circ_pc_per_ul": 300}], "SD"),
    ("cells +300, no baseline", {},
     [{"circ_pc_per_ul": 100}, {"circ_pc_per_ul": 400}, {"circ_pc_per_ul": 400}], "NE"),
    ("serum +0.6 in urine disease", URINE,  [{**URINE, "serum_m_g_dl": 0.6}], "PD"),
    ("dFLC +46 in urine disease", {**URINE, "kappa_mg_l": 50, "lambda_mg_l": 10},
     [{**URINE, "kappa_mg_l": 510, "lambda_mg_l": 10}], "SD"),
]

#   baseline value                              measurable
MEASURABLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"serum_m_g_dl": 0.99},                  []),
    ({"serum_m_g_dl": 1.0},                   ["serum"]),
    ({"serum_m_g_l": 10},                     ["serum"]),
    ({"urine_m_mg_24h": 199},                 []),
    ({"urine_m_mg_24h": 200},                 ["urine"]),
    ({"urine_m_g_24h": 0.2},                  ["urine"]),
    ({"kappa_mg_l": 99.9, "lambda_mg_l": 5},  []),
    ({"kappa_mg_l": 100, "lambda_mg_l": 5},   ["flc"]),
    ({"kappa_mg_l": 100, "lambda_mg_l": 90},  []),
    ({"kappa_mg_dl": 10, "lambda_mg_dl": 0.5}, ["flc"]),
    ({"kappa_mg_l": 100},                     []),
    ({"bm_pc_pct": 29.9},                     []),
    ({"bm_pc_pct": 30},                       ["marrow"]),
    ({"serum_m_g_dl": 1, "kappa_mg_l": 500, "lambda_mg_l": 5, "bm_pc_pct": 60}, ["serum"]),
    ({"serum_m_g_dl": ">1"},                  ["serum"]),
    ({"serum_m_g_dl": "<1.5"},                []),
]

#   parameter                 baseline  then    default  with it
PARAMETERS: list[tuple[str, str, dict[str, Any], list[dict[str, Any]], str, str]] = [
    ("A4", "measurable", SERUM, [{**SERUM, "urine_m_mg_24h": 300, "urine_ife": "pos"}], "PD", "SD"),
    ("A4", "measurable",      URINE,    [{**URINE, "serum_m_g_dl": 0.6}], "PD", "SD"),
    ("A4", "measurable", SERUM, [{**SERUM, "serum_m_g_dl": 1.0}, {**SERUM, "serum_m_g_dl": 1.6}],
     "PD", "PD"),
    ("A4", "measurable", URINE, [{**URINE, "urine_m_mg_24h": 50}, {**URINE, "urine_m_mg_24h": 300}],
     "PD", "PD"),
    ("A5", "pd", {**URINE, "kappa_mg_l": 50, "lambda_mg_l": 10},
     [{**URINE, "kappa_mg_l": 510, "lambda_mg_l": 10}], "SD", "PD"),
    ("A5", "pd", {**SERUM, "kappa_mg_l": 50, "lambda_mg_l": 10},
     [{**SERUM, "kappa_mg_l": 510, "lambda_mg_l": 10}], "SD", "PD"),
    ("A7", "quarter",         LESION,   [{**LESION, **AT, "plasmacytoma_spd_cm2": 14}], "SD", "MR"),
    ("A8", "half", LESION, [{**LESION, **AT, "plasmacytoma_spd_cm2": 9}], "PR", "VGPR"),
    ("A9", "strict",          SERUM,    [{**SERUM, "serum_m_g_dl": 2.02}], "MR", "SD"),
    ("A10", "over_90",        FLC,      [{**FLC, "kappa_mg_l": 60}], "VGPR", "PR"),
    ("A11", "by_analogy",     FLC,      [{**FLC, "kappa_mg_l": 360}], "SD", "MR"),
    ("A12", "lesions", {**CLEAN, "plasmacytoma_spd_cm2": 20, "n_lesions": 2},
     [{**CLEAN, "plasmacytoma_spd_cm2": 8, "n_lesions": 2}], "SD", "PR"),
    ("A13", "not_assessable", MARROW,   [{**MARROW, "bm_pc_pct": 2}], "CR", "PR"),
    ("A14", "both", {**URINE, "urine_m_mg_24h": 400}, [{**URINE, "urine_m_mg_24h": 90}], "VGPR",
     "PR"),
    ("A15", "ignore",         SERUM,    [{"serum_m_g_dl": 0.4, "serum_ife": "pos"}], "PR", "VGPR"),
    ("A15", "ignore urine", SERUM, [{"serum_m_g_dl": 0, "serum_ife": "neg", "bm_pc_pct": 1}], "PR",
     "CR"),
    ("A16", "after_ife",      SERUM,    [{**AT, "bm_pc_pct": 2}, CLEAN], "CR", "VGPR"),
    ("A18", "level", CELLS, [{**CELLS, "circ_pc_per_ul": 150}, {**CELLS, "circ_pc_per_ul": 250}],
     "SD", "PD"),
    ("A18", "level", CELLS, [{**CELLS, "circ_pc_per_ul": 100}, {**CELLS, "circ_pc_per_ul": ">150"}],
     "SD", "SD"),
    ("A14", "both",           URINE,    [{**URINE, "urine_m_mg_24h": 99}], "VGPR", "VGPR"),
    ("A9", "strict",          SERUM,    [{**SERUM, "serum_m_g_dl": 2.04}], "MR", "MR"),
    ("A19", "over", SERUM, [{**SERUM, "serum_m_g_dl": 1.2}, {**SERUM, "serum_m_g_dl": 1.7}], "PD",
     "PR"),
    ("A1", "confirmed", SERUM,
     [{**SERUM, "serum_m_g_dl": 1.0}, {**SERUM, "serum_m_g_dl": 1.6},
      {**SERUM, "serum_m_g_dl": 1.7}], "PD", "PR"),
    ("A1", "confirmed", SERUM,
     [{**SERUM, "serum_m_g_dl": 1.0}, {**SERUM, "serum_m_g_dl": 1.0},
      {**SERUM, "serum_m_g_dl": 1.6}], "PD", "PD"),
    ("version", "imwg-2011", MARROW, [{**MARROW, "bm_pc_pct": 4}, {**MARROW, "bm_pc_pct": 10}],
     "PR", "PD"),
    ("version", "imwg-2011", MARROW, [{**MARROW, "bm_pc_pct": 4}, {**MARROW, "bm_pc_pct": ">8"}],
     "SD", "SD"),
    ("version", "imwg-2006",  {**SERUM, "bm_pc_pct": 8}, [{**SERUM, "bm_pc_pct": 12}], "SD", "PD"),
    ("version", "imwg-2011",  {**SERUM, "bm_pc_pct": 8}, [{**SERUM, "bm_pc_pct": 12}], "SD", "SD"),
    ("version", "imwg-2006", SERUM,
     [{**SERUM, "calcium_mg_dl": 11.6, "crab_attributable_to_mm": True}], "SD", "PD"),
    ("version", "imwg-2006", SERUM,
     [{**SERUM, "calcium_mg_dl": 11.5, "crab_attributable_to_mm": True}], "SD", "SD"),
    ("version", "imwg-2006",  SERUM,    [{**SERUM, "calcium_mg_dl": 13.0}], "SD", "SD"),
    ("A6", "pd", SERUM, [{**SERUM, "calcium_mg_dl": 11.6, "crab_attributable_to_mm": True}], "SD",
     "PD"),
    ("A22", "previous", LESION,
     [{**LESION, **AT, "lesion_longest_cm": 2, "lesion_short_axis_cm": 1.2},
      {**LESION, **AT, "lesion_longest_cm": 2.5, "lesion_short_axis_cm": 1.0},
      {**LESION, **AT, "lesion_longest_cm": 3, "lesion_short_axis_cm": 1.2}], "PD", "SD"),
]

#   what                      parameter         visits   confirmed
CONFIRMED: list[tuple[str, dict[str, str], list[float], dict[str, Any], list[str]]] = [
    ("pair",                  {},             [4, 2.0, 2.0], {}, ["BL", "PR", "PR"]),
    ("unpaired",              {},             [4, 2.0], {}, ["BL", "SD"]),
    ("unpaired kept",         {"A17": "keep"}, [4, 2.0], {}, ["BL", "PR"]),
    ("lower of the pair",     {},             [4, 0.4, 0.7, 0.7], {}, ["BL", "PR", "PR", "PR"]),
    ("PD once", {}, [4, 2.0, 2.0, 2.6, 2.0], {}, ["BL", "PR", "PR", "PR", "PR"]),
    ("PD twice", {}, [4, 2.0, 2.0, 2.6, 2.6], {}, ["BL", "PR", "PR", "PD", "PD"]),
    ("PD stays", {}, [4, 2.0, 2.0, 2.6, 2.6, 0.4, 0.4], {},
     ["BL", "PR", "PR", "PD", "PD", "PD", "PD"]),
    ("PD, death of myeloma", {}, [4, 2.0, 2.0, 2.6],
     {"death": {"date": "2024-07-01", "cause": "progression"}}, ["BL", "PR", "PR", "PD"]),
    ("PD, other death", {}, [4, 2.0, 2.0, 2.6], {"death": {"date": "2024-07-01", "cause": "other"}},
     ["BL", "PR", "PR", "PR"]),
    ("PD, new therapy", {}, [4, 2.0, 2.0, 2.6, 2.6], {"new_therapy_date": "2024-04-10"},
     ["BL", "PR", "PR", "PR", "PR"]),
    ("PD, new therapy, A3", {"A3": "count as PD with flag"}, [4, 2.0, 2.0, 2.6, 2.6],
     {"new_therapy_date": "2024-04-10"}, ["BL", "PR", "PR", "PD", "PD"]),
]
# fmt: on


def _dated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    dates = (
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
        "2024-04-01",
        "2024-05-01",
        "2024-06-01",
        "2024-06-20",
    )
    return [
        {"date": d, **row, **({"baseline": True} if i == 0 else {})}
        for i, (d, row) in enumerate(zip(dates, rows, strict=False))
    ]


def _run(rows: list[dict[str, Any]], **rest: Any) -> dict[str, Any]:
    result = run_cases([{"id": "row", "patient": {}, "visits": _dated(rows), **rest}]).results[0]
    assert result.error is None, result.error
    return result.found


@pytest.mark.parametrize(("name", "base", "then", "expected"), ROWS, ids=[r[0] for r in ROWS])
def test_response_at_a_limit(
    name: str, base: dict[str, Any], then: list[dict[str, Any]], expected: str
) -> None:
    assert _run([base, *then])["visit_response"][-1] == expected


@pytest.mark.parametrize(("base", "expected"), MEASURABLE)
def test_measurable_at_a_limit(base: dict[str, Any], expected: list[str]) -> None:
    assert _run([base])["measurable"] == expected


@pytest.mark.parametrize(
    ("parameter", "value", "base", "then", "default", "changed"),
    PARAMETERS,
    ids=[f"{r[0]}={r[1]}-{i}" for i, r in enumerate(PARAMETERS)],
)
def test_each_answer_to_an_open_question(
    parameter: str,
    value: str,
    base: dict[str, Any],
    then: list[dict[str, Any]],
    default: str,
    changed: str,
) -> None:
    assert _run([base, *then])["visit_response"][-1] == default
    assert _run([base, *then], parameters={parameter: value})["visit_response"][-1] == changed


@pytest.mark.parametrize(
    ("name", "parameters", "serum", "rest", "expected"), CONFIRMED, ids=[r[0] for r in CONFIRMED]
)
def test_confirmation(
    name: str,
    parameters: dict[str, str],
    serum: list[float],
    rest: dict[str, Any],
    expected: list[str],
) -> None:
    rows = [{**SERUM, "serum_m_g_dl": value} for value in serum]
    assert _run(rows, parameters=parameters, **rest)["confirmed_response"] == expected


def test_a2_same_parameter() -> None:
    """Serum rises, then urine: two criteria of progression in a row, by different parameters."""
    rows = [
        {**SERUM, "serum_m_g_dl": 4},
        {**SERUM, "serum_m_g_dl": 1},
        {**SERUM, "serum_m_g_dl": 1.6},
        {**SERUM, "serum_m_g_dl": 1.2, "urine_m_mg_24h": 300, "urine_ife": "pos"},
    ]
    assert _run(rows)["pd_date"] == "2024-03-01"
    assert _run(rows, parameters={"A2": "same parameter"})["pd_date"] is None


def test_a20_two_results_on_one_day() -> None:
    rows = _dated([SERUM, {**SERUM, "serum_m_g_dl": 0.4}])
    rows.append({**rows[-1], "serum_m_g_dl": 1.9})
    case = {"id": "row", "patient": {}, "visits": rows}
    assert run_cases([case]).results[0].found["visit_response"] == ["BL", "PR", "PR"]
    refused = run_cases([{**case, "parameters": {"A20": "error"}}]).results[0]
    assert refused.found["visit_response"] == ["BL", "NE", "NE"]


def test_a21_clinical_relapse_by_growth() -> None:
    rows = [LESION, {**LESION, **AT, "plasmacytoma_spd_cm2": 32, "lesion_longest_cm": 4.5}]
    assert _run(rows)["clinical_relapse_date"] is None
    assert _run(rows, parameters={"A21": "spd only"})["clinical_relapse_date"] == "2024-02-01"
    assert (
        _run([LESION, {**LESION, **AT, "plasmacytoma_spd_cm2": 32, "lesion_longest_cm": 5}])[
            "clinical_relapse_date"
        ]
        == "2024-02-01"
    )


@pytest.mark.parametrize(
    ("row", "attributed", "expected"),
    [
        ({"calcium_mg_dl": 11.0}, True, False),
        ({"calcium_mg_dl": 11.1}, True, True),
        ({"calcium_mg_dl": 11.1}, False, False),
        ({"calcium_mg_dl": 11.1}, None, False),
        ({"hb_g_dl": 10.1}, True, False),
        ({"hb_g_dl": 10.0}, True, True),
        ({"creat_mg_dl": 2.8}, True, False),
        ({"creat_mg_dl": 2.9}, True, True),
    ],
)
def test_clinical_relapse_at_a_limit(
    row: dict[str, Any], attributed: bool | None, expected: bool
) -> None:
    base = {**SERUM, "calcium_mg_dl": 9.4, "hb_g_dl": 12.0, "creat_mg_dl": 0.9}
    found = _run([base, {**SERUM, **row, "crab_attributable_to_mm": attributed}])
    assert (found["clinical_relapse_date"] is not None) is expected
