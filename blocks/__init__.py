"""The Prefect blocks that users configure: an interface for each kind, and one file for each block."""
