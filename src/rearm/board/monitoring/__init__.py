"""Whether the board runs and can answer, for a program that watches it; nothing of a patient."""
