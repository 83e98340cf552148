"""Rows of the tidy tables to one record a patient: axis, events, results, and their checks."""
