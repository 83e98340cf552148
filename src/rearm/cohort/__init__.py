"""Many patients: work on several processors, a hash of what a result depends on, runs that resume."""
