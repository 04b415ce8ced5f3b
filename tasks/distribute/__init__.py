"""Distribute: plan which step runs where, and dispatch it the moment it is ready."""
