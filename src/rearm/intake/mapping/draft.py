"""A first mapping file drafted from the headers of a centre's tables: what is recognised is mapped,
everything else is listed as a comment.

No value of a patient goes into the draft: only headers, units in headers, and the labels of day
columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.days import is_dated, parse_moment
from rearm.intake.dictionary import load_tables
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.mapping.headers import (
    DAYS,
    DEATH,
    EPISODES,
    IDS,
    INFUSION,
    LONG_LABS,
    PERSON,
    PROGRESSION,
    TESTS,
    THERAPY,
    TYPE_OF_PROTEIN,
    UNIT,
    header_key,
)
from rearm.intake.rows import Grid, Value
from rearm.intake.values import Refused, not_done, number, text
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["draft_mapping", "write_draft"]

# Cytogenetics as headers: a translocation as it is written, or a change of a chromosome's arm
# (del17p, del(17p13), gain 1q21, 1q21+).
_TRANSLOCATION = re.compile(r"t ?\([0-9XY]{1,2} ?; ?[0-9XY]{1,2}\)", re.IGNORECASE)
_ARM = re.compile(
    r"(?P<kind>del|gain|amp)["
    r" _]?\(?(?P<locus>[0-9]{1,2}[pq][0-9.]*)\)?|(?P<up>[0-9]{1,2}[pq][0-9.]*)\+",
    re.IGNORECASE,
)
_KINDS = {"del": "deletion", "gain": "gain", "amp": "amplification"}
_UNIT = re.compile(r"[\[(]\s*(.+?)\s*[\])]\s*")
_SUFFIX = re.compile(r"(?P<stem>.+?)[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})")
_REGIMEN = re.compile(r"(?i)(regime|regimen|therapie|therapy|line|linie)[ _]?(\d{1,2})")
_ENOUGH_STATUS_WORDS = 0.5
_HEADER_ROWS = 10  # so many first rows may hold a title, a group above the header, or the header
_LIGHT_CHAINS = "(?i)kappa|lambda"
_WITH_FORMAT = re.compile(r"[\[(]\s*(?:[mdyjt]{1,4}[./-]?){1,3}\s*[\])]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodedField:
    """A field of a REDCap data dictionary: its label, and the meaning of its codes."""

    label: str
    choices: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class SheetOutline:
    """What was recognised in one sheet."""

    grid: Grid
    header: int
    columns: dict[str, int]
    id_header: str
    day_header: str | None = None
    day_guessed: bool = False
    person: dict[str, str] = field(default_factory=dict)
    tests: dict[str, tuple[TestDef, str | None]] = field(default_factory=dict)
    wide: dict[tuple[str, str, str | None], list[str]] = field(
        default_factory=dict
    )  # (stem, test, unit): headers
    regimens: dict[str, list[str]] = field(default_factory=dict)
    infusion: dict[str, str] = field(default_factory=dict)
    therapy: dict[str, str] = field(default_factory=dict)
    long_labs: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)  # header of a test: that of its unit
    progression: str | None = None
    death: str | None = None
    episodes: dict[str, str] = field(default_factory=dict)  # toxicity: header of its grade
    protein: str | None = None
    variants: dict[str, tuple[str, str]] = field(default_factory=dict)  # header: (locus, kind)
    status: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    fields: Mapping[str, CodedField] = field(default_factory=dict)

    def cell(self, header: str) -> str:
        """A value that is the cell of a column, with what its codes mean."""
        coded = self.fields.get(header)
        if coded is None or not coded.choices:
            return f"{{ column = {_q(header)} }}"
        words = ", ".join(f"{_q(code)} = {_q(label)}" for code, label in coded.choices.items())
        return f"{{ column = {_q(header)}, words = {{ {words} }} }}"

    def called(self, header: str) -> str:
        """What a column is called where its own name is a code of a data dictionary."""
        coded = self.fields.get(header)
        return header if coded is None else coded.label


def write_draft(target: Path, source: Path) -> Path:
    """Write a drafted mapping for `source` to `target`. Raises InputError where `target` is there
    already or can't be written.
    """
    if target.exists():
        raise InputError(f"{target} is there already; nothing was written. Name another file.")
    draft = draft_mapping(source)
    try:
        target.write_text(draft, "utf-8")
    except OSError as error:
        raise InputError(f"{target} can't be written: {error.strerror or error}.") from error
    return target


def draft_mapping(source: Path) -> str:
    """The text of a mapping file for a workbook, a CSV or Parquet file, or a folder of them. It
    loads as it is.

    Raises InputError where no sheet has a header with a column of patients' ids.
    """
    paths = table_files(source) if source.is_dir() else [source]
    sheets: list[tuple[str, SheetOutline]] = []
    skipped: list[str] = []
    keys: dict[str, str] = {}
    grids = [(path, grid) for path in paths for grid in read_grids(path)[0]]
    fields = {name: field for _, grid in grids for name, field in coded_fields(grid).items()}
    for path in paths:
        key = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower() or "file"
        key = key if key not in keys else f"{key}_{len(keys)}"
        keys[key] = path.name
        for grid in (grid for of, grid in grids if of == path):
            found = None if coded_fields(grid) else _recognise(grid, fields)
            if found is None:
                skipped.append(f"{grid.file}, sheet {grid.sheet}" if grid.sheet else grid.file)
            else:
                sheets.append((key, found))
    if not sheets:
        raise InputError(
            f"{source.name} has no sheet with a column of patients' ids (looked for"
            f" {', '.join(IDS[:6])} ...). Name that column patient_id and draft again."
        )
    return "\n".join(_draft(source, keys, sheets, skipped)) + "\n"


# ---------------------------------------------------------------- recognising


def coded_fields(grid: Grid) -> dict[str, CodedField]:
    """The fields that a REDCap data dictionary describes; none for any other table."""
    if not grid.rows:
        return {}
    places = {header_key(text(cell)): i for i, cell in enumerate(grid.rows[0])}
    name = next((places[k] for k in ("variable_field_name", "field_name") if k in places), None)
    label = places.get("field_label")
    if name is None or label is None or "form_name" not in places:
        return {}
    choices = next((i for key, i in places.items() if "choices" in key), None)
    fields: dict[str, CodedField] = {}
    for row in grid.rows[1:]:
        cells = [text(c) for c in row] + [""] * (len(places) - len(row))
        given = cells[choices] if choices is not None else ""
        pairs = [p.partition(",") for p in given.split("|") if "," in p]
        codes = {code.strip(): meaning.strip() for code, _, meaning in pairs}
        fields[cells[name]] = CodedField(cells[label] or cells[name], codes)
    return fields


def _recognise(grid: Grid, fields: Mapping[str, CodedField]) -> SheetOutline | None:
    """The sheet under the row that is most of a header: under a title or merged groups, the one
    with most columns that are recognised, then with most cells.
    """
    outlines = [
        outline
        for header in range(min(_HEADER_ROWS, len(grid.rows)))
        if (outline := _outline(grid, header, fields)) is not None
    ]
    return max(outlines, key=_weight, default=None)


def _weight(sheet: SheetOutline) -> tuple[int, int, int]:
    return len(sheet.columns) - len(sheet.rest), len(sheet.columns), -sheet.header


def _outline(grid: Grid, header: int, fields: Mapping[str, CodedField]) -> SheetOutline | None:
    names = {
        " ".join(text(c).split()): i for i, c in enumerate(grid.rows[header]) if isinstance(c, str)
    }
    keys = {name: header_key(name) for name in names}
    id_header = next((n for wanted in IDS for n in names if keys[n] == wanted), None)
    if id_header is None:
        return None
    sheet = SheetOutline(
        grid=grid, header=header, columns=names, id_header=id_header, fields=fields
    )
    sheet.day_header = next(
        (n for wanted in DAYS for n in names if keys[n] == wanted and n != id_header), None
    )
    left = {n: i for n, i in names.items() if n not in (id_header, sheet.day_header)}
    _units_and_blocks(sheet, left)
    for name, index in left.items():
        _column(sheet, name, index)
    _guess_day(sheet)
    return sheet


def _units_and_blocks(sheet: SheetOutline, left: dict[str, int]) -> None:
    """Takes what several columns tell together: results one a row, therapies one a row, the unit
    beside a result.
    """
    for known, found, needed in (
        (LONG_LABS, sheet.long_labs, {"test", "value"}),
        (THERAPY, sheet.therapy, {"regimen"}),
    ):
        columns = {known[k]: n for n in reversed(left) if (k := header_key(n)) in known}
        if needed <= columns.keys():
            found.update(columns)
            for name in columns.values():
                del left[name]
    by_index = {index: name for name, index in left.items()}
    for name, index in [*left.items()]:
        if UNIT.search(header_key(name)) is None:
            continue
        rest = UNIT.sub("_", header_key(name)).strip("_")
        meant = next((n for n in left if rest and header_key(_without_unit(n)[0]) == rest), None)
        beside = meant or by_index.get(index - 1)
        if beside is not None and _test_and_unit(beside) is not None:
            sheet.units[beside] = name
            del left[name]


def _guess_day(sheet: SheetOutline) -> None:
    """The one column of dates that nothing else claims dates the results beside it."""
    if sheet.day_header is not None or not (sheet.tests or sheet.long_labs):
        return
    dated = [name for name in sheet.rest if _holds_dates(sheet, sheet.columns[name])]
    if len(dated) == 1:
        sheet.day_header, sheet.day_guessed = dated[0], True
        sheet.rest.remove(dated[0])


def _holds_dates(sheet: SheetOutline, index: int) -> bool:
    cells = _cells(sheet, index)
    return bool(cells) and sum(map(is_dated, cells)) >= _ENOUGH_STATUS_WORDS * len(cells)


def _column(sheet: SheetOutline, name: str, index: int) -> None:
    """Where a column belongs: by its name, else by what a data dictionary calls it."""
    for called in dict.fromkeys((name, sheet.called(name))):
        if _belongs(sheet, name, called, index):
            return
    if _is_drug(name) and _mostly(sheet, index, "refractoriness", "status"):
        sheet.status.append(name)
    else:
        sheet.rest.append(name)


def _belongs(sheet: SheetOutline, name: str, called: str, index: int) -> bool:
    variant = _variant(called)
    if variant is not None and _mostly(sheet, index, "variants", "result"):
        sheet.variants[name] = variant
        return True
    key = header_key(_without_unit(_WITH_FORMAT.sub("", called))[0])
    for known, found in ((PERSON, sheet.person), (INFUSION, sheet.infusion)):
        if key in known and known[key] not in found:
            found[known[key]] = name
            return True
    if _event(sheet, key, name, index):
        return True
    if match := _REGIMEN.fullmatch(name):
        sheet.regimens.setdefault(match[1], []).append(name)
    elif (read := _test_and_unit(called)) is not None:
        # a field may bear the name of a test, and its unit stand in its label only
        sheet.tests[name] = read[0], read[1] or _without_unit(sheet.called(name))[1]
    elif (match := _SUFFIX.fullmatch(name)) and (
        test := _test(_without_unit(match["stem"])[0])
    ) is not None:
        unit = _without_unit(match["stem"])[1]
        sheet.wide.setdefault((match["stem"], test.id, unit), []).append(name)
    else:
        return False
    return True


def _event(sheet: SheetOutline, key: str, name: str, index: int) -> bool:
    """Whether the column tells a progression, the death, the grade of a toxicity or the type of the
    M-protein.
    """
    if key in PROGRESSION and sheet.progression is None and _holds_dates(sheet, index):
        sheet.progression = name
    elif key in DEATH and sheet.death is None:
        sheet.death = name
    elif key in EPISODES and EPISODES[key] not in sheet.episodes:
        sheet.episodes[EPISODES[key]] = name
    elif key in TYPE_OF_PROTEIN and sheet.protein is None and _names_proteins(sheet, index):
        sheet.protein = name
    else:
        return False
    return True


def _names_proteins(sheet: SheetOutline, index: int) -> bool:
    name = next(n for n, i in sheet.columns.items() if i == index)
    return _mentions(sheet, name, r"(?i)ig[gamde]\b|kappa|lambda")


def _mentions(sheet: SheetOutline, name: str, pattern: str) -> bool:
    """Whether most cells of a column, or the meanings of its codes, hold the pattern."""
    coded = sheet.fields.get(name)
    choices = coded.choices if coded is not None else {}
    cells = [choices.get(text(c), text(c)) for c in _cells(sheet, sheet.columns[name])]
    found = [c for c in cells if re.search(pattern, c)]
    return bool(cells) and len(found) >= _ENOUGH_STATUS_WORDS * len(cells)


def _is_drug(name: str) -> bool:
    """Whether the name is that of an agent or of a class of agents."""
    lexicon = bundled().lexicon
    return lexicon.find_agent(name) is not None or lexicon.find_class(name) is not None


def _without_unit(name: str) -> tuple[str, str | None]:
    match = _UNIT.search(name)
    return (
        (name, None)
        if match is None
        else ((name[: match.start()] + name[match.end() :]).strip(), match[1])
    )


def _variant(name: str) -> tuple[str, str] | None:
    if _TRANSLOCATION.fullmatch(name):
        return name.replace(" ", "").lower(), "translocation"
    if (match := _ARM.fullmatch(name)) is None:
        return None
    return (
        (match["up"].lower(), "gain")
        if match["up"]
        else (match["locus"].lower(), _KINDS[match["kind"].lower()])
    )


def _test_and_unit(name: str) -> tuple[TestDef, str | None] | None:
    """The test that a header names, and its unit: in brackets, or in plain text after the name
    (`FLC kappa mg/l`).
    """
    bare, unit = _without_unit(name)
    if (test := _test(name)) is not None:  # a name may itself hold brackets: kappa (frei)
        return test, None
    if (test := _test(bare)) is not None:
        return test, unit
    words = name.split()
    for place in range(1, len(words)):
        test, unit = _test(" ".join(words[:place])), " ".join(words[place:])
        if test is not None and normal_unit(unit) in test.units:
            return test, unit
    return None


def _test(name: str) -> TestDef | None:
    """The one test of a name; a name of two tests, told apart only by the specimen, is left to the
    person.
    """
    if (wanted := folded(name)) in TESTS:
        return load_tests()[TESTS[wanted]]
    found = load_tests().find(name)
    return found[0] if len(found) == 1 else None


def _cells(sheet: SheetOutline, index: int) -> list[Value]:
    cells = [row[index] for row in sheet.grid.rows[sheet.header + 1 :] if index < len(row)]
    return [c for c in cells if c is not None and not not_done(c)]


def _mostly(sheet: SheetOutline, index: int, table: str, column: str) -> bool:
    """Whether the cells, or what their codes mean, are words of that column of a tidy table."""
    spellings = load_tables()[table].columns[column].spellings
    name = next(n for n, i in sheet.columns.items() if i == index)
    coded = sheet.fields.get(name)
    choices = coded.choices if coded is not None else {}
    cells = [choices.get(text(c), text(c)) for c in _cells(sheet, index)]
    return bool(cells) and sum(
        folded(text(c)) in spellings for c in cells
    ) >= _ENOUGH_STATUS_WORDS * len(cells)


# ---------------------------------------------------------------- writing


def _draft(
    source: Path, keys: dict[str, str], sheets: list[tuple[str, SheetOutline]], skipped: list[str]
) -> Iterator[str]:
    yield (
        "# A first mapping, drafted from the headers. Check every block, complete the units, and"
        " map what is still listed as a comment."
    )
    yield (
        "# The language is described in the documentation (mapping files); rearm check shows what a"
        " mapping sets aside."
    )
    yield ""
    yield f"name = {_q(source.stem)}"
    yield ""
    yield "[files]"
    for key, name in keys.items():
        yield f"{key} = {_q(name)}"
    for place in skipped:
        yield f"# not mapped, no column of patients' ids was found: {_comment(place)}"
    yield from _labels([s for _, s in sheets])
    for key, sheet in sheets:
        yield ""
        yield from _block(key, sheet)


def _labels(sheets: list[SheetOutline]) -> Iterator[str]:
    labels: dict[str, None] = {}
    for sheet in sheets:
        if sheet.day_header is not None:
            cells = [text(c) for c in _cells(sheet, sheet.columns[sheet.day_header])]
            labels |= dict.fromkeys(c for c in cells if _is_label(c))
    if not labels:
        return
    yield ""
    yield (
        '# Labels in day columns: a day, an interval [first, last], or a word such as "apheresis"'
        ' or "before bridging".'
    )
    yield "[day_labels]"
    for label in list(labels)[:60]:
        try:
            moment = parse_moment(label)
        except Refused:
            yield f"# {_comment(_q(label))} = "
            continue
        if moment.anchor is not None:
            yield f"{_q(label)} = {_q(moment.anchor.replace('_', ' '))}"
        else:
            yield (
                f"{_q(label)} ="
                f" {moment.first if moment.first == moment.last else [moment.first, moment.last]}"
            )


def _is_label(cell: str) -> bool:
    if re.fullmatch(r"[0-9]{4}-.*|[0-9.]+", cell) or len(cell) > 40:
        return False
    try:
        number(cell, decimal=None)
    except Refused:
        return True
    return False


def _block(key: str, sheet: SheetOutline) -> Iterator[str]:
    """One sheet of the mapping."""
    yield "[[sheet]]"
    yield f"file = {_q(key)}"
    if sheet.grid.sheet is not None:
        yield f"sheet = {_q(sheet.grid.sheet)}"
    if (row := sheet.grid.first_row + sheet.header) != 1:
        yield f"header_row = {row}"
    yield f"id = {_q(sheet.id_header)}"
    ids = [text(c) for c in _cells(sheet, sheet.columns[sheet.id_header])]
    of_samples = folded(sheet.id_header) == "sample_id" and bool(ids)
    if of_samples and all(re.fullmatch(r".+_[0-9]+", i) for i in ids):
        yield (
            'id_pattern = "(.+?)_[0-9]+"   # sample ids: the patient stands before the last'
            " underscore"
        )
    yield from _person_rows(sheet)
    yield from _event_rows(sheet)
    yield from _lab_rows(sheet)
    yield from _history_rows(sheet)
    if sheet.rest:
        yield "  # not recognised:"
        yield from (f"  #   {_comment(name)}{_kind(sheet, name)}" for name in sheet.rest)


def _person_rows(sheet: SheetOutline) -> Iterator[str]:
    person = {column: sheet.cell(name) for column, name in sheet.person.items()}
    if sheet.protein is not None:
        person.setdefault("heavy_chain", _part(sheet, sheet.protein, "Ig[GAMDE]"))
        if _mentions(sheet, sheet.protein, _LIGHT_CHAINS):
            person.setdefault("light_chain", _part(sheet, sheet.protein, _LIGHT_CHAINS))
    if person:
        yield from _row("patients", person)
    if sheet.infusion:
        yield from _row("infusions", {c: sheet.cell(name) for c, name in sheet.infusion.items()})
    for name, (locus, kind) in sheet.variants.items():
        yield from _row(
            "variants", {"gene": _q(locus), "kind": _q(kind), "result": sheet.cell(name)}
        )


def _part(sheet: SheetOutline, header: str, pattern: str) -> str:
    """The part of a cell, or of what its code means, that a pattern finds."""
    coded = sheet.fields.get(header)
    if coded is None or not coded.choices:
        return f"{{ column = {_q(header)}, extract = {_q(pattern)} }}"
    parts = {code: re.search(pattern, label) for code, label in coded.choices.items()}
    words = ", ".join(f"{_q(code)} = {_q(m[0] if m else '')}" for code, m in parts.items())
    return f"{{ column = {_q(header)}, words = {{ {words} }} }}"


def _event_rows(sheet: SheetOutline) -> Iterator[str]:
    """Blocks that make no event of a blank cell."""
    if sheet.progression is not None:
        day = {"day": sheet.cell(sheet.progression), "response": _q("PD"), "by": _q("team")}
        yield from _row("assessments", day)
    if sheet.death is not None:
        if _holds_dates(sheet, sheet.columns[sheet.death]):
            yield from _row("deaths", {"day": sheet.cell(sheet.death)})
        else:
            when = f'{{ column = {_q(sheet.death)}, is = [1, "yes", "ja", "x"] }}'
            yield from _row("deaths", {"when": when})
    for toxicity, name in sheet.episodes.items():
        yield from _row("toxicities", {"toxicity": _q(toxicity), "grade": sheet.cell(name)})


def _lab_rows(sheet: SheetOutline) -> Iterator[str]:
    """A block for each column of results, and for each row of columns that are numbered by days."""
    day = {"day": sheet.cell(sheet.day_header)} if sheet.day_header else {}
    if sheet.day_guessed and sheet.day_header is not None:
        yield f"  # check: {_comment(sheet.day_header)} is taken for the day, as it holds dates"
    elif (sheet.tests or sheet.long_labs) and not day:
        yield '  # no column of dates was found: add day = { column = "..." } to each row of labs'
    if sheet.long_labs:
        yield from _row("labs", day | {c: sheet.cell(n) for c, n in sheet.long_labs.items()})
    for name, (test, unit) in sheet.tests.items():
        columns = day | {"test": _q(test.id), "value": sheet.cell(name)}
        if name in sheet.units:
            yield from _row("labs", columns | {"unit": sheet.cell(sheet.units[name])})
        else:
            yield from _row("labs", columns, test, unit)
    for (stem, test_id, unit), names in sheet.wide.items():
        each = re.escape(stem) + r"[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})"
        yield f"  # columns {_comment(', '.join(names))}"
        columns = {
            "each": _q(each),
            "day": '{ group = "day" }',
            "test": _q(test_id),
            "value": "{ cell = true }",
        }
        yield from _row("labs", columns, load_tests()[test_id], unit)


def _history_rows(sheet: SheetOutline) -> Iterator[str]:
    """Regimens by line, and what the patient is refractory to."""
    if sheet.therapy:
        yield from _row("therapies", {c: sheet.cell(name) for c, name in sheet.therapy.items()})
    for stem, names in sheet.regimens.items():
        yield f"  # columns {_comment(', '.join(names))}"
        each = re.escape(stem) + r"[ _]?(?P<line>[0-9]{1,2})"
        columns = {
            "each": _q(each),
            "line": '{ group = "line" }',
            "regimen": "{ cell = true }",
        }
        yield from _row("therapies", columns)
    if sheet.status:
        each = "(?P<agent>" + "|".join(re.escape(n) for n in sheet.status) + ")"
        columns = {
            "each": _q(each),
            "agent_or_class": '{ group = "agent" }',
            "status": "{ cell = true }",
        }
        yield from _row("refractoriness", columns)


def _row(
    table: str, columns: dict[str, str], test: TestDef | None = None, unit: str | None = None
) -> Iterator[str]:
    yield ""
    yield "  [[sheet.row]]"
    yield f"  table = {_q(table)}"
    yield from (f"  {name} = {spec}" for name, spec in columns.items())
    if test is not None and test.kind == "number":
        allowed = unit is not None and normal_unit(unit) in test.units
        comment = (
            ""
            if allowed
            else f"   # state the unit, one of {', '.join(test.allowed)}"
            + (f" (the header says {_comment(unit)})" if unit else "")
        )
        yield f"  unit = {_q(unit if allowed and unit is not None else '')}{comment}"


def _kind(sheet: SheetOutline, name: str) -> str:
    cells = _cells(sheet, sheet.columns[name])
    if not cells:
        return "   (empty)"
    numbers = sum(
        (isinstance(c, int | float) and not isinstance(c, bool))
        or (isinstance(c, str) and _is_number(c))
        for c in cells
    )
    return (
        "   (numbers)"
        if numbers == len(cells)
        else "   (text)"
        if numbers == 0
        else "   (numbers and text)"
    )


def _is_number(cell: str) -> bool:
    try:
        number(cell, decimal=None)
    except Refused:
        return False
    return True


def _q(value: str) -> str:
    """A TOML basic string."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _comment(value: str | None) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", value or "")
