"""Split: a workload is turned into a graph of steps."""
