"""The names by which a machine is spoken to from itself; free of everything."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BELOW_LOCALHOST = "*.localhost"
"""Browsers look these up nowhere: they are this machine."""
