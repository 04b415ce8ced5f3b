"""The host names by which a machine addresses itself; no imports."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BELOW_LOCALHOST = "*.localhost"
"""Browsers resolve these to this machine without a look-up."""
