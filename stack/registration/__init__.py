"""What `make up` registers with Prefect: blocks, work pool, limits, deployments."""
