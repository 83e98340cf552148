"""What one row of treatment or one infusion says about exposure: whether by a day, and to what."""

from __future__ import annotations

from functools import cache, lru_cache

from rearm.knowledge.agents import (
    candidate_sets,
    find_product,
    load_products,
    load_words,
    lookup_key,
)
from rearm.record import Infusion, Record, Therapy

__all__ = [
    "NOT_AGAINST_MYELOMA",
    "given_by",
    "nothing_named",
    "product_id",
    "product_targets",
    "readings",
    "surely_after",
]

NOT_AGAINST_MYELOMA = frozenset({"lymphodepletion", "supportive", "toxicity_management"})
_CONDITIONING = frozenset(
    {
        "melphalan",
        "busulfan",
        "treosulfan",
        "thiotepa",
        "carmustine",
        "cyclophosphamide",
        "fludarabine",
    }
)


@lru_cache(maxsize=4096)
def readings(text: str) -> tuple[tuple[str, ...], ...]:
    """Sets of agents an unread text may stand for: those of an ambiguous name. Empty where it is no
    such name: then it may be anything.

    A name with one meaning that was left unread all the same (`PD`, which may be progressive
    disease) may also stand for nothing.
    """
    sets = candidate_sets(text)
    return (*sets, ()) if len(sets) == 1 else sets


def given_by(row: Therapy, record: Record, until: int) -> bool | None:
    """Whether the row began by day `until`; None where neither its day nor its order tells."""
    first, last = row.start.first, row.start.last
    if last is not None and last <= until:
        return True
    if first is not None and first > until:
        return False
    infused = record.infused()
    if row.after_infusion is not None:
        following = infused[row.after_infusion].day if row.after_infusion < len(infused) else None
        if following is not None and following <= until:
            return True
        before = (
            infused[row.after_infusion - 1].day if 0 < row.after_infusion <= len(infused) else None
        )
        if before is not None and before > until:
            return False
    if row.line is not None:
        dated = [(r.line, r.start) for r in record.therapies if r.line is not None]
        if any(n > row.line and w.last is not None and w.last <= until for n, w in dated):
            return True
        if any(n < row.line and w.first is not None and w.first > until for n, w in dated):
            return False
    return None


def surely_after(row: Therapy, infusion: Infusion | None) -> bool:
    """Whether the row is known to follow this infusion, by day or by order."""
    if infusion is None:
        return False
    if row.after_infusion is not None:
        return row.after_infusion > 0
    return (
        row.start.first is not None and infusion.day is not None and row.start.first >= infusion.day
    )


def nothing_named(row: Therapy) -> tuple[frozenset[str] | None, str] | None:
    """What a row without agents leaves open (None: any agent) and why; None where nothing
    (radiotherapy, a mention of CAR-T).
    """
    text = row.regimen or ""
    if row.purpose == "radiotherapy" or lookup_key(text) in _car_t_words() or find_product(text):
        return None
    if row.purpose == "transplant":
        return _CONDITIONING, "the conditioning of a transplant is not named"
    return None, f"'{text or row.source.place}' names no agent"


@cache
def _car_t_words() -> frozenset[str]:
    return frozenset(lookup_key(w) for w in load_words()["roles"]["car_t"])


def product_id(infusion: Infusion) -> str | None:
    """Id of the infused product; None where it is not named or in no list."""
    product = find_product(infusion.product) if infusion.product else None
    return None if product is None else product.id


def product_targets(infusion: Infusion) -> tuple[str, ...]:
    """Antigens of the infused product, as recorded, else as listed for the product."""
    if infusion.targets:
        return infusion.targets
    product = product_id(infusion)
    return () if product is None else load_products()[product].targets
