"""Loops over arrays that numba compiles; each module is imported only where it is needed."""
