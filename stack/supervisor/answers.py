"""Polls the server, which leaves no heartbeat itself, and beats on its behalf when it answers.

It uses the standard library only: the supervisor always runs, and httpx takes ten MB of memory.
"""

from __future__ import annotations

import http.client
import threading
import urllib.request
from pathlib import Path

from stack.heartbeat import beat

EVERY_SECONDS = 5.0
ANSWER_SECONDS = 30.0

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str, timeout_seconds: float = ANSWER_SECONDS) -> bool:
    """Tell whether ``url`` answers in time, with 2xx."""
    try:
        with _OPENER.open(url, timeout=timeout_seconds):
            return True
    except (OSError, http.client.HTTPException):
        return False


def keep_asking(url: str, heartbeat: Path, stopping: threading.Event) -> None:
    """Have ``heartbeat`` beat as long as ``url`` answers, until ``stopping``."""
    while not stopping.wait(EVERY_SECONDS):
        if answers(url):
            beat(heartbeat)
