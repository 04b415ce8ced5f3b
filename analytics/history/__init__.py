"""Reads what has run, from the server and the ledger, into typed columns and features."""
