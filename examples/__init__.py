"""Projects to copy from, and the demo that drives one of them from end to end."""
