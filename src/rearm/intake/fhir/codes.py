"""Codes of FHIR resources and what they stand for; from `knowledge/data/fhir_codes.toml` and the
dictionary of tests.

A code counts only with its system. A display is used for one thing only: where it contradicts the
code, neither is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache

from rearm.characters import printable
from rearm.intake.fhir.element import Element
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.fhir_codes import FhirCodes
from rearm.knowledge.lab_tests import LabTests, TestDef, check_loinc
from rearm.units import normal_unit

__all__ = ["Code", "TestCodes", "codes_of", "load_codes", "shown_code", "test_codes"]


@dataclass(frozen=True, slots=True)
class Code:
    """One coding; `system` is the short name of a known system (`loinc`), else the address as
    given.
    """

    system: str
    code: str
    display: str | None = None


def load_codes() -> FhirCodes:
    """The bundled codes."""
    return bundled().fhir_codes


def codes_of(concept: Element) -> list[Code]:
    """The codings of a CodeableConcept that have a system and a code."""
    if "coding" not in concept.data:
        return []
    found = []
    systems = load_codes().systems
    for coding in concept.children("coding"):
        system, code = coding.text("system"), coding.text("code")
        if system is not None and code is not None:
            found.append(
                Code(
                    systems.get(system) or systems.get(system.rstrip("/"), system),
                    code,
                    coding.text("display"),
                )
            )
    return found


def shown_code(concept: Element) -> str:
    """A CodeableConcept for a sentence: its first coding, or its text."""
    for coding in concept.children("coding"):
        system, code, display = (
            coding.text("system") or "no system",
            coding.text("code") or "no code",
            coding.text("display"),
        )
        known = load_codes().systems.get(system.rstrip("/"), system)
        return _short(f"{known} {code}") + (f" ({_short(display)})" if display else "")
    text = concept.text("text")
    return f"the text {_short(text)!r}" if text else "no code"


def _short(text: str, longest: int = 60) -> str:
    plain = printable(text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


@dataclass(slots=True)
class TestFound:
    """What the codings of an Observation say: the test, and the issues (code, sentence) and the
    contradiction that stand against it.
    """

    __test__ = False

    test: TestDef | None = None
    issues: list[tuple[str, str]] = field(default_factory=list)
    contradiction: str | None = None
    not_read: bool = False


class TestCodes:
    """The tests of one dictionary by the codes of Observations. Nothing is found by a display or a
    text.
    """

    __test__ = False  # not a test of pytest

    def __init__(self, tests: LabTests) -> None:
        self.tests = tests
        self._not_read = {c.code for t in tests.values() for c in t.loinc if c.role == "not_read"}
        # the test of each LOINC display, by its words
        self._displays = {
            frozenset(_words(c.display)): t.id for t in tests.values() for c in t.loinc
        }
        self._specific = _specific_words(tests)
        self._own_words = cache(self._words_of)
        self._contradicts = cache(self._contradiction)

    def find(self, concept: Element) -> TestFound:
        """The test that the codings name, with what speaks against it."""
        found = TestFound()
        named: dict[str, TestDef] = {}
        for code in codes_of(concept):
            self._add(code, found, named)
        if len(named) > 1:
            names = " and ".join(t.name for t in named.values())
            found.contradiction = f"The codes refer to different tests ({names})."
        found.test = next(iter(named.values()), None)
        text = concept.text("text")
        test = found.test
        if text and test is not None and found.contradiction is None:
            why = self.contradicts(text, test)
            if why is not None:
                found.contradiction = (
                    f"The code is {test.name}, but the text {_short(text)!r} {why}."
                )
        return found

    def _add(self, code: Code, found: TestFound, named: dict[str, TestDef]) -> None:
        """One coding: its test, and what is wrong with it."""
        if code.system == "loinc" and not check_loinc(code.code):
            sentence = (
                f"{_short(code.code)!r} is not a LOINC code because its check digit is wrong. "
                "Its name is not used instead."
            )
            found.issues.append(("loinc_check_digit", sentence))
            return
        if code.system == "loinc" and code.code in self._not_read:
            found.not_read = True
        test = self._test(code)
        if test is None:
            return
        named[test.id] = test
        if code.display is not None and (why := self.contradicts(code.display, test)):
            found.contradiction = (
                f"The code {code.code} is {test.name}, but its display {_short(code.display)!r}"
                f" {why}."
            )

    def _test(self, code: Code) -> TestDef | None:
        if code.system == "loinc":
            return self.tests.by_loinc.get(code.code)
        if code.system == "test":
            return self.tests.get(code.code)
        test_id = load_codes().tests.get((code.system, code.code))
        return None if test_id is None else self.tests.get(test_id)

    def is_unit(self, text: str) -> bool:
        """Whether a text is a unit of some test: then it is no free text that explains a code."""
        return any(normal_unit(text) in test.units for test in self.tests.values())

    def contradicts(self, display: str, test: TestDef) -> str | None:
        """Why a display can't be one of `test`; None where nothing in it speaks against it. Local
        names that say less are no contradiction.
        """
        return self._contradicts(display, test.id)

    def _contradiction(self, display: str, test_id: str) -> str | None:
        words = frozenset(_words(display))
        if (named := self._displays.get(words)) is not None:
            return None if named == test_id else f"is the name of {self.tests[named].name}"
        own = self._own_words(test_id)
        for row in load_codes().excluding:
            if (said := _said_beside(words, own, row)) is not None:
                return f"says {said}"
        if words & (own - load_codes().unspecific):
            return None
        others = (self._specific.get(word) for word in sorted(words))
        return next((f"is a name of {other}" for other in others if other is not None), None)

    def _words_of(self, test_id: str) -> frozenset[str]:
        test = self.tests[test_id]
        texts = (test.id.replace("_", " "), test.name, *(c.display for c in test.loinc))
        return frozenset(w for t in texts for w in _words(t))


@lru_cache(maxsize=4)
def test_codes(knowledge: Knowledge) -> TestCodes:
    """The codes of the tests of one bundle of knowledge, brought together once."""
    return TestCodes(knowledge.lab_tests)


test_codes.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


def _said_beside(words: frozenset[str], own: frozenset[str], row: Mapping[str, str]) -> str | None:
    """What a display says of a property (`row`: its words) that is another than the test's."""
    said, meant = {row[w] for w in words if w in row}, {row[w] for w in own if w in row}
    if "plasma" in row and words >= {"plasma", "cells"}:
        said.discard("blood")  # plasma cells are no blood plasma
    return " and ".join(sorted(said)) if said and meant and not said & meant else None


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"[a-zµ0-9]+", text.casefold())


def _specific_words(tests: LabTests) -> Mapping[str, str]:
    """Words of what is measured (not of the specimen or the unit) that at most three tests have,
    with the name of one of them.
    """
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    unspecific = load_codes().unspecific
    for test in tests.values():
        texts = (test.name, *(c.display.split("[")[0].split(" in ")[0] for c in test.loinc))
        for word in {w for t in texts for w in _words(t) if len(w) > 3 and w not in unspecific}:
            counts[word] += 1
            names.setdefault(word, test.name)
    return {w: names[w] for w, n in counts.items() if n <= 3}
