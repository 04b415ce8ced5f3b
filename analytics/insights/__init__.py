"""Finds what somebody should know: anomalies, slow-downs, shortages, bottlenecks."""
