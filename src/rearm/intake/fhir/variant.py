"""Genomic variants as mCODE (STU4) and the genomics reporting guide write them, to rows of
`variants`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rearm.intake.fhir.codes import codes_of, load_codes, shown_code
from rearm.intake.fhir.element import Element
from rearm.intake.fhir.rows import RowDraft, Translation, concept_text, own_code, quantity_in
from rearm.intake.values import shown
from rearm.knowledge.tidy_tables import folded

__all__ = ["kind_of_expression", "read_variant"]

_CHANGES = ("protein_change", "coding_change", "genomic_change", "karyotype")
_SHARE = {"1": 1.0, "{ratio}": 1.0, "%": 0.01}
_COUNT = {"": 1.0, "1": 1.0, "{copies}": 1.0, "{#}": 1.0}
_SUBSTITUTION = re.compile(
    r"(?:.*:)?[cg]\.[0-9*+_-]+[ACGT]>[ACGT]|(?:.*:)?p\.\(?[A-Z][a-z]{2}[0-9]+(?:[A-Z][a-z]{2}|\*)\)?"
)
_SMALL_CHANGE = re.compile(r"(?:.*:)?[cp]\..*(?:del|ins|dup|fs)")


def read_variant(draft: RowDraft, element: Element, t: Translation) -> None:
    """The components of a variant into `draft`, and the row; without presence or gene an issue
    instead.
    """
    _result(draft, element, t)
    said = _components(element)
    genes = [g for c in said.get("gene", ()) if (g := _gene(c, draft, t)) is not None]
    if len(genes) > 1:
        sentence = (
            f"The variant has several genes ({', '.join(map(shown, genes))}). It is not read. "
            "Write one Observation per gene."
        )
        t.issue("warning", "several_genes", draft.place, sentence)
        return
    places = [p for c in said.get("locus", ()) if (p := _text(c)) is not None]
    draft.put("gene", genes[0] if genes else (places[0] if len(places) == 1 else None))
    changes = {
        name: text
        for name in _CHANGES
        for c in said.get(name, ())
        if (text := _text(c)) is not None
    }
    draft.put("change", next(iter(changes.values()), None))
    _put_numbers(draft, said, t)
    t.own_columns(element, draft, components=True)
    _put_kind(draft, changes, t)
    if "result" not in draft.values:
        return
    if "gene" in draft.values:
        t.add(draft)
    else:
        sentence = "The variant has no readable gene or locus. It is not used."
        t.issue("warning", "variant_without_gene", draft.place, sentence)


def _components(element: Element) -> dict[str, list[Element]]:
    """The components by what their LOINC code says they hold."""
    names = load_codes().components
    said: dict[str, list[Element]] = {}
    for component in element.children("component"):
        for code in codes_of(component.child("code")):
            if code.system == "loinc" and code.code in names:
                said.setdefault(names[code.code], []).append(component)
    return said


def _put_numbers(draft: RowDraft, said: Mapping[str, list[Element]], t: Translation) -> None:
    """The allele fraction and the number of copies."""
    for column, units in (("vaf", _SHARE), ("copies", _COUNT)):
        for component in said.get(column, ()):
            value, why = quantity_in(component.child("valueQuantity"), units)
            if why is not None:
                sentence = f"{column}: {why} It is not used."
                t.issue("error", "unit_not_allowed", draft.place, sentence)
            draft.put(column, value)


def _put_kind(draft: RowDraft, changes: Mapping[str, str], t: Translation) -> None:
    """The kind of a variant, where it is not stated and its expression tells."""
    if "kind" in draft.values or (kind := _kind(changes)) is None:
        return
    draft.put("kind", kind)
    sentence = "The kind of a variant (snv or indel) is read from its HGVS expression."
    t.group("note", "kind_from_hgvs", sentence, draft.place, "used")


def _result(draft: RowDraft, element: Element, t: Translation) -> None:
    value = element.child("valueCodeableConcept")
    words = load_codes().words
    meanings = {
        c.code if c.system == "word" else words.get((c.system, c.code)) for c in codes_of(value)
    } or {value.text("text")}
    spellings = t.tables["variants"].columns["result"].spellings
    results = {spellings[word] for x in meanings if x and (word := folded(x)) in spellings}
    if len(results) == 1:
        draft.put("result", results.pop())
    else:
        t.group(
            "warning",
            "variant_undecided",
            f"A variant is neither present nor absent ({shown_code(value)}), so it is unknown.",
            draft.place,
        )


def _gene(component: Element, draft: RowDraft, t: Translation) -> str | None:
    """The gene's symbol: of a listed HGNC id, else the display of an HGNC coding (there the
    official symbol), else the text.
    """
    value = component.child("valueCodeableConcept")
    genes = load_codes().genes
    symbols = {s: i for i, s in genes.items()}
    for code in codes_of(value):
        if code.system != "hgnc":
            continue
        number = code.code if code.code.startswith("HGNC:") else f"HGNC:{code.code}"
        known, display = genes.get(number), code.display
        if (known is not None and display is not None and display != known) or (
            known is None and display in symbols
        ):
            t.issue(
                "error",
                "code_contradiction",
                draft.place,
                f"The gene's id is {shown(code.code)}, but its symbol is {shown(display)}. The "
                "variant is not used.",
                "set_aside",
            )
            return None
        if known is not None or display is not None:
            return known or display
    return value.text("text")


def _text(component: Element) -> str | None:
    """An expression: the code of a coding (HGVS expressions are codes of their own system), else
    the text.
    """
    key = component.choice("value")
    if key == "valueString":
        return component.text(key)
    value = component.child("valueCodeableConcept")
    return (
        own_code(value, "word")
        or next((c.code for c in codes_of(value)), None)
        or value.text("text")
        or concept_text(value)
    )


def _kind(changes: Mapping[str, str]) -> str | None:
    for name in ("coding_change", "protein_change", "genomic_change"):
        if (kind := kind_of_expression(changes.get(name, ""))) is not None:
            return kind
    return None


def kind_of_expression(text: str) -> str | None:
    """The kind of variant that an HGVS expression says (snv, indel); None for any other text."""
    if _SUBSTITUTION.fullmatch(text):
        return "snv"
    return "indel" if _SMALL_CHANGE.match(text) else None
