"""What a centre has: an option that is not available there keeps its tier, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rearm.assessment.patient import AssessmentError
from rearm.assessment.result import Here
from rearm.errors import meant
from rearm.knowledge.bundle import Knowledge

__all__ = ["NO_CENTRE", "Centre", "check_centre"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Options of the knowledge with whether the centre has them, and remarks on them; of an option
    that is not named nothing is known. `options`: by id, `available`, `on_request` or `not_here`;
    `notes`: by id, a sentence of the centre. A name that is no option is refused by `assess`
    (AssessmentError).

    >>> import rearm
    >>> from rearm.assessment import Centre
    >>> record = rearm.read("examples/tables").records[0]
    >>> centre = Centre(options={"talquetamab": "not_here"})
    >>> rearm.assess(record, centre=centre).answer.tier_of("bispecific-gprc5d")
    'first'
    """

    options: Mapping[str, Here] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


NO_CENTRE = Centre()
"""Of no option it is known whether the centre has it."""


def check_centre(centre: Centre, knowledge: Knowledge) -> None:
    """Raises AssessmentError with a sentence where the centre names what the knowledge has not."""
    for name in (*centre.options, *centre.notes):
        if name not in knowledge.options:
            raise AssessmentError(
                f"The centre's list names the option {name}, which the knowledge does not "
                f"have.{meant(name, knowledge.options)}"
            )
