"""Benchmarks of what Slipway claims: a module for each goal, with ratios measured in one run."""
