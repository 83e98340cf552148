"""A first mapping file drafted from the headers of a centre's tables: what is recognised is mapped,
everything else is listed as a comment.

No value of a patient goes into the draft: only headers, units in headers, and the labels of day
columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.dictionary import load_tables
from rearm.intake.files.read import read_grids, table_files
from rearm.intake.rows import Grid, Value
from rearm.intake.values import Refused, not_done, number, parse_moment, text
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["draft_mapping", "write_draft"]

_ID_HEADERS = (
    "patient_id", "patientid", "patient", "pat_id", "pid", "subject_id", "usubjid", "record_id",
    "study_id", "id", "sample_id", "patienten_id", "patientennummer", "pseudonym", "pat_nr",
    "patnr", "patienten_nr", "patient_nr", "pat_no", "patient_no", "patient_number", "pat",
)  # fmt: skip
_DAY_HEADERS = (
    "day",
    "tag",
    "visit",
    "visite",
    "timepoint",
    "zeitpunkt",
    "cum_days",
    "date",
    "datum",
)
# What centres write for a patient's data and for tests, besides their names in the dictionaries.
_PERSON_HEADERS = {
    "sex": ("sex", "gender", "geschlecht"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "geburtsdatum", "geb_datum", "geb_dat"),
    "birth_year": ("birth_year", "geburtsjahr", "geb_jahr", "year_of_birth"),
    "light_chain": ("light_chain", "leichtkette"),
    "heavy_chain": ("heavy_chain", "isotype", "schwerkette"),
    "last_seen_day": (
        "last_seen_day",
        "last_seen_date",
        "letzter_kontakt",
        "datum_letzter_kontakt",
        "dat_letzter_kontakt",
    ),
    "day_zero": ("day_zero", "infusion_date"),
    "diagnosis_day": ("diagnosis_day", "diagnosis_date", "diagnosedatum", "datum_erstdiagnose"),
}
_INFUSION_HEADERS = {
    "day": (
        "datum_car_t",
        "car_t_datum",
        "datum_der_car_t",
        "car_t_date",
        "date_car_t",
        "date_of_car_t",
        "datum_car_t_infusion",
        "infusionsdatum",
    ),
    "product": (
        "car_t_produkt",
        "car_t_product",
        "produkt_car_t",
        "product_car_t",
        "car_t_präparat",
    ),
}
# Headers that would be too loose as names of a test in a table; a draft is read by a person before
# it is used.
_TEST_HEADERS = {"soluble_bcma": ("bcma",), "kappa_flc": ("kappa",), "lambda_flc": ("lambda",)}
_PERSON = {header: column for column, headers in _PERSON_HEADERS.items() for header in headers}
_TESTS = {header: test for test, headers in _TEST_HEADERS.items() for header in headers}
_INFUSION = {header: column for column, headers in _INFUSION_HEADERS.items() for header in headers}
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


@dataclass(slots=True, kw_only=True)
class SheetOutline:
    """What was recognised in one sheet."""

    grid: Grid
    header: int
    columns: dict[str, int]
    id_header: str
    day_header: str | None = None
    person: dict[str, str] = field(default_factory=dict)
    tests: dict[str, tuple[TestDef, str | None]] = field(default_factory=dict)
    wide: dict[tuple[str, str, str | None], list[str]] = field(
        default_factory=dict
    )  # (stem, test, unit): headers
    regimens: dict[str, list[str]] = field(default_factory=dict)
    infusion: dict[str, str] = field(default_factory=dict)
    variants: dict[str, tuple[str, str]] = field(default_factory=dict)  # header: (locus, kind)
    status: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


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
    for path in paths:
        key = re.sub(r"\W+", "_", path.stem, flags=re.ASCII).strip("_").lower() or "file"
        key = key if key not in keys else f"{key}_{len(keys)}"
        keys[key] = path.name
        for grid in read_grids(path)[0]:
            found = _recognise(grid)
            if found is None:
                skipped.append(f"{grid.file}, sheet {grid.sheet}" if grid.sheet else grid.file)
            else:
                sheets.append((key, found))
    if not sheets:
        raise InputError(
            f"{source.name} has no sheet with a column of patients' ids (looked for"
            f" {', '.join(_ID_HEADERS[:6])} ...). Name that column patient_id and draft again."
        )
    return "\n".join(_draft(source, keys, sheets, skipped)) + "\n"


# ---------------------------------------------------------------- recognising


def _recognise(grid: Grid) -> SheetOutline | None:
    for header in range(min(5, len(grid.rows))):
        names = {
            " ".join(text(c).split()): i
            for i, c in enumerate(grid.rows[header])
            if isinstance(c, str)
        }
        id_header = next((n for wanted in _ID_HEADERS for n in names if _key(n) == wanted), None)
        if id_header is not None:
            sheet = SheetOutline(grid=grid, header=header, columns=names, id_header=id_header)
            sheet.day_header = next(
                (
                    n
                    for wanted in _DAY_HEADERS
                    for n in names
                    if folded(n) == wanted and n != id_header
                ),
                None,
            )
            for name, index in names.items():
                if name not in (id_header, sheet.day_header):
                    _column(sheet, name, index)
            return sheet
    return None


def _column(sheet: SheetOutline, name: str, index: int) -> None:
    if (variant := _variant(name)) is not None and _mostly(sheet, index, "variants", "result"):
        sheet.variants[name] = variant
        return
    key = _key(_without_unit(name)[0])
    for known, found in ((_PERSON, sheet.person), (_INFUSION, sheet.infusion)):
        if key in known and known[key] not in found:
            found[known[key]] = name
            return
    if match := _REGIMEN.fullmatch(name):
        sheet.regimens.setdefault(match[1], []).append(name)
        return
    if (read := _test_and_unit(name)) is not None:
        sheet.tests[name] = read
    elif (match := _SUFFIX.fullmatch(name)) and (
        test := _test(_without_unit(match["stem"])[0])
    ) is not None:
        sheet.wide.setdefault((match["stem"], test.id, _without_unit(match["stem"])[1]), []).append(
            name
        )
    elif _is_drug(name) and _mostly(sheet, index, "refractoriness", "status"):
        sheet.status.append(name)
    else:
        sheet.rest.append(name)


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


def _key(name: str) -> str:
    """A header as headers are compared: `Pat-Nr.` is pat_nr."""
    return re.sub(r"[ ._-]+", "_", folded(name)).strip("_")


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
    if (wanted := folded(name)) in _TESTS:
        return load_tests()[_TESTS[wanted]]
    found = load_tests().find(name)
    return found[0] if len(found) == 1 else None


def _cells(sheet: SheetOutline, index: int) -> list[Value]:
    cells = [row[index] for row in sheet.grid.rows[sheet.header + 1 :] if index < len(row)]
    return [c for c in cells if c is not None and not not_done(c)]


def _mostly(sheet: SheetOutline, index: int, table: str, column: str) -> bool:
    """Whether the cells are words of that column of a tidy table."""
    spellings = load_tables()[table].columns[column].spellings
    cells = _cells(sheet, index)
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
    yield from _lab_rows(sheet)
    yield from _history_rows(sheet)
    if sheet.rest:
        yield "  # not recognised:"
        yield from (f"  #   {_comment(name)}{_kind(sheet, name)}" for name in sheet.rest)


def _person_rows(sheet: SheetOutline) -> Iterator[str]:
    for table, columns in (("patients", sheet.person), ("infusions", sheet.infusion)):
        if columns:
            yield from _row(table, {column: _from(name) for column, name in columns.items()})
    for name, (locus, kind) in sheet.variants.items():
        yield from _row("variants", {"gene": _q(locus), "kind": _q(kind), "result": _from(name)})


def _lab_rows(sheet: SheetOutline) -> Iterator[str]:
    """A block for each column of results, and for each row of columns that are numbered by days."""
    day = {"day": _from(sheet.day_header)} if sheet.day_header else {}
    for name, (test, unit) in sheet.tests.items():
        yield from _row("labs", day | {"test": _q(test.id), "value": _from(name)}, test, unit)
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


def _from(header: str) -> str:
    """A value that is the cell of a column."""
    return f"{{ column = {_q(header)} }}"


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
