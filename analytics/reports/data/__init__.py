"""What reports are made of: their period, their tables, and the report as values."""
