"""Failure forecasts: the probability that a run fails, and the reasons for it."""
