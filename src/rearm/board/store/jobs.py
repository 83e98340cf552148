"""Reports that are to be printed: asked for, made by a thread in a child process, kept for an hour.

They hold patients, so they lie in the database and nowhere else. Where the process that makes one
comes down, the report is begun once more; where the board itself is stopped, when it runs again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from rearm.board.child.drawing import ToPrint, print_report
from rearm.board.child.worker import Worker
from rearm.board.refusals import Busy, Died, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.decided import decided_for
from rearm.board.store.tables import Job, Result, new_id
from rearm.board.store.utc import moment_words, now

__all__ = [
    "KEPT_FOR",
    "MOST_AT_ONCE",
    "MOST_OF_ONE",
    "Press",
    "ask",
    "job_of",
    "pdf_of_job",
    "queue",
]

KEPT_FOR = timedelta(hours=1)
MOST_AT_ONCE = 20
"""Reports that wait, of all people together."""
MOST_OF_ONE = 3
"""Reports that wait, of one person."""
_MOST_TRIES = 2
_LOST_AFTER = timedelta(minutes=6)  # longer than a worker may take: the process is gone
_OPEN = ("waiting", "working")


def ask(session: Session, result: Result, who: str) -> str:
    """Asks for the whole report of a result as PDF; gives the id of the job. Raises Busy where too
    many wait.
    """
    _forget(session)
    waiting = select(func.count()).where(Job.state.in_(_OPEN))
    if (session.scalar(waiting.where(Job.who == who)) or 0) >= MOST_OF_ONE:
        raise Busy(f"{MOST_OF_ONE} reports that you asked for are not ready. Wait for one of them.")
    if (session.scalar(waiting) or 0) >= MOST_AT_ONCE:
        raise Busy("Too many reports wait to be printed. Try again in a minute.")
    job = Job(
        id=new_id(),
        case_id=result.case_id,
        result_id=result.id,
        who=who,
        state="waiting",
        tries=0,
        told="",
        head="",
        pdf=b"",
        at=now(),
        begun_at=None,
    )
    details = {"version": result.number, "job": job.id}
    audit.append(session, who, "report_asked", result.case_id, details)
    job.head = audit.head(session)
    session.add(job)
    session.flush()
    return job.id


def queue(session: Session) -> tuple[int, int]:
    """How many reports wait or are worked on, and for how many seconds the first of them."""
    count, first = session.execute(
        select(func.count(), func.min(Job.at)).where(Job.state.in_(_OPEN))
    ).one()
    return count, 0 if first is None else max(0, int((now() - first).total_seconds()))


def job_of(session: Session, case_id: str, job_id: str) -> Job:
    """A job of a case. Raises NotThere where there is none, or none any more."""
    job = session.get(Job, job_id)
    if job is None or job.case_id != case_id or job.at < now() - KEPT_FOR:
        raise NotThere("There is no such report. A report is kept for an hour: ask for it again.")
    return job


def pdf_of_job(session: Session, case_id: str, job_id: str, who: str) -> bytes:
    """The report of a job. Raises NotThere where it is not made, or no more kept."""
    job = job_of(session, case_id, job_id)
    if job.state != "done":
        raise NotThere("This report is not ready.")
    audit.append(session, who, "report_taken", case_id, {"job": job.id})
    return job.pdf


def _forget(session: Session) -> None:
    session.execute(delete(Job).where(Job.at < now() - KEPT_FOR))


class Press:
    """The thread that makes the reports, one after the other. `worker` gives the child process."""

    def __init__(self, database: Database, worker: Callable[[], Worker]) -> None:
        self._database, self._worker = database, worker
        self._woken = Event()
        self._closed = False
        self._thread: Thread | None = None

    def wake(self) -> None:
        """Says that something may wait."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._run, daemon=True, name="press")
            self._thread.start()
        self._woken.set()

    def close(self) -> None:
        """Begins nothing more."""
        self._closed = True
        self._woken.set()

    def work_off(self) -> int:
        """Makes every report that waits; gives how many were begun."""
        begun = 0
        while not self._closed and (taken := self._take()) is not None:
            begun += 1
            self._make(*taken)
        return begun

    def _run(self) -> None:
        while self._woken.wait() and not self._closed:
            self._woken.clear()
            try:
                self.work_off()
            except Busy:  # another writer holds the store: the next look at a job wakes it
                continue

    def _take(self) -> tuple[str, ToPrint] | None:
        """Begins the job that has waited longest; another process may run a press, too."""
        with self._database.writing() as session:
            _forget(session)
            lost = now() - _LOST_AFTER
            free = or_(Job.state == "waiting", (Job.state == "working") & (Job.begun_at < lost))
            job = session.scalar(select(Job).where(free).order_by(Job.at).limit(1))
            if job is None:
                return None
            result = session.get_one(Result, job.result_id)
            wanted = ToPrint(
                result=result.result,
                printed=moment_words(job.at),
                answer=result.number,
                head=job.head,
                decided=decided_for(session, result),
            )
            if job.tries >= _MOST_TRIES:
                job.state, job.told = "failed", "The report could not be made, twice. Ask again."
                return job.id, wanted
            begun = update(Job).where(Job.id == job.id, free).values(
                state="working", tries=job.tries + 1, begun_at=now()
            )  # fmt: skip
            session.execute(begun)
            return job.id, wanted

    def _make(self, job_id: str, wanted: ToPrint) -> None:
        with self._database.reading() as session:
            job = session.get(Job, job_id)
            if job is None or job.state != "working":
                return
        state, told, pdf = "done", "", b""
        try:
            pdf = self._worker().do(print_report, wanted)
        except Died as died:
            state, told = "waiting", str(died)
        except (NotUsable, Busy) as refusal:
            state, told = "failed", str(refusal)
        with self._database.writing() as session:
            made = update(Job).where(Job.id == job_id).values(state=state, told=told, pdf=pdf)
            session.execute(made)
