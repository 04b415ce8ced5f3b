"""Prefect's process worker, and the engine that it starts for each flow run."""
