"""Runs a planned workload: readiness, attempts, admission, replanning, results."""
