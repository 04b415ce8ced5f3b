"""Registers blocks, work pool, limits and deployments with Prefect, for `make up`."""
