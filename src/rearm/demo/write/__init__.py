"""The tables of invented patients as files: tidy tables, FHIR, OMOP, REDCap. Each writer takes
patients one after the other, so that a registry may be larger than memory.
"""
