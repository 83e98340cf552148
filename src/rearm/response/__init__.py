"""IMWG response, visit by visit: `response_course` reads a record and gives a `ResponseCourse`."""

from rearm.response.course import (
    Baseline,
    CourseDays,
    ResponseCourse,
    Suspicion,
    response_course,
)
from rearm.response.criteria import (
    DEFAULT_VERSION,
    RESPONSES,
    Criteria,
    CriteriaError,
    criteria_table,
    load_criteria,
)
from rearm.response.lesions import histology
from rearm.response.measurable import DISEASE_TESTS, dflc
from rearm.response.mrd import MrdState
from rearm.response.new_therapy import PLANNED_PURPOSES, new_therapy, planned
from rearm.response.organ_damage import ClinicalEvent
from rearm.response.progression import MetCriterion
from rearm.response.score import Visit
from rearm.response.signals import Signal
from rearm.response.visits import BLOOD, MARROW, CourseFlag, VisitResults

__all__ = [
    "BLOOD",
    "DEFAULT_VERSION",
    "DISEASE_TESTS",
    "MARROW",
    "PLANNED_PURPOSES",
    "RESPONSES",
    "Baseline",
    "ClinicalEvent",
    "CourseDays",
    "CourseFlag",
    "Criteria",
    "CriteriaError",
    "MetCriterion",
    "MrdState",
    "ResponseCourse",
    "Signal",
    "Suspicion",
    "Visit",
    "VisitResults",
    "criteria_table",
    "dflc",
    "histology",
    "load_criteria",
    "new_therapy",
    "planned",
    "response_course",
]
