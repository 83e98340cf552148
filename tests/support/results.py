"""Results of the examples and of generated patients, made once."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path

from rich.console import Console
from tests.support.generated_patients import write_patients
from tests.support.places import ROOT

import rearm
from rearm.assessment import Assessment
from rearm.record import Record
from rearm.report.assessment.terminal import print_assessment

__all__ = ["example_records", "examples", "failed_examples", "generated", "terminal_text"]


@cache
def example_records() -> dict[str, Record]:
    return {r.patient_id: r for r in rearm.read(ROOT / "examples" / "tables").records}


@cache
def examples() -> dict[str, Assessment]:
    return {a.patient_id: a for a in rearm.assess_all(example_records().values())}


def failed_examples() -> list[Assessment]:
    """Those for whom causes and options are given."""
    return [a for a in examples().values() if a.about.code in ("failed", "suspected")]


@cache
def generated(number: int) -> tuple[Assessment, ...]:
    with tempfile.TemporaryDirectory() as folder:
        records = rearm.read(write_patients(number, Path(folder) / "tables")).records
    return tuple(rearm.assess_all(records))


def terminal_text(assessment: Assessment, *, full: bool = False, width: int = 140) -> str:
    """What `rearm assess` prints on a terminal of so many columns."""
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, soft_wrap=False)
    print_assessment(console, assessment, full=full)
    return out.getvalue()
