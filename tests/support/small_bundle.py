"""A bundle small enough to read: a few findings, two options, two factors, a work-up; and a patient
made of findings alone.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tests.support.disease import disease_after

from rearm.assessment.patient import Patient
from rearm.findings import Found, derive, inputs
from rearm.interval import Interval
from rearm.outcome.failure import Failure, FailureStatus
from rearm.record import Record, Source

Tables = dict[str, dict[str, Any]]

FINDINGS: dict[str, Any] = {
    "group": {"g": {"title": "All"}},
    "finding": {
        "failure_status": {
            "group": "g",
            "type": "word",
            "values": [
                "failed",
                "suspected",
                "not_failed",
                "died_without_progression",
                "cannot_be_judged",
            ],
            "meaning": "Status.",
            "label": "status",
            "asks": ["repeat"],
        },
        "lost": {
            "group": "g",
            "type": "bool",
            "meaning": "The target is lost.",
            "label": "the target is lost",
            "asks": ["antigen"],
        },
        "exposed": {
            "group": "g",
            "type": "bool",
            "meaning": "Was exposed.",
            "label": "was exposed",
            "asks": ["history"],
        },
        "infection": {"group": "g", "type": "bool", "meaning": "Infection.", "label": "infection"},
        "anc": {
            "group": "g",
            "type": "number",
            "unit": "10*9/L",
            "meaning": "Neutrophils.",
            "label": "neutrophils",
            "asks": ["counts"],
        },
        "peak": {
            "group": "g",
            "type": "number",
            "meaning": "Peak.",
            "label": "peak",
            "asks": ["peak"],
        },
        "gene": {
            "group": "g",
            "type": "bool",
            "meaning": "Gene hit at failure.",
            "label": "gene hit at failure",
            "asks": ["antigen"],
        },
        "risk": {
            "group": "g",
            "type": "bool",
            "meaning": "A risk before the infusion.",
            "label": "a risk before the infusion",
        },
        "car_target_bcma": {
            "group": "g",
            "type": "bool",
            "meaning": "Target BCMA.",
            "label": "target bcma",
        },
        "bcma_agent_between_failure_and_sample": {
            "group": "g",
            "type": "bool",
            "meaning": "Another agent between.",
            "label": "another agent between",
        },
        "tumour": {
            "group": "g",
            "type": "bool",
            "meaning": "A second tumour.",
            "label": "a second tumour",
        },
    },
}


STATEMENT = {
    "id": "s1",
    "topic": "t",
    "text": "Seen in 12 of 40 (30 %).",
    "strength": "cohort",
    "source": "src1",
}
STATUSES = [{"failure_status": "failed"}, {"failure_status": "not_failed"}]


def rule(name: str, effect: str, when: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "effect": effect,
        "when": when,
        "because": f"Because of {name}.",
        "sources": ["s1"],
        **more,
    }


def indicator(name: str, direction: str, weight: str, timing: str, when: str) -> dict[str, Any]:
    return {
        "id": name,
        "direction": direction,
        "weight": weight,
        "timing": timing,
        "when": when,
        "because": f"Seen {name}.",
        "sources": ["s1"],
    }


def tables() -> Tables:
    """The parsed files of the bundle, to be changed by a test before they are written."""
    return copy.deepcopy(
        {
            "bundle.toml": {"version": "test", "reviewed": date(2026, 1, 1)},
            "findings.toml": FINDINGS,
            "statements.toml": {"statement": [STATEMENT]},
            "sources.toml": {
                "source": {"src1": {"title": "A paper", "url": "https://example.org"}}
            },
            "options/new-target.toml": {
                "id": "new-target",
                "name": "New target",
                "strategy": "bispecific-gprc5d",
                "role": "definitive",
                "agents": ["talquetamab"],
                "targets": ["GPRC5D"],
                "tags": ["engager"],
                "summary": "Switch.",
                "rule": [
                    rule(
                        "switch",
                        "favour",
                        "NOT exposed",
                        example_true={"exposed": False},
                        example_false={"exposed": True},
                    ),
                ],
                "availability": [
                    {"region": "US", "from": date(2023, 8, 9), "when": "exposed", "source": "s1"}
                ],
            },
            "options/same-target.toml": {
                "id": "same-target",
                "name": "Same target",
                "strategy": "bispecific-bcma",
                "role": "definitive",
                "agents": ["teclistamab"],
                "targets": ["BCMA"],
                "tags": ["engager"],
                "summary": "Again.",
                "rule": [
                    rule(
                        "target-lost",
                        "exclude",
                        "lost",
                        stage="choose",
                        example_true={"lost": True},
                        example_false={"lost": False},
                    ),
                    rule(
                        "seen-before",
                        "discourage",
                        "exposed",
                        example_true={"exposed": True},
                        example_false={"exposed": False},
                    ),
                ],
                "availability": [{"region": "US", "from": date(2022, 10, 25), "source": "s1"}],
            },
            "option_rules.toml": {
                "shared": [
                    {
                        "tags": ["engager"],
                        **rule(
                            "infected",
                            "exclude",
                            "infection",
                            stage="before-start",
                            until="the infection is cleared",
                        ),
                        "example_true": {"infection": True},
                        "example_false": {"infection": False},
                    },
                    {
                        "tags": ["engager"],
                        **rule(
                            "counts",
                            "exclude",
                            "anc < 0.5",
                            stage="before-start",
                            until="neutrophils are 0.5 or more",
                        ),
                        "example_true": {"anc": 0.3},
                        "example_false": {"anc": 2.0},
                    },
                ],
                "shared_support": [
                    {
                        "tags": ["engager"],
                        "text": "Give G-CSF below 1.0.",
                        "when": "anc < 1.0",
                        "sources": ["s1"],
                    }
                ],
            },
            "factors/antigen.toml": {
                "factor": [
                    {
                        "id": "loss",
                        "name": "Loss",
                        "description": "Loss.",
                        "evidence": "solid",
                        "explains": "car_target_bcma",
                        "frequency": [
                            {
                                "text": "In a series.",
                                "n": 12,
                                "of": 40,
                                "percent": 30.0,
                                "sources": ["s1"],
                            }
                        ],
                        "indicator": [
                            indicator("gene-hit", "supports", "decisive", "at_failure", "gene"),
                            indicator("stain-lost", "supports", "strong", "at_failure", "lost"),
                            indicator("stain-kept", "opposes", "strong", "at_failure", "NOT lost"),
                        ],
                    }
                ]
            },
            "factors/t-cell.toml": {
                "factor": [
                    {
                        "id": "expansion",
                        "name": "Expansion",
                        "description": "Poor expansion.",
                        "evidence": "moderate",
                        "indicator": [
                            indicator(
                                "low-peak", "supports", "strong", "after_infusion", "peak <= 0.5"
                            ),
                            indicator(
                                "high-peak", "opposes", "decisive", "after_infusion", "peak > 1"
                            ),
                            indicator("risk-before", "supports", "weak", "before_infusion", "risk"),
                        ],
                    }
                ]
            },
            "factors/safety.toml": {
                "factor": [
                    {
                        "id": "second-tumour",
                        "name": "Second tumour",
                        "description": "Not a relapse.",
                        "evidence": "solid",
                        "indicator": [
                            indicator(
                                "tumour-shown", "supports", "decisive", "at_failure", "tumour"
                            )
                        ],
                    }
                ]
            },
            "workups.toml": {
                "workup": [
                    workup(
                        "repeat",
                        ["failure_status"],
                        mandatory="failure_status = 'suspected'",
                        outcomes=STATUSES,
                    ),
                    workup(
                        "antigen",
                        ["lost", "gene"],
                        outcomes=[{"lost": True, "gene": True}, {"lost": False, "gene": False}],
                    ),
                    workup("history", ["exposed"], invasiveness=0),
                    workup(
                        "counts", ["anc"], mandatory="failure_status IN ('failed', 'suspected')"
                    ),
                    workup("peak", ["peak"]),
                ]
            },
            "alerts.toml": {
                "alert": [{"id": "infection", "when": "infection", "text": "Infection."}]
            },
        }
    )


def workup(name: str, supplies: list[str], **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "name": name.title(),
        "tests": [name],
        "supplies": supplies,
        "invasiveness": 1,
        "turnaround": 3,
        "sources": ["s1"],
        **more,
    }


def with_examples(found: Tables) -> Tables:
    """Adds examples to every indicator, so that the check has nothing to say."""
    examples = {
        "gene": ({"gene": True}, {"gene": False}),
        "lost": ({"lost": True}, {"lost": False}),
        "NOT lost": ({"lost": False}, {"lost": True}),
        "peak <= 0.5": ({"peak": 0.5}, {"peak": 0.6}),
        "peak > 1": ({"peak": 1.2}, {"peak": 1.0}),
        "risk": ({"risk": True}, {"risk": False}),
        "tumour": ({"tumour": True}, {"tumour": False}),
    }
    for name, table in found.items():
        if name.startswith("factors/"):
            for factor in table["factor"]:
                for row in factor["indicator"]:
                    row["example_true"], row["example_false"] = examples[row["when"]]
    return found


def write(folder: Path, found: Tables) -> Path:
    """The tables as TOML files."""
    for name, table in found.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_toml(table), encoding="utf-8")
    return folder


def _toml(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f'"{k}" = {_value(v)}' for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | int | float):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def patient(
    status: FailureStatus | None = "failed", day: date | None = date(2025, 6, 1), **values: Any
) -> Patient:
    """A patient of whom only these findings are known; an interval is a bound."""
    found = {}
    for name, value in values.items():
        source = (Source("f.csv", name),)
        found[name] = (
            Found(None, source, name, interval=value)
            if isinstance(value, Interval)
            else Found(value, source, f"{name} {value}")
        )
    failures: tuple[Failure, ...] = ()
    if status is not None:
        found["failure_status"] = Found(status)
        failures = (failure(status),)
    record = Record(patient_id="T-1", source=Source("f.csv", ""))
    return Patient(
        record=record,
        as_of=300,
        day=day,
        failures=failures,
        found=found,
        values={name: x.value for name, x in found.items()},
        intervals={name: x.interval for name, x in found.items() if x.interval is not None},
        inputs=derive(inputs(found)),
        disease=disease_after(failures[-1] if failures else None),
    )


def failure(status: FailureStatus) -> Failure:
    return Failure(
        infusion_day=0,
        product="ide-cel",
        targets=("BCMA",),
        number=1,
        status=status,
        because="no_progression",
        day=200 if status in ("failed", "suspected") else None,
        followed_to_day=300,
        last_assessed_day=300,
    )
