"""A stack in a folder of its own, for one measurement; it is ended and removed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.free_ports import free_ports
from stack.api import Json, SlipwayApi
from stack.environment import stack_environment
from tasks.errors import SlipwayError
from tasks.home import Home
from tasks.settings import Settings, settings

_PORTS = 200
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class OwnStack:
    """A running stack: its settings, a client, and a folder for sources."""

    config: Settings
    api: SlipwayApi
    folder: Path

    def configure(self, configuration: Json) -> None:
        """Save the blocks of a `slipway.yaml` with this content."""
        path = self.folder / "slipway.yaml"
        path.write_text(yaml.safe_dump(configuration))
        path.chmod(0o600)
        self.done("configure/configure", {"file": str(path)})

    def done(self, deployment: str, parameters: Json, timeout: float = 600.0) -> str:
        """Run ``deployment`` to its end and return the id of the flow run.

        Raises:
            SlipwayError: It did not succeed.
        """
        run = self.api.wait(self.api.trigger(deployment, parameters), timeout=timeout)
        if not run.succeeded:
            raise SlipwayError(f"{deployment} ended {run.state_name}: {run.message}")
        return run.id

    def environment(self) -> dict[str, str]:
        """Return the variables with which a program uses this stack's Prefect."""
        auth = Home(self.config.root).auth_file.read_text(encoding="utf-8").strip()
        return stack_environment(self.config, auth, "", os.environ)


@contextmanager
def own_stack() -> Iterator[OwnStack]:
    """Start a stack, give it, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix="slipway-benchmark-") as folder:
        first = free_ports(_PORTS)
        given = {
            "home": f"{folder}/home",
            "server_port": first,
            "router_port": first + 10,
            "router_slots": 20,
            "service_port_low": first + 50,
            "service_port_high": first + _PORTS - 1,
            "roots": folder,
        }
        sources = Path(folder, "sources")
        sources.mkdir()
        with started(given) as config, SlipwayApi.of(config, patience_seconds=60) as api:
            yield OwnStack(config, api, sources)


@contextmanager
def started(given: Mapping[str, object]) -> Iterator[Settings]:
    """Start a stack with the settings ``given``, give them all, and end all that it runs."""
    variables = {f"SLIPWAY_{name.upper()}": str(value) for name, value in given.items()}
    try:
        _run(variables, "stack.up")
        yield Settings.model_validate({**settings().model_dump(), **given})
    finally:
        _run(variables, "stack.down", "--all")


def _run(variables: Mapping[str, str], *module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        env={**os.environ, **variables},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SlipwayError(f"{module[0]} failed: {done.stderr}")
