"""What is asked of a store: endpoint, origin, groups, and whether a group is known on the day that
is counted from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rearm.errors import InputError, meant
from rearm.outcome.endpoints import ORIGINS, InfusionOrigin

__all__ = [
    "COMPETING",
    "GROUPINGS",
    "EndpointAsked",
    "Grouping",
    "Landmark",
    "ProgressionBy",
    "Question",
]

EndpointAsked = Literal["PFS", "TTP", "DOR", "TTNT", "OS", "PFS2", "progression"]
Landmark = int | Literal["first_dose"] | None
ProgressionBy = Literal["agreed", "results", "team"]
GroupTable = Literal["patients", "infusions", "lines", "before"]

# the event of each that makes its own impossible; the others have none
COMPETING: Mapping[str, str] = {
    "TTP": "death of another or an unknown cause",
    "TTNT": "death before the next therapy",
    "progression": "death before progression",
}
# in the order in which they come
_IN_TIME: tuple[InfusionOrigin, ...] = ("apheresis", "infusion", "failure", "salvage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What patients can be grouped by. `known_at`: the first day of origin on which it is known;
    `table`: where its column stands, by the index infusion (`before`: counted from earlier lines).
    """

    meaning: str
    known_at: InfusionOrigin
    table: GroupTable


GROUPINGS: Mapping[str, Grouping] = {
    "sex": Grouping(meaning="sex", known_at="apheresis", table="patients"),
    "age": Grouping(
        meaning="age at the index infusion, in bands", known_at="apheresis", table="patients"
    ),
    "product": Grouping(meaning="CAR-T product", known_at="apheresis", table="infusions"),
    "lines_before": Grouping(
        meaning="lines of therapy before the infusion", known_at="apheresis", table="before"
    ),
    "kind": Grouping(meaning="kind of failure", known_at="failure", table="infusions"),
    "timing": Grouping(meaning="timing of the failure", known_at="failure", table="infusions"),
    "certainty": Grouping(meaning="how sure the failure is", known_at="failure", table="infusions"),
    "best_response": Grouping(
        meaning="best response to the infusion", known_at="failure", table="infusions"
    ),
    "strategy": Grouping(
        meaning="strategy of the first salvage", known_at="salvage", table="lines"
    ),
    "option": Grouping(meaning="option of the first salvage", known_at="salvage", table="lines"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """As the arguments of `outcomes`. Raises InputError where it can't be asked."""

    endpoint: EndpointAsked = "PFS"
    origin: InfusionOrigin = "infusion"
    by: str | None = None
    entry: bool = True
    infusion: int = 1
    landmark: Landmark = None
    criteria: str | None = None
    progression: ProgressionBy = "agreed"

    def __post_init__(self) -> None:
        _one_of("endpoint", self.endpoint, get_args(EndpointAsked))
        _one_of("origin", self.origin, ORIGINS)
        if self.by is not None:
            _one_of("by", self.by, tuple(GROUPINGS))
        _one_of("progression", self.progression, get_args(ProgressionBy))
        of_infusion = self.endpoint in ("PFS", "progression") and self.origin == "infusion"
        if self.progression != "agreed" and not of_infusion:
            raise InputError(
                "Progression by the results or by the team alone is told from the infusion, for PFS"
                " and progression."
            )
        if isinstance(self.landmark, int) and self.landmark < 1:
            raise InputError("A landmark is a number of days after the origin, from 1 on.")
        if self.landmark == "first_dose" and (self.by is None or not self._of_salvage):
            raise InputError(
                "A landmark at the first dose is for groups by the salvage: by strategy or option."
            )
        if self.landmark is not None and self._of_salvage and self.origin == "apheresis":
            raise InputError(
                "Groups at a landmark are counted from the infusion or from the failure. Name one"
                " of them as origin."
            )
        self._check_known()

    def _check_known(self) -> None:
        """Who is in a group that is made by what comes after the origin has lived up to it."""
        known_later = self.by is not None and not self._known_on_origin
        if not known_later or (self._of_salvage and self.landmark is not None):
            return
        grouping = self._grouping
        landmark = " A landmark, such as landmark=60, forms groups later." * self._of_salvage
        raise InputError(
            f"The {grouping.meaning} is not known on the day of the {self.origin}: who is in a"
            f" group has lived until it was. Name origin='{grouping.known_at}'.{landmark}"
        )

    @property
    def _grouping(self) -> Grouping:
        assert self.by is not None
        return GROUPINGS[self.by]

    @property
    def _of_salvage(self) -> bool:
        return self.by is not None and self._grouping.known_at == "salvage"

    @property
    def _known_on_origin(self) -> bool:
        """A later infusion is itself the salvage: its strategy is known from its collection on."""
        later = _IN_TIME.index(self._grouping.known_at) > _IN_TIME.index(self.origin)
        return not later or (self._of_salvage and self.infusion > 1)

    @property
    def competes(self) -> bool:
        """Whether an event other than that of the endpoint can make it impossible."""
        return self.endpoint in COMPETING


def _one_of(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        near = meant(given, known, most=1, likeness=0.5)
        raise InputError(f"{name} {given!r} is none.{near} There are {', '.join(known)}.")
