"""The supervisor: keeps the parts of the stack running."""
