"""The known patients read, assessed and compared.

With knowledge of the user's own there is no known answer: rules that were changed on purpose give
other answers on purpose. What differs from the bundled knowledge is then told and is no fault, so
that an author sees which of the ten patients a change reaches. The board has no such choice: it
answers with the bundled knowledge only, and there each difference is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from rearm.assessment import assess
from rearm.errors import RearmError
from rearm.intake import read
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record
from rearm.self_test.answers import BUNDLE, TABLES, KnownPatient, codes_of, known_patients
from rearm.self_test.installed import installed_files

__all__ = ["Compared", "SelfTestFailed", "compare_known", "require_self_test"]

_TODAY = date(2026, 1, 1)  # after every date of the known patients, and the same on each day
_LONGEST = 3  # differences that a sentence names
_FILES = "files of the program"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what was compared, and what differs."""

    id: str
    title: str
    differences: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        return not self.differences


class SelfTestFailed(RearmError):
    """This installation does not say what it said when it was released."""


def compare_known(knowledge: Knowledge | None = None) -> tuple[Compared, ...]:
    """A line for each known patient and one for the files of the program.

    `knowledge`: other than the bundled one; the files are then left out. Nothing is raised: a
    library that is broken is a difference, too.
    """
    try:
        known = known_patients()
    except (OSError, ValueError) as error:
        return (Compared(id="known answers", title="", differences=(_fault(error),)),)
    read_ones: dict[str, Record] = {}
    why = ""
    try:
        for record in _records(knowledge):
            read_ones[record.patient_id] = record
    except Exception as error:  # whatever a broken library raises
        why = _fault(error)
    lines = tuple(_compared(one, read_ones.get(one.id), why, knowledge) for one in known)
    return lines if knowledge is not None else (*lines, _files())


def require_self_test() -> None:
    """Raises SelfTestFailed with a sentence where a known answer or a file differs."""
    failed = [line for line in compare_known() if not line.same]
    if failed:
        told = [f"{line.id} ({'; '.join(line.differences)})" for line in failed[:_LONGEST]]
        more = f", and {len(failed) - _LONGEST} more" if len(failed) > _LONGEST else ""
        raise SelfTestFailed(
            "The self-test failed, so this installation must not answer for patients: "
            f"{', '.join(told)}{more}. Install Rearm anew; `rearm self-test` shows each line."
        )


def _records(knowledge: Knowledge | None) -> Iterator[Record]:
    for source in (TABLES, BUNDLE):
        yield from read(source, knowledge=knowledge, today=_TODAY).records


def _compared(
    known: KnownPatient, record: Record | None, why: str, knowledge: Knowledge | None
) -> Compared:
    if record is None:
        differences: tuple[str, ...] = (why or "the patient was not read",)
    else:
        try:
            now = codes_of(assess(record, knowledge=knowledge))
            differences = known.answer.differences(now)
        except Exception as error:
            differences = (_fault(error),)
    return Compared(id=known.id, title=known.title, differences=differences)


def _files() -> Compared:
    found = installed_files()
    title = f"{found.files} compared" if found.files else "not compared: installed from source"
    names = found.changed[:_LONGEST]
    more = len(found.changed) - len(names)
    told = [*(f"{name} is not as installed" for name in names), *([f"{more} more"] if more else [])]
    return Compared(id=_FILES, title=title, differences=tuple(told))


def _fault(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
