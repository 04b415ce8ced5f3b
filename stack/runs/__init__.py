"""Flow runs that nobody else would end: abandoned, cancelled, vanished, missed."""
