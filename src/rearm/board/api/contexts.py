"""What programs send and get. The description of the API is made from these types."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from rearm.assessment import Assessment
from rearm.board.child.given import Cell
from rearm.board.child.reading import ReadIssue
from rearm.board.decision.decisions import LONGEST
from rearm.board.store.states import State

__all__ = [
    "AnswerListed",
    "AssessAnswer",
    "AssessedPatient",
    "BundleGiven",
    "CaseListed",
    "CaseShown",
    "CasesListed",
    "DecisionGiven",
    "DecisionMade",
    "DecisionShown",
    "DecisionsListed",
    "FhirBundle",
    "Problem",
    "RenderGiven",
    "TablesGiven",
    "TakenCase",
    "TakenIn",
]

Text = Annotated[str, Meta(max_length=LONGEST)]
Day = Annotated[int, Meta(ge=-40_000, le=40_000)]
Region = Annotated[str, Meta(min_length=2, max_length=20)]
Version = Annotated[int, Meta(ge=1, le=999_999_999)]


class Sent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a program sends."""


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a program gets."""


class Problem(Got, frozen=True, kw_only=True):
    """Why a request is refused (RFC 9457). It holds nothing of a patient."""

    type: str
    title: str
    status: int
    detail: str


class FhirBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A FHIR R4 Bundle of one patient or several; all that FHIR knows may stand in it."""

    resource_type: Literal["Bundle"] = msgspec.field(name="resourceType")


class BundleGiven(Sent, frozen=True, kw_only=True, tag_field="format", tag="fhir"):
    """A record as a FHIR R4 Bundle. `as_of`: the day of the patient's axis for which the answer is
    asked, by default the last with data. `region`: where approvals are looked up.
    """

    bundle: dict[str, Any]
    as_of: Day | None = None
    region: Region | None = None


class TablesGiven(Sent, frozen=True, kw_only=True, tag_field="format", tag="tidy"):
    """A record as tidy tables: the rows of each by its name, each row by the names of columns."""

    tables: dict[str, list[dict[str, Cell]]]
    as_of: Day | None = None
    region: Region | None = None


class AssessedPatient(Got, frozen=True, kw_only=True):
    """What is found for one patient. `result` is null where there is no answer; `refused` then says
    why. `issues`: what was wrong with the data.
    """

    patient_id: str
    result: Assessment | None
    refused: str
    issues: tuple[ReadIssue, ...]


class AssessAnswer(Got, frozen=True, kw_only=True):
    """What is found for the patients of a record. Nothing of it is stored. `issues` belong to no
    patient; `refused` says why nothing could be read, and is empty otherwise.
    """

    patients: tuple[AssessedPatient, ...]
    issues: tuple[ReadIssue, ...]
    refused: str


class RenderGiven(Sent, frozen=True, kw_only=True):
    """A result as `assess` gives it, to be drawn. `as`: the sheet as HTML or PDF."""

    result: dict[str, Any]
    form: Literal["sheet.html", "sheet.pdf"] = msgspec.field(name="as", default="sheet.html")


class CaseListed(Got, frozen=True, kw_only=True):
    """A patient of the board. `case` stands in addresses and says nothing of the patient; `version`
    grows with every change.
    """

    case: str
    patient: str
    state: State
    meeting_day: str
    invented: bool
    version: int


class CasesListed(Got, frozen=True, kw_only=True):
    """Patients of the board from `offset` on; `total` counts all."""

    cases: tuple[CaseListed, ...]
    offset: int
    total: int


class AnswerListed(Got, frozen=True, kw_only=True):
    """A stored answer."""

    number: int
    at: str
    software: str
    knowledge: str


class DecisionShown(Got, frozen=True, kw_only=True):
    """A decision of the board on the version `answer`. `strategy` is empty where none of the answer
    was chosen, and `tier` then, too.
    """

    number: int
    answer: int
    strategy: str
    tier: str
    participants: str
    reason: str
    deviation: str
    at: str
    who: str


class CaseShown(CaseListed, frozen=True, kw_only=True):
    """A patient with every answer and decision, the newest first."""

    answers: tuple[AnswerListed, ...]
    decisions: tuple[DecisionShown, ...]


class DecisionsListed(Got, frozen=True, kw_only=True):
    """All decisions on a patient, the newest first, with the version of the case for the next."""

    version: int
    decisions: tuple[DecisionShown, ...]


class DecisionGiven(Sent, frozen=True, kw_only=True):
    """A decision to record. `version`: that of the case as it was seen; `answer`: the version of
    the answer that was decided on; `strategy`: an id of it, empty for none of them; `deviation`:
    the reason where the choice is not in the highest tier.
    """

    version: Version
    answer: Version
    strategy: Annotated[str, Meta(max_length=200)]
    participants: Text
    reason: Text
    deviation: Text = ""


class DecisionMade(Got, frozen=True, kw_only=True):
    """A decision that was recorded, and the version of the case since."""

    number: int
    version: int


class TakenCase(Got, frozen=True, kw_only=True):
    """A patient of whom a version was kept: the version of the answer, and that of the case."""

    case: str
    patient: str
    answer: int
    version: int


class TakenIn(Got, frozen=True, kw_only=True):
    """The patients of a record that was taken in; `refused` are those without an answer."""

    cases: tuple[TakenCase, ...]
    refused: tuple[str, ...]
