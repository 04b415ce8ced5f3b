"""A version that cannot run beside another is told so, in what it says itself."""

from __future__ import annotations

import pytest

from tasks.launch.instances.contention import contention


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 98] Address already in use",
        "Error: listen EADDRINUSE: address already in use :::9100",
        "[error] bind() to 0.0.0.0:9100 failed (98: Address already in use)",
        "listen tcp :9100: bind: address already in use",
        "java.net.BindException: Address already in use",
    ],
)
def test_a_port_that_is_taken(line: str) -> None:
    """Broken: a second port that both versions want is told as a matter of health."""
    message = contention(["starting", line, "bye"])
    assert "an address" in message
    assert "$PORT" in message
    assert "`stop`" in message


@pytest.mark.parametrize(
    "line",
    [
        "sqlite3.OperationalError: database is locked",
        "BlockingIOError: [Errno 11] Resource temporarily unavailable",
        "flock: cannot get lock: Resource temporarily unavailable",
        'FATAL:  lock file "postmaster.pid" already exists',
        "Another instance is already running (pid 4711)",
        "bolt: could not obtain lock: timeout",
        "Unable to lock database: /data/x",
        "IO error: lock /data/rocks/LOCK: Resource temporarily unavailable",
        "Already running on PID 4711 (or pid file '/x.pid' is stale)",
        "server is already running. Check /srv/tmp/pids/server.pid.",
        "could not acquire the lock",
        "DuckDB: IO Error: Could not set lock on file",
    ],
)
def test_a_lock_that_is_held(line: str) -> None:
    """Broken: a version that waits for a lock of the old one is told to mend its health."""
    message = contention([line])
    assert "a lock" in message
    assert "`stop`" in message
    assert "`launch`" in message


@pytest.mark.parametrize(
    "line",
    [
        "ModuleNotFoundError: No module named 'x'",
        "the door is unlocked",
        "blocked by policy",
        "the account of ada is locked",
        "user x already exists",
        "listening on 127.0.0.1:8000",
    ],
)
def test_other_words_are_no_contention(line: str) -> None:
    """Broken: any failure is told as a matter of two versions side by side."""
    assert contention([line]) == ""
