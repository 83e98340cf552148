"""What is known of one patient: typed events on the patient's own day axis, each with the place it
came from.

Time is an integer day. Day 0 is `Record.day_zero` where the calendar date is known; a record
without dates works the same. Absence is unknown: no row means that nothing is known, a negative
result has a row of its own.
"""

from rearm.record.events import (
    Condition,
    Death,
    Fact,
    Graft,
    Imaging,
    Infusion,
    Lab,
    RefractorinessStatement,
    ResponseStatement,
    Therapy,
    Toxicity,
    Variant,
)
from rearm.record.infusions import (
    certainly_one_product,
    given_in_order,
    last_apheresis,
    split_doses,
)
from rearm.record.issues import UNREAD_FILES, Done, Issue, IssuePlace, Severity, Source
from rearm.record.patient import EVENT_FIELDS, Record
from rearm.record.when import UNKNOWN_WHEN, When

__all__ = [
    "EVENT_FIELDS",
    "UNKNOWN_WHEN",
    "UNREAD_FILES",
    "Condition",
    "Death",
    "Done",
    "Fact",
    "Graft",
    "Imaging",
    "Infusion",
    "Issue",
    "IssuePlace",
    "Lab",
    "Record",
    "RefractorinessStatement",
    "ResponseStatement",
    "Severity",
    "Source",
    "Therapy",
    "Toxicity",
    "Variant",
    "When",
    "certainly_one_product",
    "given_in_order",
    "last_apheresis",
    "split_doses",
]
