"""The data of reports: their period, their tables, and the report as values."""
