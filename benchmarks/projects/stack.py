"""A whole stack of the benchmark's own, used over its API only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.free_ports import free_ports
from stack.api import SlipwayApi
from stack.flow_run import FlowRun
from tasks.errors import SlipwayError
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
_RUN_SECONDS = 420.0
_LOG_SECONDS = 20.0
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Operated:
    """How a flow run ended, its log lines, and its artifacts."""

    run: FlowRun
    lines: tuple[str, ...]
    shown: tuple[str, ...] = ()

    @property
    def failure(self) -> str:
        """Why it did not succeed, in one line; empty if it did."""
        if self.run.succeeded:
            return ""
        return f"{self.run.state_name}: {' '.join(self.run.message.split())}"

    @property
    def urls(self) -> list[str]:
        """The addresses that it named."""
        return _URL.findall("\n".join([*self.lines, *self.shown]))


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that runs, and the folder its configuration lies in."""

    settings: Settings
    folder: Path
    api: SlipwayApi

    @property
    def home(self) -> Path:
        """Where it keeps everything."""
        return self.settings.root

    def operate(self, operation: str, **parameters: Any) -> Operated:
        """Start an operation over the API and wait for its end.

        Raises:
            SlipwayError: The API refused it, or it does not end.
        """
        run = self.api.wait(self.api.trigger(f"{operation}/{operation}", parameters), _RUN_SECONDS)
        shown = tuple(str(artifact["data"]) for artifact in self.api.artifacts(run.id))
        return Operated(run, tuple(self._logged(run)), shown)

    def configure(self, configuration: dict[str, Any]) -> Operated:
        """Have a slipway.yaml loaded."""
        path = self.folder / "slipway.yaml"
        path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
        path.chmod(0o600)
        return self.operate("configure", file=str(path))

    def _logged(self, run: FlowRun) -> list[str]:
        """Return the lines of a run that is over; they reach the server with a delay."""
        deadline = time.monotonic() + _LOG_SECONDS
        while True:
            lines = [record["message"] for record in self.api.logs(run.id)]
            over = any(line.startswith("Finished in state") for line in lines)
            if over or time.monotonic() > deadline:
                return lines
            time.sleep(0.2)


@contextmanager
def own_stack(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Bring a stack up on free ports and in a home below ``folder``; take all of it down again.

    ``environment`` is what it has beside our own.
    """
    first = free_ports(200)
    given: dict[str, Any] = {
        "home": folder / "home",
        "server_port": first,
        "router_port": first + 10,
        "router_slots": 32,
        "service_port_low": first + 50,
        "service_port_high": first + 199,
    }
    chosen = Settings.model_validate(given)
    named = {f"SLIPWAY_{name.upper()}": str(value) for name, value in given.items()}
    variables = named | dict(environment or {})
    try:
        _make("stack.up", variables)
        with SlipwayApi.of(chosen, patience_seconds=150) as api:
            yield Stack(chosen, folder, api)
    finally:
        _make("stack.down", variables, "--all")


def _make(module: str, variables: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SlipwayError(f"{module} failed: {done.stderr}")
