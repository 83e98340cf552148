"""What each page holds: its template and its JSON are functions of one of these and nothing else.

`case` is the id in the address, which says nothing of the patient; `patient` the id that the centre
gave.
"""

from __future__ import annotations

import msgspec

from rearm.assessment import Assessment
from rearm.board.reading import ReadIssue, Summary

__all__ = [
    "AnswerVersion",
    "Choice",
    "ChoiceGroup",
    "Context",
    "DecisionPage",
    "DecisionShown",
    "DecisionTyped",
    "Message",
    "PatientPage",
    "UploadForm",
    "UploadPage",
    "UploadPatient",
    "Worklist",
    "WorklistGroup",
    "WorklistRow",
]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What all pages share: nothing."""


class DecisionShown(Context, frozen=True, kw_only=True):
    """A recorded decision. `strategy` is its id and `chosen` its name, `tier` the tier in which it
    stood in the version `answer`; empty where none of the answer was chosen.
    """

    version: int
    answer: int
    strategy: str
    chosen: str
    tier: str
    participants: str
    reason: str
    deviation: str
    at: str
    who: str


class WorklistRow(Summary, frozen=True, kw_only=True):
    """One patient, with the summary of the newest answer. `new_answer`: data came after the
    decision.
    """

    case: str
    patient: str
    invented: bool
    meeting_day: str
    decided: str
    new_answer: bool


class WorklistGroup(Context, frozen=True, kw_only=True):
    """The patients of one state, those with the next meeting first."""

    state: str
    title: str
    rows: tuple[WorklistRow, ...]


class Worklist(Context, frozen=True, kw_only=True):
    """All patients of the board by their state."""

    groups: tuple[WorklistGroup, ...]
    patients: int


class AnswerVersion(Context, frozen=True, kw_only=True):
    """One stored answer, with what made it. `file`: the upload that it rests on."""

    number: int
    at: str
    file: str
    software: str
    knowledge: str


class PatientPage(Context, frozen=True, kw_only=True):
    """The newest answer of a patient, and everything that was kept. `version`: what a form must
    send so that nobody's change is lost. `head`: the head of the audit when the page was made.
    """

    case: str
    patient: str
    invented: bool
    state: str
    meeting_day: str
    version: int
    answers: tuple[AnswerVersion, ...]
    decisions: tuple[DecisionShown, ...]
    new_answer: bool
    head: str
    result: Assessment
    refusal: str = ""


class Choice(Context, frozen=True, kw_only=True):
    """A strategy that can be chosen, with the option that is meant."""

    strategy: str
    name: str
    option: str


class ChoiceGroup(Context, frozen=True, kw_only=True):
    """The strategies of one tier. `against`: the tier speaks against them."""

    tier: str
    title: str
    against: bool
    choices: tuple[Choice, ...]


class DecisionTyped(Context, frozen=True, kw_only=True):
    """What was typed. `strategy` is null before anything was chosen."""

    strategy: str | None = None
    participants: str = ""
    reason: str = ""
    deviation: str = ""


class DecisionPage(Context, frozen=True, kw_only=True):
    """The form of the decision. `wanting`: what keeps it from being recorded. `meanwhile`: what
    somebody else recorded after the form was opened.
    """

    case: str
    patient: str
    version: int
    answer: int
    state: str
    groups: tuple[ChoiceGroup, ...]
    highest: str
    typed: DecisionTyped
    wanting: tuple[str, ...] = ()
    meanwhile: DecisionShown | None = None


class UploadForm(Context, frozen=True, kw_only=True):
    """The form for a file. `refusal`: why the last one could not be used."""

    endings: tuple[str, ...]
    megabytes: int
    refusal: str = ""


class UploadPatient(Context, frozen=True, kw_only=True):
    """One patient of a file. `not_used`: what was left out, each with its place; `doubted`: what is
    used and should be looked at. `seen`: the version of a patient whom the board knows.
    """

    patient: str
    seen: int | None
    first: str
    missing: tuple[str, ...]
    further: int
    refused: str
    not_used: tuple[ReadIssue, ...]
    doubted: tuple[ReadIssue, ...]
    notes: int


class UploadPage(Context, frozen=True, kw_only=True):
    """What was read of a file. `state`: `read`, `taken` or `discarded`. `of_file`: issues that
    belong to no patient. `seen`: the mark of the versions of the patients, for the form.
    """

    upload: str
    file: str
    state: str
    at: str
    who: str
    patients: tuple[UploadPatient, ...]
    of_file: tuple[ReadIssue, ...]
    answered: int
    seen: str


class Message(Context, frozen=True, kw_only=True):
    """A page that says why something can't be done."""

    status: int
    title: str
    sentences: tuple[str, ...]
