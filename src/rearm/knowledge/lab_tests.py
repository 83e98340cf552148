"""The dictionary of tests: what a laboratory result may be called, the units and words it is read
in, and what is plausible.

Read from `data/tests.toml` (written by hand) and `data/units.toml` (factors, compiled from it).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, get_args

from rearm.units import normal_unit

__all__ = [
    "LoincCode",
    "LoincRole",
    "TestDef",
    "by_loinc",
    "check_loinc",
    "definition",
    "find_tests",
    "load_tests",
    "name_key",
]

LoincRole = Literal["preferred", "alternate", "not_read"]
_T = TypeVar("_T")
_TEST_KEYS = {
    "name",
    "aliases",
    "group",
    "units",
    "words",
    "hard",
    "soft",
    "specimen",
    "elsewhere",
    "molar_mass",
    "loinc",
    "note",
}


@dataclass(frozen=True, slots=True)
class LoincCode:
    """A LOINC code with its display. `not_read`: the code is known to belong here but holds no
    value of the test (a panel, a narrative).
    """

    code: str
    display: str
    role: LoincRole


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDef:
    """One test. A `number` test may have words besides (`not_detected`); a `word` test has no unit.

    `aliases` are further names that tables use for it. `units` maps spellings, as
    `units.normal_unit` writes them, to the factor to the canonical `unit`; `allowed` are the units
    to show. `elsewhere` maps spellings of units that belong to another test to that test's id.
    Outside `hard` (canonical unit) a value is refused, outside `soft` it is used with an issue.
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
    loinc: tuple[LoincCode, ...]
    hard: tuple[float, float]
    soft: tuple[float, float]
    specimen: str | None
    note: str | None
    elsewhere: Mapping[str, str]

    def word(self, text: str) -> str | None:
        """The canonical word that `text` spells, or None where it spells none of this test."""
        return self.words.get(_folded(text))


@cache
def load_tests() -> Mapping[str, TestDef]:
    """All tests by id, in the order of the dictionary. Raises ValueError with a sentence where the
    data are not consistent.
    """
    data = files("rearm.knowledge") / "data"
    tests = tomllib.loads((data / "tests.toml").read_text("utf-8"))
    compiled = tomllib.loads((data / "units.toml").read_text("utf-8"))
    return read_tests(tests, compiled)


def read_tests(tests: Mapping[str, Any], compiled: Mapping[str, Any]) -> Mapping[str, TestDef]:
    """The dictionary from its two parsed files, checked. Raises ValueError with a sentence that
    names the test.
    """
    found = {
        test_id: _test(test_id, entry, tests, compiled["factors"].get(test_id, {}))
        for test_id, entry in tests["test"].items()
    }
    seen: dict[str, str] = {}
    for test in found.values():
        for code in test.loinc:
            if code.code in seen:
                raise ValueError(
                    f"LOINC {code.code} stands under {seen[code.code]} and under {test.id}; one"
                    " code has one test."
                )
            seen[code.code] = test.id
        for unit, other in test.elsewhere.items():
            if other not in found or unit not in found[other].units:
                raise ValueError(
                    f"{test.id} sends the unit {unit} to {other}, which is no test that is read"
                    " in it."
                )
    names = _names(found)
    for name, ids in names.items():
        specimens = {found[test_id].specimen for test_id in ids}
        if len(ids) > 1 and (len(specimens) < len(ids) or None in specimens):
            raise ValueError(
                f"{name} names {', '.join(ids)}; a name of two tests is allowed only where their"
                " specimen tells them apart."
            )
    return MappingProxyType(found)


def definition(test_id: str, unit: str | None) -> TestDef | None:
    """The definition that a result of `test_id` in `unit` is read with; None for an unknown id.

    Mostly the test of that id. A unit that belongs to a sister test leads there: CAR-T cells by
    flow in cells per microlitre are `car_t_cells_absolute`, not a percentage of T cells.
    """
    test = load_tests().get(test_id)
    if test is None:
        return None
    return load_tests()[test.elsewhere.get(normal_unit(unit or ""), test_id)]


@cache
def by_loinc() -> Mapping[str, TestDef]:
    """The test of each LOINC code that is read (roles preferred and alternate)."""
    return MappingProxyType(
        {c.code: test for test in load_tests().values() for c in test.loinc if c.role != "not_read"}
    )


def find_tests(given: str) -> tuple[TestDef, ...]:
    """The tests that a text names: by LOINC code, id, name or alias, exactly but for case, spaces,
    hyphens and underscores.

    Empty where it names none; several where only the specimen tells them apart (immunofixation of
    serum or of urine).
    """
    if code := by_loinc().get(given.strip()):
        return (code,)
    return tuple(load_tests()[test_id] for test_id in _by_name().get(name_key(given), ()))


def name_key(name: str) -> str:
    """A name as names are compared: case, runs of spaces, hyphens and underscores aside; composed
    characters (a typed umlaut) as one.
    """
    return (
        re.sub(r"[\s_\-\u2010\u2011]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()
    )


@cache
def _by_name() -> Mapping[str, tuple[str, ...]]:
    return _names(load_tests())


def _names(tests: Mapping[str, TestDef]) -> dict[str, tuple[str, ...]]:
    """Test ids by name key. An id or a display name goes before an alias of another test."""
    own = {name_key(name): (test.id,) for test in tests.values() for name in (test.id, test.name)}
    further: dict[str, tuple[str, ...]] = {}
    for test in tests.values():
        for key in dict.fromkeys(map(name_key, test.aliases)):
            if own.get(key, (test.id,)) != (test.id,):
                raise ValueError(f"The alias {key} of {test.id} is the name of {own[key][0]}.")
            further[key] = (*further.get(key, ()), test.id)
    return further | own


def check_loinc(code: str) -> bool:
    """Whether `code` has the form of a LOINC code and the right check digit (mod 10, the LOINC
    Users' Guide's method).
    """
    if re.fullmatch(r"[0-9]{1,7}-[0-9]", code, re.ASCII) is None:
        return False
    digits, check = code.split("-")
    doubled = (int(d) * (2 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return (10 - sum(d - 9 if d > 9 else d for d in doubled) % 10) % 10 == int(check)


def _test(
    test_id: str, entry: Mapping[str, Any], tests: Mapping[str, Any], compiled: Mapping[str, float]
) -> TestDef:
    if unknown := entry.keys() - _TEST_KEYS:
        raise ValueError(f"{test_id} has unknown keys: {', '.join(sorted(unknown))}.")
    labels = tuple(entry.get("units", ()))
    if not labels and "words" not in entry:
        raise ValueError(f"{test_id} has neither units nor words.")
    if set(labels) != set(compiled):
        raise ValueError(
            f"The factors of {test_id} are not those of its units; run scripts/compile_units.py."
        )
    words = tests["words"][entry["words"]] if "words" in entry else {}
    hard, soft = _ranges(test_id, entry, bool(labels))
    return TestDef(
        id=test_id,
        name=entry["name"],
        aliases=tuple(entry.get("aliases", ())),
        group=entry["group"],
        kind="number" if labels else "word",
        unit=labels[0] if labels else None,
        units=MappingProxyType(
            _spellings(test_id, {label: compiled[label] for label in labels}, tests["unit"])
        ),
        allowed=labels,
        words=MappingProxyType(
            {_folded(s): word for word, spellings in words.items() for s in spellings}
        ),
        loinc=tuple(_loinc(test_id, row) for row in entry.get("loinc", ())),
        hard=hard,
        soft=soft,
        specimen=entry.get("specimen"),
        note=entry.get("note"),
        elsewhere=MappingProxyType(_spellings(test_id, entry.get("elsewhere", {}), tests["unit"])),
    )


def _spellings(test_id: str, by_label: Mapping[str, _T], units: Mapping[str, Any]) -> dict[str, _T]:
    """`by_label` with every named synonym of each unit."""
    found: dict[str, _T] = {}
    for label, value in by_label.items():
        if label not in units:
            raise ValueError(f"{test_id} is given in {label}, which is no unit of the dictionary.")
        for spelling in (
            label,
            *units[label].get("spellings", ()),
            *units[label].get("against_ucum", {}),
        ):
            if found.setdefault(normal_unit(spelling), value) != value:
                raise ValueError(f"{test_id}: the unit {spelling} has two meanings.")
    return found


def _ranges(
    test_id: str, entry: Mapping[str, Any], number: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    if not number:
        return (0.0, 0.0), (0.0, 0.0)
    hard, soft = (
        (float(entry["hard"][0]), float(entry["hard"][1])),
        (float(entry["soft"][0]), float(entry["soft"][1])),
    )
    if not hard[0] <= soft[0] < soft[1] <= hard[1]:
        raise ValueError(f"The soft range of {test_id} does not lie inside its hard range.")
    return hard, soft


def _loinc(test_id: str, row: list[str]) -> LoincCode:
    code, display = row[:2]
    role: Any = row[2]
    if not check_loinc(code):
        raise ValueError(f"{code} under {test_id} is not a LOINC code: its check digit is wrong.")
    if role not in get_args(LoincRole):
        raise ValueError(
            f"{code} under {test_id} has the role {role}; one of {', '.join(get_args(LoincRole))}"
            " is expected."
        )
    return LoincCode(code, display, role)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
