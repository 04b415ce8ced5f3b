"""The running service, called over HTTP through its public port."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from examples.demo.connection import Answer, Connection
from examples.demo.errors import DemoError
from examples.demo.subject import Request, Subject


@dataclass(frozen=True, slots=True)
class Executions:
    """How many writes the service executed, with how many different ids."""

    requests: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Service:
    """The service of ``subject`` behind ``host:port``."""

    subject: Subject
    host: str
    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"

    def version(self) -> str:
        """Return the version that answers."""
        return self.subject.version(self._json(self.subject.version_path))

    def executions(self) -> Executions | None:
        """Return what it has executed; None if it does not count."""
        if not self.subject.executions_path:
            return None
        found = self._json(self.subject.executions_path)
        return Executions(found["requests"], found["distinct"])

    def put(self, identifiers: list[str]) -> None:
        """Write one thing under each of the ids."""
        for identifier in identifiers:
            request = self.subject.write(identifier)
            if request.expected not in (answer := self._send(request)).body:
                raise DemoError(f"{self.url}{request.path}: unexpected {answer.body[:200]!r}")

    def gone(self, timeout: float = 20) -> bool:
        """Tell whether it stops answering below 500 within ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if asyncio.run(self._exchange(self.subject.read)).status >= 500:
                    return True
            except (OSError, ValueError):
                return True
            time.sleep(0.2)
        return False

    def _json(self, path: str) -> Any:
        try:
            return json.loads(self._send(Request("GET", path)).body)
        except ValueError as error:
            raise DemoError(f"{self.url}{path}: answers no JSON") from error

    def _send(self, request: Request) -> Answer:
        try:
            answer = asyncio.run(self._exchange(request))
        except (OSError, ValueError) as error:
            raise DemoError(f"{self.url}{request.path}: {type(error).__name__}: {error}") from error
        if answer.status >= 300:
            problem = f"{self.url}{request.path}: HTTP {answer.status}: {answer.body[:200]!r}"
            raise DemoError(problem)
        return answer

    async def _exchange(self, request: Request) -> Answer:
        connection = Connection(self.host, self.port)
        try:
            return await connection.send(request)
        finally:
            await connection.close()
