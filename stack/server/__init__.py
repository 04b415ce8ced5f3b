"""Prefect's server, and what stands before it: validation, guards, host names, pages."""
