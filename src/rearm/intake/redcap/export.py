"""An export of a REDCap project beside its data dictionary: what each column is, whether codes or
labels stand there, and which rows belong to which form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rearm.errors import InputError
from rearm.intake.files.read import read_grids
from rearm.intake.mapping.header_names import column_names, numbered, spaced
from rearm.intake.redcap.dictionary import Dictionary, Field
from rearm.intake.rows import Grid, Value
from rearm.intake.values import shown, text

__all__ = ["CHECKED", "COMPLETE", "EVENT", "GROUP", "INSTRUMENT", "Export", "Place", "read_export"]

EVENT, INSTRUMENT, GROUP = (
    "redcap_event_name", "redcap_repeat_instrument", "redcap_data_access_group",
)  # fmt: skip
_SYSTEM = {
    EVENT: "Event Name",
    INSTRUMENT: "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    GROUP: "Data Access Group",
    "redcap_survey_identifier": "Survey Identifier",
}
CHECKED = {"1": "Checked", "0": "Unchecked"}
COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_NAMED = 5  # columns that a sentence names
_MISFIT = 0.5  # of the columns: so many that are unknown are of another project

Kind = Literal["field", "checkbox", "complete", "timestamp", "system", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a column is. `name`: the system column, the form of a mark of completeness, or the code
    of a checkbox (`label` is what it is called).
    """

    kind: Kind
    field: Field | None = None
    name: str = ""
    label: str = ""

    @property
    def choices(self) -> Mapping[str, str]:
        """What the codes that may stand in the column are called."""
        if self.kind == "checkbox":
            return CHECKED
        if self.kind == "complete":
            return COMPLETE
        return self.field.choices if self.kind == "field" and self.field is not None else {}


@dataclass(slots=True, kw_only=True)
class Export:
    """An export. `columns` by header, in the order of the file; a header that stands twice is
    numbered. `labels`: labels stand there, and not codes.
    """

    file: str
    grid: Grid
    dictionary: Dictionary
    columns: Mapping[str, Place]
    index: Mapping[str, int]
    labels: bool = False
    numbered: bool = False
    _of_form: dict[str, list[list[Value]]] = field(default_factory=dict)
    _values: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def id_header(self) -> str:
        own = self.dictionary.id_field
        return next(h for h, place in self.columns.items() if place.field is own)

    def system(self, name: str) -> str | None:
        """The header of a column of the system; None where it is not there."""
        there = (h for h, p in self.columns.items() if p.kind == "system" and p.name == name)
        return next(there, None)

    def complete(self, form: str) -> str | None:
        """The header of the mark that a form is complete."""
        there = (h for h, p in self.columns.items() if p.kind == "complete" and p.name == form)
        return next(there, None)

    def of_form(self, form: str) -> dict[str, Place]:
        """The columns of the fields of a form, checkboxes among them; the id is of none."""
        return {
            header: place
            for header, place in self.columns.items()
            if place.field is not None
            and place.field.form == form
            and place.field is not self.dictionary.id_field
        }

    def cell(self, row: Sequence[Value], header: str) -> Value:
        index = self.index[header]
        return row[index] if index < len(row) else None

    def values(self, header: str) -> frozenset[str]:
        """The different texts that stand in a column, the blank one among them."""
        if header not in self._values:
            index = self.index[header]
            cells = {row[index] if index < len(row) else None for row in self.rows}
            self._values[header] = frozenset(map(text, cells))
        return self._values[header]

    @property
    def rows(self) -> Sequence[list[Value]]:
        return self.grid.rows[1:]

    def form_rows(self, form: str) -> list[list[Value]]:
        """The rows in which something of a form is filled; an unticked box is nothing."""
        if form not in self._of_form:
            own = self.of_form(form)
            fields = [self.index[h] for h, place in own.items() if place.kind != "checkbox"]
            boxes = [self.index[h] for h, place in own.items() if place.kind == "checkbox"]
            self._of_form[form] = [row for row in self.rows if _is_filled(row, fields, boxes)]
        return self._of_form[form]

    def written(self, choices: Mapping[str, str]) -> dict[str, str]:
        """What stands in a cell for each choice, and what it is called."""
        return {label: label for label in choices.values()} if self.labels else dict(choices)

    def mark(self, choices: Mapping[str, str], code: str) -> str:
        """What stands in a cell for a code."""
        return choices[code] if self.labels else code


def _is_filled(row: Sequence[Value], fields: Sequence[int], boxes: Sequence[int]) -> bool:
    size = len(row)
    return any(i < size and row[i] is not None for i in fields) or any(
        i < size and row[i] is not None and text(row[i]) not in ("0", CHECKED["0"]) for i in boxes
    )


def read_export(path: Path, dictionary: Dictionary) -> Export:
    """The export in a file. Raises InputError where it does not fit the dictionary, or mixes codes
    and labels.
    """
    grid = read_grids(path)[0][0]
    plain = column_names(grid, 0) if grid.rows else []
    names = numbered(plain)
    places = _placed(plain, dictionary)
    columns = {name: place for name, place in zip(names, places, strict=True) if name is not None}
    _check_fit(path.name, dictionary, columns)
    index = {name: i for i, name in enumerate(names) if name is not None}
    export = Export(
        file=path.name,
        grid=grid,
        dictionary=dictionary,
        columns=columns,
        index=index,
        numbered=names != plain,
    )
    export.labels = _holds_labels(export)
    return export


def _check_fit(file: str, dictionary: Dictionary, columns: Mapping[str, Place]) -> None:
    unknown = [header for header, place in columns.items() if place.kind == "unknown"]
    told = [header for header, place in columns.items() if place.kind != "system"]
    if told and len(unknown) > _MISFIT * len(told):
        more = " ..." if len(unknown) > _NAMED else ""
        raise InputError(
            f"The dictionary {dictionary.file} does not fit the export {file}: {len(unknown)} of "
            f"its {len(told)} columns are not in the dictionary ({', '.join(unknown[:_NAMED])}"
            f"{more}). Download both from the same project."
        )
    if not any(place.field is dictionary.id_field for place in columns.values()):
        raise InputError(
            f"The export {file} has no column {dictionary.id_field.name}, the first field of the "
            f"dictionary {dictionary.file}. Export the record id as well, or name the dictionary "
            "of the same project."
        )


def _placed(headers: Sequence[str | None], dictionary: Dictionary) -> list[Place]:
    """What each column is, its header being the name of the field or its label."""
    by_name = [_by_name(header, dictionary) for header in headers]
    by_label = list(_by_label(headers, dictionary))
    named, labelled = (sum(p.kind != "unknown" for p in way) for way in (by_name, by_label))
    return by_name if named >= labelled else by_label


def _by_name(header: str | None, dictionary: Dictionary) -> Place:
    name = header or ""
    if name in _SYSTEM:
        return Place(kind="system", name=name)
    if (field := dictionary.fields.get(name)) is not None:
        return Place(kind="field", field=field)
    stem, mark, code = name.partition("___")
    if mark and (field := dictionary.fields.get(stem)) is not None:
        codes = {_checkbox_code(code): code for code in field.choices}
        own = codes.get(code)
        label = "" if own is None else field.choices[own]
        return Place(kind="checkbox", field=field, name=own or code, label=label)
    for ending, kind in (("_complete", "complete"), ("_timestamp", "timestamp")):
        if name.endswith(ending) and (form := name.removesuffix(ending)) in dictionary.forms:
            return Place(kind=kind, name=form)  # type: ignore[arg-type]
    return Place(kind="unknown")


def _checkbox_code(code: str) -> str:
    """A code as it stands in the name of a column."""
    return code.lower().replace("-", "_").replace(".", "_")


def _by_label(headers: Sequence[str | None], dictionary: Dictionary) -> Iterator[Place]:
    """Columns under labels come in the order of the dictionary: a label that several fields have is
    that of the next one.
    """
    expected = list(_labelled(dictionary))
    systems = {label: name for name, label in _SYSTEM.items()}
    after = 0
    for header in headers:
        if header in systems and header is not None:
            yield Place(kind="system", name=systems[header])
            continue
        found = next((i for i in range(after, len(expected)) if expected[i][0] == header), None)
        if found is None:
            yield Place(kind="unknown")
        else:
            after = found + 1
            yield expected[found][1]


def _labelled(dictionary: Dictionary) -> Iterator[tuple[str, Place]]:
    """The headers of an export under labels, in their order."""
    first = dictionary.id_field
    yield first.label, Place(kind="field", field=first)
    for form, fields in dictionary.forms.items():
        yield "Survey Timestamp", Place(kind="timestamp", name=form)
        for own in fields:
            if own.kind == "checkbox":
                for code, label in own.choices.items():
                    header = spaced(f"{own.label} (choice={label})")
                    yield header, Place(kind="checkbox", field=own, name=code, label=label)
            else:
                yield own.label, Place(kind="field", field=own)
        yield "Complete?", Place(kind="complete", name=form)


def _holds_labels(export: Export) -> bool:
    """Whether labels stand in the cells, by comparing them with the choices. Raises InputError
    where codes stand in some cells and labels in others.
    """
    code: tuple[str, str] | None = None
    label: tuple[str, str] | None = None
    for header, place in export.columns.items():
        codes, labels = set(place.choices), set(place.choices.values())
        for cell in sorted(export.values(header)) if codes else ():
            if cell in codes - labels:
                code = code or (header, cell)
            elif cell in labels - codes:
                label = label or (header, cell)
    if code is not None and label is not None:
        raise InputError(
            f"{export.file} mixes codes and labels: {code[0]} holds the code {shown(code[1])}, "
            f"{label[0]} the label {shown(label[1])}. Export it again, as raw data or as labels."
        )
    return label is not None
