"""Prefect's server, and the checks in front of it: validation, guards, host names, pages."""
