"""Repositories: where backups live."""
