"""Recognising a sheet: its header, the column of the patients' ids, and what its columns hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.mapping.draft.header_meaning import (
    is_drug,
    named_test,
    named_test_and_unit,
    variant_of,
    without_unit,
)
from rearm.intake.mapping.draft.headers import (
    DAYS,
    DEATH,
    EPISODES,
    IDS,
    INFUSION,
    LONG_LABS,
    PERSON,
    PROGRESSION,
    THERAPY,
    TYPE_OF_PROTEIN,
    UNIT,
    header_key,
)
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.rows import Grid
from rearm.intake.values import text

__all__ = ["recognise"]

_SUFFIX = re.compile(r"(?P<stem>.+?)[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})")
_REGIMEN = re.compile(r"(?i)(regime|regimen|therapie|therapy|line|linie)[ _]?(\d{1,2})")
_WITH_FORMAT = re.compile(r"[\[(]\s*(?:[mdyjt]{1,4}[./-]?){1,3}\s*[\])]", re.IGNORECASE)
_PROTEINS = r"(?i)ig[gamde]\b|kappa|lambda"
_HEADER_ROWS = 10  # so many first rows may hold a title, a group above the header, or the header


def recognise(grid: Grid, fields: Mapping[str, CodedField]) -> SheetOutline | None:
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
    for name in left:
        _column(sheet, name)
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
        meant = next((n for n in left if rest and header_key(without_unit(n)[0]) == rest), None)
        beside = meant or by_index.get(index - 1)
        if beside is not None and named_test_and_unit(beside) is not None:
            sheet.units[beside] = name
            del left[name]


def _guess_day(sheet: SheetOutline) -> None:
    """The one column of dates that nothing else claims dates the results beside it."""
    if sheet.day_header is not None or not (sheet.tests or sheet.long_labs):
        return
    dated = [name for name in sheet.rest if sheet.holds_dates(name)]
    if len(dated) == 1:
        sheet.day_header, sheet.day_guessed = dated[0], True
        sheet.rest.remove(dated[0])


def _column(sheet: SheetOutline, name: str) -> None:
    """Where a column belongs: by its name, else by what a data dictionary calls it."""
    for called in dict.fromkeys((name, sheet.called(name))):
        if _belongs(sheet, name, called):
            return
    if is_drug(name) and sheet.holds_words(name, "refractoriness", "status"):
        sheet.status.append(name)
    else:
        sheet.rest.append(name)


def _belongs(sheet: SheetOutline, name: str, called: str) -> bool:
    variant = variant_of(called)
    if variant is not None and sheet.holds_words(name, "variants", "result"):
        sheet.variants[name] = variant
        return True
    key = header_key(without_unit(_WITH_FORMAT.sub("", called))[0])
    for known, found in ((PERSON, sheet.person), (INFUSION, sheet.infusion)):
        if key in known and known[key] not in found:
            found[known[key]] = name
            return True
    if _event(sheet, key, name):
        return True
    if match := _REGIMEN.fullmatch(name):
        sheet.regimens.setdefault(match[1], []).append(name)
    elif (read := named_test_and_unit(called)) is not None:
        # a field may bear the name of a test, and its unit stand in its label only
        sheet.tests[name] = read[0], read[1] or without_unit(sheet.called(name))[1]
    elif (match := _SUFFIX.fullmatch(name)) and (
        test := named_test(without_unit(match["stem"])[0])
    ) is not None:
        unit = without_unit(match["stem"])[1]
        sheet.wide.setdefault((match["stem"], test.id, unit), []).append(name)
    else:
        return False
    return True


def _event(sheet: SheetOutline, key: str, name: str) -> bool:
    """Whether the column tells a progression, the death, the grade of a toxicity or the type of the
    M-protein.
    """
    if key in PROGRESSION and sheet.progression is None and sheet.holds_dates(name):
        sheet.progression = name
    elif key in DEATH and sheet.death is None:
        sheet.death = name
    elif key in EPISODES and EPISODES[key] not in sheet.episodes:
        sheet.episodes[EPISODES[key]] = name
    elif key in TYPE_OF_PROTEIN and sheet.protein is None and sheet.mentions(name, _PROTEINS):
        sheet.protein = name
    else:
        return False
    return True
