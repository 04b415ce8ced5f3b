"""Split: turn a workload into a graph of steps."""
