"""Types an invented patient into the entry form in a real browser, field by field and key by key,
and tells how long a person would take.

The time is an estimate: 0.28 s a key (a typist of 40 words a minute, Card, Moran and Newell, The
keystroke-level model, Commun ACM 1980;23:396-410) and 2 s a field for finding the entry in the
letter and reaching its place in the form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rearm.board.entry.names import day_name, key_of, name_of
from rearm.intake import read
from rearm.intake.form.typed import TypedForm, TypedLine, lines_of
from rearm.intake.kept_rows import keep
from rearm.knowledge import load

__all__ = ["Typed", "letter", "type_patient"]

_ROOT = Path(__file__).parents[1]
SECONDS_A_KEY = 0.28
SECONDS_A_FIELD = 2.0
_TABS = 4  # a field so near is reached by the tab key, another one by the mouse


_PAGE = """# How long the entry form takes

A script types the first invented patient of `tests/data/review/patients/1-first-entry` into the
form of `rearm serve`, field by field in a real browser: 8 treatments, 22 results, one product, one
alteration. Written by `python -m scripts.typed_patient`.

| fields filled | keys pressed | further clicks | estimated time |
|---|---|---|---|
| {fields} | {keys} | {clicks} | {minutes} minutes |

The time is estimated, not measured with people: 0.28 s a key, a typist of 40 words a minute (Card,
Moran and Newell, The keystroke-level model for user performance time with interactive systems,
Communications of the ACM 1980;23:396-410), and 2 s a field or click for finding the entry in the
letter and reaching its place in the form. Slips, interruptions and doubts come on top.
"""


@dataclass(slots=True)
class Typed:
    """What was done: fields filled, keys pressed, buttons clicked."""

    fields: int = 0
    keys: int = 0
    clicks: int = 0

    @property
    def minutes(self) -> float:
        reached = (self.fields + self.clicks) * SECONDS_A_FIELD
        return (self.keys * SECONDS_A_KEY + reached) / 60


def letter(folder: Path, patient_id: str) -> dict[str, str]:
    """What a person types of a patient, by the names of the fields, in the order of the form: a day
    that several values of today share is typed once.
    """
    form = load().form
    reading = read(folder, today=date(2026, 11, 30))
    rows = [keep(row) for row in reading.rows_of(patient_id)]
    typed = lines_of(rows, form)
    return dict(_texts(typed))


def _texts(typed: TypedForm) -> Iterator[tuple[str, str]]:
    form = load().form
    today = [x.cells.get("day", "") for x in typed.lines
             if x.field and form.fields[x.field].group == "today"]  # fmt: skip
    shared = max(set(today), key=today.count, default="")
    if shared:
        yield day_name("today"), shared
    for line in typed.lines:
        if not line.field:
            continue  # the day of the infusion is day 0 by itself
        if own := _own_field(line):
            line = own
        of_today = form.fields[line.field].group == "today"
        for column, text in line.cells.items():
            if not (of_today and column == "day" and text == shared):
                yield name_of(key_of(line), line.number, column), text


def _own_field(line: TypedLine) -> TypedLine | None:
    """An alteration that has a field of its own stands there, whatever else a table tells of it."""
    fields = load().form.fields.values()
    gene = line.cells.get("gene")
    of_field = next(
        (f for f in fields if f.table == "variants" and f.fixed.get("gene") == gene), None
    )
    if gene is None or of_field is None:
        return None
    asked = {c: line.cells[c] for c in of_field.columns() if c in line.cells}
    cells = {c: text for c, text in asked.items() if c not in of_field.fixed}
    return TypedLine(table="variants", field=of_field.id, number=0, cells=cells)


def type_patient(view: Any, texts: dict[str, str]) -> Typed:
    """Types into the opened form; asks for more lines where there are too few."""
    done = Typed()
    for key in dict.fromkeys(name.split(".")[0] for name in texts if not name.startswith("-")):
        numbers = [int(n.split(".")[1]) for n in texts if n.startswith(f"{key}.")]
        while not view.locator(f"[name^='{key}.{max(numbers)}.']").count():
            with view.expect_navigation(wait_until="load"):
                view.locator(f"button[value='more:{key}']").click()
            done.clicks += 1
    stops = view.evaluate(_STOPS)
    order = {name: index for index, name in reversed([*enumerate(stops)])}
    before: str | None = None
    there = [name for name in texts if not _stands_there(view, name, texts[name])]
    for name in sorted(there, key=lambda x: order[x]):
        _type(view, name, texts[name], done, None if before is None else order[before], order[name])
        before = name
    return done


# the names in the order of the form, where a group of buttons is one stop
_STOPS = """[...new Set([...document.querySelectorAll('.entry-form [name]')]
  .filter(x => x.type !== 'hidden' && x.type !== 'submit').map(x => x.name))]"""


def _stands_there(view: Any, name: str, text: str) -> bool:
    """Whether it is a unit that need not be typed, since there is only one."""
    field = view.locator(f"[name='{name}'][type=hidden]")
    return bool(field.count()) and field.input_value() == text


def _type(view: Any, name: str, text: str, done: Typed, at: int | None, to: int) -> None:
    field = view.locator(f"[name='{name}']").first
    if not field.is_visible():  # one click opens its section
        view.locator("details:not([open])", has=view.locator(f"[name='{name}']")).first.locator(
            "summary"
        ).first.click()
        done.clicks += 1
    done.fields += 1
    if at is not None and 0 < to - at <= _TABS:
        done.keys += to - at
    kind = field.evaluate("x => x.type")
    if kind == "radio":
        view.locator(f"[name='{name}'][value='{text}']").check()
        done.keys += 1
        return
    field.focus()
    if kind.startswith("select"):
        done.keys += _chosen(field, view, text)
    else:
        view.keyboard.type(text)
        done.keys += len(text)


def _chosen(field: Any, view: Any, text: str) -> int:
    """Types the beginning of a word until its list stands on it; gives the keys."""
    words = field.evaluate("x => [...x.options].map(o => [o.value, o.label])")
    label = next(label for value, label in words if value == text)
    for length in range(1, len(label) + 1):
        fit = [own for _, own in words if own.lower().startswith(label[:length].lower())]
        if fit[0] == label:
            view.keyboard.type(label[:length])
            return length
    field.select_option(text)
    return len(label)


def main() -> None:
    """Types the first patient of the first letter, and writes what it took."""
    from tests.support.browser import chromium
    from tests.support.running_board import running

    folder = _ROOT / "tests" / "data" / "review" / "patients" / "1-first-entry"
    texts = letter(folder, "A")
    with (
        TemporaryDirectory() as place,
        running(Path(place) / "board", "--no-examples") as link,
        chromium() as browser,
    ):
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        view.goto(link)
        view.goto(f"{link.split('/start/')[0]}/entry")
        view.get_by_role("button", name="Start a new patient").click()
        done = type_patient(view, texts)
        with view.expect_navigation(wait_until="load"):
            view.get_by_role("button", name="Take it in").click()
        assert "A: myeloma after CAR-T" in view.locator("h1").inner_text()
    text = _PAGE.format(
        fields=done.fields, keys=done.keys, clicks=done.clicks, minutes=f"{done.minutes:.1f}"
    )
    (_ROOT / "docs" / "validation" / "entry.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
