"""What the entry form holds."""

from __future__ import annotations

from typing import ClassVar, Literal

from rearm.board.web.contexts import Context, Part

__all__ = [
    "DateRead",
    "Draft",
    "EntryCell",
    "EntryFound",
    "EntryGroup",
    "EntryLine",
    "EntryPage",
    "EntryStart",
    "EntryTable",
    "Finding",
    "Other",
    "PastePage",
    "PastedShown",
    "RecordPage",
    "RecordVersion",
    "ResultPage",
    "Word",
]


class Word(Part, frozen=True, kw_only=True):
    """A word that a field takes, and how the page calls it."""

    word: str
    label: str


class EntryCell(Part, frozen=True, kw_only=True):
    """One field. `kind`: `text`, `select` (one of the words), `choice` (the words as buttons, none
    chosen beforehand), `fixed` (one word that stands there). `heading` is that of its column, `of`
    names it in full.
    """

    name: str
    kind: Literal["text", "select", "choice", "fixed"]
    heading: str
    of: str
    value: str = ""
    words: tuple[Word, ...] = ()
    offers: str = ""
    size: int = 10


class EntryLine(Part, frozen=True, kw_only=True):
    """A line of a field. `cells` stand under the headings of the group, null where the field has
    none there; `more` are further columns that are filled. `row`: the row on record that it shows.
    `last_of`: the field of which it is the last line that is offered, `more_shown` how many more
    were asked for.
    """

    id: str
    label: str
    words: str
    cells: tuple[EntryCell | None, ...]
    more: tuple[EntryCell, ...] = ()
    row_name: str = ""
    row: str = ""
    hint: str = ""
    last_of: str = ""
    more_name: str = ""
    more_shown: str = ""


class EntryTable(Part, frozen=True, kw_only=True):
    """Lines under headings."""

    headings: tuple[str, ...]
    lines: tuple[EntryLine, ...]


class EntryGroup(Part, frozen=True, kw_only=True):
    """A section: what stands on the first screen, and the rest one click behind."""

    id: str
    label: str
    first: EntryTable
    rest: EntryTable
    day: EntryCell | None = None
    open: bool = False


class Other(Part, frozen=True, kw_only=True):
    """A table of the dictionary as such: what no field of the form asks for."""

    table: str
    meaning: str
    lines: tuple[EntryLine, ...]
    open: bool = False


class Finding(Part, frozen=True, kw_only=True):
    """Something that could not be used, or is doubted. `line` is the id of the line of the form."""

    line: str
    words: str
    message: str
    value: str = ""


class DateRead(Part, frozen=True, kw_only=True):
    """How a date is read that was typed otherwise than year-month-day. `why`: how so, where another
    reader might take it for another day.
    """

    typed: str
    read: str
    why: str = ""


class EntryFound(Context, frozen=True, kw_only=True):
    """What is read of the form as it stands: what could not be used, what is doubted, and what the
    answer lacks. `dates`: how dates are read that stand otherwise than year-month-day. `refusal`:
    why nothing is read, or there is no answer.
    """

    template: ClassVar[str] = "entry_found"
    window: ClassVar[str] = "What is read"

    blank: bool = False
    refusal: tuple[str, ...] = ()
    not_used: tuple[Finding, ...] = ()
    doubted: tuple[Finding, ...] = ()
    first: str = ""
    missing: tuple[str, ...] = ()
    further: int = 0
    fields: int = 0
    dates: tuple[DateRead, ...] = ()


class Draft(Part, frozen=True, kw_only=True):
    """Something begun and not taken in. `path`: where it goes on; `until`: the day to which it is
    kept unless it is changed.
    """

    path: str
    patient: str
    at: str
    fields: int
    until: str


class EntryStart(Context, frozen=True, kw_only=True):
    """What the user began, and the way to a new patient. `days`: for how long a draft is kept after
    its last change.
    """

    template: ClassVar[str] = "entry_start"
    window: ClassVar[str] = "Enter a patient"

    drafts: tuple[Draft, ...]
    days: int


class EntryPage(Context, frozen=True, kw_only=True):
    """The entry form. `path` is its address; `case` and `version` are empty for a new patient,
    `version` is that of the record which the form shows. `theirs`, `mine`: after somebody else
    changed the record, the lines that only theirs and only this form has. `days`: for how long what
    is typed is kept after the last change.
    """

    template: ClassVar[str] = "entry"
    window: ClassVar[str] = "Entry form"

    path: str
    case: str
    patient: str
    version: str
    groups: tuple[EntryGroup, ...]
    others: tuple[Other, ...]
    offers: dict[str, tuple[str, ...]]
    found: EntryFound
    days: int
    refusal: tuple[str, ...] = ()
    changed: bool = False
    theirs: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()


class PastedShown(Part, frozen=True, kw_only=True):
    """How a pasted table was understood: its columns, the results (place, test, value, unit, day),
    and what is left out (place, text, why). `dates`: some of those whose order is asked.
    """

    layout: str
    delimiter: str
    columns: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, str, str, str, str], ...]
    left: tuple[tuple[str, str, str], ...]
    asks_order: bool
    dates: tuple[str, ...]


class PastePage(Context, frozen=True, kw_only=True):
    """A table of results to paste. `path` is the address of the form to which it is added."""

    template: ClassVar[str] = "paste"
    window: ClassVar[str] = "Paste results"

    path: str
    patient: str
    text: str = ""
    order: str = ""
    shown: PastedShown | None = None
    refusal: str = ""


class ResultPage(Context, frozen=True, kw_only=True):
    """One further result of a known patient. `units` by test; `version`: the record to which it is
    added.
    """

    template: ClassVar[str] = "add_result"
    window: ClassVar[str] = "Add a result"

    case: str
    patient: str
    version: str
    tests: tuple[Word, ...]
    asked: int
    units: tuple[str, ...]
    test: str = ""
    value: str = ""
    unit: str = ""
    day: str = ""
    refusal: tuple[str, ...] = ()


class RecordVersion(Part, frozen=True, kw_only=True):
    """A version of the record: where it came from, what could not be used, and the cells that were
    corrected by hand (place, column, before, now, who, when).
    """

    number: int
    at: str
    who: str
    file: str
    rows: int
    not_used: int
    corrected: tuple[tuple[str, str, str, str, str, str], ...]


class RecordPage(Context, frozen=True, kw_only=True):
    """Every version of what is known of a patient, the newest first."""

    template: ClassVar[str] = "record"
    window: ClassVar[str] = "Versions of the record"

    case: str
    patient: str
    versions: tuple[RecordVersion, ...]
