"""Bad input of the response course, as tables: an answer with its reason, or not evaluable with its
reason; never an exception.

Each row: results as they stand in `labs.csv`, an infusion where there is one, then what is said of
every visit, and a sentence that must be found in the answer.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from rearm.export.response_json import response_object
from rearm.intake import read_tables
from rearm.outcome.patient_course import patient_course

M, U, K, L = "serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc"
Row = tuple[str, str, str, str]  # date, test, value, unit

# fmt: off
#  what  rows  infused
ROWS: list[tuple[str, list[Row], str | None, list[str], str]] = [
    ("visits out of order",
     [("2024-03-01", M, "0.5", "g/dL"), ("2024-01-01", M, "3.0", "g/dL"),
      ("2024-02-01", M, "1.0", "g/dL"),
      ("2024-02-01", U, "0", "mg/24h"), ("2024-03-01", U, "0", "mg/24h")], None, ["PR", "PR"],
       "83.3 % down from 3 at baseline"),
    ("same-day conflict",
     [("2024-01-01", M, "3.0", "g/dL"), ("2024-02-01", M, "0.5", "g/dL"),
      ("2024-02-01", M, "2.0", "g/dL")], None, ["MR"],
     "two results of serum M-protein on day 31, 0.5 and 2; only what both show is used"),
    ("negative value",
     [("2024-01-01", M, "3.0", "g/dL"), ("2024-02-01", M, "-0.5", "g/dL"),
      ("2024-03-01", M, "1.0", "g/dL")], None, ["NE", "PR"],
     "serum M-protein is measurable, but its result could not be used"),
    ("negative baseline",
     [("2024-01-01", M, "-3.0", "g/dL"), ("2024-02-01", M, "0.5", "g/dL"),
      ("2024-03-01", M, "0.4", "g/dL")], None, ["SD"],
     "results of the input that could not be used: 1"),
    ("baseline after the infusion",
     [("2024-02-20", M, "3.0", "g/dL"), ("2024-03-20", M, "1.0", "g/dL")], "2024-02-01",
      ["NE", "NE"],
     "no value before the start for comparison"),
    ("baseline after the infusion, rising",
     [("2024-02-20", M, "3.0", "g/dL"), ("2024-03-20", M, "1.0", "g/dL"),
      ("2024-04-20", M, "3.6", "g/dL"),
      ("2024-05-20", M, "3.6", "g/dL")], "2024-02-01", ["NE", "NE", "PD", "PD"],
     "no result before the start, so rises can be counted but not falls"),
    ("no result at all", [], None, [], "no start to count from"),
    ("only one visit", [("2024-01-01", M, "3.0", "g/dL")], None, [], "used as the baseline"),
    ("all below detection",
     [("2024-01-01", M, "<0.1", "g/dL"), ("2024-02-01", M, "<0.1", "g/dL"),
      ("2024-02-01", U, "<4", "mg/24h")], None, ["SD"],
     "nothing is measurable at baseline, so a partial response cannot be established"),
    ("mixed units",
     [("2024-01-01", M, "30", "g/L"), ("2024-02-01", M, "1.0", "g/dL"),
      ("2024-03-01", M, "300", "mg/dL"), ("2024-02-01", U, "0", "mg/24h"),
      ("2024-03-01", U, "0.01", "g/24h")], None, ["PR", "VGPR"], "90.0 % down from 3 at baseline"),
    ("light chains without unit",
     [("2024-01-01", K, "500", ""), ("2024-01-01", L, "5", ""), ("2024-02-01", K, "50", ""),
      ("2024-02-01", L, "5", "")], None, [],
     "no disease result could be used, so there is no start to count from; 4 results were not "
     "used: free kappa"),
    ("light chains without unit, later",
     [("2024-01-01", K, "500", "mg/L"), ("2024-01-01", L, "5", "mg/L"), ("2024-02-01", K, "50", ""),
      ("2024-02-01", L, "5", "")],
     None, ["NE"],
         "free light chains, the only measurable parameter: its result could not be used"),
    ("urine as a concentration",
     [("2024-01-01", U, "500", "mg/dL"), ("2024-02-01", U, "50", "mg/dL")], None, [],
      "is not accepted in 'mg/dL'"),
    ("urine as a concentration, later",
     [("2024-01-01", M, "3.0", "g/dL"), ("2024-02-01", M, "0.2", "g/dL"),
      ("2024-02-01", U, "5", "mg/dL")], None, ["PR"],
     "urine: its result could not be used, so PR at most"),
    ("neither number nor date", [("2024-01-01", M, "abc", "g/dL"), ("2024-13-01", M, "1", "g/dL")],
     None, [], "'abc' is not a number"),
]
# fmt: on


@pytest.mark.parametrize(
    ("what", "rows", "infused", "responses", "says"), ROWS, ids=[r[0] for r in ROWS]
)
def test_bad_input_is_answered_with_its_reason(
    what: str, rows: list[Row], infused: str | None, responses: list[str], says: str
) -> None:
    keys = ("date", "test", "value", "unit")
    tables: dict[str, Any] = {
        "patients": [{"patient_id": "P", "heavy_chain": "IgG", "light_chain": "kappa"}],
        "labs": [{"patient_id": "P", **dict(zip(keys, row, strict=True))} for row in rows],
    }
    if infused is not None:
        tables["infusions"] = [
            {"patient_id": "P", "date": infused, "product": "cilta-cel", "target": "BCMA"}
        ]
    answer = response_object(patient_course(read_tables(tables).records[0]))
    assert [v["response"] for v in answer["visits"]] == responses
    assert says in json.dumps(answer), answer
    if not responses:
        assert answer["best_confirmed"] == "NE"
