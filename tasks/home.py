"""The paths of Slipway's home, which is one folder that only its owner may read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blocks import durable_file

PROGRAMS = ("server", "worker", "router", "reconciler", "reads")
"""The processes of the Procfile, in the order in which they start."""


@dataclass(frozen=True, slots=True)
class Home:
    """The paths below one Slipway home.

    Attributes:
        root: The home itself, absolute.
    """

    root: Path

    @property
    def stack(self) -> Path:
        """Folder of what the supervisor records about itself and its processes."""
        return self.root / "stack"

    @property
    def logs(self) -> Path:
        """Folder of the logs, one for each program, rotated by the supervisor."""
        return self.root / "logs"

    @property
    def prefect(self) -> Path:
        """Prefect's own home: its database, results and profiles."""
        return self.root / "prefect"

    @property
    def ui(self) -> Path:
        """The files that Prefect's server serves as its UI, our logos among them."""
        return self.root / "ui"

    @property
    def auth_file(self) -> Path:
        """The auth string of the Prefect API; readable by its owner only."""
        return self.root / "auth"

    @property
    def repository_password_file(self) -> Path:
        """The password of the default backup repository; readable by its owner only."""
        return self.root / "repository-password"

    @property
    def lock_file(self) -> Path:
        """Locked by the running `up` or `down`."""
        return self.stack / "lock"

    @property
    def registration_file(self) -> Path:
        """The fingerprint of what was registered last."""
        return self.stack / "registered"

    @property
    def operations_file(self) -> Path:
        """The operations that were registered last, with the schemas of their parameters."""
        return self.stack / "operations"

    @property
    def entrypoints_file(self) -> Path:
        """The flow of each operation that was registered last."""
        return self.stack / "entrypoints"

    @property
    def run_names_file(self) -> Path:
        """The names of runs of each operation that was registered last."""
        return self.stack / "run_names"

    @property
    def job_template_file(self) -> Path:
        """The job template of the work pool, as it was registered last."""
        return self.stack / "job_template"

    @property
    def heartbeat_file(self) -> Path:
        """Touched by the reconciler after each periodic job."""
        return self.stack / "heartbeat"

    @property
    def supervisor_heartbeat_file(self) -> Path:
        """Touched by the supervisor at each look."""
        return self.stack / "supervisor-heartbeat"

    @property
    def worker_heartbeat_file(self) -> Path:
        """Touched by the worker every second."""
        return self.stack / "worker-heartbeat"

    @property
    def server_heartbeat_file(self) -> Path:
        """Touched by the supervisor as long as the server answers."""
        return self.stack / "server-heartbeat"

    @property
    def reads_heartbeat_file(self) -> Path:
        """Touched every second by the process that answers reads."""
        return self.stack / "reads-heartbeat"

    @property
    def reserve_file(self) -> Path:
        """The disk reserve, which is released for records when the disk is full."""
        return self.root / "reserve"

    @property
    def retention_file(self) -> Path:
        """What retention keeps, and when it is removed, as the reconciler last recorded it."""
        return self.stack / "retention"

    @property
    def events_file(self) -> Path:
        """The reconciler's events that the server has not taken yet."""
        return self.stack / "events"

    @property
    def conditions_file(self) -> Path:
        """The services that are not well, as the reconciler last told."""
        return self.stack / "conditions"

    @property
    def configuration_lock(self) -> Path:
        """Locked by the run of `configure` that checks and saves blocks."""
        return self.stack / "configuration.lock"

    @property
    def schedules_lock(self) -> Path:
        """Whoever holds it changes the schedules of projects."""
        return self.stack / "schedules.lock"

    @property
    def automations_lock(self) -> Path:
        """Locked while the automations of notifications are compared and made."""
        return self.stack / "automations.lock"

    def log(self, program: str) -> Path:
        """Return the log file of ``program``."""
        return self.logs / f"{program}.log"

    def record(self, program: str) -> Path:
        """Return the file that holds the identity of ``program``."""
        return self.stack / f"{program}.json"

    def create(self) -> None:
        """Create the folders, closed to everyone but their owner."""
        for folder in (self.root, self.stack, self.logs, self.prefect):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one step, durably, readable by its owner only."""
    durable_file.write(str(path), text)
