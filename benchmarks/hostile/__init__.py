"""A campaign of hostile values for every parameter of every operation."""
