"""Ends or reschedules runs that nobody else would: abandoned, cancelled, vanished, delayed, orphaned."""
