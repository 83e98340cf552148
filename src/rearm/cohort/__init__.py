"""Many patients: several processes, a hash of what a result depends on, runs that resume, and
outcomes of all of them over time.
"""

from rearm.cohort.outcomes import outcomes as outcomes
