"""The endpoints as a table: what each counts from, which events end it, what competes with them,
where it is censored, and which ADaM variables say so.

`rearm.outcome.endpoints` computes from these tables, `rearm.export.adam` takes its source variables
from them, and `docs/dictionary/endpoints.md` prints them. Definitions follow the IMWG uniform
response criteria (Durie 2006, Kumar 2016) and the guidance of FDA and EMA on endpoints of cancer
trials; ADaM names follow pharmaverse (admiralonco).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from rearm.outcome.endpoint_facts import CourseFacts
from rearm.record import When

__all__ = [
    "CENSORINGS",
    "CENSORING_STYLES",
    "ENDPOINTS",
    "NOT_COMPUTABLE",
    "AdamSource",
    "Censoring",
    "CensoringCode",
    "CensoringStyle",
    "Competing",
    "EndpointDefinition",
    "EndpointName",
    "EventCode",
    "EventDefinition",
    "NotComputable",
    "Origin",
    "StyleName",
]

EndpointName = Literal[
    "PFS",
    "TTP",
    "DOR",
    "DFS",
    "TTNT",
    "OS",
    "PFS2",
    "failure-a",
    "failure-b",
    "failure-c",
    "failure-d",
]
Origin = Literal["start", "infusion", "apheresis", "failure", "salvage"]
StyleName = Literal["default", "fda", "ema"]
EventCode = Literal[
    "PD",
    "death",
    "death of myeloma",
    "new therapy",
    "relapse from CR",
    "loss of MRD negativity",
]
CensoringCode = Literal[
    "last_contact",
    "last_assessment",
    "no_assessment",
    "new_therapy",
    "missed_assessments",
    "death_before_new_therapy",
    "death_before_failure",
    "death_of_another_cause",
    "death_of_unknown_cause",
]
NotComputable = Literal[
    "infusion_undated",
    "no_infusion",
    "apheresis_undated",
    "did_not_fail",
    "no_salvage",
    "ends_at_failure",
    "no_response",
    "no_complete_response",
    "no_schedule",
    "new_therapy_undated",
    "progression_undated",
    "death_undated",
    "vague_days",
]
CountedFrom = Literal["origin", "first_response", "first_complete_response"]
FollowUp = Literal["last_contact", "last_assessment", "last_assessment_on_the_next_therapy"]
Competing = Literal["death_before_new_therapy", "death_before_failure", "death_of_another_cause"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamSource:
    """Where ADaM looks for a date: EVNTDESC, SRCDOM, SRCVAR. Without `description` EVNTDESC is the
    reason of the endpoint.
    """

    domain: Literal["ADRS", "ADSL", "LB"]
    variable: str
    description: str | None = None


def _never(_: CourseFacts) -> When | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDefinition:
    """What ends an endpoint. `day` reads it from the facts of a course (None: did not happen, or
    its day is not known), `when` the days that it may have been on, `undated` says that its day is
    not known. `comes_last`: after all that has a day. `follows_progression`: where its day is not
    known and there was progression, it is taken to have followed it.

    `reason` is the sentence shown; `{cause}` in it is the cause of death as stated.
    """

    code: EventCode
    meaning: str
    reason: str
    day: Callable[[CourseFacts], int | None]
    adam: AdamSource
    when: Callable[[CourseFacts], When | None] = _never
    undated: NotComputable = "progression_undated"
    comes_last: bool = False
    follows_progression: bool = False

    def between(self, facts: CourseFacts) -> When | None:
        """The days that it may have been on, where it happened and its day is not exact."""
        when = self.when(facts)
        return when if when is not None and when.day is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Censoring:
    """Why an endpoint ends without its event. `competing`: the event can no longer happen."""

    reason: str
    adam: AdamSource
    competing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CensoringStyle:
    """Whether new therapy and missed assessments end the time in which an event counts."""

    meaning: str
    before_new_therapy: bool
    before_missed_assessments: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDefinition:
    """One endpoint. Of several `events` the first in time counts, of two on one day the one named
    first.

    `styled`: the censoring style applies. `competing`: the death that makes the event impossible.
    `needs_therapy_day`: not computable where the day of the new therapy is not known.
    """

    title: str
    counted_from: CountedFrom
    events: tuple[EventDefinition, ...]
    follow_up: FollowUp
    competing: Competing | None = None
    styled: bool = False
    needs_therapy_day: bool = False
    paramcd: str
    param: str

    @property
    def ends_at_failure(self) -> bool:
        """Progression of this course ends it, so it cannot be counted from the failure."""
        return PROGRESSION.day in [event.day for event in self.events]


_DEATH_DATE = AdamSource(domain="ADSL", variable="DTHDT", description="Death")
_RESPONSE_DATE = AdamSource(domain="ADRS", variable="ADT")

PROGRESSION = EventDefinition(
    code="PD",
    meaning="confirmed progression, otherwise the team's day of it",
    reason="PD",
    day=lambda facts: facts.progression,
    when=lambda facts: facts.progression_when,
    adam=replace(_RESPONSE_DATE, description="Disease Progression"),
)
_NEXT_PROGRESSION = replace(
    PROGRESSION,
    meaning="confirmed progression on the next therapy, or the team's day of it",
    reason="progression on the next therapy",
    day=lambda facts: facts.next_progression,
    when=_never,
)
_DEATH = EventDefinition(
    code="death",
    meaning="death of any cause",
    reason="death",
    day=lambda facts: facts.death_day,
    when=lambda facts: facts.death_when,
    comes_last=True,
    adam=_DEATH_DATE,
)
_DEATH_IN_OS = replace(_DEATH, reason="death, cause {cause}")
_DEATH_IN_TTP = replace(
    _DEATH,
    meaning="death of myeloma",
    day=lambda facts: facts.myeloma_death_day,
    when=lambda facts: facts.myeloma_death_when,
)
_MYELOMA_DEATH = EventDefinition(
    code="death of myeloma",
    meaning="death of myeloma",
    reason="death of myeloma",
    day=lambda facts: facts.myeloma_death_day,
    when=lambda facts: facts.myeloma_death_when,
    comes_last=True,
    adam=replace(_DEATH_DATE, description="Death of Myeloma"),
)
_NEW_THERAPY = EventDefinition(
    code="new therapy",
    meaning="first unplanned anti-myeloma therapy or infusion after the start",
    reason="start of the next anti-myeloma therapy",
    day=lambda facts: facts.new_therapy if facts.undated_therapy is None else None,
    when=lambda facts: facts.undated_therapy,
    undated="new_therapy_undated",
    follows_progression=True,
    adam=AdamSource(domain="ADSL", variable="NACTDT", description="New Anti-Cancer Therapy"),
)
_NEXT_LINE = replace(
    _NEW_THERAPY,
    meaning="first day of the next unplanned anti-myeloma line; of a further CAR-T, with its "
    "bridging, the day of the infusion",
    day=lambda facts: facts.next_line if facts.undated_line is None else None,
    when=lambda facts: facts.undated_line,
)
_RELAPSE_FROM_CR = EventDefinition(
    code="relapse from CR",
    meaning="relapse from a confirmed complete response",
    reason="relapse from CR",
    day=lambda facts: facts.relapse_from_cr,
    adam=replace(_RESPONSE_DATE, description="Relapse from Complete Response"),
)
_MRD_LOST = EventDefinition(
    code="loss of MRD negativity",
    meaning="MRD negative at a sufficient sensitivity, later positive by a test no more sensitive",
    reason="loss of MRD negativity",
    day=lambda facts: facts.mrd_lost,
    adam=AdamSource(domain="LB", variable="LBDTC", description="Loss of MRD Negativity"),
)


def _failure(letter: str, reason: str, param: str, *events: EventDefinition) -> EndpointDefinition:
    """Time to failure by one of the readings of the word; every event has the reading as reason."""
    return EndpointDefinition(
        title=reason,
        counted_from="origin",
        events=tuple(replace(event, reason=reason) for event in events),
        follow_up="last_assessment",
        competing="death_before_failure",
        paramcd=f"FAIL{letter}",
        param=f"Time to Failure: {param}",
    )


_ANY_FAILURE = (PROGRESSION, _NEW_THERAPY, _MYELOMA_DEATH)

ENDPOINTS: Mapping[EndpointName, EndpointDefinition] = {
    "PFS": EndpointDefinition(
        title="progression-free survival",
        counted_from="origin",
        events=(PROGRESSION, _DEATH),
        follow_up="last_assessment",
        styled=True,
        paramcd="PFS",
        param="Progression Free Survival",
    ),
    "TTP": EndpointDefinition(
        title="time to progression",
        counted_from="origin",
        events=(PROGRESSION, _DEATH_IN_TTP),
        follow_up="last_assessment",
        competing="death_of_another_cause",
        styled=True,
        paramcd="TTP",
        param="Time to Progression",
    ),
    "DOR": EndpointDefinition(
        title="duration of confirmed response (PR or better)",
        counted_from="first_response",
        events=(PROGRESSION, _DEATH),
        follow_up="last_assessment",
        styled=True,
        paramcd="RSD",
        param="Duration of Confirmed Response",
    ),
    "DFS": EndpointDefinition(
        title="disease-free survival",
        counted_from="first_complete_response",
        events=(_RELAPSE_FROM_CR, PROGRESSION, _DEATH),
        follow_up="last_assessment",
        styled=True,
        paramcd="DFS",
        param="Disease Free Survival",
    ),
    "TTNT": EndpointDefinition(
        title="time to next treatment",
        counted_from="origin",
        events=(_NEXT_LINE,),
        follow_up="last_contact",
        competing="death_before_new_therapy",
        needs_therapy_day=True,
        paramcd="TTNT",
        param="Time to Next Treatment",
    ),
    "OS": EndpointDefinition(
        title="overall survival",
        counted_from="origin",
        events=(_DEATH_IN_OS,),
        follow_up="last_contact",
        paramcd="OS",
        param="Overall Survival",
    ),
    "failure-a": _failure("A", "progression", "Progression", PROGRESSION),
    "failure-b": _failure(
        "B",
        "progression, unplanned therapy or death of myeloma",
        "Progression, New Therapy or Death of Myeloma",
        *_ANY_FAILURE,
    ),
    "failure-c": _failure(
        "C",
        "as b, or relapse from CR",
        "as B, or Relapse from CR",
        *_ANY_FAILURE,
        _RELAPSE_FROM_CR,
    ),
    "failure-d": _failure(
        "D",
        "as b, or loss of MRD negativity",
        "as B, or Loss of MRD Negativity",
        *_ANY_FAILURE,
        _MRD_LOST,
    ),
    "PFS2": EndpointDefinition(
        title="progression-free survival on the next therapy (EMA)",
        counted_from="origin",
        events=(_NEXT_PROGRESSION, _DEATH),
        follow_up="last_assessment_on_the_next_therapy",
        needs_therapy_day=True,
        paramcd="PFS2",
        param="Progression Free Survival on Next Therapy",
    ),
}

_BY_DEATH = replace(_DEATH_DATE, description=None)

CENSORINGS: Mapping[CensoringCode, Censoring] = {
    "last_contact": Censoring(
        reason="last contact",
        adam=AdamSource(domain="ADSL", variable="LSTALVDT", description="Last Contact"),
    ),
    "last_assessment": Censoring(reason="last adequate assessment", adam=_RESPONSE_DATE),
    "no_assessment": Censoring(
        reason="no adequate assessment after the start", adam=_RESPONSE_DATE
    ),
    "new_therapy": Censoring(reason="new therapy", adam=_RESPONSE_DATE),
    "missed_assessments": Censoring(reason="two or more missed assessments", adam=_RESPONSE_DATE),
    "death_before_new_therapy": Censoring(
        reason="death before new therapy", adam=_BY_DEATH, competing=True
    ),
    "death_before_failure": Censoring(
        reason="death before failure", adam=_BY_DEATH, competing=True
    ),
    "death_of_another_cause": Censoring(
        reason="death of another cause", adam=_BY_DEATH, competing=True
    ),
    "death_of_unknown_cause": Censoring(
        reason="death, cause unknown", adam=_BY_DEATH, competing=True
    ),
}

CENSORING_STYLES: Mapping[StyleName, CensoringStyle] = {
    "default": CensoringStyle(
        meaning="events before any new therapy; otherwise censored at the last adequate assessment",
        before_new_therapy=True,
        before_missed_assessments=False,
    ),
    "fda": CensoringStyle(
        meaning="events before new therapy and before two or more missed assessments in a row;"
        " needs the planned days of assessment",
        before_new_therapy=True,
        before_missed_assessments=True,
    ),
    "ema": CensoringStyle(
        meaning="progression and death whenever they occur; the course is followed through new "
        "therapy",
        before_new_therapy=False,
        before_missed_assessments=False,
    ),
}

NOT_COMPUTABLE: Mapping[NotComputable, str] = {
    "infusion_undated": "the day of the infusion is unknown",
    "no_infusion": "without an infusion nothing is counted from its {origin}",
    "apheresis_undated": "the day of apheresis is unknown",
    "did_not_fail": "the infusion did not fail",
    "no_salvage": "no salvage therapy with a day",
    "ends_at_failure": "ends at failure, so it is not counted from failure",
    "no_response": "no confirmed response to start from",
    "no_complete_response": "no confirmed CR to start from",
    "no_schedule": "FDA-style censoring needs the planned days of assessment",
    "new_therapy_undated": "new therapy followed on an unknown day",
    "progression_undated": "the day of progression is unknown",
    "death_undated": "the patient died on an unknown day",
    "vague_days": "it depends on results with an inexact day or lesion",
}
