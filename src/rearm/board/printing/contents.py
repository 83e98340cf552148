"""The page of a report in the making, made of what the store keeps."""

from __future__ import annotations

from sqlalchemy.orm import Session

from rearm.board.printing.contexts import JobPage
from rearm.board.store.cases import case_of
from rearm.board.store.jobs import job_of
from rearm.board.store.tables import Result
from rearm.board.store.utc import moment_words

__all__ = ["job_page"]


def job_page(session: Session, case_id: str, job_id: str) -> JobPage:
    """Raises NotThere where there is no such report, or none any more."""
    case = case_of(session, case_id)
    job = job_of(session, case_id, job_id)
    return JobPage(
        case=case.id,
        patient=case.patient_id,
        job=job.id,
        answer=session.get_one(Result, job.result_id).number,
        state=job.state,
        at=moment_words(job.at),
        told=job.told if job.state == "failed" else "",
    )
