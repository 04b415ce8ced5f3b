"""Processes that outlive their starter: starting, identifying, reading and ending them."""
