"""An invented registry for trying Rearm out: patients with myeloma after CAR-T as a centre might
record them, drawn by number and seed. Nothing in it comes from a patient.

`rates` holds how often things happen; `patient` draws one patient as tidy tables; `fitting` keeps
those who meet a condition; `write` brings the tables to files.
"""

from rearm.demo.patient import demo_patient, demo_patients

__all__ = ["demo_patient", "demo_patients"]
