"""The tables of a store without what tells who a patient is.

A column leaves only if the table of treatments says how, a text only if it is a word of the
knowledge. What stays is on the patient's own days, counted from the first infusion.
"""

from rearm.export.deidentified.anonymity import QUASI, smallest_class
from rearm.export.deidentified.treatments import TREATMENTS, Treatment
from rearm.export.deidentified.write import Deidentified, deidentify

__all__ = ["QUASI", "TREATMENTS", "Deidentified", "Treatment", "deidentify", "smallest_class"]
