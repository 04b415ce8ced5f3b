"""The charts of a report: one file a kind, and the figure that puts them together."""
