"""How projects are recognised and built: one kind a file."""
