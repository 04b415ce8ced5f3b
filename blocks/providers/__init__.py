"""Providers, which execute steps."""
