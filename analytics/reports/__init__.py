"""Reports of a period: what was done, how fast, at what cost and how well."""
