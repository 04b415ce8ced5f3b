"""Ends or reschedules flow runs that nobody else would: abandoned, cancelled, vanished, delayed."""
