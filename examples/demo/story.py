"""The story of the demo: its parts in their order, and the conditions that must hold."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from examples.demo.configuration import ENVIRONMENT, WORKLOAD, data_folder, write
from examples.demo.console import Say
from examples.demo.errors import DemoError, PartError
from examples.demo.load import Load
from examples.demo.restored import compare_note, restored_entries
from examples.demo.service import Service
from examples.demo.sources import prepare
from examples.demo.subject import Subject
from examples.demo.summary import Shipped, read_summary
from examples.demo.table import Row
from examples.demo.verdict import load_rows, ship_rows
from examples.demo.watch import Api, Watch
from tasks.errors import SlipwayError

ENTRIES = 50
REQUESTS_AROUND = 200
SETTLE_SECONDS = 30.0


class Story:
    """One run of the demo; ``rows`` grow as it goes, so that a failure still shows the rest.

    ``front`` is the router's host, and finds the port on which it serves the project, None if it
    does not.
    """

    def __init__(
        self,
        subject: Subject,
        folder: Path,
        api: Api,
        front: tuple[str, Callable[[], int | None]],
        say: Say,
    ) -> None:
        self.rows: list[Row] = []
        self.service: Service | None = None
        self._configured = False
        self._subject, self._folder, self._api, self._say = subject, folder, api, say
        self._host, self._public_port = front
        self._watch = Watch(api, say)

    def tell(self) -> None:
        """Do everything but the stop.

        Raises:
            PartError: A part went so wrong that the rest would mean nothing.
            SlipwayError: The same, outside of any part.
        """
        subject = self._subject
        with self._part("prepare sources") as outcome:
            outcome.extend(prepare(subject, self._folder))
        with self._part("configure") as outcome:
            outcome.append(self._run("configure", file=str(write(subject, self._folder))))
        self._configured = True
        self._ship(f"ship {subject.old}", subject.old)
        service = self.service = self._serving()
        self._versions(service, subject.old, "serves before")
        identifiers = self._put(service)
        self._ship_under_load(service)
        self._versions(service, subject.new, "serves after")
        with self._part("train") as outcome:
            outcome.append(self._run("train"))
        self._restore(identifiers)
        with self._part("status") as outcome:
            outcome.append(self._run("status"))

    def stop(self) -> None:
        """Stop the project's services, and see that they no longer answer."""
        if not self._configured:
            return
        with self._part("stop") as outcome:
            self._run("stop", project=self._subject.name, environment=ENVIRONMENT)
            if self.service and not self.service.gone():
                raise DemoError(f"{self.service.url} still answers")
            outcome.append("nothing answers any more" if self.service else "nothing was up")

    @contextmanager
    def _part(self, name: str) -> Iterator[list[str]]:
        """Time one part; what is appended to the list becomes its outcome."""
        self._say(name)
        start, outcome = time.monotonic(), list[str]()
        try:
            yield outcome
        except SlipwayError as error:
            self.rows.append(Row(name, time.monotonic() - start, str(error), ok=False))
            raise PartError(str(error)) from error
        self.rows.append(Row(name, time.monotonic() - start, ", ".join(filter(None, outcome))))

    def _run(self, flow: str, **parameters: str) -> str:
        """Run a flow to its end and return what its last state says."""
        flow_run_id = self._watch.run(f"{flow}/{flow}", parameters)
        return self._api.state(flow_run_id).message.partition("\n")[0] or "completed"

    def _ship(self, name: str, version: str) -> Shipped:
        with self._part(name) as outcome:
            parameters = {"project": self._subject.name, "environment": ENVIRONMENT}
            parameters |= {"version": version, "workload": WORKLOAD}
            flow_run_id = self._watch.run("ship/ship", parameters)
            shipped = read_summary(self._api.artifacts(flow_run_id))
            outcome.append(f"{shipped.tests} tests" if shipped.tests else "completed")
        self.rows += ship_rows(shipped)
        if shipped.estimates:
            self._say(f"  {shipped.estimates}")
        return shipped

    def _ship_under_load(self, service: Service) -> None:
        before = service.executions()
        with Load(self._subject, service.host, service.port) as load:
            self._say(f"load on {service.url}: keep-alive, half writes, nothing is repeated")
            self._wait_for_load(load)
            shipped = self._ship(f"ship {self._subject.new} under load", self._subject.new)
            self._wait_for_load(load)
        self.rows += load_rows(load.tally, before, service.executions())
        used = shipped.source in {"history", "trained"}
        said = shipped.estimates or "ship said nothing of its estimates"
        self.rows.append(Row("estimates of the second run", None, said, ok=used))

    def _wait_for_load(self, load: Load) -> None:
        goal, deadline = load.tally.requests + REQUESTS_AROUND, time.monotonic() + SETTLE_SECONDS
        while load.tally.requests < goal:
            if time.monotonic() > deadline:
                raise DemoError(f"only {load.tally.requests} requests of load got through")
            time.sleep(0.1)

    def _serving(self) -> Service:
        port = self._public_port()
        if port is None:
            raise DemoError(f"the router has no port for {self._subject.name}")
        service = Service(self._subject, self._host, port)
        self._say(f"  {service.url}")
        return service

    def _versions(self, service: Service, wanted: str, name: str) -> None:
        version = service.version()
        self.rows.append(Row(name, None, version, ok=version == wanted))

    def _put(self, service: Service) -> Sequence[str]:
        identifiers = [f"kept-{uuid.uuid4().hex}" for _ in range(ENTRIES)]
        with self._part("put data in") as outcome:
            service.put(identifiers)
            outcome.append(f"{ENTRIES} writes")
        return identifiers

    def _restore(self, identifiers: Sequence[str]) -> None:
        with (
            self._part("restore elsewhere") as outcome,
            TemporaryDirectory(prefix="restored-", dir=Path.cwd()) as target_name,
        ):
            target = Path(target_name)
            parameters = {"snapshot": "latest", "target": target_name}
            outcome.append(self._run("restore", project=self._subject.name, **parameters))
            compare_note(target, data_folder(self._subject, self._folder) / "note.txt")
            if database := self._subject.database:
                entries = restored_entries(target, database, identifiers)
                outcome.append(f"{entries} entries, all {len(identifiers)} of before the load")
