"""What `run` and `ship` share: select, plan, execute, settle and report one workload."""
