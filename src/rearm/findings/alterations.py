"""Which alterations of the table of antigens a patient's tumour shows, so that a reader sees what
is known of each agent.

Nothing here decides: the rules read the findings. A change of the extracellular part that the table
does not name has no effect on record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rearm.findings.base import Found, unknown
from rearm.findings.variants import (
    biallelic_fraction,
    gene_rows,
    latest_sample,
    one_copy_lost,
    variant_text,
)
from rearm.knowledge.variants import Alteration, load_alterations
from rearm.record import Record, Source, Variant

__all__ = ["AlterationFound", "alterations"]

_ANTIGEN = {"TNFRSF17": "bcma", "GPRC5D": "gprc5d"}
_LOWERED = ("reduced", "not_detected_unconfirmed")
_EVER = 10**6


@dataclass(frozen=True, slots=True)
class AlterationFound:
    """One alteration that the latest sample shows, with the rows it rests on."""

    alteration: Alteration
    text: str
    sources: tuple[Source, ...]


def alterations(
    record: Record,
    found: Mapping[str, Found],
    *,
    as_of: int,
    table: Sequence[Alteration] | None = None,
) -> tuple[AlterationFound, ...]:
    """The alterations of the table (by default the bundled one) that are present, in its order.

    Genes are read from the latest sample up to `as_of`, whenever it was taken; the stain is that of
    the findings. What is not known is not listed. `record` is cut at `as_of`.
    """
    samples = {
        gene: latest_sample(gene_rows(record.variants, gene), (-_EVER, as_of))
        for gene in ("TNFRSF17", "GPRC5D", "CD38")
    }
    present = []
    for alteration in load_alterations() if table is None else table:
        evidence = (
            _named(alteration, samples[alteration.gene])
            if alteration.changes
            else _state(alteration, samples, found)
        )
        if evidence is not None:
            present.append(AlterationFound(alteration, *evidence))
    return tuple(present)


def _named(alteration: Alteration, rows: list[Variant]) -> tuple[str, tuple[Source, ...]] | None:
    names = {_folded(x) for x in alteration.changes}
    hits = [
        x
        for x in rows
        if x.result == "present"
        and any(_folded(word) in names for word in re.split(r"[;,\s]+", x.change or ""))
    ]
    return _evidence(hits) if hits else None


def _folded(change: str) -> str:
    """`p.(Arg27Pro)`, `ARG27PRO` and `Arg27Pro` are one name."""
    return re.sub(r"^p\.|[()\[\]]", "", change.strip().casefold()).removeprefix("p.")


def _state(
    alteration: Alteration, samples: Mapping[str, list[Variant]], found: Mapping[str, Found]
) -> tuple[str, tuple[Source, ...]] | None:
    rows = samples[alteration.gene]
    if alteration.state == "both_copies":
        fraction = biallelic_fraction(rows, alteration.gene)
        return (
            (fraction.text, fraction.sources)
            if fraction.quantity is not None and fraction.quantity.above(0.0)
            else None
        )
    if alteration.state == "one_copy":
        fraction = biallelic_fraction(rows, alteration.gene)
        both = fraction.quantity is not None and fraction.quantity.above(0.0)
        return _evidence(rows) if one_copy_lost(rows) and not both else None
    status = found.get(f"{_ANTIGEN.get(alteration.gene, '')}_status", unknown())
    meant = ("lost",) if alteration.state == "protein_missing" else _LOWERED
    return (status.text, status.sources) if status.value in meant else None


def _evidence(rows: list[Variant]) -> tuple[str, tuple[Source, ...]]:
    return "; ".join(dict.fromkeys(variant_text(x) for x in rows)), tuple(x.source for x in rows)
