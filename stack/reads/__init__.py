"""The resident process that answers reads over HTTP, without a flow run and without Prefect."""
