"""Providers: what executes steps."""
