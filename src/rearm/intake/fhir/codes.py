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

from rearm.intake.fhir.element import Element
from rearm.knowledge.bundle import bundled
from rearm.knowledge.fhir_codes import FhirCodes
from rearm.knowledge.lab_tests import TestDef, by_loinc, check_loinc, load_tests

__all__ = ["Code", "codes_of", "contradicts", "load_codes", "shown_code", "test_of"]


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
    plain = text.encode("unicode_escape").decode() if not text.isprintable() else text
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


def test_of(concept: Element) -> TestFound:
    """The test that the codings name, with what speaks against it. Nothing is found by a display or
    a text.
    """
    found = TestFound()
    tests: dict[str, TestDef] = {}
    texts: list[str] = [t for t in (concept.text("text"),) if t]
    for code in codes_of(concept):
        if code.system == "loinc":
            if not check_loinc(code.code):
                found.issues.append(
                    (
                        "loinc_check_digit",
                        (
                            f"{_short(code.code)!r} is not a LOINC code: its check digit is wrong."
                            " It is not read by its name."
                        ),
                    )
                )
                continue
            found.not_read = found.not_read or code.code in _not_read()
        test = _test(code)
        if test is not None:
            tests[test.id] = test
            if code.display is not None and (why := contradicts(code.display, test)):
                found.contradiction = (
                    f"The code {code.code} is {test.name}, but its display {_short(code.display)!r}"
                    f" {why}."
                )
    if len(tests) > 1:
        names = " and ".join(t.name for t in tests.values())
        found.contradiction = f"The codes name different tests ({names})."
    found.test = next(iter(tests.values()), None)
    for text in texts:
        if (
            found.test is not None
            and found.contradiction is None
            and (why := contradicts(text, found.test))
        ):
            found.contradiction = (
                f"The code is {found.test.name}, but the text {_short(text)!r} {why}."
            )
    return found


test_of.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


def _test(code: Code) -> TestDef | None:
    if code.system == "loinc":
        return by_loinc().get(code.code)
    if code.system == "test":
        return load_tests().get(code.code)
    test_id = load_codes().tests.get((code.system, code.code))
    return None if test_id is None else load_tests()[test_id]


@cache
def _not_read() -> frozenset[str]:
    return frozenset(c.code for t in load_tests().values() for c in t.loinc if c.role == "not_read")


def contradicts(display: str, test: TestDef) -> str | None:
    """Why a display can't be one of `test`; None where nothing in it speaks against it. Local names
    that say less are no contradiction.
    """
    return _contradicts(display, test.id)


@lru_cache(maxsize=4096)
def _contradicts(display: str, test_id: str) -> str | None:
    words = frozenset(_words(display))
    if (named := _displays().get(words)) is not None:
        return None if named == test_id else f"is the name of {load_tests()[named].name}"
    own = _own_words(test_id)
    for row in load_codes().excluding:
        said, meant = {row[w] for w in words if w in row}, {row[w] for w in own if w in row}
        if "plasma" in row and words >= {"plasma", "cells"}:
            said.discard("blood")  # plasma cells are no blood plasma
        if said and meant and not said & meant:
            return f"says {' and '.join(sorted(said))}"
    if not words & (own - load_codes().unspecific):
        for word in sorted(words):
            if (other := _specific_words().get(word)) is not None:
                return f"is a name of {other}"
    return None


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"[a-zµ0-9]+", text.casefold())


@cache
def _displays() -> Mapping[frozenset[str], str]:
    """The test of each LOINC display, by its words."""
    return {
        frozenset(_words(c.display)): test.id for test in load_tests().values() for c in test.loinc
    }


@cache
def _own_words(test_id: str) -> frozenset[str]:
    test = load_tests()[test_id]
    texts = (test.id.replace("_", " "), test.name, *(c.display for c in test.loinc))
    return frozenset(w for t in texts for w in _words(t))


@cache
def _specific_words() -> Mapping[str, str]:
    """Words of what is measured (not of the specimen or the unit) that at most three tests have,
    with the name of one of them.
    """
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for test in load_tests().values():
        texts = (test.name, *(c.display.split("[")[0].split(" in ")[0] for c in test.loinc))
        for word in {
            w for t in texts for w in _words(t) if len(w) > 3 and w not in load_codes().unspecific
        }:
            counts[word] += 1
            names.setdefault(word, test.name)
    return {w: names[w] for w, n in counts.items() if n <= 3}
