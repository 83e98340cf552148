"""The tables of a store: their columns with type and meaning. One row of a table is about one
patient; every row names him.

Days are on the patient's own axis, day 0 the infusion (see the record); `..._low` and `..._high`
are the days between which something lies, both the same where its day is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TABLES", "StoreColumn", "StoreTable", "schema_of"]

Kind = Literal["text", "whole", "number", "yes_no", "texts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreColumn:
    """One column; `meaning` is a noun phrase."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTable:
    """One table; `row` says what a row is."""

    name: str
    row: str
    columns: tuple[StoreColumn, ...]


def _column(name: str, kind: Kind, meaning: str) -> StoreColumn:
    return StoreColumn(name=name, kind=kind, meaning=meaning)


_PATIENT = _column("patient_id", "text", "the id as the input writes it")
_CRITERIA = _column("criteria", "text", "version of the response criteria")
_INFUSION = _column("infusion", "whole", "number of the CAR-T infusion, from 1")

_PATIENTS = StoreTable(
    name="patients",
    row="one patient with the answer of the last day with data",
    columns=(
        _PATIENT,
        _column("source_hash", "text", "hash of all rows of the patient in the input"),
        _column("software", "text", "version of Rearm"),
        _column("knowledge", "text", "version of the knowledge"),
        _CRITERIA,
        _column("error", "text", "why the patient could not be assessed"),
        _column("as_of", "whole", "day of the answer"),
        _column("sex", "text", "F or M"),
        _column(
            "age",
            "number",
            "age at the last infusion, in years; of a year of birth to half a year",
        ),
        _column("infusion_year", "whole", "calendar year of the last infusion"),
        _column("heavy_chain", "texts", "heavy chains of the M-protein"),
        _column("light_chain", "text", "light chain"),
        _column("diagnosis_low", "whole", "earliest day of the diagnosis"),
        _column("diagnosis_high", "whole", "latest day of the diagnosis"),
        _column("first_measured", "whole", "first day with a result, an examination or a response"),
        _column("last_seen", "whole", "last day on which the patient was seen or measured"),
        _column("died", "yes_no", "true where a death is recorded; empty: none is recorded"),
        _column("death_low", "whole", "earliest day of death"),
        _column("death_high", "whole", "latest day of death"),
        _column("death_cause", "text", "cause as stated"),
        _column("infusions", "whole", "CAR-T infusions"),
        _column("infusion_day", "whole", "day of the last infusion"),
        _column("product", "text", "product of the last infusion"),
        _column("status", "text", "what became of the last infusion"),
        _column("certainty", "text", "how sure the failure is"),
        _column("kind", "text", "kind of failure"),
        _column("timing", "text", "early, intermediate or late failure"),
        _column("day_low", "whole", "earliest day of the failure"),
        _column("day_high", "whole", "latest day of the failure"),
        _column("best_response", "text", "best response to the last infusion"),
        _column("best_response_by", "text", "computed or team"),
        _column("best_response_computed", "text", "best confirmed response by the results"),
        _column("best_response_team", "text", "best response that the team recorded"),
        _column("relapse_after", "text", "what the present relapse came after"),
        _column("relapse_line", "whole", "number of the line that it ended"),
        _column("relapse_status", "text", "failed or suspected"),
        _column("relapse_certainty", "text", "how sure the relapse is"),
        _column("relapse_day_low", "whole", "earliest day of the relapse"),
        _column("relapse_day_high", "whole", "latest day of the relapse"),
        _column("relapse_pattern", "texts", "pattern of the relapse"),
        _column("relapse_tempo", "text", "tempo of the relapse"),
        _column("watched", "text", "what is watched where there is no relapse"),
        _column("answer_state", "text", "state of the answer"),
        _column("undetermined", "yes_no", "whether no cause is likely"),
        _column("alerts", "texts", "alerts that hold"),
        _column("open_alerts", "texts", "alerts that cannot be told"),
        _column("actions", "texts", "actions that are due"),
        _column("errors", "whole", "errors of the input"),
        _column("warnings", "whole", "warnings of the input"),
        _column("notes", "whole", "notes of the input"),
    ),
)
_INFUSIONS = StoreTable(
    name="infusions",
    row="one CAR-T infusion and what became of it",
    columns=(
        _PATIENT,
        _CRITERIA,
        _INFUSION,
        _column("day", "whole", "day of the infusion"),
        _column("product", "text", "product"),
        _column("targets", "texts", "antigens that it binds"),
        _column("apheresis_low", "whole", "earliest day of the last leukapheresis before it"),
        _column("apheresis_high", "whole", "latest day of it"),
        _column("status", "text", "what became of it"),
        _column("because", "text", "what decided"),
        _column("certainty", "text", "how sure the failure is"),
        _column("kind", "text", "kind of failure"),
        _column("timing", "text", "early, intermediate or late"),
        _column("failed_low", "whole", "earliest day of the failure"),
        _column("failed_high", "whole", "latest day of the failure"),
        _column("computed_day", "whole", "day of progression by the results"),
        _column("team_day", "whole", "day of progression that the team recorded"),
        _column("pattern", "texts", "pattern of the relapse"),
        _column("responded", "yes_no", "partial response or better before the failure"),
        _column("evaluable", "yes_no", "whether a response or a progression is known"),
        _column("best_response", "text", "best response"),
        _column("best_response_by", "text", "computed or team"),
        _column("best_response_computed", "text", "best confirmed response by the results"),
        _column("best_response_team", "text", "best response that the team recorded"),
        _column("followed_to", "whole", "last day of follow-up of this infusion"),
        _column("last_assessed", "whole", "last day on which the disease could be judged"),
        _column("next_therapy", "whole", "first day of unplanned therapy, bridging included"),
    ),
)
_LINES = StoreTable(
    name="lines",
    row="one line of therapy, before or after the CAR-T",
    columns=(
        _PATIENT,
        _CRITERIA,
        _column("line", "whole", "number of the line, from 1"),
        _column("after_infusion", "whole", "number of the infusion that it follows; 0: before any"),
        _column("salvage", "whole", "number among the lines after the last infusion, from 1"),
        _column("start_low", "whole", "earliest first day"),
        _column("start_high", "whole", "latest first day"),
        _column("end_low", "whole", "earliest last day"),
        _column("end_high", "whole", "latest last day"),
        _column("agents", "texts", "agents, or the CAR-T product"),
        _column("purposes", "texts", "purposes of its rows"),
        _column("strategy", "text", "strategy of the list that it is"),
        _column("option", "text", "option of the list that it is"),
        _column("exact", "yes_no", "whether its agents are those of the option, no more, no fewer"),
        _column("status", "text", "what became of it (lines after the last infusion)"),
        _column("progressed_low", "whole", "earliest day of progression under or after it"),
        _column("progressed_high", "whole", "latest day of it"),
        _column("best_response", "text", "best response to it"),
        _column("responded", "yes_no", "partial response or better"),
        _column("evaluable", "yes_no", "whether a response to it or a progression is known"),
        _column("refractory", "yes_no", "progression on it or within 60 days of its last dose"),
    ),
)
_RESPONSES = StoreTable(
    name="responses",
    row="one visit of the course of an infusion",
    columns=(
        _PATIENT,
        _CRITERIA,
        _INFUSION,
        _column("day_low", "whole", "earliest day of the visit"),
        _column("day_high", "whole", "latest day of the visit"),
        _column("response", "text", "response at the visit"),
        _column("confirmed", "text", "best confirmed response so far, until progression"),
        _column("rule", "text", "rule that decided"),
    ),
)
_RELAPSES = StoreTable(
    name="relapses",
    row="one progression or suspicion, of the CAR-T or of a later line",
    columns=(
        _PATIENT,
        _CRITERIA,
        _column("after", "text", "CAR-T, or the agents of the line"),
        _column("line", "whole", "number of the line among all lines"),
        _INFUSION,
        _column("status", "text", "failed or suspected"),
        _column("certainty", "text", "how sure it is"),
        _column("kind", "text", "kind of failure"),
        _column("day_low", "whole", "earliest day"),
        _column("day_high", "whole", "latest day"),
        _column("pattern", "texts", "pattern"),
        _column("present", "yes_no", "whether it is the relapse to decide on"),
    ),
)
_OUTCOMES = StoreTable(
    name="outcomes",
    row="one endpoint of an infusion, counted from one origin",
    columns=(
        _PATIENT,
        _CRITERIA,
        _INFUSION,
        _column("origin", "text", "infusion, apheresis, failure or salvage"),
        _column(
            "origin_day",
            "whole",
            "day that is counted from; of a salvage the first of its line, of a later CAR-T the "
            "infusion",
        ),
        _column("endpoint", "text", "PFS, OS ... as in the dictionary of endpoints"),
        _column("status", "text", "event, censored or not_computable"),
        _column("event", "text", "what happened"),
        _column("days", "whole", "days from the origin to the event or the censoring"),
        _column("days_low", "whole", "earliest days to the event, where it is dated by its month"),
        _column("days_high", "whole", "latest days to the event"),
        _column("censored_by", "text", "why it ended without the event"),
        _column("competing", "yes_no", "whether the event could no longer happen"),
        _column("obstacle", "text", "why it can't be computed"),
        _column("entry", "whole", "days from the origin until the patient was first observed"),
    ),
)
_TIERS = StoreTable(
    name="tiers",
    row="the tier of a strategy on a day of decision",
    columns=(
        _PATIENT,
        _CRITERIA,
        _column("decision", "text", "now, or before_salvage (the day before the first salvage)"),
        _column("as_of", "whole", "day of the decision"),
        _column("strategy", "text", "strategy"),
        _column("tier", "text", "tier"),
    ),
)
_CAUSES = StoreTable(
    name="causes",
    row="a factor of failure and how far it is shown",
    columns=(
        _PATIENT,
        _CRITERIA,
        _column("factor", "text", "factor"),
        _column("group", "text", "group of factors"),
        _column("grade", "text", "grade"),
    ),
)
_TESTS = StoreTable(
    name="tests",
    row="a test that is asked for",
    columns=(
        _PATIENT,
        _CRITERIA,
        _column("rank", "whole", "place in the list, from 1"),
        _column("test", "text", "work-up, or several joined by +"),
        _column("mandatory", "yes_no", "whether it comes before any choice"),
    ),
)
_ISSUES = StoreTable(
    name="issues",
    row="something wrong or noteworthy in the input",
    columns=(
        _PATIENT,
        _column("severity", "text", "error, warning or note"),
        _column("code", "text", "kind of issue"),
        _column("file", "text", "file of the input"),
        _column("place", "text", "row, cell or resource"),
        _column("column", "text", "column that it is about"),
        _column("value", "text", "what stands there"),
        _column("done", "text", "used, set aside or refused"),
        _column("count", "whole", "places that it is about"),
        _column("message", "text", "what is wrong and what to do"),
    ),
)

# by name, in the order of the way of the data; the table `findings` has the columns of the
# dictionary of findings and is described there
TABLES: dict[str, StoreTable] = {
    table.name: table
    for table in (
        _PATIENTS,
        _INFUSIONS,
        _LINES,
        _RESPONSES,
        _RELAPSES,
        _OUTCOMES,
        _TIERS,
        _CAUSES,
        _TESTS,
        _ISSUES,
    )
}


def schema_of(table: StoreTable) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The Polars types of a table's columns, in order."""
    import polars as pl

    types: dict[Kind, Any] = {
        "text": pl.String,
        "whole": pl.Int64,
        "number": pl.Float64,
        "yes_no": pl.Boolean,
        "texts": pl.List(pl.String),
    }
    return {column.name: types[column.kind] for column in table.columns}
