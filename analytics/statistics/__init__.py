"""General statistical methods; they know nothing of runs."""
