"""Observe: what runs, where, and how it is doing."""
