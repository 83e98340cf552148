"""What one header names by itself: a test with its unit, a genomic change, a drug."""

from __future__ import annotations

import re

from rearm.intake.days import parse_moment
from rearm.intake.mapping.draft.headers import TESTS
from rearm.intake.values import Refused
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = [
    "is_drug", "named_test", "named_test_and_unit", "test_at", "variant_of", "without_unit",
]  # fmt: skip

# Cytogenetics as headers: a translocation as it is written, or a change of a chromosome's arm
# (del17p, del(17p13), gain 1q21, 1q21+).
_TRANSLOCATION = re.compile(r"t ?\([0-9XY]{1,2} ?; ?[0-9XY]{1,2}\)", re.IGNORECASE)
_ARM = re.compile(
    r"(?P<kind>del|gain|amp)["
    r" _]?\(?(?P<locus>[0-9]{1,2}[pq][0-9.]*)\)?|(?P<up>[0-9]{1,2}[pq][0-9.]*)\+",
    re.IGNORECASE,
)
_KINDS = {"del": "deletion", "gain": "gain", "amp": "amplification"}
# BCMA is in the serum or on the cells: only the unit tells
_BY_UNIT = {"bcma": "soluble_bcma"}
_UNIT = re.compile(r"[\[(]\s*(.+?)\s*[\])]\s*")


def is_drug(name: str) -> bool:
    """Whether the name is that of an agent or of a class of agents."""
    lexicon = bundled().lexicon
    return lexicon.find_agent(name) is not None or lexicon.find_class(name) is not None


def without_unit(name: str) -> tuple[str, str | None]:
    """A header without the unit in its brackets, and the unit; None where there is none."""
    match = _UNIT.search(name)
    return (
        (name, None)
        if match is None
        else ((name[: match.start()] + name[match.end() :]).strip(), match[1])
    )


def variant_of(name: str) -> tuple[str, str] | None:
    """Locus and kind of the genomic change that a header names; None where it names none."""
    if _TRANSLOCATION.fullmatch(name):
        return name.replace(" ", "").lower(), "translocation"
    if (match := _ARM.fullmatch(name)) is None:
        return None
    return (
        (match["up"].lower(), "gain")
        if match["up"]
        else (match["locus"].lower(), _KINDS[match["kind"].lower()])
    )


def named_test_and_unit(name: str) -> tuple[TestDef, str | None] | None:
    """The test that a header names, and its unit: in brackets, or in plain text after the name
    (`FLC kappa mg/l`).
    """
    bare, unit = without_unit(name)
    if (test := named_test(name)) is not None:  # a name may itself hold brackets: kappa (frei)
        return test, None
    if (test := named_test(bare) or _by_unit(bare, unit)) is not None:
        return test, unit
    words = name.split()
    for place in range(1, len(words)):
        called, unit = " ".join(words[:place]), " ".join(words[place:])
        test = named_test(called) or _by_unit(called, unit)
        if test is not None and normal_unit(unit) in test.units:
            return test, unit
    return None


def _by_unit(name: str, unit: str | None) -> TestDef | None:
    """The test of a name that several tests share, where the unit is of one alone."""
    if unit is None or (wanted := _BY_UNIT.get(folded(name))) is None:
        return None
    test = load_tests()[wanted]
    return test if normal_unit(unit) in test.units else None


def test_at(name: str) -> tuple[TestDef, str | None, str] | None:
    """The test of a header that says when it was done (`ECOG vor CAR-T`), its unit, and the word
    for the day.
    """
    bare, unit = without_unit(name)
    words = bare.split()
    for place in range(len(words) - 1, 0, -1):
        test = named_test(" ".join(words[:place]))
        when = _anchor(" ".join(words[place:]))
        if test is not None and when is not None:
            return test, unit, when
    return None


def _anchor(words: str) -> str | None:
    """The word for a time that is no number of a day."""
    try:
        moment = parse_moment(re.sub(r"(?i)^(?:bei|at|zu|zum)\s+", "", words))
    except Refused:
        return None
    return None if moment.anchor is None else moment.anchor.replace("_", " ")


def named_test(name: str) -> TestDef | None:
    """The one test of a name; a name of two tests, told apart only by the specimen, is left to the
    person.
    """
    if (wanted := folded(name)) in TESTS:
        return load_tests()[TESTS[wanted]]
    found = load_tests().find(name)
    return found[0] if len(found) == 1 else None
