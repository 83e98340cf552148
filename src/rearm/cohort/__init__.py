"""Many patients: several processes, a hash of what a result depends on, runs that resume."""
