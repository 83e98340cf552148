"""One answer on whether the therapy history is complete, and earlier CAR-T whose target is not
named.
"""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.findings_case import findings, record_of

from rearm.findings import find
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures
from rearm.record import Fact, Infusion, Source, When
from rearm.therapy.exposure import exposure


def read(record: Any) -> Any:
    return find(record, failures(record), load_catalogue(), as_of=220)


@pytest.mark.parametrize("words", [("no", "yes"), ("yes", "no"), ("no",)])
def test_a_history_once_called_incomplete_denies_nothing(words: Any) -> None:
    facts = tuple(
        Fact(
            finding="therapy_history_complete",
            value=w,
            source=Source("facts", f"row {i}"),
            when=When.on(10 * i),
        )
        for i, w in enumerate(words)
    )
    record = replace(record_of(), facts=facts)
    found = read(record)
    assert exposure(record).agent("selinexor").value is None
    assert found["therapy_history_complete"].value is False
    assert found["exposed_selinexor"].value is None


def test_a_missing_line_opens_the_history_for_findings_as_for_exposure() -> None:
    record = record_of()
    record = replace(record, therapies=tuple(t for t in record.therapies if t.line != 2))
    found = read(record)
    assert found["therapy_history_complete"].value is False
    assert found["exposed_anti_cd38"].value is None


@pytest.mark.parametrize(
    ("product", "targets", "value"),
    [("a trial product", (), None), ("a trial product", ("CD19",), False), ("ide-cel", (), True)],
)
def test_an_earlier_car_t_without_a_named_target_leaves_bcma_open(
    product: Any, targets: Any, value: Any
) -> None:
    earlier = Infusion(
        source=Source("infusions", "row 9"), when=When.on(-700), product=product, targets=targets
    )
    record = record_of()
    found = read(replace(record, infusions=(earlier, *record.infusions)))
    assert found["exposed_bcma_before_infusion"].value is value


def test_the_case_itself_is_complete() -> None:
    assert findings()["therapy_history_complete"].value is True
