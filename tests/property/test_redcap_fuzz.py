"""Any dictionary and any export: records or a sentence, no fault, and nothing of an identifier."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rearm.errors import InputError
from rearm.intake import read
from rearm.intake.redcap.dictionary import COLUMNS

WORDS = st.one_of(
    st.sampled_from(
        [
            "M-protein (g/L)", "Date of death", "Progression", "Regimen", "Line", "CRS max. grade",
            "del(17p)", "t(4;14)", "Bortezomib", "Diabetes", "Sex", "ECOG", "Response", "PD",
            "VGPR", "Cause of death", "Refractory to", "Unknown", "Line 1 regimen", "Complete?",
            "1", "",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "9", "-99", "NASK", "2024-03-08", "03/04/2024", "1,234"]),
    st.text(max_size=6),
)
KINDS = st.sampled_from(
    ["text", "radio", "dropdown", "checkbox", "yesno", "calc", "notes", "file", "descriptive", "x"]
)
CHECKS = st.sampled_from(["", "date_ymd", "number", "number_comma_decimal", "integer"])
FORMS = st.sampled_from(["labs", "patients", "visit", "therapies", "deaths"])
SECRET = "Qzxwsecret"


@st.composite
def projects(draw: st.DrawFn) -> tuple[list[dict[str, str]], list[list[str]]]:
    """The rows of a dictionary and of an export that mostly fit each other."""
    fields = [{COLUMNS[0]: "id", COLUMNS[1]: "patients", COLUMNS[3]: "text", COLUMNS[4]: "Id"}]
    cells: dict[str, st.SearchStrategy[str]] = {"id": st.sampled_from(["P1", "P2"])}
    system = draw(st.sampled_from(["", "redcap_repeat_instrument", "redcap_event_name"]))
    if system:
        cells[system] = st.sampled_from(["", "labs", "visit", "day_30_arm_1"])
    for number in range(draw(st.integers(0, 6))):
        kind, labels = draw(KINDS), draw(st.lists(WORDS, max_size=4))
        name, codes = f"f{number}", [str(code) for code in range(len(labels))]
        fields.append(
            {
                COLUMNS[0]: name,
                COLUMNS[1]: draw(FORMS),
                COLUMNS[3]: kind,
                COLUMNS[4]: draw(WORDS),
                COLUMNS[5]: " | ".join(f"{code}, {label}" for code, label in enumerate(labels)),
                COLUMNS[6]: draw(WORDS),
                COLUMNS[7]: draw(CHECKS),
            }
        )
        if kind == "checkbox":
            cells |= {f"{name}___{code}": st.sampled_from(["0", "1", ""]) for code in codes}
        elif kind in ("radio", "dropdown", "yesno"):
            cells[name] = st.sampled_from(["", "0", "1", "9", "NASK", *codes])
        else:
            cells[name] = CELLS
    fields.append({COLUMNS[0]: "who", COLUMNS[1]: "visit", COLUMNS[3]: "text", COLUMNS[10]: "y"})
    cells["who"] = st.just(SECRET)
    marks = draw(st.lists(st.sampled_from([row[COLUMNS[1]] for row in fields]), unique=True))
    cells |= {f"{form}_complete": st.sampled_from(["", "0", "2"]) for form in marks}
    rows = draw(st.lists(st.tuples(*cells.values()), max_size=4))
    return fields, [[*cells], *map(list, rows)]


@settings(max_examples=120, deadline=None)
@given(projects())
def test_records_or_a_sentence(made: tuple[list[dict[str, str]], list[list[str]]]) -> None:
    fields, rows = made
    with tempfile.TemporaryDirectory() as name:
        dictionary, export = Path(name) / "d.csv", Path(name) / "e.csv"
        with dictionary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(fields)
        with export.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        try:
            reading = read(export, redcap=dictionary)
            said = repr([*reading.records, *reading.all_issues()])
        except InputError as error:
            said = str(error)
        assert said
        assert SECRET not in said
