"""Loads and saves blocks for flows, names flow runs, and keeps the schedules of projects."""
