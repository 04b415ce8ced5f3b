"""Routers: what moves traffic between releases."""
