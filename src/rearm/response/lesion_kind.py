"""What kind of lesion a row of imaging tells of: the kind as stated and, where it is blank or
leaves contact with bone open, that contact and the site.

A blank kind is not known: a site that no word here names, or a bone beside an organ, settles
nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from rearm.record import Imaging

__all__ = [
    "SOFT_KINDS",
    "SoftKind",
    "kind_not_known",
    "outside_bone",
    "same_organ",
    "soft_kind",
    "whole_body",
]

SoftKind = Literal["extraosseous", "paraskeletal"]

SOFT_KINDS = ("plasmacytoma", "extramedullary", "paraskeletal")
_STATED: dict[str, SoftKind] = {"extramedullary": "extraosseous", "paraskeletal": "paraskeletal"}

# Tissues that are everywhere: two lesions there need not lie together.
_EVERYWHERE = re.compile(r"lymph|skin|haut|[ck]utan|mus[ck]", re.IGNORECASE)
# Organs in which a lesion has no contact with bone, as radiologists write them in English and in
# German. Not here, as a lesion there often grows from bone: orbit, sinuses, chest wall.
_ORGAN = re.compile(
    r"\b(?:leber\w*|liver|hepat\w*|intrahepat\w*|milz\w*|spleen|splenic|nieren?\w*|nebenniere\w*"
    r"|kidneys?|renal|adrenals?|lung\w*|pulmon\w*|intrapulmon\w*|pancrea\w*|pankrea\w*|magen\w*"
    r"|stomach|gastric|(?:d(?:ü|ue)nn|dick)?darm\w*|bowel|intestin\w*|colon|kolon|duodenum"
    r"|hoden\w*|testis|testes|testic\w*|ovar\w*|mamma\w*|brustdr\w*|breasts?|haut|haut[lmi]\w*"
    r"|skin|kutan\w*|cutan\w*|sub[kc]utan\w*|(?:retro)?perito?n\w*|mesenter\w*"
    r"|schilddr(?:ü|ue)se\w*|thyroid|prostat\w*|harnblase\w*|bladder|uterus|herz|myokard\w*|heart"
    r"|myocard\w*|gehirn\w*|brain|lymph ?nodes?)\b|lymphknoten|musk[eu]l|\bmuscle|\bmuscular",
    re.IGNORECASE,
)
_BONE = re.compile(
    r"\b(?:ribs?|rippen?\w*|vertebra\w*|sternum|sternal|femur|femoral|humerus|ilium|iliac"
    r"|os [a-z]+|sacr\w*|sakr\w*|skull|calvari\w*|kalott\w*|clavic\w*|klavik\w*|scapula|skapula"
    r"|acetabul\w*|becken\w*|pelvi\w*|bones?|bony|oss(?:eous|är|aer)\w*|kn(?:o|ö|oe)che\w*)\b"
    r"|wirbel|darmbein|sch(?:ä|ae)del|\b[ctl](?:wk)? ?\d{1,2}\b|\b[bhl]wk|\b[bhl]ws",
    re.IGNORECASE,
)
_BESIDE_BONE = re.compile(
    r"\bpara-?(?:skelet|medull|oss|ost)\w*|\bjuxta-?(?:oss|skelet)\w*", re.IGNORECASE
)
_OUTSIDE = re.compile(r"\bextra-?(?:oss|medull|skelet)\w*", re.IGNORECASE)
_SOFT_TISSUE = re.compile(
    r"\bsoft[ -]tissue|\bweich(?:teil|gewebe)|plasm[ao][cz]ytom", re.IGNORECASE
)
_DENIED = re.compile(
    r"\b(?:no|not|non|without|kein\w*|ohne|nicht|free|clear|frei|neben|near|next to|adjacent)\b",
    re.IGNORECASE,
)


def soft_kind(row: Imaging) -> SoftKind | None:
    """`extraosseous` or `paraskeletal` of a soft-tissue lesion; contact with bone decides where it
    is stated, then the kind, then the site. None: it is none, or cannot be told.
    """
    if row.kind is not None and row.kind not in SOFT_KINDS:
        return None
    if row.contiguous_with_bone is not None:
        return "paraskeletal" if row.contiguous_with_bone else "extraosseous"
    return _STATED.get(row.kind or "") or _of_place(_place(row))


def outside_bone(row: Imaging) -> bool:
    """Whether it surely is a lesion in soft tissue, with contact to bone or without."""
    if row.kind is not None:
        return row.kind in SOFT_KINDS
    return soft_kind(row) is not None or _names_soft_tissue(_place(row))


def kind_not_known(row: Imaging) -> bool:
    """Whether it may be a lesion of bone or one in soft tissue: nothing stated tells."""
    return row.kind is None and not outside_bone(row)


def _place(row: Imaging) -> str:
    """The site; without one the name: a lesion is often called by where it lies."""
    return row.site or row.lesion or ""


@lru_cache(maxsize=4096)
def _of_place(place: str) -> SoftKind | None:
    if _DENIED.search(place):
        return None
    if _BESIDE_BONE.search(place):
        return "paraskeletal"
    if _OUTSIDE.search(place):
        return "extraosseous"
    return "extraosseous" if _ORGAN.search(place) and not _BONE.search(place) else None


def _names_soft_tissue(place: str) -> bool:
    return bool(_SOFT_TISSUE.search(place)) and not _DENIED.search(place)


def same_organ(one: Imaging, other: Imaging) -> bool:
    """Whether two lesions lie at the same site, or in the same inner organ as their sites say."""
    sites = [(x.site or "").strip().casefold() for x in (one, other)]
    if not all(sites):
        return False
    return sites[0] == sites[1] or bool(_organ(sites[0]) and _organ(sites[0]) == _organ(sites[1]))


@lru_cache(maxsize=4096)
def _organ(site: str) -> str | None:
    """The one inner organ that a site names."""
    found = {x.group() for x in _ORGAN.finditer(site)}
    unclear = _EVERYWHERE.search(site) or _DENIED.search(site) or _BONE.search(site)
    return found.pop() if len(found) == 1 and not unclear else None


def whole_body(row: Imaging) -> bool:
    """Whether the method shows a soft-tissue lesion anywhere in the body."""
    method = (row.method or "").casefold()
    return "pet" in method or "whole" in method
