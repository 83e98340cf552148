"""Outcomes over time where patients enter late, several events compete and many share a day.

Small estimators on whole days, equal to R (`docs/survival.md`): Kaplan-Meier, cumulative incidence,
restricted mean, follow-up, Gray's test, hazard ratios, and in which state patients are.
"""

from rearm.cohort.survival.at_risk import AtRisk, numbers_at_risk
from rearm.cohort.survival.estimate import UNKNOWN, Estimate, Limits
from rearm.cohort.survival.follow_up import FollowUp, Landmark, landmark
from rearm.cohort.survival.gray import GrayTest, gray_test
from rearm.cohort.survival.incidence import IncidenceCurve, cumulative_incidence
from rearm.cohort.survival.kaplan_meier import (
    SurvivalCurve,
    follow_up_time,
    kaplan_meier,
    restricted_mean,
)
from rearm.cohort.survival.occupation import (
    STATES,
    Occupation,
    Stays,
    Unwatched,
    state_occupation,
    stays_of,
)
from rearm.cohort.survival.regression import (
    HazardRatio,
    Regression,
    cause_specific_cox,
    fine_gray,
)
from rearm.cohort.survival.vague_days import EarliestLatest, earliest_and_latest

__all__ = [
    "STATES",
    "UNKNOWN",
    "AtRisk",
    "EarliestLatest",
    "Estimate",
    "FollowUp",
    "GrayTest",
    "HazardRatio",
    "IncidenceCurve",
    "Landmark",
    "Limits",
    "Occupation",
    "Regression",
    "Stays",
    "SurvivalCurve",
    "Unwatched",
    "cause_specific_cox",
    "cumulative_incidence",
    "earliest_and_latest",
    "fine_gray",
    "follow_up_time",
    "gray_test",
    "kaplan_meier",
    "landmark",
    "numbers_at_risk",
    "restricted_mean",
    "state_occupation",
    "stays_of",
]
