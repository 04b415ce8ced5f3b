"""Finds what users should know: anomalies, slow-downs, shortages, bottlenecks."""
