"""Floor 5: the assessment of one patient or many, its basis, and the check of the knowledge.

`rearm.assess` is this package and can be called: `rearm.assess(record)` is `rearm.assess.assess(record)`.
"""

from __future__ import annotations

import sys
from datetime import date
from types import ModuleType

from rearm.assess.assess import assess, assess_all, assess_each
from rearm.assess.explanation import Explanation, Traced, explain
from rearm.assess.patient import AssessmentError
from rearm.assess.result import Assessment
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record

__all__ = ["Assessment", "AssessmentError", "Explanation", "Traced", "assess", "assess_all", "assess_each", "explain"]


class _Callable(ModuleType):
    """The package as a function: the name `assess` is taken by both, and importing a part of the package would hide the function."""

    def __call__(
        self, record: Record, *, knowledge: Knowledge | None = None, as_of: int | date | None = None, region: str | None = None
    ) -> Assessment:
        return assess(record, knowledge=knowledge, as_of=as_of, region=region)


sys.modules[__name__].__class__ = _Callable
