"""The Prefect blocks that users configure: an interface for each kind, a file for each block."""
