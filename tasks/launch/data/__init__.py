"""Data in the folder of a project: found, kept apart from releases, and linked into each tree."""
