"""Reports on a period: activity, performance, cost and success."""
