"""A campaign of faults against a whole stack: processes, disk, clock and databases."""
