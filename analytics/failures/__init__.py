"""Forecasts of how likely runs are to fail, and why."""
