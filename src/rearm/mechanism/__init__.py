"""The mechanism wing: which failure fits one patient's course, and trials on virtual patients. A
model's hypothesis, not a test.

The wing reads records and never feeds causes or options. It needs the extra `rearm[mechanism]`
(numba); without it the functions raise `MechanismError` with a sentence that says so.
"""

from rearm.mechanism.parameters import MechanismError
from rearm.mechanism.posterior import posterior, withheld_because
from rearm.mechanism.result import MechanismResult
from rearm.mechanism.trial import TrialResult, run_trial

__all__ = [
    "MechanismError",
    "MechanismResult",
    "TrialResult",
    "posterior",
    "run_trial",
    "withheld_because",
]
