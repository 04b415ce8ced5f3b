"""Shared by `run` and `ship`: selects, plans, executes, settles and reports one workload."""
