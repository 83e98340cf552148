"""What a measurement or an observation is about: a test of the dictionary, something else that is
read, or neither; decided by codes, once for each concept and source value.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from rearm.intake.omop.translation import Translation
from rearm.intake.omop.vocabulary import Concept
from rearm.intake.values import shown
from rearm.knowledge.lab_tests import TestDef, check_loinc

__all__ = ["Fate", "ResultMeaning", "meaning_of"]

# unread: of the disease under a code or name that is not known; unknown: no test of the dictionary;
# unmapped: no concept, and the source value names no test; type: a type concept as the question
Fate = Literal[
    "test", "variant", "response", "fact", "unread", "unknown", "unmapped", "type", "contradiction"
]
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]")


class ResultMeaning(NamedTuple):
    """`test`: its id, or the text as given where it is of the disease and not known; `stated`: what
    the row of `labs` names it by. `why_not`: why it must not be used. `code` is that of the issue.
    """

    fate: Fate
    test: str | None = None
    stated: str | None = None
    code: str | None = None
    why_not: str | None = None


def meaning_of(
    t: Translation, concept_id: int | None, source_concept_id: int | None, source: str | None
) -> ResultMeaning:
    """What a row is about, by its concept, the concept of the source, and the source value."""
    vocabulary = t.vocabulary
    if vocabulary.is_type(concept_id):
        return ResultMeaning("type")
    concept = vocabulary.concept(concept_id)
    of_source = vocabulary.concept(source_concept_id)
    if concept_id in t.hints.responses:
        return ResultMeaning("response")
    if concept is not None and _is_variant(t, concept):
        return ResultMeaning("variant")
    coded = {
        test.id: (test, c)
        for c in (concept, of_source)
        if c is not None and (test := _test(t, c)) is not None
    }
    if (doubt := _doubt_of_code(t, concept, source)) is not None:
        return doubt
    by_value = t.knowledge.lab_tests.by_loinc.get(source or "")
    named = {*coded, *([by_value.id] if by_value is not None else [])}
    if len(named) > 1:
        return _contradiction(concept, source, sorted(named), t)
    if coded:
        ((test, by),) = coded.values()
        if by.known and (why := t.tests.contradicts(by.name, test)) is not None:
            reason = f"The code {by.code} is {test.name}, but its name in CONCEPT {why}."
            return ResultMeaning("contradiction", test.id, test.id, "code_contradiction", reason)
        return ResultMeaning("test", test.id, _stated(test, by.code))
    if by_value is not None:
        return ResultMeaning("test", by_value.id, _stated(by_value, source or ""))
    if concept is None and source is not None and (by_name := _by_name(t, source)) is not None:
        return by_name
    if t.spelled("facts", "finding", source) is not None:
        return ResultMeaning("fact")
    return _not_known(t, concept, of_source, source)


def _doubt_of_code(
    t: Translation, concept: Concept | None, source: str | None
) -> ResultMeaning | None:
    """Why the LOINC code of a concept and that of the source value can't both hold: the source is
    the concept's code with a wrong check digit, or of a test that the concept is none of.
    """
    if concept is None or concept.system != "loinc" or source is None or not concept.code:
        return None
    if _LOINC.fullmatch(source) is None or source == concept.code:
        return None
    test = _test(t, concept)
    if not check_loinc(source):
        if test is None or source.split("-")[0] != concept.code.split("-")[0]:
            return None
        reason = (
            f"The source value {shown(source)} is {concept.code} ({test.name}) with a wrong check "
            "digit, so it is unknown which test was meant."
        )
        return ResultMeaning("contradiction", test.id, test.id, "loinc_check_digit", reason)
    by_value = t.knowledge.lab_tests.by_loinc.get(source)
    if test is not None or by_value is None:
        return None
    reason = f"The source value {shown(source)} is {by_value.name}, but the concept is {concept}."
    return ResultMeaning("contradiction", by_value.id, by_value.id, "code_contradiction", reason)


def _is_variant(t: Translation, concept: Concept) -> bool:
    return concept.system == "omop_genomic" or (
        concept.system == "loinc" and concept.code == t.codes.loinc["variant"]
    )


def _test(t: Translation, concept: Concept) -> TestDef | None:
    """The test of a concept's code."""
    if concept.system == "loinc":
        return t.knowledge.lab_tests.by_loinc.get(concept.code)
    test_id = t.codes.tests.get((concept.system, concept.code))
    return None if test_id is None else t.knowledge.lab_tests.get(test_id)


def _stated(test: TestDef, code: str) -> str:
    """The test as its row names it: by its code where that is of one band among several."""
    of_band = (c.code for c in test.loinc if c.code == code and " band " in c.display)
    return next(of_band, test.id)


def _by_name(t: Translation, source: str) -> ResultMeaning | None:
    """The test that a source value names as tables do, where no concept says anything."""
    tests = t.knowledge.lab_tests.find(source)
    if len(tests) != 1:
        return None
    return ResultMeaning("test", tests[0].id, tests[0].id)


def _contradiction(
    concept: Concept | None, source: str | None, named: list[str], t: Translation
) -> ResultMeaning:
    names = " and ".join(t.knowledge.lab_tests[test].name for test in named)
    reason = (
        f"The concept {concept} and the source value {shown(source)} are different tests ({names})."
    )
    return ResultMeaning("contradiction", named[0], named[0], "code_contradiction", reason)


def _not_known(
    t: Translation, concept: Concept | None, of_source: Concept | None, source: str | None
) -> ResultMeaning:
    """What is no test: of the disease by its name, or of no interest here."""
    names = [c.name for c in (concept, of_source) if c is not None] + [source or ""]
    no_code = next(
        (n for n in names if _LOINC.fullmatch(n) is not None and not check_loinc(n)), None
    )
    words = t.codes.disease
    of_disease = next((n for n in names if any(w in n.casefold() for w in words)), None)
    if no_code is not None:
        reason = f"{shown(no_code)} is not a LOINC code because its check digit is wrong."
        return ResultMeaning("unread", None, of_disease or no_code, "loinc_check_digit", reason)
    if of_disease is not None:
        reason = f"{shown(of_disease)} has no known code."
        return ResultMeaning("unread", None, of_disease, "unknown_code", reason)
    return ResultMeaning("unmapped" if concept is None else "unknown")
