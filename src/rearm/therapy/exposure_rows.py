"""What one row of treatment or one infusion says about exposure: whether by a day, and to what."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rearm.knowledge.lexicon import Lexicon, lookup_key
from rearm.record import Infusion, Record, Therapy, When

__all__ = [
    "Opening",
    "given_by",
    "nothing_named",
    "product_id",
    "product_targets",
    "readings",
]

_CONDITIONING = frozenset({
    "melphalan", "busulfan", "treosulfan", "thiotepa", "carmustine", "cyclophosphamide",
    "fludarabine",
})  # fmt: skip


class Opening(NamedTuple):
    """What a row leaves open: the agents concerned (None: any agent), and why."""

    agents: frozenset[str] | None
    why: str
    row: Therapy


@lru_cache(maxsize=4096)
def readings(text: str, lexicon: Lexicon) -> tuple[tuple[str, ...], ...]:
    """Sets of agents an unread text may stand for: those of an ambiguous name. Empty where it is no
    such name: then it may be anything.

    A name with one meaning that was left unread all the same (`PD`, which may be progressive
    disease) may also stand for nothing.
    """
    sets = lexicon.candidate_sets(text)
    return (*sets, ()) if len(sets) == 1 else sets


def given_by(row: Therapy, record: Record, until: int) -> bool | None:
    """Whether the row began by day `until`; None where neither its day nor its order tells."""
    for answer in (
        _by(row.start, until),
        _by_infusions(row, record, until),
        _by_lines(row, record, until),
    ):
        if answer is not None:
            return answer
    return None


def _by(when: When, until: int) -> bool | None:
    if when.last is not None and when.last <= until:
        return True
    return False if when.first is not None and when.first > until else None


def _by_infusions(row: Therapy, record: Record, until: int) -> bool | None:
    """By the infusions that the row stands between: before one that was given by then, or after one
    that was not.
    """
    if row.after_infusion is None:
        return None
    days = [x.day for x in record.infused()]
    following = days[row.after_infusion : row.after_infusion + 1]
    preceding = days[row.after_infusion - 1 : row.after_infusion] if row.after_infusion else []
    if any(day is not None and day <= until for day in following):
        return True
    return False if any(day is not None and day > until for day in preceding) else None


def _by_lines(row: Therapy, record: Record, until: int) -> bool | None:
    """By the numbers of the lines: an earlier line than one that had begun, or a later one than one
    that had not.
    """
    if row.line is None:
        return None
    dated = [(x.line, x.start) for x in record.therapies if x.line is not None]
    if any(n > row.line and w.last is not None and w.last <= until for n, w in dated):
        return True
    if any(n < row.line and w.first is not None and w.first > until for n, w in dated):
        return False
    return None


def nothing_named(row: Therapy, lexicon: Lexicon) -> Opening | None:
    """What a row without agents leaves open; None where nothing (radiotherapy, a mention of
    CAR-T).
    """
    text = row.regimen or ""
    car_t = {lookup_key(word) for word in lexicon.words["roles"]["car_t"]}
    if row.purpose == "radiotherapy" or lookup_key(text) in car_t or lexicon.find_product(text):
        return None
    if row.purpose == "transplant":
        return Opening(_CONDITIONING, "the conditioning of a transplant is not named", row)
    return Opening(None, f"'{text or row.source.place}' names no agent", row)


def product_id(infusion: Infusion, lexicon: Lexicon) -> str | None:
    """Id of the infused product; None where it is not named or in no list."""
    product = lexicon.find_product(infusion.product) if infusion.product else None
    return None if product is None else product.id


def product_targets(infusion: Infusion, lexicon: Lexicon) -> tuple[str, ...]:
    """Antigens of the infused product, as recorded, else as listed for the product."""
    if infusion.targets:
        return infusion.targets
    product = lexicon.find_product(infusion.product) if infusion.product else None
    return () if product is None else product.targets
