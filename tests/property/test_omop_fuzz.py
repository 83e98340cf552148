"""Whatever stands in the cells of a CDM, it is read, or refused with a sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.support.small_cdm import CONCEPTS, SmallCdm

from rearm.errors import InputError
from rearm.intake.omop.tables import TABLES

_CELLS = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1.0", "1e400", "nan", "inf", "<0.1", "≥ 4", "1,5", "2021", "2021-03",
         "2021-02-30", "20210317", "2021-03-17 08:30:00", "9999-12-31", "0001-01-01", "33958-8",
         "kappa", "positive", "VRd", "Velcade", "XW033K7", "none", "\t", '"', "é\x1b\u202e",
         "99999999999999999999", "g/dL", "%"]
    ),
    st.sampled_from([str(i) for i in CONCEPTS]),
    st.sampled_from(["9191", "8713", "32531", "32941", "32880", "36305408", "1147094", "32838"]),
    st.integers(-3, 40).map(str),
    st.text(max_size=8),
)  # fmt: skip
_EVENTS = [name for name in TABLES if not name.startswith("concept")]


@st.composite
def _tables(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in draw(st.lists(st.sampled_from(_EVENTS), min_size=1, max_size=4, unique=True)):
        table = TABLES[name]
        columns = draw(st.lists(st.sampled_from(table.read), min_size=1, unique=True))
        row = st.fixed_dictionaries(dict.fromkeys(columns, _CELLS))
        person = {"person_id": "1"} if table.of_person else {}
        rows = draw(st.lists(row, min_size=1, max_size=5))
        tables[table.name] = [person | r for r in rows]
    return tables


# a failing table is small already; to make it smaller takes minutes
@settings(max_examples=100, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(_tables(), st.booleans())
def test_any_cells(tables: dict[str, list[dict[str, Any]]], with_vocabulary: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cdm = SmallCdm(Path(folder) / "cdm")
        cdm.with_vocabulary = with_vocabulary
        cdm.measured()
        cdm.tables.update({name: list(rows) for name, rows in tables.items()})
        try:
            reading = cdm.read()
        except InputError as error:
            assert str(error).endswith(".")
            return
        for record in reading.records:
            assert all(
                lab.source.file == "measurement.csv" or lab.source.file == "observation.csv"
                for lab in record.labs
            )
        for issue in reading.all_issues():
            assert "\x1b" not in issue.message
            assert not any(gap in issue.message for gap in ("{n}", "{list}", "{concepts}"))
