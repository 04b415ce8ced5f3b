"""The final states of flow runs: completed with remarks, failed with a reason, or terminated."""
