"""A guestbook: entries in one SQLite file, served over HTTP."""

__version__ = "1.0.0"
