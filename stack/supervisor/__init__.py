"""The supervisor, which keeps the parts of the stack running."""
