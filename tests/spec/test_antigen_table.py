"""The antigen read from gene, stain and serum, and what follows: the grade of its loss as a cause,
and the verdicts on agents that need it. One table for BCMA after ide-cel, one for GPRC5D after a
GPRC5D CAR-T; the rows are alike, and where they differ the reason stands beside the row.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.spec.test_findings_of_real_records import (
    Row,
    assessed,
    course,
    grade,
    group,
    lost_gene,
    stain,
    verdict,
)

# The share of the clone that lost both copies: None, not sequenced; "?", lost in a share that is
# not stated; 0, both alleles looked at and one at least is there.
Share = float | str | None


def rows(gene: str, share: Share, percent: int | None, target: str) -> list[Row]:
    found: list[Row] = []
    if share == 0:
        found += [
            lost_gene(gene, change="no deletion", result="absent", copies=2),
            lost_gene(gene, change="no variant", kind="snv", result="absent", copies=None),
        ]
    elif share is not None:
        stated = {} if share == "?" else {"clonal_fraction": share}
        found.append(lost_gene(gene, **stated))
    if percent is not None:
        found.append(stain(percent, target, method="flow_cytometry"))
    return found


NONE_IN_SERUM = course("soluble_bcma", "ng/mL", {311: "<1"})
OPEN = "not against"  # open or waiting for another test: nothing here speaks against it


def against(result: Any, option: str) -> str:
    word = verdict(result, option)
    return word if word in ("excluded", "discouraged") else OPEN


@pytest.mark.parametrize(
    ("share", "percent", "serum", "loss", "rank", "teclistamab", "both_arms"),
    [
        # loss of BCMA     rank   teclistamab    with GPRC5D (trispecific)
        # nothing lost
        (None, None, "", "not_assessed", None, OPEN, OPEN),
        (None, 90, "", "unlikely", None, OPEN, OPEN),
        (None, 40, "", "not_assessed", None, OPEN, OPEN),
        (None, 12, "", "not_assessed", None, OPEN, OPEN),  # reduced; one sign, not ranked
        (0, None, "", "unlikely", None, OPEN, OPEN),
        (0, 90, "", "unlikely", None, OPEN, OPEN),
        # one stain finds none
        (None, 0, "", "possible", None, "discouraged", "discouraged"),
        (None, 0, "none", "likely", 1, "discouraged", "discouraged"),
        (0, 0, "", "unlikely", None, "discouraged", "discouraged"),  # hidden, not lost
        (0, 0, "none", "possible", 1, "discouraged", "discouraged"),
        # the serum alone
        (None, None, "none", "possible", None, OPEN, OPEN),
        (None, 90, "none", "unlikely", None, OPEN, OPEN),
        # both copies lost, the share not stated: the other arm still works
        ("?", None, "", "possible", 1, "discouraged", OPEN),
        ("?", 90, "", "possible", 1, "discouraged", OPEN),
        ("?", 12, "", "possible", 1, "discouraged", OPEN),
        ("?", 0, "", "likely", 1, "excluded", "discouraged"),
        # in a fifth of the clone
        (0.2, None, "", "possible", 1, "discouraged", OPEN),
        (0.2, 90, "", "possible", 1, "discouraged", OPEN),
        (0.2, 12, "", "possible", 1, "discouraged", OPEN),
        (0.2, 0, "", "likely", 1, "excluded", "discouraged"),  # gene and stain are two methods
        (0.2, 0, "none", "likely", 1, "excluded", "discouraged"),
        # in nearly all of it
        (0.9, None, "", "likely", 1, "excluded", "discouraged"),
        (0.9, 0, "none", "likely", 1, "excluded", "discouraged"),
        (0.9, 90, "", "possible", 1, "discouraged", OPEN),  # the stain contradicts the share only
    ],
)  # fmt: skip
def test_bcma_after_a_bcma_car_t(
    share: Share,
    percent: int | None,
    serum: str,
    loss: str,
    rank: int | None,
    teclistamab: str,
    both_arms: str,
) -> None:
    told = rows("TNFRSF17", share, percent, "bcma") + (NONE_IN_SERUM if serum else [])
    result = assessed(*told)
    assert grade(result, "bcma_biallelic_loss") == loss
    assert group(result, "antigen").rank == rank
    assert against(result, "teclistamab") == teclistamab
    assert against(result, "trispecific-bcma-gprc5d") == both_arms
    assert against(result, "talquetamab") == OPEN


@pytest.mark.parametrize(
    ("share", "percent", "loss", "rank", "talquetamab", "both_arms"),
    [
        (None, None, "not_assessed", None, OPEN, OPEN),
        (None, 90, "unlikely", None, OPEN, OPEN),
        (None, 40, "not_assessed", None, OPEN, OPEN),
        (None, 12, "possible", None, OPEN, OPEN),  # loss without a change of the gene is usual here
        # one stain that finds none is one method, and weighs as much as that of BCMA
        (None, 0, "possible", None, "discouraged", "discouraged"),
        (0, 0, "possible", None, "discouraged", "discouraged"),
        ("?", None, "possible", 1, "discouraged", OPEN),
        ("?", 90, "possible", 1, "discouraged", OPEN),
        ("?", 0, "likely", 1, "excluded", "discouraged"),
        (0.2, None, "possible", 1, "discouraged", OPEN),
        (0.2, 90, "possible", 1, "discouraged", OPEN),
        (0.2, 0, "likely", 1, "excluded", "discouraged"),
        (0.9, None, "likely", 1, "excluded", "discouraged"),
        (0.9, 90, "possible", 1, "discouraged", OPEN),
    ],
)
def test_gprc5d_after_a_gprc5d_car_t(
    share: Share,
    percent: int | None,
    loss: str,
    rank: int | None,
    talquetamab: str,
    both_arms: str,
) -> None:
    result = assessed(*rows("GPRC5D", share, percent, "gprc5d"), product="arlo-cel")
    assert grade(result, "gprc5d_loss") == loss
    assert group(result, "antigen").rank == rank
    assert against(result, "talquetamab") == talquetamab
    assert against(result, "trispecific-bcma-gprc5d") == both_arms
    assert against(result, "teclistamab") == OPEN


@pytest.mark.parametrize(
    ("gene", "target", "product", "options"),
    [
        ("TNFRSF17", "bcma", "ide-cel", ("teclistamab", "trispecific-bcma-gprc5d")),
        ("GPRC5D", "gprc5d", "arlo-cel", ("talquetamab", "trispecific-bcma-gprc5d")),
    ],
)
def test_more_evidence_of_loss_never_gives_a_better_verdict(
    gene: str, target: str, product: str, options: tuple[str, ...]
) -> None:
    shares: tuple[Share, ...] = (None, 0.03, 0.2, 0.45, 0.9)  # from no loss to that of the clone
    percents = (90, 40, 12, 0)
    order = (OPEN, "discouraged", "excluded")
    verdicts = {
        (option, share, percent): order.index(
            against(assessed(*rows(gene, share, percent, target), product=product), option)
        )
        for option in options
        for share in shares
        for percent in percents
    }
    better = [
        (known, more)
        for known in verdicts
        for more in verdicts
        if known[0] == more[0]
        and shares.index(more[1]) >= shares.index(known[1])
        and more[2] <= known[2]
        and verdicts[more] < verdicts[known]
    ]
    assert better == []
    assert set(verdicts.values()) == {0, 1, 2}
