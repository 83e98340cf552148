"""The words of the knowledge that one input is read with; each text is looked up once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TypeAlias

from rearm.intake.build.lab_values import find_test, unit_steps
from rearm.intake.dictionary import nearest
from rearm.intake.regimen.read import RegimenParser, RegimenReading
from rearm.intake.values import not_done
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.catalogue import Catalogue
from rearm.knowledge.lab_tests import LabTests, TestDef
from rearm.knowledge.lexicon import Agent, Lexicon, Product
from rearm.knowledge.option_names import options_named
from rearm.knowledge.tidy_tables import TidyTables
from rearm.record import Lab

__all__ = ["Terms"]

_WORD = re.compile(r"[^\W_]+")
_Names: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


class Terms:
    """Look-ups in one bundle of knowledge. `definitions` are the centre's own regimen names."""

    def __init__(
        self, knowledge: Knowledge, definitions: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.lab_tests: LabTests = knowledge.lab_tests
        self.lexicon: Lexicon = knowledge.lexicon
        self.tidy: TidyTables = knowledge.tidy_tables
        self.catalogue: Catalogue = knowledge.catalogue
        self.agent: Callable[[str], Agent | None] = cache(self.lexicon.find_agent)
        self.product: Callable[[str], Product | None] = cache(self.lexicon.find_product)
        self.agents: Callable[[str], _Names] = cache(self._agents)
        self.agent_class: Callable[[str], str | None] = cache(self.lexicon.find_class)
        self.slips: Callable[[str], tuple[str, ...]] = cache(self.lexicon.slips)
        self._parser = RegimenParser(self.lexicon, definitions)
        self.regimen: Callable[[str], RegimenReading] = cache(self._regimen)
        self.test: Callable[[str, str | None, str | None], TestDef | None] = cache(
            partial(find_test, self.lab_tests)
        )
        self.options_named: Callable[[str], tuple[str, ...]] = cache(
            partial(options_named, knowledge)
        )
        self.unit_steps: Callable[[str], tuple[int, ...]] = cache(
            partial(unit_steps, self.lab_tests)
        )

    def _regimen(self, text: str) -> RegimenReading:
        """The reading of a regimen text; an accent is one with its letter there."""
        return self._parser.read(unicodedata.normalize("NFC", text))

    def nearest_names(self, name: str, among: Iterable[str]) -> str:
        """The listed names that a name may be a slip of, else those most like it."""
        return ", ".join(self.slips(name)) or nearest(name, among)

    def meant_by(self, pieces: Iterable[str]) -> str:
        """` Did you mean ...?` where pieces of a text differ from a listed name by a letter or two,
        else nothing.
        """
        words = dict.fromkeys(w for piece in pieces for w in (piece, *_WORD.findall(piece)))
        names = dict.fromkeys(name for word in words for name in self.slips(word))
        return f" Did you mean {' or '.join([*names][:3])}?" if names else ""

    def _agents(self, stated: str) -> _Names:
        """The agents that a text joined by `;` states, by id, the names that can't be read, and
        those of drugs that treat no myeloma. A CAR-T product is none: it is read as an infusion.
        """
        agents: list[str] = []
        unread: list[str] = []
        support: list[str] = []
        for name in (part.strip() for part in stated.split(";")):
            if not name or not_done(name):
                continue
            if (agent := self.agent(name)) is not None:
                agents.append(agent.id)
            elif self.lexicon.is_other_medication(name):
                support.append(name)
            elif self.product(name) is None:
                unread.append(name)
        return tuple(dict.fromkeys(agents)), tuple(unread), tuple(support)

    def test_name(self, lab: Lab) -> str:
        """The name of a result's test for a sentence."""
        test = self.lab_tests.get(lab.test)
        return lab.test if test is None else test.name

    def test_names(self) -> dict[str, str]:
        """What each test is called in a sentence, by its id."""
        return {name: test.name for name, test in self.lab_tests.items()}
