"""The reconciler, which compares the actual state with the recorded intent and restores it."""
