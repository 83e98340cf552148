"""The wing on a real cohort, read in place; skipped where it is absent. Nothing of it is stored."""

import pytest
from tests.support.loops import some
from tests.support.places import COHORT, ROOT, needs_cohort

pytest.importorskip("numba")

import rearm
from rearm.mechanism.data import collect
from rearm.mechanism.parameters import load
from rearm.mechanism.posterior import posterior_of

pytestmark = pytest.mark.slow

WORKBOOK = COHORT / "cart_bridging_data.xlsx"


@needs_cohort
def test_lasting_complete_responses_are_not_called_failures() -> None:
    m = load()
    looked_at = 0
    for record in some(
        rearm.read(WORKBOOK, mapping=ROOT / "examples" / "mappings" / "leipzig.toml").records
    ):
        visits = [r for r in record.responses if r.when.first is not None and r.when.first >= 15]
        if (
            not visits
            or any(r.response not in ("CR", "sCR") for r in visits)
            or max(r.when.last or 0 for r in visits) < 180
        ):
            continue
        looked_at += 1
        result = posterior_of(m, collect(m, record), draws=24_000, look_ahead=False)
        assert (
            max((p for n, p in result.probabilities.items() if n != "no_failure"), default=0.0)
            <= 0.5
        )
    assert looked_at >= 1
