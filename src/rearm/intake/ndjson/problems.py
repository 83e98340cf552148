"""What was wrong with the lines of an export: one issue a cause, with its count and places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Source

__all__ = ["Problems"]

_PLACES = 100  # of one cause that an issue holds


@dataclass(slots=True)
class _Cause:
    problem: CellProblem
    patient_id: str | None
    count: int = 0
    places: list[Source] = field(default_factory=list)


class Problems:
    """Issues as they grow, in the order in which each cause was met first."""

    def __init__(self) -> None:
        self._causes: dict[tuple[str, str, str], _Cause] = {}

    def add(
        self,
        source: Source,
        problem: CellProblem,
        *,
        cause: str = "",
        patient_id: str | None = None,
    ) -> None:
        """A problem at a place. Those of one code, file and `cause` are one issue, told by the
        sentence of the first.
        """
        key = (problem.code, source.file, cause)
        found = self._causes.setdefault(key, _Cause(problem, patient_id))
        found.count += 1
        if len(found.places) < _PLACES:
            found.places.append(source)

    def issues(self) -> Iterator[Issue]:
        """The issues, with up to 100 places each."""
        for cause in self._causes.values():
            problem = cause.problem
            if cause.count > 1:
                more = f" This is the first of {cause.count} such lines in the file."
                problem = problem._replace(sentence=problem.sentence + more)
            places = [place_at(place, cause.patient_id) for place in cause.places]
            yield issue_at(
                cause.places[0],
                problem,
                cause.patient_id,
                places=places if cause.count > 1 else (),
            )
