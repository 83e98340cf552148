"""The answer for one patient: which mechanisms, how sure, and what to measure next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rearm.mechanism.recorded import RecordedFact

__all__ = ["NOTE", "Candidate", "MechanismClass", "MechanismResult", "QuantileBand", "Status"]

# what every output says once
NOTE = (
    "A model's hypothesis, not a test. It comes from a research model that feeds no recommendation"
    " of Rearm, and is not for choosing treatment."
)
Status = Literal["told", "cannot_tell", "prior_only", "refused", "withheld"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismClass:
    """Mechanisms that the data cannot separate, or a single one.

    `error`: Monte-Carlo standard error of the probability.
    """

    members: tuple[str, ...]
    probability: float
    error: float
    prior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileBand:
    """What the fitted model expects of one channel: 5th, 50th, 95th percentile without noise."""

    channel: str
    unit: str
    offset: float  # values are compared as log(value + offset): below it they are hardly told apart
    days: tuple[float, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    points: tuple[tuple[float, float, int], ...]  # (day, value, kind)
    outside: int  # points outside their own 95 % predictive interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A next measurement: expected gain of information about the mechanism."""

    test: str
    day: float
    bits: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismResult:
    """The answer for one patient.

    `status`: told (a class reaches 0.7), cannot_tell, prior_only, refused, withheld; `reason` says
    why. Withheld: `facts` are on record and not read, or nobody looked for what would be named; no
    probability is given then but those before the data. What is not known is None or missing.

    >>> import rearm
    >>> from rearm.mechanism import posterior
    >>> record = rearm.read("examples/tables").records[2]
    >>> result = posterior(record, draws=2000)
    >>> result.status, len(result.facts)
    ('withheld', 2)
    """

    patient_id: str  # as in the input
    product: str  # an id of the model
    infusion_day: int  # of the patient's axis
    horizon: float  # days up to which a failure is looked for
    status: Status
    reason: str
    titles: Mapping[str, str]  # of the mechanisms, in words
    probabilities: Mapping[str, float]  # by mechanism, 0 to 1
    errors: Mapping[str, float]  # Monte-Carlo standard errors
    prior: Mapping[str, float]  # the shares before the data
    classes: tuple[MechanismClass, ...]  # mechanisms that the data tell apart
    effective_draws: float  # number of them
    draws: int  # number of virtual patients
    stages: int  # of the sampling
    entropy_bits: float  # how open the answer is
    bands: tuple[QuantileBand, ...]  # what the model expects of each marker
    next_measurements: tuple[Candidate, ...]  # those that would tell most
    progression: float | None  # its day; None: none
    followed_to: float  # the last day that was read
    measurements: Mapping[str, int]  # how many were read, by channel
    notes: tuple[str, ...]  # sentences
    seed: int  # of the random numbers
    facts: tuple[RecordedFact, ...] = ()

    @property
    def leading(self) -> MechanismClass | None:
        return max(self.classes, key=lambda c: c.probability, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""

        def plain(value: Any) -> Any:
            if hasattr(value, "__dataclass_fields__"):
                return {k: plain(getattr(value, k)) for k in value.__dataclass_fields__}
            if isinstance(value, Mapping):
                return {str(k): plain(v) for k, v in value.items()}
            if isinstance(value, tuple):
                return [plain(v) for v in value]
            return value

        return {"note": NOTE, **plain(self)}
