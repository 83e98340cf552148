"""Rearm: after CAR-T in multiple myeloma, did it fail, why, what can be given now, and which test
would change the answer.

    import rearm

    for record in rearm.read("patients/").records:
        assessment = rearm.assess(record)
        print(assessment.patient_id, [(o.name, o.verdict) for o in assessment.options])

Research and decision support for professionals, not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rearm.version import __version__

if TYPE_CHECKING:
    from rearm.assessment import (
        Assessment,
        AssessmentError,
        assess,
        assess_all,
        assess_each,
        explain,
        explain_strategy,
    )
    from rearm.errors import RearmError
    from rearm.intake import read
    from rearm.knowledge import Knowledge, KnowledgeError
    from rearm.knowledge import load as load_knowledge
    from rearm.record import Issue, Record

__all__ = [
    "Assessment",
    "AssessmentError",
    "Issue",
    "Knowledge",
    "KnowledgeError",
    "RearmError",
    "Record",
    "ResultError",
    "__version__",
    "assess",
    "assess_all",
    "assess_each",
    "assess_table",
    "explain",
    "explain_strategy",
    "load_knowledge",
    "read",
]

_HOMES = {
    "assess": ("rearm.assessment", "assess"),
    "Assessment": ("rearm.assessment", "Assessment"),
    "AssessmentError": ("rearm.assessment", "AssessmentError"),
    "assess_all": ("rearm.assessment", "assess_all"),
    "assess_each": ("rearm.assessment", "assess_each"),
    "assess_table": ("rearm.assessment", "assess_table"),
    "ResultError": ("rearm.assessment", "ResultError"),
    "explain": ("rearm.assessment", "explain"),
    "explain_strategy": ("rearm.assessment", "explain_strategy"),
    "Issue": ("rearm.record", "Issue"),
    "RearmError": ("rearm.errors", "RearmError"),
    "Record": ("rearm.record", "Record"),
    "Knowledge": ("rearm.knowledge", "Knowledge"),
    "KnowledgeError": ("rearm.knowledge", "KnowledgeError"),
    "load_knowledge": ("rearm.knowledge", "load"),
    "read": ("rearm.intake", "read"),
}


def __getattr__(name: str) -> Any:
    """Public names are looked up on first use, so that `import rearm` costs nothing."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
