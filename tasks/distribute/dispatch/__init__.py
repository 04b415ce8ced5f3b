"""The dispatch of a planned workload: readiness, attempts, admission, replanning, results."""
