"""From a graph of steps to a plan: bounds, construction, improvement, goals, simulation; pure."""
