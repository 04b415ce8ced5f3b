"""Loops over arrays that numba compiles; each is imported only by what computes."""
