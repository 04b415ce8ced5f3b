"""Processes that outlive their starter: spawning, identity, output, and ending them."""
