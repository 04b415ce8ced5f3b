"""The sections of reports: each computes its figures, tables and charts."""
