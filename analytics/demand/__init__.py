"""Forecasts of what will be asked for, hour by hour, and of the capacity it takes."""
