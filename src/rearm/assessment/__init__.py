"""The assessment of one patient or many, its basis, and the check of the knowledge."""

from rearm.assessment.centre import Centre
from rearm.assessment.explanation import Explanation, Traced, explain
from rearm.assessment.patient import AssessmentError
from rearm.assessment.pipeline import assess, assess_all, assess_each
from rearm.assessment.result import Assessment, ResultError
from rearm.assessment.standing import Standing, explain_strategy
from rearm.assessment.table import assess_table, assess_tables, table_schema

__all__ = [
    "Assessment",
    "AssessmentError",
    "Centre",
    "Explanation",
    "ResultError",
    "Standing",
    "Traced",
    "assess",
    "assess_all",
    "assess_each",
    "assess_table",
    "assess_tables",
    "explain",
    "explain_strategy",
    "table_schema",
]
