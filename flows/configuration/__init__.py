"""Blocks as flows load and save them, and how runs are named."""
