"""What must hold of the endpoints of any patient, from every origin and in every style."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import pytest
from tests.support.generated_patients import generated_patient

from rearm.intake import read_tables
from rearm.outcome.endpoints import ORIGINS, STYLES, endpoints
from rearm.outcome.failures import failures
from rearm.record import Record

SCHEDULE = tuple(range(30, 1500, 30))
PATIENTS = range(100)


def _record(number: int, **other: Any) -> Record:
    return next(iter(read_tables(generated_patient(number) | other).records))


@pytest.mark.parametrize(("origin", "style"), list(product(ORIGINS, STYLES)))
def test_no_endpoint_ends_before_it_begins(origin: Any, style: Any) -> None:
    seen: Counter[str] = Counter()
    for number in PATIENTS:
        record = _record(number)
        found = endpoints(record, failures(record), origin=origin, style=style, schedule=SCHEDULE)
        for infusion, ends in found.items():
            for name, end in ends.items():
                seen[end.status] += 1
                if end.status == "not_computable":
                    assert end.day is None
                    continue
                assert end.days is not None
                assert end.days >= 0, (number, infusion, name, end)
    assert seen["event"] and seen["censored"] and seen["not_computable"]
