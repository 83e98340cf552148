"""What the page of a report in the making holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context

__all__ = ["JobPage"]


class JobPage(Context, frozen=True, kw_only=True):
    """A report that was asked for. `state`: waiting, working, done or failed; `told`: why it
    failed; `answer`: the version of the answer that is printed.
    """

    template: ClassVar[str] = "job"
    window: ClassVar[str] = "Report as PDF"

    case: str
    patient: str
    job: str
    answer: int
    state: str
    at: str
    told: str
