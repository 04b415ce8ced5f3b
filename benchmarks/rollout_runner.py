"""The releases that the rollout benchmark deploys: the load's application under the real shim.

``python -m benchmarks.rollout_runner ROOT FIRST_PORT VERSION KILL_AT`` deploys one version and,
where KILL_AT is above 0, kills itself with SIGKILL at that many calls of an effect.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from blocks.project_spec import ServiceSpec
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from tasks.deploy.deployer import Deployer, DeployTarget, Pace
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.instances import instances as recorded_instances
from tasks.ledger.instances import mark_stopping, record_instance, set_instance_state
from tasks.ledger.ports import lease_port, release_ports
from tasks.ledger.releases import record_release
from tasks.release import Instance, InstanceState, Release

PROJECT, ENVIRONMENT, HOST = "shop", "prod", "127.0.0.1"
PACE = Pace(in_a_row=2, pause_seconds=0.02, grace_seconds=5)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an instance is healthy."""

    instance: Instance
    ok: bool
    detail: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class ApplicationRunner:
    """Runs ``replicas`` of the application on leased ports from ``low`` on, below ``root``."""

    ledger: Ledger
    root: Path
    low: int
    replicas: int = 2

    def locked(self) -> AbstractContextManager[None]:
        """Wait for nobody: here one deployer at a time starts and routes."""
        return nullcontext()

    def build(self, version: str) -> Release:
        """Return a release of ``version``; one called ``unbuildable`` fails."""
        if version == "unbuildable":
            raise OSError("the build failed")
        digest = hashlib.sha256(version.encode()).hexdigest()
        path = self.root / "releases" / digest[:12]
        (path / "source").mkdir(parents=True, exist_ok=True)
        release = Release(PROJECT, version, digest, path, "python", time.time())
        record_release(self.ledger, release)
        return release

    def services(self, release: Release) -> dict[str, ServiceSpec]:
        """Return the one service; a version called ``broken`` fails soon."""
        spec = ServiceSpec(
            health_path="/health",
            health_timeout_seconds=2 if release.version == "broken" else 30,
            drain_seconds=5,
            replicas=self.replicas,
        )
        return {"web": spec}

    def prepare(self, release: Release) -> None:
        """Run nothing: nothing has to come before a release of the application."""

    def start(
        self,
        release: Release,
        state: InstanceState = InstanceState.STARTING,
        *,
        fresh: bool = False,
    ) -> list[Instance]:
        """Start the replicas; each is recorded before its process is started.

        Raises:
            ValueError: Not ``fresh``: this runner adopts nothing.
        """
        if not fresh:
            raise ValueError("a rollout has to ask for fresh processes")
        return [self._start(release, state, replica) for replica in range(self.replicas)]

    def _start(self, release: Release, state: InstanceState, replica: int) -> Instance:
        identifier = f"{PROJECT}-web-{secrets.token_hex(4)}"
        now = time.time()
        port = lease_port(self.ledger, HOST, self.low, self.low + 99, identifier, now)
        instance = Instance(
            id=identifier,
            project=PROJECT,
            environment=ENVIRONMENT,
            service="web",
            replica=replica,
            release=release.digest,
            version=release.version,
            directory=self.root / "instances" / identifier,
            host=HOST,
            port=port,
            state=state,
            started_at=now,
            health_path="/health",
        )
        record_instance(self.ledger, instance)
        record = self.root / "records" / f"{identifier}.ids"
        argv = (sys.executable, "-m", "benchmarks.rollout_load", str(port), release.version)
        spec = detached.ShimSpec(instance.directory, (*argv, str(record)), Path.cwd())
        detached.start(spec, dict(os.environ))
        return instance

    def healthy(self, instances: list[Instance], timeout_seconds: float) -> list[Answer]:
        """Probe each until it is healthy or the time is up."""
        deadline = time.monotonic() + timeout_seconds
        return [self._healthy(instance, deadline) for instance in instances]

    def _healthy(self, instance: Instance, deadline: float) -> Answer:
        while True:
            status = _status(instance)
            alive = detached.is_running(instance.directory)
            if status == http.client.OK or not alive or status or time.monotonic() > deadline:
                detail = f"answers {status}" if alive else "has ended"
                return Answer(instance, status == http.client.OK, detail, final=not alive)
            time.sleep(0.02)

    def stop(self, instances: list[Instance], grace_seconds: float) -> None:
        """Stop them: processes gone, ports released, recorded as stopped."""
        owner = detached.own_identity().encode()
        mark_stopping(self.ledger, [instance.id for instance in instances], owner)
        for instance in instances:
            detached.stop(instance.directory, grace_seconds)
            release_ports(self.ledger, instance.id)
            set_instance_state(self.ledger, [instance.id], InstanceState.STOPPED)

    def stop_all(self) -> None:
        """Stop whatever was ever started."""
        self.stop(recorded_instances(self.ledger, PROJECT, ENVIRONMENT), PACE.grace_seconds)


def _status(instance: Instance) -> int:
    connection = http.client.HTTPConnection(HOST, instance.port, timeout=5)
    try:
        connection.request("GET", instance.health_path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def make_deployer(root: Path, first_port: int, pace: Pace = PACE) -> Deployer:
    """Return a deployer of the application, with everything below ``root``.

    The public ports are ``first_port`` and the three after it, the application's from 100 on.
    """
    (root / "records").mkdir(parents=True, exist_ok=True)
    ledger = open_ledger(f"sqlite:///{root / 'ledger.db'}")
    runner = ApplicationRunner(ledger, root, first_port + 100)
    target = DeployTarget(PROJECT, ENVIRONMENT, HOST, first_port, slots=4)
    owner = detached.own_identity().encode()
    return Deployer(ledger, runner, SlotRouter(root / "router"), target, owner, pace=pace)


def kill_at(point: int, modules: dict[str, list[str]]) -> None:
    """Replace functions so that the ``point``-th entry into or exit from one is the last."""
    ticks = count(1)

    def tick() -> None:
        if next(ticks) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            tick()
            result = function(*arguments, **options)
            tick()
            return result

        return call

    for module, names in modules.items():
        for name in names:
            owner, _, attribute = f"{module}.{name}".rpartition(".")
            holder = _resolve(owner)
            setattr(holder, attribute, mortal(getattr(holder, attribute)))


def _resolve(dotted: str) -> Any:
    module, _, name = dotted.rpartition(".")
    return sys.modules[dotted] if dotted in sys.modules else getattr(sys.modules[module], name)


EFFECTS = {
    "tasks.deploy.deployer": ["save_rollout", "begin_rollout"],
    "tasks.deploy.cutover": [
        "set_instance_state",
        "forget_release",
        "_remove",
        "retire_public_ports",
    ],
    "blocks.routers.slots": ["_write_generation", "_point"],
    "blocks.providers.process.detached": ["start", "stop"],
    __name__: [
        "mark_stopping",
        "record_instance",
        "record_release",
        "release_ports",
        "set_instance_state",
    ],
}


def main(root: Path, first_port: int, version: str, point: int) -> None:
    """Deploy ``version``, perhaps not to the end."""
    kill_at(point, EFFECTS)
    deployer = make_deployer(root, first_port)
    if version == "rollback":
        deployer.rollback()
    else:
        deployer.deploy(version)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
