"""The report of a store: who the patients are, what failed, what was given, what became of it."""
