"""What concept ids stand for: the site's own CONCEPT decides, hints stand in for what it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from rearm.characters import printable
from rearm.intake.omop.cdm import Cdm, some_tables
from rearm.intake.omop.hints import Hints, load_hints
from rearm.intake.omop.tables import TABLES, typed
from rearm.knowledge.bundle import Knowledge

__all__ = ["Concept", "Vocabulary", "read_vocabulary", "used_concepts"]

_TYPE_CONCEPTS = "Type Concept"
_INGREDIENT = "Ingredient"
_UNITS = "ucum"


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of the site's CONCEPT, or a hint where `known` is False. `system` is that of
    `fhir_codes.toml`, else the vocabulary's own name.
    """

    id: int
    system: str
    code: str
    name: str
    kind: str = ""
    known: bool = True
    vocabulary: str = ""

    def __str__(self) -> str:
        said = f"{self.name} " if self.name else ""
        return printable(f"{self.id} {said}({self.system} {self.code})"[:120])


class Vocabulary:
    """Concepts by id, and which stand above which. `given`: whether there is a CONCEPT at all."""

    def __init__(
        self,
        concepts: Iterable[Concept],
        above: Mapping[int, Collection[int]],
        *,
        given: bool,
        hints: Hints | None = None,
    ) -> None:
        self.hints = hints or load_hints()
        self.given = given
        self._concepts = {concept.id: concept for concept in concepts}
        self._above = above
        self.is_below_myeloma = cache(self._is_below_myeloma)

    def concept(self, concept_id: int | None) -> Concept | None:
        """The concept of an id: of the site, else of the hints; None where nobody knows it."""
        if concept_id is None:
            return None
        return self._concepts.get(concept_id) or self._hint(concept_id)

    def known(self, concept_id: int | None) -> bool:
        """Whether the site's CONCEPT holds the id."""
        return concept_id in self._concepts

    def named(self, concept_id: int | None) -> str:
        """A concept for a sentence."""
        concept = self.concept(concept_id)
        return f"{concept_id} (not in CONCEPT)" if concept is None else str(concept)

    def operator(self, concept_id: int) -> str | None:
        """How an operator is written; None for a concept that is none."""
        signs = self.hints.operators
        concept = self._concepts.get(concept_id)
        if concept is None:
            return signs.get(concept_id)
        return concept.name if concept.name in signs.values() else None

    def unit(self, concept_id: int) -> str | None:
        """The UCUM code of a unit as the dictionary writes it; None where it is not known."""
        concept = self._concepts.get(concept_id)
        if concept is None:
            return self.hints.units.get(concept_id)
        if concept.system != _UNITS:
            return None
        return self.hints.spelled.get(concept.code, concept.code)

    def is_type(self, concept_id: int | None) -> bool:
        """Whether a concept says where a row comes from, and nothing of the patient."""
        concept = self._concepts.get(concept_id or 0)
        if concept is not None:
            return concept.system == _TYPE_CONCEPTS
        return concept_id in self.hints.types

    def ingredients(self, concept_id: int | None) -> tuple[Concept, ...]:
        """The ingredients of a drug by CONCEPT_ANCESTOR; itself where it is one."""
        own = self._concepts.get(concept_id or 0)
        found = [own] if own is not None and own.kind == _INGREDIENT else []
        for above in sorted(self._above.get(concept_id or 0, ())):
            concept = self._concepts.get(above)
            if concept is not None and concept.kind == _INGREDIENT and concept not in found:
                found.append(concept)
        return tuple(found)

    def _is_below_myeloma(self, concept_id: int) -> bool:
        """Whether a condition stands below multiple myeloma in CONCEPT_ANCESTOR."""
        above = (self._concepts.get(c) for c in self._above.get(concept_id, ()))
        return any(c is not None and (c.system, c.code) in self.hints.below for c in above)

    def _hint(self, concept_id: int) -> Concept | None:
        if (code := self.hints.loinc.get(concept_id)) is not None:
            return Concept(concept_id, "loinc", code, "", known=False)
        if (unit := self.hints.units.get(concept_id)) is not None:
            return Concept(concept_id, _UNITS, unit, "", known=False)
        return None

    def meaning(self, concept_id: int) -> str:
        """What the site's CONCEPT says of an id, for comparing; empty where it says nothing."""
        concept = self._concepts.get(concept_id)
        if concept is None:
            return ""
        return " ".join((concept.vocabulary, concept.code, concept.name, concept.kind))

    def frame(self, ids: Collection[int]) -> pl.DataFrame:
        """The concepts of the site with these ids, under the names of `TABLES`."""
        concepts = [self._concepts[i] for i in sorted(ids) if i in self._concepts]
        return pl.DataFrame(
            [(c.id, c.name, c.vocabulary, c.code, c.kind) for c in concepts],
            schema={"key": pl.Int64()}
            | dict.fromkeys(("name", "vocabulary", "code", "kind"), pl.String()),
            orient="row",
        )

    def mismatches(self, knowledge: Knowledge) -> list[tuple[Concept, str]]:
        """The ids that the site's CONCEPT gives another meaning than the hints, with that of the
        hints: the site's is used.
        """
        hints, found = self.hints, []
        agent, product = knowledge.lexicon.find_agent, knowledge.lexicon.find_product
        for concept in self._concepts.values():
            i = concept.id
            said = {
                hints.loinc.get(i): concept.code,
                hints.operators.get(i): concept.name,
                hints.units.get(i): hints.spelled.get(concept.code, concept.code),
                hints.agents.get(i): getattr(agent(concept.name), "id", concept.name),
                hints.products.get(i): getattr(product(concept.name), "id", concept.name),
            }
            found += [(concept, hint) for hint, own in said.items() if hint and hint != own]
        return found


def used_concepts(frames: Mapping[str, pl.DataFrame]) -> set[int]:
    """The concept ids that the frames of tables hold."""
    used: set[int] = set()
    for name, frame in frames.items():
        for column in TABLES[name].concepts:
            used.update(frame[column].unique().drop_nulls().to_list())
    return used


def read_vocabulary(cdm: Cdm, used: Collection[int]) -> tuple[Vocabulary, pl.DataFrame]:
    """The concepts with the ids that are used and all that stand above them; and the rows of
    CONCEPT_ANCESTOR that say so.
    """
    above = typed(pl.DataFrame(), TABLES["concept_ancestor"])
    if "concept_ancestor" in cdm.tables and used:
        table = TABLES["concept_ancestor"]
        among = (table.key, used)
        above = typed(some_tables(cdm, table.name, table.read, among), table)
    wanted = {*used, *above["ancestor"].drop_nulls().to_list()}
    given = "concept" in cdm.tables
    concepts = read_concepts(cdm, wanted) if given else []
    stands: dict[int, set[int]] = {}
    for key, ancestor in above.select("key", "ancestor").drop_nulls().iter_rows():
        if key != ancestor:
            stands.setdefault(key, set()).add(ancestor)
    return Vocabulary(concepts, stands, given=given), above


def read_concepts(cdm: Cdm, wanted: Collection[int]) -> list[Concept]:
    """The concepts with these ids."""
    if not wanted:
        return []
    table, systems = TABLES["concept"], load_hints().systems
    frame = typed(some_tables(cdm, table.name, table.read, (table.key, wanted)), table)
    return [
        Concept(
            id=key,
            system=systems.get(vocabulary or "", vocabulary or ""),
            code=code or "",
            name=name or "",
            kind=kind or "",
            vocabulary=vocabulary or "",
        )
        for key, name, vocabulary, code, kind in frame.select(
            "key", "name", "vocabulary", "code", "kind"
        ).iter_rows()
        if key is not None
    ]
