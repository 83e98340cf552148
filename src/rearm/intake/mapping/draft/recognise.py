"""Recognising a sheet: its header, the column of the patients' ids, and what its columns hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.mapping.draft.header_meaning import (
    is_drug,
    named_test,
    named_test_and_unit,
    test_at,
    variant_of,
    without_unit,
)
from rearm.intake.mapping.draft.headers import (
    DAYS,
    DEATH,
    DEATH_DAY,
    IDS,
    INFUSION,
    LABORATORY,
    LONG_LABS,
    NO_SAMPLE_DAY,
    PERSON,
    PROGRESSION,
    PROGRESSION_DAY,
    THERAPY,
    TYPE_OF_PROTEIN,
    UNIT,
    asked_of,
    header_key,
    line_part,
    toxicity_of,
)
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.mapping.header_names import column_names
from rearm.intake.rows import Grid

__all__ = ["outline_of", "recognise"]

_SUFFIX = re.compile(r"(?P<stem>.+?)[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})")
_REGIMEN = re.compile(r"(?i)(regime|regimen|therapie|therapy|line|linie)[ _]?(\d{1,2})")
_WITH_FORMAT = re.compile(r"[\[(]\s*(?:[mdyjt]{1,4}[./-]?){1,3}\s*[\])]", re.IGNORECASE)
_PROTEINS = r"(?i)ig[gamde]\b|kappa|lambda"
_SHORT_LDH = "ld"  # lactate dehydrogenase, or lymphodepletion
_HEADER_ROWS = 10  # so many first rows may hold a title, a group above the header, or the header


def recognise(grid: Grid, fields: Mapping[str, CodedField]) -> SheetOutline | None:
    """The sheet under the row that is most of a header: under a title or merged groups, the one
    with most columns that are recognised, then with most cells. The groups above a header belong
    to the names of its columns where these are not told apart without them.
    """
    outlines = [
        outline
        for header in range(min(_HEADER_ROWS, len(grid.rows)))
        for groups in (None, header - 1)
        if (groups is None or _needs_groups(grid, header))
        and (outline := outline_of(grid, header, groups, fields)) is not None
    ]
    return max(outlines, key=_weight, default=None)


def _needs_groups(grid: Grid, header: int) -> bool:
    """Whether headers stand twice, with a row of several groups above them."""
    names = [name for name in column_names(grid, header) if name is not None]
    above = [name for name in column_names(grid, header - 1) if name] if header else []
    return len(set(names)) < len(names) and len(set(above)) > 1


def _weight(sheet: SheetOutline) -> tuple[int, int, int]:
    return len(sheet.columns) - len(sheet.rest), len(sheet.columns), -sheet.header


def outline_of(
    grid: Grid,
    header: int,
    groups: int | None,
    fields: Mapping[str, CodedField],
    *,
    id_header: str | None = None,
) -> SheetOutline | None:
    """What is recognised under one header. `id_header`: the column of the patients' ids, where it
    is known; None where no column is one.
    """
    all_names = column_names(grid, header, groups)
    counts = Counter(name for name in all_names if name is not None)
    width = max(map(len, grid.rows[header:]))
    cells = [*grid.rows[header], *[None] * (len(all_names) - len(grid.rows[header]))]
    names = {
        name: index
        for index, (name, cell) in enumerate(zip(all_names, cells, strict=True))
        if name is not None and counts[name] == 1 and isinstance(cell, str | None)
    }
    own = column_names(grid, header) if groups is not None else []
    plain = {n: (own[i] if i < len(own) else None) or n for n, i in names.items() if own}
    keys = {name: {header_key(name), header_key(plain.get(name, name))} for name in names}
    if id_header is None:
        id_header = next((n for wanted in IDS for n in names if wanted in keys[n]), None)
    if id_header is None:
        return None
    sheet = SheetOutline(
        grid=grid,
        header=header,
        groups=groups,
        columns=names,
        plain=plain,
        id_header=id_header,
        fields=fields,
        twice={name: count for name, count in counts.items() if count > 1},
        unnamed=[
            i
            for i in range(width)
            if (i >= len(all_names) or all_names[i] is None)
            and any(i < len(row) and row[i] is not None for row in grid.rows[header + 1 :])
        ],
    )
    sheet.day_header = next(
        (n for wanted in DAYS for n in names if n != id_header and wanted in _day_keys(sheet, n)),
        None,
    )
    left = {n: i for n, i in names.items() if n not in (id_header, sheet.day_header)}
    _numbered_lines(sheet, left)
    _units_and_blocks(sheet, left)
    for name in left:
        _column(sheet, name)
    _only_with_others(sheet)
    _guess_day(sheet)
    return sheet


def _day_keys(sheet: SheetOutline, name: str) -> set[str]:
    """By what a column may be known as the day of the results beside it: not by a bare `Datum`
    under the group of something else.
    """
    own = sheet.plain.get(name, name)
    group = header_key(name[: -len(own)]) if own != name else ""
    keys = {header_key(name)} | {header_key(c) for c in sheet.called(name) if name in sheet.fields}
    return keys | ({header_key(own)} if not group or group in LABORATORY else set())


def _numbered_lines(sheet: SheetOutline, left: dict[str, int]) -> None:
    """Takes the columns of numbered lines of therapy: `Linie 1 Schema`, `Linie 1 Beginn`."""
    for name in [*left]:
        if (part := line_part(name)) is None:
            continue
        column, before, behind = part
        known = sheet.line_parts.setdefault(column, (before, behind, []))
        if known[:2] == (before, behind):
            known[2].append(name)
            del left[name]
    if "regimen" not in sheet.line_parts:
        for _, _, names in sheet.line_parts.values():
            left.update({name: sheet.columns[name] for name in names})
        sheet.line_parts.clear()


def _units_and_blocks(sheet: SheetOutline, left: dict[str, int]) -> None:
    """Takes what several columns tell together: results one a row, therapies one a row, the unit
    beside a result, the specimen beside results.
    """
    for known, found, needed in (
        (LONG_LABS, sheet.long_labs, {"test", "value"}),
        (THERAPY, sheet.therapy, {"regimen"}),
    ):
        if known is THERAPY and "tox" in sheet.grid.name.casefold():
            continue  # what was given for a toxicity is no line of therapy
        columns = {
            known[k]: n
            for n in reversed(left)
            for k in reversed([header_key(c) for c in sheet.called(n)])
            if k in known
        }
        if needed <= columns.keys():
            found.update(columns)
            for name in set(columns.values()):
                del left[name]
    by_index = {index: name for name, index in left.items()}
    for name, index in [*left.items()]:
        if LONG_LABS.get(header_key(name)) == "specimen" and sheet.specimen is None:
            sheet.specimen = name
            del left[name]
        if UNIT.search(header_key(name)) is None:
            continue
        rest = UNIT.sub("_", header_key(name)).strip("_")
        meant = next((n for n in left if rest and header_key(without_unit(n)[0]) == rest), None)
        beside = meant or by_index.get(index - 1)
        if beside is not None and named_test_and_unit(beside) is not None:
            sheet.units[beside] = name
            del left[name]


def _only_with_others(sheet: SheetOutline) -> None:
    """Gives back to the person what says nothing by itself: a specimen without a result, a best
    response without a CAR-T, a code of a progression without its day.
    """
    if sheet.specimen is not None and not (sheet.tests or sheet.wide or sheet.anchored):
        sheet.rest.append(sheet.specimen)
        sheet.specimen = None
    if sheet.infusion.keys() == {"best_response"}:
        sheet.rest.append(sheet.infusion.pop("best_response"))
    code = sheet.progressed
    if code is not None and (sheet.progression is None or not sheet.answers(code)):
        left = [name for name in (code, sheet.progression) if name is not None]
        if len(left) == 2 and sheet.cells(code):
            sheet.notes.append(
                f"{code} belongs to {sheet.progression} but is neither yes nor no, so no "
                "progression is drafted"
            )
            sheet.progression = None
        else:
            left = left[:1]
        sheet.rest.extend(left)
        sheet.progressed = None


def _guess_day(sheet: SheetOutline) -> None:
    """The one column of dates that nothing else claims dates the results beside it."""
    if sheet.day_header is not None or not (sheet.tests or sheet.long_labs):
        return
    dated = [
        name
        for name in sheet.rest
        if sheet.holds_dates(name)
        and not any(NO_SAMPLE_DAY.search(header_key(called)) for called in sheet.called(name))
    ]
    if len(dated) == 1:
        sheet.day_header, sheet.day_guessed = dated[0], True
        sheet.rest.remove(dated[0])


def _column(sheet: SheetOutline, name: str) -> None:
    """Where a column belongs: by its name, else by what a data dictionary calls it."""
    for called in sheet.called(name):
        if _belongs(sheet, name, called):
            return
    if is_drug(name) and sheet.holds_words(name, "refractoriness", "status"):
        sheet.status.append(name)
    else:
        sheet.rest.append(name)


def _belongs(sheet: SheetOutline, name: str, called: str) -> bool:
    variant = variant_of(called)
    if variant is not None and (sheet.holds_words(name, "variants", "result") or sheet.codes(name)):
        sheet.variants[name] = variant
        return True
    key = header_key(without_unit(_WITH_FORMAT.sub("", called))[0])
    if INFUSION.get(key) == "day" and sheet.answers(name) and not sheet.codes(name):
        sheet.infusion.setdefault("infused", name)
        return sheet.infusion["infused"] == name
    for known, found in ((PERSON, sheet.person), (INFUSION, sheet.infusion)):
        if key in known and known[key] not in found:
            found[known[key]] = name
            return True
    if _event(sheet, key, name):
        return True
    if match := _REGIMEN.fullmatch(name):
        sheet.regimens.setdefault(match[1], []).append(name)
    elif key == _SHORT_LDH and not sheet.holds_numbers(name):
        return False
    elif (read := named_test_and_unit(called)) is not None:
        if key == _SHORT_LDH:
            sheet.notes.append(f"{name} is assumed to be LDH; it may mean lymphodepletion")
        # a field may bear the name of a test, and its unit stand in its label only
        sheet.tests[name] = read[0], read[1] or _unit_of_field(sheet, name)
    elif (anchored := test_at(called)) is not None:
        sheet.anchored[name] = anchored
    elif (match := _SUFFIX.fullmatch(name)) and (
        test := named_test(without_unit(match["stem"])[0])
    ) is not None:
        unit = without_unit(match["stem"])[1]
        sheet.wide.setdefault((match["stem"], test.id, unit), []).append(name)
    else:
        return False
    return True


def _unit_of_field(sheet: SheetOutline, name: str) -> str | None:
    """The unit that a data dictionary gives: in the label, else in the note."""
    coded = sheet.fields.get(name)
    return without_unit(sheet.label(name))[1] or (None if coded is None else coded.unit or None)


def _event(sheet: SheetOutline, key: str, name: str) -> bool:
    """Whether the column tells a progression, the death, the grade of a toxicity or the type of the
    M-protein.
    """
    toxicity = toxicity_of(key)
    dated = sheet.holds_dates(name)
    if sheet.progression is None and (key in PROGRESSION_DAY or (key in PROGRESSION and dated)):
        sheet.progression = name
    elif asked_of(key) in PROGRESSION and not dated and sheet.progressed is None:
        sheet.progressed = name
    elif sheet.death is None and (key in DEATH_DAY or (key in DEATH and dated)):
        sheet.death = name
    elif asked_of(key) in DEATH and not dated and sheet.dead is None:
        sheet.dead = name
    elif toxicity is not None and toxicity not in sheet.episodes:
        sheet.episodes[toxicity] = name
    elif key in TYPE_OF_PROTEIN and sheet.protein is None and sheet.mentions(name, _PROTEINS):
        sheet.protein = name
    else:
        return False
    return True
