"""Whatever stands in a cell or in a file, intake gives records with issues or one sentence; it
never fails otherwise.
"""

from __future__ import annotations

import string
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rearm.intake import InputError, read, read_tables
from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.write import draft_mapping
from rearm.record import Record
from rearm.strict_json import parse_json

_SUGGESTIVE = st.sampled_from(
    ["", "yes", "no", "2024-03", "2024-13-45", "0000-00-00", "9999-12-31", "12.03.24", "31.02.2024",
     "Day 99999999999", "1e400",
     "-1e308", "NaN", "<", "<<1", "1,234,5", ";;;", "IgG;IgG", "PD", "n.d.", "VRd", "CAR-T",
     "t(11;14)", "L1=", "=", "\x00", "\ud800",
     "٣", "½", "١٢", "²", "1e5", "٢٠٢٤-٠١-٠١", "-0", "+5", "5.0", "5.5", "\u202e",
     "99999999999999999999", "before bridging"]
)  # fmt: skip
CELLS = st.one_of(
    _SUGGESTIVE,
    st.text(max_size=30),
    st.text(alphabet=string.digits + "-.,<>= /;:Tt", max_size=14),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Some tidy tables with one to three rows of the same patient (mostly) and any cells."""
    chosen = draw(
        st.lists(st.sampled_from(list(load_tables())), min_size=1, max_size=3, unique=True)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for name in chosen:
        columns = list(load_tables()[name].columns)
        rows = []
        for _ in range(draw(st.integers(1, 3))):
            row: dict[str, Any] = {
                c: draw(CELLS)
                for c in draw(st.lists(st.sampled_from(columns), max_size=6, unique=True))
            }
            rows.append(
                {"test": "crp", "unit": "mg/L"}
                | row
                | {"patient_id": draw(st.sampled_from(["A", "A", "A", "B", "", 7]))}
                if name == "labs"
                else row | {"patient_id": "A"}
            )
        found[name] = rows
    return found


def _sound(record: Record) -> None:
    """What every record promises, whatever was read."""
    for lab in record.labs:
        assert (lab.quantity is None) != (lab.word is None)
        assert lab.why_set_aside is None
        if lab.quantity is not None:
            assert lab.quantity.low <= lab.quantity.high and lab.quantity.low == lab.quantity.low
    for lab in record.set_aside:
        assert lab.why_set_aside
    for issue in record.issues:
        assert issue.message and issue.patient_id == record.patient_id and issue.source.file
    record.last_day()
    record.known_at(0)


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(tables())
@example(
    {
        "patients": [{"patient_id": "A", "birth_date": "9999-12-31", "day_zero": "1880-01-01"}],
        "labs": [{"patient_id": "A", "day": date.max, "test": "crp", "value": "1", "unit": "mg/L"}],
    }
)
@example(
    {
        "patients": [{"patient_id": "A", "day_zero": date.max}],
        "labs": [{"patient_id": "A", "day": 999, "test": "crp", "value": 1, "unit": "mg/L"}],
    }
)
@example(
    {
        "deaths": [{"patient_id": "A", "day": datetime(2024, 1, 1)}],
        "imaging": [{"patient_id": "A", "day": "2024-01", "n_lesions": 1e300}],
    }
)
def test_any_cell(found: dict[str, list[dict[str, Any]]]) -> None:
    try:
        reading = read_tables(found)
    except InputError as error:
        assert str(error).endswith((".", ")"))
        return
    ids = [r.patient_id for r in reading.records]
    assert len(ids) == len(set(ids))
    for record in reading.records:
        _sound(record)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["patients.csv", "labs.csv", "labs.parquet", "cohort.xlsx"]),
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass")),
    ),
)
def test_any_file(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    path: Path = tmp_path_factory.mktemp("f") / name
    path.write_bytes(content)
    for reader in (read, draft_mapping):
        try:
            reader(path)
        except InputError as error:
            assert name in str(error)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60), st.text(alphabet='{}[]",:0123456789.eE+-nulltrfasNI\\u ', max_size=60)
    )
)
def test_any_json(text: str) -> None:
    try:
        parse_json(text, "p.json")
    except InputError as error:
        assert "p.json" in str(error)
