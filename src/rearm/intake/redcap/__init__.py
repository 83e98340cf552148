"""Projects of REDCap: an export with the data dictionary of its project becomes a drafted mapping,
and is read by it like any other table.
"""
