"""Explanations of a plan: why it is as it is, what would change it, tables and charts; pure."""
