"""Histories that were recorded elsewhere, one file a format; each gives the columns of a history."""
