"""Forecasts of how long runs take, with intervals, and how good they are."""
