"""Allocate: admit claims on resources, atomically and in order."""
