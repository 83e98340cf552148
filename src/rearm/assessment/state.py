"""The state of the decision, from codes alone: whether there is something to choose, what comes
before it, and what follows once the patient is stable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rearm.assessment.patient import Patient
from rearm.assessment.placing import ALTERNATIVE, NOT_POSSIBLE, SITUATIONAL
from rearm.assessment.plan import Plan
from rearm.assessment.result import AnswerState

__all__ = ["PlacedStrategies", "State", "state_of"]

# What is done before anything else, and leaves the choice for after it.
_EMERGENCIES = frozenset(
    (
        "cord_compression",
        "cord_threatened",
        "cns_disease",
        "hypercalcaemia",
        "renal_failure",
        "hyperviscosity",
    )
)
_NOT_JUDGED = ("cannot_be_judged", "no_infusion", "infusion_unread")
_WITHOUT_TIERS = ("controlled", "died", "cannot_judge")
# Roles of options that treat the myeloma itself, or let the patient go without.
_TREATING = ("definitive", "observe")


@dataclass(frozen=True, slots=True)
class PlacedStrategies:
    """One patient's strategies, in the order of the plan: the tier of each, and that once the stops
    that will end have ended. `limits`: the highest tier that each option allows.
    """

    plan: Plan
    tiers: Sequence[int]
    afterwards: Sequence[int]
    limits: Sequence[int]

    def treats_from(self, tier: int, roles: Collection[str] = _TREATING) -> bool:
        """Whether something in this tier or a higher one treats the myeloma, or lets the patient go
        without: an option of one of the `roles`.
        """
        return any(
            own >= tier and self._treats(number, own, roles)
            for number, own in enumerate(self.tiers)
        )

    def then(self) -> tuple[str, ...]:
        """The strategies that treat the myeloma and are impossible for now, but would stand high
        once what stops them has ended; the highest first. Where nothing at all can be given for
        now, those that would be situational.
        """
        impossible = [
            number
            for number, tier in enumerate(self.tiers)
            if tier == NOT_POSSIBLE and self._treats(number, tier, ("definitive",))
        ]
        found = [number for number in impossible if self.afterwards[number] >= ALTERNATIVE]
        if not found and not self.treats_from(SITUATIONAL):
            found = [number for number in impossible if self.afterwards[number] == SITUATIONAL]
        found.sort(key=lambda number: -self.afterwards[number])
        return tuple(self.plan.strategies[number].strategy for number in found)

    def held_for_now(self) -> bool:
        """Whether something that treats the myeloma only waits for what stops it to end."""
        return any(
            tier == NOT_POSSIBLE
            and self.afterwards[number] > NOT_POSSIBLE
            and self._treats(number, tier, ("definitive",))
            for number, tier in enumerate(self.tiers)
        )

    def _treats(self, number: int, tier: int, roles: Collection[str]) -> bool:
        """Whether one of the options that reach this tier has one of the roles."""
        return any(
            self.limits[position] >= tier and self.plan.options[position].option.role in roles
            for position in self.plan.strategies[number].options
        )


@dataclass(frozen=True, slots=True)
class State:
    """The state, with what follows where nothing against the myeloma can be given before."""

    state: AnswerState
    then: tuple[str, ...] = ()

    @property
    def has_tiers(self) -> bool:
        """Whether there is something to choose."""
        return self.state not in _WITHOUT_TIERS


def state_of(
    patient: Patient, about: str, alerts: Collection[str], placed: PlacedStrategies | None
) -> State:
    """`about`: the code of what the answer is about; `alerts`: ids of those that hold; `placed`:
    None where no strategy was placed.
    """
    if patient.record.deaths:
        return State("died")
    if patient.may_be_two:
        return State("cannot_judge")
    relapse = patient.disease.relapse
    if relapse is None:
        return State("cannot_judge" if about in _NOT_JUDGED else "controlled")
    values = patient.values
    if values.get("goals_of_care") == "comfort_only":
        return State("comfort")
    high = placed is not None and placed.treats_from(ALTERNATIVE)
    then = () if placed is None or high else placed.then()
    if _EMERGENCIES.intersection(alerts):
        return State("emergency_first", then)
    only_stated = relapse.certainty == "recorded_by_team"
    if relapse.status == "suspected" or (only_stated and values.get("team_and_laboratory_differ")):
        return State("confirm_first")
    if placed is not None and not high and placed.held_for_now():
        return State("stabilise_first", then)
    return State("choose")
