"""The fixture `ledger`, which runs each test on SQLite and on PostgreSQL."""

from tests.tasks.ledger.databases import empty_url, ledger_url, url

__all__ = ["empty_url", "ledger_url", "url"]
