"""The one result object: what was found for one patient at one day, complete in itself.

Whatever is drawn, exported, stored or compared is a function of it and of nothing else. Each
reason, finding, citation and row of the input stands once and is referred to by its id (rows: by
its place in `rows`). Days are days of the patient's axis; a day known within bounds has two ends.
Texts are plain: no markup, no picture. The names are those of the published schema (`schema.json`,
made from these classes by `schema.py`); a field `from_` is `from` in JSON.
"""

from rearm.assessment.result.answer import (
    Action,
    ActionStatus,
    Alert,
    AlertStatus,
    Answer,
    AnswerState,
    AnswerStrategy,
    AnswerTier,
    Change,
    Ground,
    NextTest,
    Tier,
    Turn,
    Urgency,
    WouldBe,
)
from rearm.assessment.result.assessment import Assessment
from rearm.assessment.result.basis import (
    Citation,
    Effect,
    FindingResult,
    Note,
    Publication,
    Reason,
    SupportLine,
    Titles,
)
from rearm.assessment.result.case import (
    CaseResult,
    InfusionResult,
    Point,
    StatedResponse,
    TherapyResult,
    VisitResult,
)
from rearm.assessment.result.causes import (
    AgentEffect,
    AlterationResult,
    Cause,
    CauseGroup,
    Causes,
    Grade,
    RiskFactor,
    RiskScore,
    ScoreItemResult,
)
from rearm.assessment.result.failure import (
    About,
    AboutCode,
    FailureResult,
    InfusionStatus,
    Relapse,
    SignalResult,
    Watched,
)
from rearm.assessment.result.header import InputIssue, IssueSummary, Versions
from rearm.assessment.result.options import (
    Approval,
    AvailabilityResult,
    EvidenceResult,
    Figure,
    LaterTCells,
    OptionResult,
    Verdict,
)
from rearm.assessment.result.parts import DayRange
from rearm.assessment.result.stored import SCHEMA_VERSION, ResultError

__all__ = [
    "SCHEMA_VERSION",
    "About",
    "AboutCode",
    "Action",
    "ActionStatus",
    "AgentEffect",
    "Alert",
    "AlertStatus",
    "AlterationResult",
    "Answer",
    "AnswerState",
    "AnswerStrategy",
    "AnswerTier",
    "Approval",
    "Assessment",
    "AvailabilityResult",
    "CaseResult",
    "Cause",
    "CauseGroup",
    "Causes",
    "Change",
    "Citation",
    "DayRange",
    "Effect",
    "EvidenceResult",
    "FailureResult",
    "Figure",
    "FindingResult",
    "Grade",
    "Ground",
    "InfusionResult",
    "InfusionStatus",
    "InputIssue",
    "IssueSummary",
    "LaterTCells",
    "NextTest",
    "Note",
    "OptionResult",
    "Point",
    "Publication",
    "Reason",
    "Relapse",
    "ResultError",
    "RiskFactor",
    "RiskScore",
    "ScoreItemResult",
    "SignalResult",
    "StatedResponse",
    "SupportLine",
    "TherapyResult",
    "Tier",
    "Titles",
    "Turn",
    "Urgency",
    "Verdict",
    "Versions",
    "VisitResult",
    "Watched",
    "WouldBe",
]
