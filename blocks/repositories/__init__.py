"""Repositories, which store backups."""
