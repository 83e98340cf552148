"""Where the tests find their material: `tests/data` is part of the repository and invented; the
cohort of `../shared/data` is of real patients, read in place, and never enters it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["COHORT", "DATA", "PUBLIC", "ROOT", "needs_cohort", "needs_public"]

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
_SHARED = Path(os.environ.get("REARM_SHARED", ROOT.parent / "shared")) / "data"
COHORT = _SHARED / "leipzig_cart"
PUBLIC = _SHARED / "public"  # sample files of other projects

needs_cohort = pytest.mark.shared_data
"""Mark of a test that reads the cohort; skipped where it is not on the machine."""

needs_public = pytest.mark.shared_data
"""Mark of a test that reads the public sample files; skipped like those of the cohort."""
