"""The lexicon: agents, CAR-T products, regimen names, and the words around them.

A text is an agent only where it equals a listed name once case, accents, spaces and punctuation are
dropped: nothing is matched by likeness, so that a new drug is reported as unread and not taken for
an old one. Misspellings that occur in real tables are listed as spellings; for others the name that
may be meant is offered (`slips`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

from rearm.knowledge._build import KnowledgeError, build

__all__ = ["Agent", "Lexicon", "Product", "Regimen", "RegimenWords", "lookup_key", "read_lexicon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent: `id` is the lower-case generic name, `targets` are tumour antigens.

    `classes` are further classes of an agent that stands in two.
    """

    id: str
    name: str
    cls: str = field(metadata={"key": "class"})
    kind: str
    brands: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    rxnorm: str | None = None

    def names(self) -> tuple[str, ...]:
        """Every listed name: id, display name, brands, development codes, spellings."""
        return (self.id, self.name, *self.brands, *self.codes, *self.spellings)

    def all_classes(self) -> tuple[str, ...]:
        """Its class, then those it stands in besides."""
        return (self.cls, *self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One CAR-T product; `construct` is the binder (`murine scFv`), None where not known."""

    id: str
    name: str
    targets: tuple[str, ...]
    construct: str | None = None
    brands: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Every listed name: id, full name, brands, development codes, spellings."""
        return (self.id, self.name, *self.brands, *self.codes, *self.spellings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regimen:
    """A regimen name. Exactly one of `agents` and `candidates` is filled.

    `candidates` lists each set of agents that the name is in use for.
    """

    id: str
    names: tuple[str, ...]
    agents: tuple[str, ...] = ()
    candidates: tuple[tuple[str, ...], ...] = ()
    purpose: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    name: str
    spellings: tuple[str, ...] = ()
    treats_myeloma: Literal["yes", "no", "not_alone"] = "yes"


# Marks above and below a letter that spellings of one name differ by.
_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
_SHORT_NAME, _LONG_NAME = 5, 7  # letters from which one, and from which two, may be a slip
_OFFERED = 3  # names

RegimenWords = Mapping[str, Mapping[str, tuple[str, ...]]]
_Named = TypeVar("_Named", Agent, Product)
_Entry = TypeVar("_Entry", Agent, Product, Regimen)


@lru_cache(maxsize=8192)
def lookup_key(text: str) -> str:
    """The text without case, accents, spaces and punctuation.

    `Belantamab-Mafodotin` and `belantamab mafodotin` are the same key, `Téclistamab` is that of
    `teclistamab`.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if not folded.isascii():
        apart = unicodedata.normalize("NFD", folded)
        folded = unicodedata.normalize("NFC", "".join(c for c in apart if c not in _ACCENTS))
    return "".join(c for c in folded if c.isalnum())


def _letters_apart(one: str, other: str, most: int) -> int:
    """How many letters differ, are missing, too many or changed places with the next; `most` + 1
    where it is more than `most`.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for i, a in enumerate(one, 1):
        last, row = row, [i]
        for j, b in enumerate(other, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return most + 1
        before = last
    return row[-1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Lexicon:
    """The agents, products and regimens of one bundle by id, in the order of their files.

    `words` steer the reading of a regimen text: `purposes` and `procedures` by id, `roles` by kind.
    `class_spellings` are what centres write for a class, `not_against_myeloma` the classes that
    never treat it, `not_alone` those that treat it with others only. Indexes are built once per
    lexicon.
    """

    agents: Mapping[str, Agent]
    products: Mapping[str, Product]
    regimens: Mapping[str, Regimen]
    words: RegimenWords
    class_spellings: Mapping[str, tuple[str, ...]]
    not_against_myeloma: frozenset[str] = frozenset()
    not_alone: frozenset[str] = frozenset()

    def find_agent(self, text: str) -> Agent | None:
        """The agent with this name, brand, code or spelling; None where none is listed."""
        return self._agent_index.get(lookup_key(text))

    def find_product(self, text: str) -> Product | None:
        """The CAR-T product with this name, brand or code; None where none is listed."""
        return self._product_index.get(lookup_key(text))

    def slips(self, text: str) -> tuple[str, ...]:
        """The listed names of agents and products that differ from a text by a letter or two, the
        nearest first, each with its id where that is written otherwise. To be offered, never read.
        """
        key = lookup_key(text)
        if len(key) < _SHORT_NAME or key.isdecimal():
            return ()
        most = 1 if len(key) < _LONG_NAME else 2
        found: dict[str, tuple[int, str]] = {}
        for known, (name, entry_id) in self._listed_names.items():
            apart = _letters_apart(key, known, most)
            if apart <= most and apart < found.get(entry_id, (most + 1, ""))[0]:
                shown = name if lookup_key(entry_id) == known else f"{name} ({entry_id})"
                found[entry_id] = (apart, shown)
        return tuple(shown for _, shown in sorted(found.values())[:_OFFERED])

    @cached_property
    def _listed_names(self) -> Mapping[str, tuple[str, str]]:
        """Every name of an agent or a product that is long enough for a slip, with the id."""
        entries: list[Agent | Product] = [*self.agents.values(), *self.products.values()]
        names = {lookup_key(name): (name, e.id) for e in entries for name in reversed(e.names())}
        long = {k: n for k, n in names.items() if len(k) >= _SHORT_NAME}
        return {k: n for k, n in long.items() if not any(c.isdecimal() for c in k)}

    def find_regimens(self, text: str) -> tuple[Regimen, ...]:
        """The regimens that a name stands for; more than one: ambiguous.

        As written with upper and lower case, else without regard to it.
        """
        written = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())
        exact, folded = self._regimen_index
        return exact.get(written) or folded.get(lookup_key(text), ())

    def split_name(self, word: str) -> tuple[tuple[str, ...], tuple[Regimen, ...]] | None:
        """A word made of agents' names and a regimen's, such as `DaraVRd`; None where it is not.

        An agent's name has three letters or more; the longest first name is tried first.
        """
        letters = "".join(c for c in unicodedata.normalize("NFKC", word) if c.isalnum())
        for size in range(len(letters), 2, -1):
            agent = self.find_agent(letters[:size])
            if agent is None:
                continue
            rest = letters[size:]
            if not rest:
                return (agent.id,), ()
            if regimens := self.find_regimens(rest):
                return (agent.id,), regimens
            if deeper := self.split_name(rest):
                return (agent.id, *deeper[0]), deeper[1]
        return None

    def candidate_sets(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Every set of agents that a regimen's name is in use for; empty where it is in no list.

        An agent's name may stand in front of the regimen's.
        """
        regimens = self.find_regimens(name)
        front: tuple[str, ...] = ()
        if not regimens and (split := self.split_name(name)):
            front, regimens = split
        sets = tuple(dict.fromkeys(c for r in regimens for c in r.candidates or (r.agents,)))
        return tuple((*front, *(a for a in c if a not in front)) for c in sets)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of all classes, in the order of the file."""
        return tuple(dict.fromkeys(c for a in self.agents.values() for c in a.all_classes()))

    def agent_class(self, agent_id: str) -> tuple[str, ...]:
        """The classes of an agent id; empty where the id is not listed."""
        agent = self.agents.get(agent_id)
        return () if agent is None else agent.all_classes()

    def treats_myeloma(self, agent_id: str) -> bool | None:
        """Whether the agent treats myeloma, by its class. None where the class also treats toxicity
        (a steroid) or the id is not listed.
        """
        agent = self.agents.get(agent_id)
        if agent is None or agent.cls in self.not_alone:
            return None
        return agent.cls not in self.not_against_myeloma

    def is_other_medication(self, text: str) -> bool:
        """Whether the text is a listed drug that never treats myeloma and is no agent here."""
        return lookup_key(text) in self._other_medication

    def agents_of_class(self, name: str) -> tuple[str, ...]:
        """Ids of the agents of a class, in the order of the file."""
        return self._members.get(name, ())

    def find_class(self, text: str) -> str | None:
        """The class with this name (`PI`, `anti-CD38`, `IMiDs`); None where none is listed."""
        return self._class_index.get(lookup_key(text))

    @cached_property
    def by_rxnorm(self) -> Mapping[str, Agent]:
        """The agents whose RxNorm ingredient code is listed, by that code."""
        return {a.rxnorm: a for a in self.agents.values() if a.rxnorm is not None}

    @cached_property
    def _other_medication(self) -> frozenset[str]:
        return frozenset(map(lookup_key, self.words.get("roles", {}).get("other_medication", ())))

    @cached_property
    def _members(self) -> Mapping[str, tuple[str, ...]]:
        return {
            name: tuple(a.id for a in self.agents.values() if name in a.all_classes())
            for name in self.class_names
        }

    @cached_property
    def _class_index(self) -> Mapping[str, str]:
        index = {lookup_key(name): name for name in self.class_names}
        for name, spellings in self.class_spellings.items():
            index.update({lookup_key(s): name for s in spellings})
        return index

    @cached_property
    def _agent_index(self) -> Mapping[str, Agent]:
        return _index((a, a.names()) for a in self.agents.values())

    @cached_property
    def _product_index(self) -> Mapping[str, Product]:
        return _index((p, p.names()) for p in self.products.values())

    @cached_property
    def _regimen_index(
        self,
    ) -> tuple[dict[str, tuple[Regimen, ...]], dict[str, tuple[Regimen, ...]]]:
        exact: dict[str, tuple[Regimen, ...]] = {}
        folded: dict[str, tuple[Regimen, ...]] = {}
        for regimen in self.regimens.values():
            for name in regimen.names:
                written = "".join(c for c in name if c.isalnum())
                for index, key in ((exact, written), (folded, lookup_key(name))):
                    if regimen not in index.get(key, ()):
                        index[key] = (*index.get(key, ()), regimen)
        return exact, folded


def read_lexicon(agents: Mapping[str, Any], regimens: Mapping[str, Any]) -> Lexicon:
    """The lexicon from its two parsed files, `agents.toml` and `regimens.toml`.

    Raises KnowledgeError with a sentence for each entry that does not fit.
    """
    problems: list[str] = []
    classes = [
        build(_Class, row, f"agents.toml, class {row.get('name', '?')}")
        for row in agents.get("class", ())
    ]
    named = [{"name": row.get("id"), **row} for row in agents.get("agent", ())]
    lexicon = Lexicon(
        agents=_by_id(Agent, named, "agents.toml, agent", problems),
        products=_by_id(Product, agents.get("product", ()), "agents.toml, product", problems),
        regimens=_by_id(Regimen, regimens.get("regimens", ()), "regimens.toml, regimen", problems),
        words={
            kind: {name: tuple(spellings) for name, spellings in group.items()}
            for kind, group in regimens.get("words", {}).items()
        },
        class_spellings={row.name: row.spellings for row in classes},
        not_against_myeloma=frozenset(x.name for x in classes if x.treats_myeloma == "no"),
        not_alone=frozenset(x.name for x in classes if x.treats_myeloma == "not_alone"),
    )
    if problems:
        raise KnowledgeError(problems)
    _ = lexicon._agent_index, lexicon._product_index  # a name of two agents is refused here
    return lexicon


def _by_id(
    cls: type[_Entry], rows: Iterable[Mapping[str, Any]], what: str, problems: list[str]
) -> dict[str, _Entry]:
    by_id: dict[str, _Entry] = {}
    for row in rows:
        try:
            entry = build(cls, row, f"{what} {row.get('id', '?')}")
        except KnowledgeError as error:
            problems += error.problems
            continue
        by_id[entry.id] = entry
    return by_id


def _index(entries: Iterable[tuple[_Named, tuple[str, ...]]]) -> dict[str, _Named]:
    index: dict[str, _Named] = {}
    for entry, names in entries:
        for name in names:
            other = index.setdefault(lookup_key(name), entry)
            if other is not entry:
                raise KnowledgeError(
                    [f"agents.toml: '{name}' is listed for both {other.id} and {entry.id}"]
                )
    return index
