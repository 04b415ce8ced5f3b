"""Families of public planning instances: one reader a file, all behind ``interface.Family``."""
