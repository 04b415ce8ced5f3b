"""Migrates Prefect's database in a fork of the server, whose memory goes with it when it is done.

In the server itself, what the migrations import and leave behind would stay: 40 MiB.
"""

from __future__ import annotations

import asyncio
import sys

from prefect.server.database import provide_database_interface

from stack.forking import may_fork, ran_in_a_fork


def migrated_in_a_fork() -> bool:
    """Bring the database up to date; False where this process itself has to do it.

    That is where it cannot be forked safely, and where the fork failed: then Prefect's own start
    says what is wrong.
    """
    if sys.platform != "linux" or not may_fork():
        return False
    return ran_in_a_fork(_migrate, "migrates the database")


def _migrate() -> None:
    asyncio.run(provide_database_interface().create_db())
