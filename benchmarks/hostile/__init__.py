"""Hostile values for every parameter of every operation, and what a stack makes of them."""
