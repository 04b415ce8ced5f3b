"""Ends the fork server that imports it."""

raise RuntimeError("not to be imported")
