"""The dictionary of tests: names, units and words of laboratory results, and what is plausible.

Read from `data/tests.toml` (written by hand) and `data/units.toml` (factors, compiled from it).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, cast, get_args

from rearm.knowledge._build import KnowledgeError, build
from rearm.units import normal_unit

__all__ = [
    "BoundWord",
    "LabTests",
    "LoincCode",
    "LoincRole",
    "TestDef",
    "check_loinc",
    "load_tests",
    "name_key",
    "read_tests",
    "spellings_of",
]

BoundWord = Literal["not_detected", "detected", "normal", "low", "high"]
LoincRole = Literal["preferred", "alternate", "not_read"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LoincCode:
    """A LOINC code with its display.

    `not_read`: the code is known to belong here but holds no value of the test (a panel, a
    narrative).
    """

    code: str
    display: str
    role: LoincRole


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDef:
    """One test. A `number` test may have words besides (`not_detected`); a `word` test has no unit.

    `aliases` are further names that tables use for it. `units` maps spellings, as
    `units.normal_unit` writes them, to the factor to the canonical `unit`; `allowed` are the units
    to show. `specimen` is what it is measured in, `also_in` are other materials that may hold it;
    without both it is of no material. `elsewhere` maps spellings of units that belong to another
    test to that test's id.
    Outside `hard` (canonical unit) a value is refused, outside `soft` it is used with an issue.
    `bounds` are spellings of words in place of a number: a result that is not detected lies below
    `undetected_below`, a normal one within `normal` (canonical unit), where these are known.
    """

    __test__: ClassVar[bool] = False  # not a test of pytest

    id: str
    name: str
    aliases: tuple[str, ...]
    group: str
    kind: Literal["number", "word"]
    unit: str | None
    units: Mapping[str, float]
    allowed: tuple[str, ...]
    words: Mapping[str, str]
    words_list: str | None  # the name of the list
    loinc: tuple[LoincCode, ...]
    hard: tuple[float, float]
    soft: tuple[float, float]
    specimen: str | None
    note: str | None
    elsewhere: Mapping[str, str]
    also_in: tuple[str, ...] = ()
    undetected_below: float | None = None
    normal: tuple[float, float] | None = None
    bounds: Mapping[str, BoundWord] = field(default_factory=dict)

    def bound_word(self, text: str) -> BoundWord | None:
        """What a word in place of a number bounds (`undetectable`, `normal`, `erhöht`); None for
        any other text.
        """
        return self.bounds.get(_folded(text))

    def word(self, text: str) -> str | None:
        """The canonical word that `text` spells, or None where it spells none of this test."""
        return self.words.get(_folded(text))


class LabTests(Mapping[str, TestDef]):
    """The tests of one bundle by id, in the order of the dictionary; look-ups are built once."""

    def __init__(self, tests: Mapping[str, TestDef]) -> None:
        self._tests = dict(tests)

    def __getitem__(self, test_id: str) -> TestDef:
        return self._tests[test_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tests)

    def __len__(self) -> int:
        return len(self._tests)

    def __contains__(self, test_id: object) -> bool:
        return test_id in self._tests

    def get(self, test_id: str, default: None = None) -> TestDef | None:  # type: ignore[override]
        """As of a dict; here because tests are looked up for every row of a record."""
        return self._tests.get(test_id)

    def definition(self, test_id: str, unit: str | None) -> TestDef | None:
        """The definition that a result of `test_id` in `unit` is read with; None for an unknown id.

        Mostly the test of that id. A unit that belongs to a sister test leads there: CAR-T cells by
        flow in cells per microlitre are `car_t_cells_absolute`, not a percentage of T cells.
        """
        test = self._tests.get(test_id)
        if test is None or not test.elsewhere:
            return test
        return self._tests[test.elsewhere.get(normal_unit(unit or ""), test_id)]

    @cached_property
    def by_loinc(self) -> Mapping[str, TestDef]:
        """The test of each LOINC code that is read (roles preferred and alternate)."""
        return {c.code: t for t in self._tests.values() for c in t.loinc if c.role != "not_read"}

    def find(self, given: str) -> tuple[TestDef, ...]:
        """The tests that a text names by LOINC code, id, name or alias.

        Exactly but for case, spaces, hyphens and underscores. Empty where it names none; several
        where only the specimen tells them apart (immunofixation of serum or of urine).
        """
        if coded := self.by_loinc.get(given.strip()):
            return (coded,)
        return tuple(self._tests[test_id] for test_id in self.by_name.get(name_key(given), ()))

    @cached_property
    def by_group(self) -> Mapping[str, frozenset[str]]:
        """The ids of the tests of each group."""
        groups = {test.group for test in self._tests.values()}
        return {g: frozenset(i for i, t in self._tests.items() if t.group == g) for g in groups}

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """Test ids by every id, name and alias, as `name_key` folds them."""
        return _names(self._tests)


def read_tests(tests: Mapping[str, Any], compiled: Mapping[str, Any]) -> LabTests:
    """The dictionary from its two parsed files, `tests.toml` and `units.toml`.

    Raises KnowledgeError with a sentence that names the test.
    """
    factors = compiled.get("factors", {})
    by_id = {
        test_id: _test(test_id, entry, tests, factors.get(test_id, {}))
        for test_id, entry in tests["test"].items()
    }
    seen: dict[str, str] = {}
    for test in by_id.values():
        for code in test.loinc:
            if code.code in seen:
                raise KnowledgeError(
                    [
                        f"LOINC {code.code} is listed under {seen[code.code]} and under "
                        f"{test.id}. A code may belong to only one test."
                    ]
                )
            seen[code.code] = test.id
        for unit, other in test.elsewhere.items():
            if other not in by_id or unit not in by_id[other].units:
                raise KnowledgeError(
                    [f"{test.id} sends the unit {unit} to {other}, which does not accept it."]
                )
    lab_tests = LabTests(by_id)
    for name, ids in lab_tests.by_name.items():
        specimens = {by_id[test_id].specimen for test_id in ids}
        if len(ids) > 1 and (len(specimens) < len(ids) or None in specimens):
            raise KnowledgeError(
                [
                    f"{name} names {', '.join(ids)}; a name may belong to two tests only if "
                    "their specimens differ."
                ]
            )
    return lab_tests


def load_tests() -> LabTests:
    """The bundled tests."""
    from rearm.knowledge.bundle import bundled

    return bundled().lab_tests


@lru_cache(maxsize=8192)
def name_key(name: str) -> str:
    """A name as names are compared.

    Without regard to case, runs of spaces, hyphens and underscores; composed characters (a typed
    umlaut) count as one.
    """
    return (
        re.sub(r"[\s_\-\u2010\u2011]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()
    )


def _names(tests: Mapping[str, TestDef]) -> dict[str, tuple[str, ...]]:
    """Test ids by name key. An id or a display name goes before an alias of another test."""
    own = {name_key(name): (test.id,) for test in tests.values() for name in (test.id, test.name)}
    further: dict[str, tuple[str, ...]] = {}
    for test in tests.values():
        for key in dict.fromkeys(map(name_key, test.aliases)):
            if own.get(key, (test.id,)) != (test.id,):
                raise KnowledgeError(
                    [f"The alias {key} of {test.id} is the name of {own[key][0]}."]
                )
            further[key] = (*further.get(key, ()), test.id)
    return further | own


def check_loinc(code: str) -> bool:
    """Whether `code` has the form and the check digit of a LOINC code.

    The check digit is that of the LOINC Users' Guide, modulo 10.
    """
    if re.fullmatch(r"[0-9]{1,7}-[0-9]", code, re.ASCII) is None:
        return False
    digits, check = code.split("-")
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return (10 - sum(d - 9 if d > 9 else d for d in doubled) % 10) % 10 == int(check)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TestRow:
    """A test as `tests.toml` writes it. `molar_mass` is for the script that compiles factors."""

    name: str
    group: str
    aliases: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    words: str | None = None
    undetected_below: float | None = None
    normal: tuple[float, ...] = ()
    hard: tuple[float, ...] = (0.0, 0.0)
    soft: tuple[float, ...] = (0.0, 0.0)
    specimen: str | None = None
    also_in: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    molar_mass: Any = None
    loinc: tuple[tuple[str, ...], ...] = ()
    note: str | None = None


def _test(
    test_id: str, row: Mapping[str, Any], tests: Mapping[str, Any], compiled: Mapping[str, float]
) -> TestDef:
    entry = build(_TestRow, row, f"tests.toml, test {test_id}")
    if not entry.units and entry.words is None:
        raise KnowledgeError([f"{test_id} has no units and no words. Give one of them."])
    factors = dict.fromkeys(entry.units[:1], 1.0) | dict(compiled)
    if set(entry.units) != set(factors):
        raise KnowledgeError(
            [
                f"The factors of {test_id} are not those of its units; run"
                " scripts/compile_units.py, or write them into units.toml under"
                f" [factors.{test_id}]."
            ]
        )
    hard, soft = _ranges(test_id, entry)
    if entry.words is not None and entry.words not in tests["words"]:
        raise KnowledgeError([f"{test_id} takes the words {entry.words}, which are not a list."])
    words = spellings_of(tests["words"], entry.words) if entry.words is not None else {}
    return TestDef(
        id=test_id,
        name=entry.name,
        aliases=entry.aliases,
        group=entry.group,
        kind="number" if entry.units else "word",
        unit=entry.units[0] if entry.units else None,
        units=MappingProxyType(
            _spellings(test_id, {unit: factors[unit] for unit in entry.units}, tests["unit"])
        ),
        allowed=entry.units,
        words=MappingProxyType(
            {_folded(s): word for word, spellings in words.items() for s in spellings}
        ),
        words_list=entry.words,
        loinc=tuple(_loinc(test_id, code) for code in entry.loinc),
        hard=hard,
        soft=soft,
        specimen=entry.specimen,
        also_in=entry.also_in,
        note=entry.note,
        elsewhere=MappingProxyType(_spellings(test_id, entry.elsewhere, tests["unit"])),
        undetected_below=entry.undetected_below,
        normal=_normal(test_id, entry),
        bounds=_bounds(tests) if entry.units else MappingProxyType({}),
    )


def spellings_of(lists: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    """The spellings of each word of a list; those of the list that it is like come first.

    Raises KnowledgeError where that is none, or is like another itself.
    """
    own = {word: tuple(spellings) for word, spellings in lists[name].items() if word != "like"}
    other = lists[name].get("like")
    if other is None:
        return own
    if other not in lists or "like" in lists[other]:
        raise KnowledgeError(
            [(f"tests.toml, words.{name}: {other} is not a list with words of its own.")]
        )
    return {
        word: tuple(dict.fromkeys((*lists[other].get(word, ()), *spellings)))
        for word, spellings in own.items()
    }


def _bounds(tests: Mapping[str, Any]) -> Mapping[str, BoundWord]:
    """Spellings of the words that stand for a bound."""
    spellings = tests["words"].get("bound", {})
    if unknown := set(spellings) - set(get_args(BoundWord)):
        raise KnowledgeError([f"tests.toml, words.bound: {', '.join(unknown)} has no bound."])
    return MappingProxyType(
        {_folded(s): cast(BoundWord, word) for word, own in spellings.items() for s in own}
    )


def _normal(test_id: str, entry: _TestRow) -> tuple[float, float] | None:
    if not entry.normal:
        return None
    if len(entry.normal) != 2 or entry.normal[0] >= entry.normal[1]:
        raise KnowledgeError([f"{test_id}: normal must be two numbers, [lowest, highest]."])
    return entry.normal[0], entry.normal[1]


def _spellings(test_id: str, by_label: Mapping[str, _T], units: Mapping[str, Any]) -> dict[str, _T]:
    """`by_label` with every named synonym of each unit."""
    by_spelling: dict[str, _T] = {}
    for label, value in by_label.items():
        if label not in units:
            raise KnowledgeError(
                [f"{test_id} is given in {label}, which is not a unit in the dictionary."]
            )
        for spelling in (
            label,
            *units[label].get("spellings", ()),
            *units[label].get("against_ucum", {}),
        ):
            if by_spelling.setdefault(normal_unit(spelling), value) != value:
                raise KnowledgeError([f"{test_id}: the unit {spelling} has two meanings."])
    return by_spelling


def _ranges(test_id: str, entry: _TestRow) -> tuple[tuple[float, float], tuple[float, float]]:
    if not entry.units:
        return (0.0, 0.0), (0.0, 0.0)
    if len(entry.hard) != 2 or len(entry.soft) != 2:
        raise KnowledgeError(
            [(f"{test_id}: hard and soft must be two numbers each, [lowest, highest].")]
        )
    (hard_low, hard_high), (soft_low, soft_high) = entry.hard, entry.soft
    if not hard_low <= soft_low < soft_high <= hard_high:
        raise KnowledgeError([f"The soft range of {test_id} is not inside its hard range."])
    return (hard_low, hard_high), (soft_low, soft_high)


def _loinc(test_id: str, row: tuple[str, ...]) -> LoincCode:
    if len(row) != 3:
        raise KnowledgeError(
            [f"A LOINC code of {test_id} is written as [code, display, role], not {list(row)}."]
        )
    code, display, role = row[0], row[1], cast(LoincRole, row[2])
    if not check_loinc(code):
        raise KnowledgeError(
            [f"{code} under {test_id} is not a LOINC code: its check digit is wrong."]
        )
    if role not in get_args(LoincRole):
        raise KnowledgeError(
            [
                f"{code} under {test_id} has the role {role}; one of"
                f" {', '.join(get_args(LoincRole))} is expected."
            ]
        )
    return LoincCode(code, display, role)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
