"""Hourly forecasts of demand, and the capacity that it needs."""
