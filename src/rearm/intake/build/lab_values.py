"""What a cell of results says: its test, and its value in the test's canonical unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from rearm.intake.build.bands import bands_of
from rearm.intake.dictionary import near
from rearm.intake.imprecise import range_of, without_about
from rearm.intake.rows import CellProblem, DecimalMark, Value
from rearm.intake.values import Refused, shown, text
from rearm.interval import Interval, Undetected
from rearm.knowledge.lab_tests import BoundWord, LabTests, TestDef, name_key
from rearm.knowledge.lexicon import Lexicon
from rearm.units import (
    Number,
    NumberUnreadable,
    UnitRefusal,
    bound,
    check_range,
    factor,
    normal_unit,
    parse_number,
    scaled,
)

__all__ = ["LabValue", "find_test", "lab_value", "unit_steps", "unknown_test", "wrong_specimen"]

# A number with its unit in one cell: "90 %", "<0,1 g/dL". The number must end in a digit; a power
# (10^3) belongs to the unit.
_WITH_UNIT = re.compile(
    r"([<>=≤≥]*\s*[+-]?[0-9](?:[0-9.,]*[0-9])?)\s*([^0-9\s.,].*|10[\^*eE⁰-⁹].*)"
)
# Specimens that a name may stand for each other in; a row that states one of another group does not
# mean this test by an alias.
_FLUIDS = {"serum": "blood", "blood": "blood", "urine": "urine", "urine_24h": "urine"}
_SPECIMENS = (*_FLUIDS, "marrow", "csf", "lesion_biopsy")
# Units of one test lie such factors apart (g/dL and g/L, fraction and percent, mg and g); a step by
# one of them may be a slip of the unit.
_STEPS = (10, 100, 1000)
# Lower and upper limit of a laboratory's range of normal.
Reference = tuple[float | None, float | None]
_OF_UNIT = frozenset({"unit_missing", "unit_not_allowed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LabValue:
    """A number or a word (`isotype`: the bands that it names); or the problem that stands against
    it. `unusual` is a sentence for a number that is used and should be checked; `about`: it is
    stated as approximate; `of_unit`: the problem is the unit's.
    """

    quantity: Interval | None = None
    word: str | None = None
    isotype: tuple[str, ...] = ()
    unusual: str | None = None
    about: bool = False
    problem: CellProblem | None = None
    of_unit: bool = False


def find_test(
    tests: LabTests, given: str, unit: str | None, specimen: str | None
) -> TestDef | None:
    """The test that a text names: its id, its display name, its LOINC code or a listed alias; never
    by likeness.

    Where a name stands for two tests the specimen decides; without one there is no answer.
    """
    named = _of_specimen(tests, given, specimen)
    return tests.definition(named[0].id, unit) if len(named) == 1 else None


def _of_specimen(tests: LabTests, given: str, specimen: str | None) -> list[TestDef]:
    """An id or a code says what was examined; an alias (`M-Protein`) is of this test only where the
    stated specimen is the test's.
    """
    key = name_key(given)
    return [
        t
        for t in tests.find(given)
        if specimen is None or _measured_in(t, specimen) or key not in map(name_key, t.aliases)
    ]


def _measured_in(test: TestDef, specimen: str) -> bool:
    """Whether the test may be done in it; what is of no material (an image, a score) in any."""
    if test.specimen is None and not test.also_in:
        return True
    same_group = test.specimen is not None and _group(test.specimen) == _group(specimen)
    return same_group or specimen in test.also_in


def wrong_specimen(test: TestDef, specimen: str | None) -> str | None:
    """Why a result in this specimen is none of the test; None where it may be one. Of material that
    is no listed specimen that is not known.
    """
    if specimen not in _SPECIMENS or _measured_in(test, specimen):
        return None
    where = " or ".join(x.replace("_", " ") for x in (test.specimen, *test.also_in) if x)
    return (
        f"{test.name} is entered for the specimen {specimen.replace('_', ' ')}, but this test "
        f"is measured in {where}. It is not used. Correct the specimen or the test."
    )


def _group(specimen: str) -> str:
    return _FLUIDS.get(specimen, specimen)


def unknown_test(tests: LabTests, given: str, specimen: str | None) -> str:
    """Why a text names no test, with the nearest names."""
    if not given:
        return "The row has no test."
    named = tests.find(given)
    if len(named) > 1 and specimen is None:
        return f"{shown(given)} is {' or '.join(t.name for t in named)}. Enter the specimen."
    if named:
        return (
            f"{shown(given)} in {specimen} is not a test in the dictionary ({named[0].name} is "
            "not measured there). Enter the test by its id."
        )
    if len(with_it := _having_the_word(tests, given, specimen)) > 1:
        names = ", ".join(f"{t.id} ({t.name})" for t in with_it)
        return f"{shown(given)} may be any of several tests. Enter the one that was done: {names}."
    close = near(given, (n for t in tests.values() for n in (t.id, t.name, *t.aliases)))
    hint = (
        f"the nearest are {close}" if close else "docs/dictionary/tests.md lists the accepted names"
    )
    return f"{shown(given)} is not a test in the dictionary; {hint}."


def _having_the_word(tests: LabTests, given: str, specimen: str | None) -> list[TestDef]:
    """The tests of this specimen whose id has the text as a word of its own."""
    word = name_key(given).replace(" ", "_")
    return [
        t for t in tests.values() if word in t.id.split("_") and wrong_specimen(t, specimen) is None
    ]


def lab_value(
    test: TestDef,
    value: Value,
    unit: str | None,
    decimal: DecimalMark | None,
    lexicon: Lexicon,
    *,
    reference: Reference = (None, None),
) -> LabValue:
    """What a cell says of a test, in the test's canonical unit. `reference`: the laboratory's range
    of normal, in the unit of the value.
    """
    try:
        word = test.bound_word(value) if isinstance(value, str) else None
        if isinstance(value, str) and word is not None and test.word(value) is None:
            return LabValue(quantity=_bounded(test, value, word, unit, reference))
        return _read(test, value, unit, decimal, lexicon)
    except (UnitRefusal, Refused) as refusal:
        problem = CellProblem("error", refusal.code, str(refusal))
        return LabValue(problem=problem, of_unit=refusal.code in _OF_UNIT)


def _read(
    test: TestDef, value: Value, unit: str | None, decimal: DecimalMark | None, lexicon: Lexicon
) -> LabValue:
    if isinstance(value, str) or test.kind == "word":
        word = test.word(text(value))
        if word is not None:
            return LabValue(word=word)
    if test.words_list == "immunofixation" and (read := bands_of(test, text(value))) is not None:
        return LabValue(word=read[0], isotype=read[1])
    if test.kind == "word":
        allowed = ", ".join(dict.fromkeys(test.words.values()))
        raise Refused(
            "unknown_word", f"{test.name} is entered as {shown(value)}; allowed: {allowed}."
        )
    if not isinstance(value, str | int | float):
        raise Refused(
            "value_unreadable", f"{test.name} is entered as {shown(value)}, which is not a number."
        )
    if isinstance(value, str):
        value, about = without_about(value)
        if about:
            return replace(_read(test, value, unit, decimal, lexicon), about=True)
        if (between := range_of(value)) is not None:
            return _between(test, value, between, unit, decimal)
    if isinstance(value, str) and (parts := _WITH_UNIT.fullmatch(value.strip())) is not None:
        value, unit = _apart(test, value, parts, unit)
    try:
        number = parse_number(value, decimal=decimal)
    except NumberUnreadable:
        if isinstance(value, str) and lexicon.find_agent(value) is not None:
            raise Refused(
                "drug_for_number",
                f"{test.name} is entered as {shown(value)}, which is a drug, not a value.",
            ) from None
        raise
    times = factor(unit, test.units, test_name=test.name, allowed=test.allowed)
    limits = bound(number, times, lowest=min(0.0, test.hard[0]))
    nearest_limit = limits.low if limits.high == float("inf") else limits.high
    unusual = check_range(
        nearest_limit, hard=test.hard, soft=test.soft, test_name=test.name, unit=test.unit
    )
    # a detection limit is no measurement to wonder about
    return LabValue(quantity=limits, unusual=None if number.comparator else unusual)


def _between(
    test: TestDef,
    value: str,
    between: tuple[str, str, str | None],
    unit: str | None,
    decimal: DecimalMark | None,
) -> LabValue:
    """A range as the interval of its ends. Raises Refused where they stand the wrong way round."""
    low, high = (parse_number(end, decimal=decimal).value for end in between[:2])
    unit = _one_unit(test, unit, between[2])
    times = factor(unit, test.units, test_name=test.name, allowed=test.allowed)
    if low > high:
        raise Refused(
            "value_unreadable",
            f"{test.name} is entered as {shown(value)}, a range with the larger number first. "
            "Enter one number, or the range from low to high.",
        )
    ends = scaled(Number(low), times), scaled(Number(high), times)
    for end in ends:
        check_range(end, hard=test.hard, soft=test.soft, test_name=test.name, unit=test.unit)
    return LabValue(quantity=Interval(*ends))


def _bounded(
    test: TestDef, value: str, word: BoundWord, unit: str | None, reference: Reference
) -> Interval:
    """What a word in place of a number bounds. Raises Refused where nothing says what it bounds."""
    lowest = test.hard[0]
    if word in ("not_detected", "detected"):
        return _around_detection(test, value, word)
    low, high = _range_of_normal(test, unit, reference)
    if word == "normal" and (low is not None or high is not None):
        return Interval(lowest if low is None else low, math.inf if high is None else high)
    if word == "low" and low is not None:
        return Interval(lowest, low, high_open=True)
    if word == "high" and high is not None:
        return Interval(high, math.inf, low_open=True)
    raise Refused(
        "word_without_limit",
        f"{test.name} is entered as {shown(value)} without a reference range to give it a "
        "value. Enter the number, or the laboratory's range (ref_low, ref_high).",
    )


def _around_detection(test: TestDef, value: str, word: BoundWord) -> Interval:
    limit = test.undetected_below
    if word == "not_detected" and limit is not None:
        return Undetected(0.0, limit, high_open=True)
    if word == "detected" and (limit is not None or "not_detected" in test.words.values()):
        return Interval(0.0, math.inf, low_open=True)
    raise Refused(
        "word_without_limit",
        f"{test.name} is entered as {shown(value)} without a limit of detection. Enter the "
        "number, or the limit of detection with its unit (<0.1).",
    )


def _range_of_normal(
    test: TestDef, unit: str | None, reference: Reference
) -> tuple[float | None, float | None]:
    """The laboratory's range in the canonical unit, else the one of the test."""
    if reference != (None, None):
        times = factor(unit, test.units, test_name=test.name, allowed=test.allowed)
        low, high = reference
        return None if low is None else low * times, None if high is None else high * times
    return test.normal or (None, None)


def _apart(
    test: TestDef, value: str, parts: re.Match[str], unit: str | None
) -> tuple[str, str | None]:
    """Number and unit that stand in one cell, where what stands behind the number is a unit."""
    if normal_unit(parts[2]) not in test.units:
        return value, unit
    return parts[1], _one_unit(test, unit, parts[2])


def _one_unit(test: TestDef, stated: str | None, beside: str | None) -> str | None:
    """The unit of the column and that beside the number. Raises Refused where they differ."""
    if stated is None or beside is None:
        return beside if stated is None else stated
    if normal_unit(stated) != normal_unit(beside):
        raise Refused(
            "unit_contradiction",
            f"{test.name} has the unit {shown(beside)} next to the number but {shown(stated)} "
            "in the unit column. It is not used.",
        )
    return beside


def unit_steps(tests: LabTests, test_id: str) -> tuple[int, ...]:
    """The factors of `_STEPS` by which two units of a test differ."""
    test = tests.get(test_id)
    factors = () if test is None else tuple(test.units.values())
    return tuple(
        step
        for step in _STEPS
        if any(abs(a - step * b) < 1e-9 * a for a in factors for b in factors)
    )
