"""The ledger, which is the durable record; the only package that uses SQLAlchemy."""
