"""Duration forecasts of runs with prediction intervals, and the scores of these forecasts."""
