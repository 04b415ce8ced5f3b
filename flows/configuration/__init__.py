"""Loads and saves blocks for flows, and names flow runs."""
