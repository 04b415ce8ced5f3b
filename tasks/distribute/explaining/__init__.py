"""What a plan shows: why it is as it is, what would change it, tables and charts. Pure."""
