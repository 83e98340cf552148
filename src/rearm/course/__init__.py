"""The course of the disease: response by the IMWG criteria, progression, failure of CAR-T, endpoints; lines of therapy stand beside."""

from rearm.course.criteria import RESPONSES, Criteria, CriteriaError, criteria_table, load_criteria
from rearm.course.endpoints import Endpoint, course_endpoint, endpoints
from rearm.course.failure import Failure, failures
from rearm.course.infusions import Given, given
from rearm.course.response import ResponseCourse, Suspicion, response_course
from rearm.course.score import Visit
from rearm.course.signals import ClinicalEvent, MrdState, Signal

__all__ = [
    "RESPONSES",
    "ClinicalEvent",
    "Criteria",
    "CriteriaError",
    "Endpoint",
    "Failure",
    "Given",
    "MrdState",
    "ResponseCourse",
    "Signal",
    "Suspicion",
    "Visit",
    "course_endpoint",
    "criteria_table",
    "endpoints",
    "failures",
    "given",
    "load_criteria",
    "response_course",
]
