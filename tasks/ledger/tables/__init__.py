"""Every table of the ledger, as the code reads and writes it; the migrations build the same.

All times are epoch seconds.
"""
