"""Routers, which move traffic between releases."""
