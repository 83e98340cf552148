"""Reads what is written in a regimen column: `KCd (Carfilzomib, Cyclo, Dexa)`, `Mel200 + ASCT, dann
Lenalidomid-Erhaltung`.

A tokenizer and the lexicon, nothing else. Every piece of the text gets a role; what has none is
reported as unread, and a name that stands for several regimens is reported with its candidates.
Nothing is guessed: no likeness, no completion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from rearm.intake.regimen.parts import OpenPart, Unit, group
from rearm.intake.regimen.words import SEPARATORS, Item, RegimenWords
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Lexicon
from rearm.record import Graft

__all__ = ["Ambiguity", "RegimenParser", "RegimenPart", "RegimenReading", "Token", "parse"]

_OWN_ROLE = frozenset(
    {"agent", "regimen", "procedure", "purpose", "infusion", "other_drug", "unread"}
)  # kinds of items; all others are remarks
_OF_THE_PATIENT = frozenset({"autologous-sct", "hd-melphalan-asct"})
_OF_A_DONOR = frozenset({"allogeneic-sct"})
_OF_EITHER = frozenset({"bone-marrow-transplant", "total-body-irradiation"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text and its role: agent, regimen, procedure, purpose, infusion, remark,
    ambiguous, unread, or separator (`dann`).
    """

    text: str
    start: int
    end: int
    role: str


@dataclass(frozen=True, slots=True)
class RegimenPart:
    """Agents given together for one purpose. `purpose` is None where the text says none; `times`
    counts transplants (tandem: 2). `graft`: whose stem cells, of a transplant.
    """

    text: str
    agents: tuple[str, ...] = ()
    purpose: str | None = None
    regimen_id: str | None = None
    times: int = 1
    graft: Graft | None = None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A name in use for several sets of agents; an empty candidate means "perhaps no regimen at
    all" (`PD`).
    """

    text: str
    candidates: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RegimenReading:
    """What a text says. `agents` are ordered and unique; `infusions` are mentions of CAR-T as
    written, `products` their ids where named.

    `other_drugs` are drugs that treat no myeloma, `remarks` dates, durations, doses, responses and
    reasons; `notes` are sentences for the list
    of issues.
    """

    text: str
    parts: tuple[RegimenPart, ...] = ()
    agents: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    infusions: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    other_drugs: tuple[str, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def only_support(self) -> bool:
        """Whether it names other drugs and nothing that may treat the myeloma."""
        return bool(self.other_drugs) and not (
            self.parts or self.unread or self.ambiguities or self.infusions
        )

    @property
    def left_open(self) -> tuple[str, ...]:
        """What the list of agents may lack, for `Therapy.unread`: unread pieces, ambiguous names,
        and treatment named without any agent.
        """
        unnamed = tuple(
            p.text
            for p in self.parts
            if not p.agents and p.regimen_id is None and p.purpose not in (None, "supportive")
        )
        return (
            self.unread
            + tuple(a.text for a in self.ambiguities)
            + tuple(u for u in unnamed if u not in self.unread)
        )


def parse(text: str, definitions: Mapping[str, Sequence[str]] | None = None) -> RegimenReading:
    """Read one regimen text, German or English, by the bundled lexicon. Never raises for any text.

    `definitions` are the centre's own meanings of names (`{"VMP": ("bortezomib", "melphalan",
    "dexamethasone")}`, agent ids): they win over the lexicon, and a difference from it is a note. A
    list of agents in parentheses wins over the name before it. Raises ValueError where a definition
    holds an id that is not in the lexicon.
    """
    if definitions:
        return RegimenParser(bundled().lexicon, definitions).read(text)
    return _bundled_parser().read(text)


@cache
def _bundled_parser() -> RegimenParser:
    return RegimenParser(bundled().lexicon)


class RegimenParser:
    """Reads regimen texts by one lexicon and the centre's own definitions; see `parse`."""

    def __init__(
        self, lexicon: Lexicon, definitions: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        own: dict[str, tuple[str, ...]] = {}
        for name, agents in (definitions or {}).items():
            for agent in agents:
                if agent not in lexicon.agents:
                    raise ValueError(
                        f"definition of '{name}': '{agent}' is not an agent id in the lexicon; "
                        "use generic names such as 'bortezomib'"
                    )
            own[name] = tuple(agents)
        self.lexicon = lexicon
        self.words = RegimenWords(lexicon, own)

    def read(self, text: str) -> RegimenReading:
        """What one text says."""
        return _TextReading(text, self.words, self.lexicon).read()


class _TextReading:
    """One reading of one text; the lists fill from left to right."""

    def __init__(self, text: str, words: RegimenWords, lexicon: Lexicon) -> None:
        self.text = text
        self.words = words
        self.lexicon = lexicon
        self.parts: list[OpenPart] = []
        self.ambiguities: list[Ambiguity] = []
        self.notes: list[str] = []
        # start of an item -> its role where it is not the usual one of its kind
        self.roles: dict[int, str] = {}

    def read(self) -> RegimenReading:
        items = self.words.items(self.text)
        segment: list[Item] = []
        for item in [*items, Item("hard", len(self.text), len(self.text))]:
            if item.kind == "hard":
                self._segment(segment)
                segment = []
            else:
                segment.append(item)
        worded = [i for i in items if i.kind not in SEPARATORS or self._of(i)[0].isalpha()]
        tokens = tuple(Token(self._of(i), i.start, i.end, self._role(i)) for i in worded)
        unread = self._joined(tokens, "unread")
        parts = tuple(self._finished(p, unread=bool(unread)) for p in self.parts)
        return RegimenReading(
            text=self.text,
            parts=parts,
            agents=tuple(dict.fromkeys(a for p in parts for a in p.agents)),
            unread=unread,
            ambiguities=tuple(self.ambiguities),
            notes=tuple(self.notes),
            remarks=self._joined(tokens, "remark"),
            infusions=self._joined(tokens, "infusion"),
            other_drugs=self._joined(tokens, "other_drug"),
            products=tuple(
                dict.fromkeys(i.ids[0] for i in items if i.kind == "infusion" and i.ids)
            ),
            tokens=tokens,
        )

    def _role(self, item: Item) -> str:
        if item.kind in SEPARATORS:
            return "separator"
        return self.roles.get(item.start, item.kind if item.kind in _OWN_ROLE else "remark")

    def _of(self, item: Item) -> str:
        return self.text[item.start : item.end]

    def _finished(self, part: OpenPart, *, unread: bool) -> RegimenPart:
        agents = tuple(
            dict.fromkeys(a for u in part.units for a in u.agents if a not in part.without)
        )
        names = [u.regimen_id for u in part.units if u.regimen_id is not None]
        start, end = part.units[0].item.start, max(u.end for u in part.units)
        if (
            self.text.count("(", start, end) > self.text.count(")", start, end)
            and (close := self.text.find(")", end)) >= 0
        ):
            end = close + 1
        return RegimenPart(
            text=self.text[start:end],
            agents=agents,
            purpose=part.purpose,
            regimen_id=part.regimen_id or (names[0] if len(names) == 1 else None),
            times=part.times,
            graft=_graft(part, unread=unread) if part.purpose == "transplant" else None,
        )

    def _joined(self, tokens: Sequence[Token], role: str) -> tuple[str, ...]:
        """Pieces of this role as they are written; neighbours become one piece."""
        spans: list[tuple[int, int]] = []
        previous: Token | None = None
        for token in tokens:
            if token.role == role:
                if (
                    previous is not None
                    and previous.role == role
                    and not self.text[previous.end : token.start].strip(" -./")
                ):
                    spans[-1] = (spans[-1][0], token.end)
                else:
                    spans.append((token.start, token.end))
            previous = token
        return tuple(self.text[a:b] for a, b in spans)

    def _segment(self, items: list[Item]) -> None:
        kinds = {i.kind for i in items}
        if "doubt" in kinds:
            self._leave_unread(items, "it is marked as uncertain, planned or not given")
        elif "choice" in kinds:
            self._choice(items)
        else:
            if not kinds & {"agent", "regimen", "procedure", "infusion"}:
                self.roles.update({i.start: "unread" for i in items if i.kind == "unnamed"})
            parts, roles = group(self._units(items))
            if (
                parts
                and self.parts
                and parts[0].is_bare_transplant()
                and self.parts[-1].is_high_dose()
            ):
                # `high-dose melphalan followed by autologous transplant` is one transplant
                parts[0].units[:0] = self.parts.pop().units
                parts[0].regimen_id = "hd-melphalan-asct"
            self.parts.extend(parts)
            self.roles.update(roles)

    def _leave_unread(self, items: Sequence[Item], why: str) -> None:
        content = [i for i in items if i.kind not in {*SEPARATORS, "remark", "other_drug"}]
        for item in content:
            self.roles[item.start] = "unread"
        self.notes.append(
            f"'{self.text[items[0].start : items[-1].end]}' is not read as given: {why}"
        )

    def _choice(self, items: list[Item]) -> None:
        """`Dara oder Isa`: an ambiguity where both sides are read in full."""
        sides: list[list[Item]] = [[]]
        for item in items:
            if item.kind == "choice":
                sides.append([])
            else:
                sides[-1].append(item)
        sets: list[tuple[str, ...]] = []
        for side in sides:
            units = self._units(side)
            sets.append(tuple(dict.fromkeys(a for u in units for a in u.agents)))
            if any(i.kind == "unread" for i in side):
                sets[-1] = ()
        if all(sets):
            self.ambiguities.append(
                Ambiguity(self.text[items[0].start : items[-1].end], tuple(sets))
            )
            self.roles.update(
                {i.start: "ambiguous" for i in items if i.kind in {"agent", "regimen", "choice"}}
            )
        else:
            self._leave_unread(items, "it offers a choice")

    # ------------------------------------------------------------ parentheses and names

    def _units(self, items: Sequence[Item]) -> list[Unit]:
        units: list[Unit] = []
        k = 0
        while k < len(items):
            item = items[k]
            if item.kind == "regimen":
                inner, after = _list_behind(items, k)
                listed = [i for i in inner if i.kind == "agent"]
                units.append(
                    self._named(item, listed, earlier=any(u.kind == "drugs" for u in units))
                )
                if listed:
                    units.extend(self._units([i for i in inner if i.kind != "agent"]))
                    k = after
                    continue
            elif (
                item.kind == "open"
                and (name := _name_in_parentheses(items, k))
                and units
                and units[-1].kind == "drugs"
                and not units[-1].acronym
            ):
                self._check_name(name, units)
                k = next(j for j in range(k, len(items)) if items[j].kind == "close") + 1
                continue
            else:
                units.append(_plain(item))
            k += 1
        return units

    def _named(self, item: Item, listed: Sequence[Item], *, earlier: bool) -> Unit:
        """A regimen's name, with the agents spelled out behind it where there are any. `earlier`:
        treatment stands before it.
        """
        name = self._of(item)
        sets = self._meanings(item)
        regimen = item.regimens[0] if item.regimens else None
        unit = Unit(
            kind="drugs",
            item=item,
            end=listed[-1].end if listed else item.end,
            regimen_id=None if regimen is None else regimen.id,
            purpose=None if regimen is None else regimen.purpose,
            acronym=True,
        )
        if spelled := tuple(dict.fromkeys(a for i in listed for a in i.ids)):
            return self._spelled_out(unit, name, sets, spelled)
        if name == "PD" and (earlier or any(p.units for p in self.parts)):
            sets = (*sets, ())
        if len(sets) > 1:
            self.roles[item.start] = "ambiguous"
            self.ambiguities.append(Ambiguity(name, sets))
            return replace(unit, agents=item.ids)
        if name == "PD":
            self.notes.append(
                "'PD' as a regimen is read as pomalidomide and dexamethasone, not as progressive"
                " disease"
            )
        return replace(unit, agents=sets[0])

    def _meanings(self, item: Item) -> tuple[tuple[str, ...], ...]:
        """The sets of agents that a regimen's name means; one where the centre defines it."""
        name = self._of(item)
        usual = self.lexicon.candidate_sets(name)
        if item.regimens:
            return usual
        if usual and all(set(item.ids) != set(c) for c in usual):
            self.notes.append(
                f"'{name}' is read as the centre defines it ({', '.join(item.ids)}); elsewhere it"
                f" means {_either(usual)}"
            )
        return (item.ids,)

    def _spelled_out(
        self, unit: Unit, name: str, sets: Sequence[tuple[str, ...]], spelled: tuple[str, ...]
    ) -> Unit:
        """A name with agents in parentheses: they count. One agent of several explains the name
        (`VRd (Lenalidomid 15 mg)`) and is no list of its own.
        """
        explains = len(sets) == 1 and len(sets[0]) > 1 and len(spelled) == 1
        if explains and spelled[0] in sets[0]:
            return replace(unit, agents=sets[0])
        if all(set(spelled) != set(c) for c in sets):
            self._contradiction(name, sets, spelled)
        return replace(unit, agents=spelled)

    def _check_name(self, name: Item, units: Sequence[Unit]) -> None:
        """`Carfilzomib, Cyclo, Dexa (KCd)`: the agents stand already; the name is only compared."""
        run: list[str] = []
        for unit in reversed(units):
            if unit.kind == "drugs" and not unit.acronym:
                run = [*unit.agents, *run]
            elif unit.kind not in {"comma", "plus", "other"}:
                break
        sets = (name.ids,) if not name.regimens else self.lexicon.candidate_sets(self._of(name))
        if all(set(run) != set(c) for c in sets):
            self._contradiction(self._of(name), sets, run)

    def _contradiction(
        self, name: str, sets: Sequence[tuple[str, ...]], spelled: Sequence[str]
    ) -> None:
        self.notes.append(
            f"'{name}' means {_either(sets)}, but the text lists {', '.join(spelled)}; the list "
            "is used"
        )


def _graft(part: OpenPart, *, unread: bool) -> Graft:
    """Whose stem cells a transplant was made with. `unread`: the text has words that can't be read;
    they may name a donor.
    """
    if part.of_donor or part.regimen_id in _OF_A_DONOR:
        return "allogeneic"
    if part.regimen_id in _OF_THE_PATIENT:
        return "autologous"
    # in myeloma a transplant of which no donor is named is of the patient's own stem cells
    return "unknown" if unread or part.regimen_id in _OF_EITHER else "autologous"


def _plain(item: Item) -> Unit:
    if item.kind == "agent":
        return Unit(kind="drugs", item=item, end=item.end, agents=item.ids)
    if item.kind in {"procedure", "purpose", "donor", "negation", "times", "comma"}:
        return Unit(kind=item.kind, item=item, end=item.end)
    kind = "plus" if item.kind in {"plus", "plus_word"} else "other"
    return Unit(kind=kind, item=item, end=item.end)


def _either(sets: Sequence[tuple[str, ...]]) -> str:
    return " or ".join(", ".join(c) if c else "no regimen" for c in sets)


def _list_behind(items: Sequence[Item], k: int) -> tuple[Sequence[Item], int]:
    """The items in parentheses behind a name, or behind `:` and `=` to the end of the segment; and
    where to go on.
    """
    if k + 1 >= len(items):
        return (), k + 1
    if items[k + 1].kind == "open":
        for j in range(k + 2, len(items)):
            if items[j].kind == "open":
                break
            if items[j].kind == "close":
                inner = items[k + 2 : j]
                return (
                    ((), k + 1)
                    if any(i.kind in {"regimen", "procedure"} for i in inner)
                    else (inner, j + 1)
                )
    if items[k + 1].kind == "equals":
        rest = items[k + 2 :]
        if sum(i.kind == "agent" for i in rest) >= 2 and not any(
            i.kind in {"regimen", "procedure"} for i in rest
        ):
            return rest, len(items)
    return (), k + 1


def _name_in_parentheses(items: Sequence[Item], k: int) -> Item | None:
    """The regimen's name where it is all that the parentheses hold."""
    if [i.kind for i in items[k : k + 3]] == ["open", "regimen", "close"]:
        return items[k + 1]
    return None
