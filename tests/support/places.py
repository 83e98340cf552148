"""Where the tests find their material: `tests/data` is part of the repository and invented; the
cohort of `../shared/data` is of real patients, read in place, and never enters it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["COHORT", "DATA", "ROOT", "needs_cohort"]

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
COHORT = Path(os.environ.get("REARM_SHARED", ROOT.parent / "shared")) / "data" / "leipzig_cart"

needs_cohort = pytest.mark.shared_data
"""Mark of a test that reads the cohort; skipped where it is not on the machine."""
