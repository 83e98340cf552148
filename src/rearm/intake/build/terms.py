"""The words of the knowledge that one input is read with; each text is looked up once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TypeAlias

from rearm.intake.build.lab_values import find_test, unit_steps
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
        self.regimen: Callable[[str], RegimenReading] = cache(
            RegimenParser(self.lexicon, definitions).read
        )
        self.test: Callable[[str, str | None, str | None], TestDef | None] = cache(
            partial(find_test, self.lab_tests)
        )
        self.options_named: Callable[[str], tuple[str, ...]] = cache(
            partial(options_named, knowledge)
        )
        self.unit_steps: Callable[[str], tuple[int, ...]] = cache(
            partial(unit_steps, self.lab_tests)
        )

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
