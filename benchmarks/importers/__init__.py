"""Histories recorded by other systems: one file a format; each gives the columns of a history."""
