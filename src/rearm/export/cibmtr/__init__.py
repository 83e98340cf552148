"""The fields of the CIBMTR forms, by patient and reporting period, with where each answer came from
and what nobody answered.
"""

from rearm.export.cibmtr.fields import Field, Form, load_form
from rearm.export.cibmtr.write import CibmtrFolder, cibmtr_rows

__all__ = ["CibmtrFolder", "Field", "Form", "cibmtr_rows", "load_form"]
