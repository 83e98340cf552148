"""The CAR-T product that a text names beside other words: `Carvykti (EAP)`."""

from __future__ import annotations

import re

from rearm.knowledge.lexicon import Lexicon, Product, lookup_key

__all__ = ["product_within"]

_WORD = re.compile(r"[^\W_]+")
# Words beside which a product was perhaps never given, or is not the one that was.
_OPEN = re.compile(
    r"\b(?:no|not|non|kein\w*|nicht|never|nie|without|ohne|or|oder|vs|versus|after|nach|before|vor"
    r"|post|pre|like|biosimilar|anti|planned|geplant|instead|statt|anstelle|unlike|declined"
    r"|refused|abgelehnt|possible|suspected|prior|former|vorherige?\w*)\b|[?/+]",
    re.IGNORECASE,
)


def product_within(text: str, lexicon: Lexicon) -> tuple[Product, str] | None:
    """The one product of the lexicon that stands in a text, and the words beside it.

    None where there is none, where there are several, and where a word beside it (`not`, `or`,
    `after` ...) leaves open whether it was given.
    """
    words = list(_WORD.finditer(text))
    found: dict[str, tuple[Product, int, int]] = {}
    at = 0
    while at < len(words):
        end = at + 1
        for stop in range(len(words), at, -1):
            start, last = words[at].start(), words[stop - 1].end()
            product = lexicon.find_product(text[start:last])
            if product is not None and len(lookup_key(text[start:last])) > _SHORTEST:
                if product.id in found:
                    found[product.id] = (product, found[product.id][1], last)
                else:
                    found[product.id] = (product, start, last)
                end = stop
                break
        at = end
    if len(found) != 1:
        return None
    ((product, start, last),) = found.values()
    rest = " ".join(f"{text[:start]} {text[last:]}".split()).strip(" ,;:-()[]")
    return None if _OPEN.search(f"{text[:start]} {text[last:]}") else (product, rest)


_SHORTEST = 3  # letters; a shorter name may be a part of other words
