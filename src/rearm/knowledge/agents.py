"""The lexicon of agents, CAR-T products and regimen names.

A text is an agent only where it equals a listed name once case, spaces and punctuation are dropped:
nothing is matched by likeness, so that a new drug is reported as unread and not taken for an old
one. Misspellings that occur in real tables are listed as spellings.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, TypeVar

__all__ = [
    "Agent",
    "Product",
    "Regimen",
    "agent_class",
    "agents_of_class",
    "candidate_sets",
    "class_names",
    "find_agent",
    "find_class",
    "find_product",
    "find_regimens",
    "load_agents",
    "load_products",
    "load_regimens",
    "load_words",
    "lookup_key",
    "read_agents",
    "read_products",
    "read_regimens",
    "split_name",
]


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: `id` is the lower-case generic name, `targets` are tumour antigens; `classes` are
    for agents that stand in two classes.
    """

    id: str
    name: str
    cls: str
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


@dataclass(frozen=True, slots=True)
class Product:
    """One CAR-T product; `construct` is the binder (`murine scFv`, `camelid VHH` ...), None where
    not known.
    """

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


@dataclass(frozen=True, slots=True)
class Regimen:
    """A regimen name. Exactly one of `agents` and `candidates` is filled: `candidates` lists each
    set of agents the name is in use for.
    """

    id: str
    names: tuple[str, ...]
    agents: tuple[str, ...] = ()
    candidates: tuple[tuple[str, ...], ...] = ()
    purpose: str | None = None


_Named = TypeVar("_Named", Agent, Product)


def lookup_key(text: str) -> str:
    """The text without case, spaces and punctuation: `Belantamab-Mafodotin` and `belantamab
    mafodotin` are the same key.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum())


@cache
def load_agents() -> dict[str, Agent]:
    """All agents by id, in the order of the file."""
    return read_agents(_data("agents.toml"))


def read_agents(table: Mapping[str, Any]) -> dict[str, Agent]:
    """The agents of a parsed file."""
    return {
        row["id"]: Agent(
            id=row["id"],
            name=row.get("name", row["id"]),
            cls=row["class"],
            kind=row["kind"],
            rxnorm=row.get("rxnorm"),
            **{
                k: tuple(row.get(k, ()))
                for k in ("brands", "codes", "spellings", "targets", "classes")
            },
        )
        for row in table.get("agent", ())
    }


@cache
def load_products() -> dict[str, Product]:
    """All CAR-T products by id."""
    return read_products(_data("agents.toml"))


def read_products(table: Mapping[str, Any]) -> dict[str, Product]:
    """The CAR-T products of a parsed file."""
    return {
        row["id"]: Product(
            id=row["id"],
            name=row["name"],
            construct=row.get("construct"),
            **{k: tuple(row.get(k, ())) for k in ("targets", "brands", "codes", "spellings")},
        )
        for row in table.get("product", ())
    }


@cache
def load_regimens() -> dict[str, Regimen]:
    """All regimen names by id."""
    return read_regimens(_data("regimens.toml"))


def read_regimens(table: Mapping[str, Any]) -> dict[str, Regimen]:
    """The regimen names of a parsed file."""
    return {
        row["id"]: Regimen(
            id=row["id"],
            names=tuple(row["names"]),
            agents=tuple(row.get("agents", ())),
            candidates=tuple(tuple(c) for c in row.get("candidates", ())),
            purpose=row.get("purpose"),
        )
        for row in table.get("regimens", ())
    }


@cache
def load_words() -> dict[str, dict[str, list[str]]]:
    """Words beside agents and regimens that steer the reading of a regimen text: `purposes`,
    `procedures` by id, `roles` by kind.
    """
    words: dict[str, dict[str, list[str]]] = _data("regimens.toml")["words"]
    return words


def find_agent(text: str) -> Agent | None:
    """The agent with this name, brand, code or listed spelling; None where none is listed (never by
    likeness).
    """
    return _agent_index().get(lookup_key(text))


def find_product(text: str) -> Product | None:
    """The CAR-T product with this name, brand or code; None where none is listed."""
    return _product_index().get(lookup_key(text))


def find_regimens(text: str) -> tuple[Regimen, ...]:
    """The regimens this name stands for: as written with upper and lower case, else without regard
    to it. More than one: ambiguous.
    """
    written = "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum())
    exact, folded = _regimen_index()
    return exact.get(written) or folded.get(lookup_key(text), ())


def split_name(word: str) -> tuple[tuple[str, ...], tuple[Regimen, ...]] | None:
    """Reads one word made of agents' names in front of a regimen or of each other: `DaraKd`,
    `EloPCd`, `Ixazomib-RD`, `EloPomDex`.

    Gives the agent ids and the regimens behind them (none where the word ends with an agent), or
    None where a piece is in no list. Names of agents count from three letters on; the longest first
    name is tried first.
    """
    letters = "".join(c for c in unicodedata.normalize("NFKC", word) if c.isalnum())
    for size in range(len(letters), 2, -1):
        agent = find_agent(letters[:size])
        if agent is None:
            continue
        rest = letters[size:]
        if not rest:
            return (agent.id,), ()
        if regimens := find_regimens(rest):
            return (agent.id,), regimens
        if deeper := split_name(rest):
            return (agent.id, *deeper[0]), deeper[1]
    return None


def candidate_sets(name: str) -> tuple[tuple[str, ...], ...]:
    """Every set of agents that a regimen's name (or an agent's name in front of one) is in use for;
    empty where it is in no list.
    """
    regimens = find_regimens(name)
    front: tuple[str, ...] = ()
    if not regimens and (split := split_name(name)):
        front, regimens = split
    sets = tuple(dict.fromkeys(c for r in regimens for c in r.candidates or (r.agents,)))
    return tuple((*front, *(a for a in c if a not in front)) for c in sets)


@cache
def class_names() -> tuple[str, ...]:
    """Names of all classes, in the order of the file."""
    return tuple(dict.fromkeys(c for a in load_agents().values() for c in (a.cls, *a.classes)))


def agent_class(agent_id: str) -> tuple[str, ...]:
    """The classes of an agent id; empty where the id is not listed."""
    agent = load_agents().get(agent_id)
    return () if agent is None else (agent.cls, *agent.classes)


@cache
def agents_of_class(name: str) -> tuple[str, ...]:
    """Ids of the agents of a class, in the order of the file."""
    return tuple(a.id for a in load_agents().values() if name in (a.cls, *a.classes))


# What centres write for a class; the class names themselves are added below.
_CLASS_SPELLINGS = {
    "proteasome inhibitor": (
        "PI",
        "PIs",
        "proteasome inhibitors",
        "Proteasominhibitor",
        "Proteasom-Inhibitor",
        "Proteasominhibitoren",
    ),
    "IMiD": ("IMiDs", "immunomodulatory drug", "immunomodulatory agent", "Immunmodulator"),
    "anti-CD38": (
        "CD38",
        "CD38 antibody",
        "anti-CD38 antibody",
        "CD38-Antikörper",
        "anti-CD38 mAb",
    ),
    "anti-SLAMF7": ("SLAMF7", "anti-CS1"),
    "anti-BCMA": ("BCMA", "BCMA-directed"),
    "anti-GPRC5D": ("GPRC5D", "GPRC5D-directed"),
    "anti-FcRH5": ("FcRH5",),
    "XPO1": ("XPO1 inhibitor",),
    "BCL2": ("BCL2 inhibitor", "BCL-2 inhibitor"),
    "MAPK": ("MAPK inhibitor", "BRAF/MEK inhibitor"),
    "alkylator": ("alkylators", "alkylating agent", "Alkylans", "Alkylanzien"),
    "steroid": ("steroids", "corticosteroid", "Steroide", "Kortikosteroid"),
    "CELMoD": ("CELMoDs",),
}


def find_class(text: str) -> str | None:
    """The class with this name (`PI`, `anti-CD38`, `IMiDs`); None where none is listed."""
    return _class_index().get(lookup_key(text))


@cache
def _class_index() -> dict[str, str]:
    index = {lookup_key(name): name for name in class_names()}
    index.update(
        {lookup_key(s): name for name, spellings in _CLASS_SPELLINGS.items() for s in spellings}
    )
    return index


@cache
def _agent_index() -> dict[str, Agent]:
    return _index((a, a.names()) for a in load_agents().values())


@cache
def _product_index() -> dict[str, Product]:
    return _index((p, p.names()) for p in load_products().values())


@cache
def _regimen_index() -> tuple[dict[str, tuple[Regimen, ...]], dict[str, tuple[Regimen, ...]]]:
    exact: dict[str, tuple[Regimen, ...]] = {}
    folded: dict[str, tuple[Regimen, ...]] = {}
    for regimen in load_regimens().values():
        for name in regimen.names:
            written = "".join(c for c in name if c.isalnum())
            for index, key in ((exact, written), (folded, lookup_key(name))):
                if regimen not in index.get(key, ()):
                    index[key] = (*index.get(key, ()), regimen)
    return exact, folded


def _index(entries: Iterable[tuple[_Named, tuple[str, ...]]]) -> dict[str, _Named]:
    index: dict[str, _Named] = {}
    for entry, names in entries:
        for name in names:
            other = index.setdefault(lookup_key(name), entry)
            if other is not entry:
                raise ValueError(
                    f"agents.toml: '{name}' is listed for both {other.id} and {entry.id}"
                )
    return index


def _data(file: str) -> dict[str, Any]:
    return tomllib.loads(
        (resources.files("rearm") / "knowledge" / "data" / file).read_text(encoding="utf-8")
    )
