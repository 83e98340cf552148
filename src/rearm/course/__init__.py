"""The course of the disease: response by the IMWG criteria, progression, failure of CAR-T, endpoints; lines of therapy stand beside."""

from rearm.course.criteria import RESPONSES, Criteria, CriteriaError, criteria_table, load_criteria
from rearm.course.failure import Failure, failures
from rearm.course.response import ResponseCourse, response_course
from rearm.course.score import Visit
from rearm.course.signals import MrdState, Signal

__all__ = [
    "RESPONSES",
    "Criteria",
    "CriteriaError",
    "Failure",
    "MrdState",
    "ResponseCourse",
    "Signal",
    "Visit",
    "criteria_table",
    "failures",
    "load_criteria",
    "response_course",
]
