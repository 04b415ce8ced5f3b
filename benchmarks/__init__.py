"""Claims, measured: one module a goal, ratios side by side in one run."""
