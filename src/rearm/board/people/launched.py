"""Sessions that a record system opened for one patient: what they reach."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotAllowed, NotThere
from rearm.board.store.exchanged import Launched
from rearm.board.store.tables import Case, Record

__all__ = ["Reach", "cases_of_source", "check_source", "reach_of", "source_of"]

_EVERYWHERE = ("/leave",)
_OWN = ("/patients/{case}", "/uploads/{upload}")  # a meeting, for one, shows others beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One upload, and the patient who was taken in from it or from an earlier launch of the same
    patient. `system`: the name of the record system.
    """

    uploads: frozenset[str]
    cases: frozenset[str]
    system: str

    def check(self, path: str, parts: Mapping[str, str]) -> None:
        """Raises NotThere for another patient or upload, NotAllowed for what is of no patient."""
        own = {"case": self.cases, "upload": self.uploads}
        named = [(name, parts[name]) for name in own if name in parts]
        if any(value not in own[name] for name, value in named):
            raise NotThere("There is nothing at this address.")
        is_own = bool(named) and path.startswith(_OWN)
        if not is_own and path not in _EVERYWHERE:
            raise NotAllowed(
                "This session shows one patient, whom the record system opened. Open another "
                "patient from there."
            )


def source_of(issuer: str, patient: str) -> str:
    """How a patient of a record system is known again: a hash, so that no id is kept."""
    return hashlib.sha256(f"{issuer.rstrip('/')}\0{patient}".encode()).hexdigest()


def cases_of_source(session: Session, source: str) -> frozenset[str]:
    """The cases that were taken in from launches of one patient: none, or one."""
    read = select(Launched.upload_id).where(Launched.source == source)
    return frozenset(session.scalars(select(Record.case_id).where(Record.upload_id.in_(read))))


def check_source(
    session: Session, tenant: str, own: frozenset[str], patients: Iterable[str]
) -> None:
    """Raises NotAllowed where the board has a patient of one of these ids who is none of `own`: it
    may be another person, whom a launched session must not reach.
    """
    known = Case.tenant_id == tenant, Case.patient_id.in_([*patients])
    if set(session.scalars(select(Case.id).where(*known))) - own:
        raise NotAllowed(
            "The board has a patient of the same id from another source. Ask who prepares the "
            "board whether it is the same person."
        )


def reach_of(session: Session, hashed: str) -> Reach | None:
    """To what a session is limited; None where no record system opened it."""
    found = session.get(Launched, hashed)
    if found is None:
        return None
    return Reach(
        uploads=frozenset((found.upload_id,)),
        cases=cases_of_source(session, found.source),
        system=found.system,
    )
