"""Changes of a gene read for what they do to its two copies and to the protein.

HGVS protein names in three and one letters are read, words where no HGVS is given. A change that is
not understood makes no claim.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rearm.findings.base import NOTHING, Found, measured, rows_of, unknown
from rearm.findings.results import Window, lies_in
from rearm.interval import Interval
from rearm.record import Source, Variant, When

__all__ = [
    "BCMA_ECTODOMAIN",
    "Protein",
    "biallelic_fraction",
    "gene_rows",
    "is_vague",
    "latest_sample",
    "one_copy_lost",
    "read_protein",
    "sample_of",
    "sequenced",
    "variant_text",
]

# UniProt Q02223 (TNFRSF17): residues 1-54 outside the cell, 55-77 in the membrane, 78-184 inside.
BCMA_ECTODOMAIN = (1, 54)
_BCMA_MEMBRANE_END = 77

_AMINO = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G",
    "His": "H", "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S",
    "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V", "Ter": "*", "Sec": "U",
}  # fmt: skip
_LETTER = "|".join((*_AMINO, *"ACDEFGHIKLMNPQRSTVWYU", r"\*", "X"))
_HGVS = re.compile(
    rf"(?:^|[\s:(])(?:p\.)?\(?(?P<from>{_LETTER})(?P<at>\d+)(?:_(?:{_LETTER})(?P<to>\d+))?"
    rf"(?P<what>(?:{_LETTER})?fs\S*|\?|delins\S*|del|dup|ins\S*|ext\S*|=|{_LETTER})\)?(?=$|[\s,;)*\d])"
)
_CODING = re.compile(
    r"c\.(?P<at>\d+)(?:_(?P<to>\d+))?(?P<what>del|dup|ins(?P<bases>[ACGT]+)?)(?P<rest>[ACGT]*)"
)
_GENES = {
    "TNFRSF17": ("TNFRSF17", "BCMA", "16P13", "16P13.13", "16P", "MONOSOMY 16", "CHR16"),
    "GPRC5D": ("GPRC5D", "12P13", "12P13.1", "12P"),
    "CD38": ("CD38",),
}
_SEQUENCING = re.compile(r"\b(WGS|WES|NGS|panel|sequenc)", re.IGNORECASE)
_BOTH = re.compile(
    r"\b(homozygous|biallelic|both (alleles|copies)|two copies lost|0 copies|no copy left)\b",
    re.IGNORECASE,
)
_TRUNCATING = re.compile(
    r"\b(stop[ _-]?gain(ed)?|nonsense|frame[ _-]?shift|splice|truncat|start[ _-]?lost?|early"
    r" stop|stop codon)",
    re.IGNORECASE,
)
_NOT_LOST = re.compile(r"\b(no deletion|two copies|diploid|2 copies)\b", re.IGNORECASE)


Effect = Literal["truncating", "missense", "inframe"]


@dataclass(frozen=True, slots=True)
class Protein:
    """What a change does to the protein: `effect` truncating, missense or inframe, at residues
    `first` to `last` (None: not said).
    """

    effect: Effect
    first: int | None = None
    last: int | None = None


@lru_cache(maxsize=4096)
def read_protein(change: str) -> Protein | None:
    """The effect of a change written as HGVS (`p.Arg27Pro`, `R27P`, `p.Ser30del`, `c.88_90del`) or
    in words; None where it is not read.
    """
    if match := _HGVS.search(change):
        return _of_protein(match)
    if match := _CODING.search(change):
        return _of_coding(match)
    return Protein("truncating") if _TRUNCATING.search(change) else None


def _of_protein(match: re.Match[str]) -> Protein | None:
    what, before = match["what"], match["from"]
    first = int(match["at"])
    last = int(match["to"]) if match["to"] else first
    start_lost = first == 1 and before in ("Met", "M") and what != "="
    new_stop = what.startswith("delins") and re.search(r"Ter|\*", what) is not None
    if "fs" in what or what in ("Ter", "*", "X") or start_lost:
        return Protein("truncating", first, last)
    silent = what in ("=", "?") or _AMINO.get(what, what) == _AMINO.get(before, before)
    if silent or what.startswith("ext"):
        return None  # silent, or an extension whose effect is not known
    if new_stop:
        return Protein("truncating", first, last)
    in_frame = what.startswith(("del", "dup", "ins"))
    return Protein("inframe" if in_frame else "missense", first, last)


def _of_coding(match: re.Match[str]) -> Protein | None:
    start = int(match["at"])
    end = int(match["to"]) if match["to"] else start
    inserted = match["what"].startswith("ins")
    bases = len(match["bases"] or "") if inserted else end - start + 1
    if bases == 0:
        return None
    effect: Effect = "inframe" if bases % 3 == 0 else "truncating"
    return Protein(effect, (start + 2) // 3, (end + 2) // 3)


# ---------------------------------------------------------------- rows of a gene and of a sample


def gene_rows(variants: Iterable[Variant], gene: str) -> list[Variant]:
    """Rows that speak of the gene: by its name, its former name, or the locus of its copies."""
    names = _GENES[gene]
    return [x for x in variants if _gene_name(x.gene) in names]


@lru_cache(maxsize=4096)
def _gene_name(gene: str) -> str:
    """In capitals; `del(16p13)` is the locus that it names."""
    return gene.strip().upper().removeprefix("DEL(").rstrip(")")


def latest_sample(rows: Sequence[Variant], window: Window | None) -> list[Variant]:
    """The rows of the last sample that surely lies in the window; of two sites of that time the
    marrow's.
    """
    if window is None:
        return []
    return sample_of([x for x in rows if lies_in(x.when, window)])


def sample_of(rows: Sequence[Variant]) -> list[Variant]:
    """The rows of the last sample among these; of two sites of that time the marrow's (one site
    does not speak for another).
    """
    if not rows:
        return []
    last = max((x.when for x in rows), key=_end)
    same = [x for x in rows if x.when == last]
    marrow = [x for x in same if is_marrow(x)]
    return marrow or [x for x in same if x.site == same[0].site]


def _end(when: When) -> tuple[float, float]:
    """To bring samples into order: the last day that it may be, then the first."""
    return (
        math.inf if when.last is None else when.last,
        -math.inf if when.first is None else when.first,
    )


def is_marrow(row: Variant) -> bool:
    """Whether the sample is marrow (also where nothing else is said)."""
    said = f"{row.site or ''} {row.specimen or ''}".casefold()
    return "marrow" in said or not said.strip()


def sequenced(rows: Iterable[Variant]) -> bool:
    """Whether the gene itself was read, so that a variant that is not listed is not there: by the
    assay, or a row for a base change.
    """
    return any(
        (x.assay and _SEQUENCING.search(x.assay))
        or (not x.assay and (x.kind in ("snv", "indel") or (x.change and read_protein(x.change))))
        for x in rows
    )


# ---------------------------------------------------------------- the two copies


def _change(row: Variant) -> str:
    return row.change or ""


def _is_copy_loss(row: Variant) -> bool:
    """A lost copy (deletion of the gene, loss of heterozygosity), not a deletion of a few bases."""
    if row.result != "present" or _both_lost(row) or read_protein(_change(row)) is not None:
        return False
    return row.kind in ("deletion", "loss_of_heterozygosity") or (
        row.copies is not None and round(row.copies) == 1
    )


def _both_lost(row: Variant) -> bool:
    if row.result != "present":
        return False
    protein = read_protein(_change(row))
    if protein is not None and protein.effect != "truncating":
        return False  # a homozygous missense change leaves the protein there
    return (row.copies is not None and round(row.copies) == 0) or _BOTH.search(
        _change(row)
    ) is not None


def _is_truncating(row: Variant, gene: str) -> bool:
    """A change that ends the protein before it can stand on the cell. A stop inside the cell leaves
    the outer part there.
    """
    if row.result != "present":
        return False
    protein = read_protein(_change(row))
    if protein is None or protein.effect != "truncating":
        return False
    return gene != "TNFRSF17" or protein.first is None or protein.first <= _BCMA_MEMBRANE_END


def is_vague(row: Variant) -> bool:
    """A change that is present and of which nobody says, or nobody understands, what it does."""
    if row.result != "present" or _is_copy_loss(row) or _both_lost(row):
        return False
    gained = row.kind in ("gain", "amplification", "trisomy")
    counted = row.copies is not None and row.kind not in ("snv", "indel")
    return not gained and not counted and read_protein(_change(row)) is None


def one_copy_lost(rows: Sequence[Variant]) -> bool | None:
    """Whether exactly one copy is lost; None where no row speaks of copies."""
    if any(_is_copy_loss(x) for x in rows):
        return True
    if any(_both_lost(x) for x in rows):
        return False
    absent = [
        x
        for x in rows
        if x.result == "absent"
        and (x.kind in ("deletion", "loss_of_heterozygosity") or _NOT_LOST.search(_change(x)))
    ]
    return False if absent or any(x.copies is not None and x.copies >= 1.5 for x in rows) else None


def biallelic_fraction(rows: Sequence[Variant], gene: str) -> Found:
    """Share of the clone in which both copies are inactivated, from the rows of one sample.

    A deletion of both copies, or the loss of one copy with a truncating change on the other; the
    share is the smaller clonal fraction of the two events. The variant allele fraction is not a
    clonal fraction: without one the event stands and its share is left open (above 0). Two
    truncating changes without a lost copy may lie on one copy or in two subclones: unknown. Zero
    where the gene was sequenced and no such pair is there.
    """
    if not rows:
        return NOTHING
    sources = rows_of(rows)
    text = "; ".join(dict.fromkeys(variant_text(x) for x in rows))
    lost = [x for x in rows if _is_copy_loss(x)]
    truncating = [x for x in rows if _is_truncating(x, gene) and not _both_lost(x)]
    shares = [_share([x.clonal_fraction]) for x in rows if _both_lost(x)]
    if lost and truncating:
        shares.append(_share([_largest_fraction(lost), _largest_fraction(truncating)]))
    if shares:
        best = max(shares, key=lambda q: (q.exact is not None, q.low, q.high))
        known = best.exact is not None
        note = "" if known else "; the share of the clone is not stated"
        return measured(best, f"both copies of {gene} inactivated: {text}{note}", sources)
    vague = [x for x in rows if is_vague(x)]
    if vague and (lost or truncating or one_copy_lost(rows) is not False or len(vague) > 1):
        return _open(vague, f"{text}; its effect is not stated", sources)
    if truncating and one_copy_lost(rows) is not False:
        return _open(truncating, f"{text}; the other copy is not reported", sources)
    if len(truncating) > 1:
        return _open(truncating, f"{text}; whether on one copy or both is not stated", sources)
    if sequenced(rows):
        return Found(0.0, sources, f"{gene} sequenced: {text}")
    return unknown(f"{text}; the sequence of the other copy is unknown" if lost else text, sources)


def _largest_fraction(rows: Sequence[Variant]) -> float | None:
    """Several changes may share the clone between them (convergent evolution); the largest of them
    is a safe lower end.
    """
    return max((x.clonal_fraction for x in rows if x.clonal_fraction is not None), default=None)


def _share(fractions: Sequence[float | None]) -> Interval:
    """The smallest of the fractions; where one is missing, above 0 and not above the ones that are
    known.
    """
    known = [x for x in fractions if x is not None]
    if len(known) == len(fractions) and known:
        return Interval.of(min(known))
    return Interval(0.0, min(known, default=1.0), low_open=True)


def _open(rows: Sequence[Variant], text: str, sources: Sequence[Source]) -> Found:
    """Not known whether both copies are hit; at most in the share that the changes have."""
    known = [x.clonal_fraction for x in rows if x.clonal_fraction is not None]
    return measured(Interval(0.0, max(known) if len(known) == len(rows) else 1.0), text, sources)


def variant_text(row: Variant) -> str:
    """`TNFRSF17 deletion of one allele, 94 % of the clone, marrow CD138+, WGS, day 278`."""
    change = f"{row.gene} {row.change or row.kind or ''}".strip()
    absent = "" if row.result == "present" else " (absent)"
    parts = (f"{change}{absent}", _copies_text(row), _share_text(row), row.specimen, row.assay)
    return ", ".join([p for p in parts if p] + [str(row.when)])


def _copies_text(row: Variant) -> str | None:
    """The number of copies, where the change does not tell it already."""
    if row.copies is None or not math.isfinite(row.copies) or "cop" in _change(row):
        return None
    return f"{row.copies:g} cop{'y' if row.copies == 1 else 'ies'}"


def _share_text(row: Variant) -> str | None:
    if row.clonal_fraction is not None:
        return f"{100 * row.clonal_fraction:.0f} % of the clone"
    return f"VAF {100 * row.vaf:.0f} %" if row.vaf is not None else None
