"""What `run` and `ship` share: they select, plan, execute, settle and report one workload."""
