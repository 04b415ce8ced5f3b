"""The stages of a project that serves: what it answers, keeps, and leaves behind."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.projects.effects import answers, asked, files_with, processes_of, visited
from benchmarks.projects.life import Life, Outcome
from benchmarks.projects.stack import Operated
from benchmarks.projects.subject import Answer, merged

_QUIET_SECONDS = 8.0


class ServedLife:
    """The life of one project that answers requests."""

    def __init__(self, life: Life, answer: Answer, plugin: Path) -> None:
        self._life, self._answer, self._plugin = life, answer, plugin
        self._url = ""

    def stages(self) -> dict[str, Callable[[], Outcome]]:
        """Return what is done, in order."""
        return {
            "configure": self.configure,
            "launch": self.launch,
            "tests": self.test,
            "change": self.change,
            "deploy": self.deploy,
            "rollback": self.roll_back,
            "backup": self.back_up,
            "restore": self.restore,
            "stop": self.stop,
            "launch again": self.launch_again,
        }

    def configure(self) -> Outcome:
        """Load it with nothing but source and version; the block is there to be read."""
        failure = self._life.configure().failure
        found = self._life.stack.api.call(
            "POST",
            "/block_documents/filter",
            {"block_documents": {"name": {"any_": [self._life.subject.name]}}},
        )
        return Outcome(failure or ("" if found else "no block of that name"))

    def launch(self) -> Outcome:
        """Launch it; its first version answers."""
        return self._life.without_or_with(self._life.subject.by_hand, self._first_launched)

    def _launched(self) -> str:
        done = self._life.operate("launch")
        # What a launch logs may show up late, or never on a busy server.
        if not done.failure and not self._note_url(done):
            self._note_url(self._life.operate("status"))
        return done.failure or self._is_answered(self._answer.first)

    def _first_launched(self) -> str:
        wanted = self._answer.launched
        return self._launched() or (self._is_answered(wanted) if wanted else "")

    def _note_url(self, done: Operated) -> bool:
        chosen = self._life.stack.settings
        fronts = range(chosen.router_port, chosen.router_port + chosen.router_slots)
        named = [url for url in done.urls if int(url.rpartition(":")[2]) in fronts]
        self._url = named[0] if named else self._url
        return bool(named)

    def _is_answered(self, text: str, path: str | None = None) -> str:
        if not self._url:
            return "no address was told"
        return answers(self._url + (self._answer.path if path is None else path), text)

    def test(self) -> Outcome:
        """Run its tests; each is seen to run, and what serves is as before."""
        life = self._life
        life.workload = life.workload_with_trace(self._plugin)
        configured = life.configure().failure
        outcome = life.without_or_with(life.subject.suite.by_hand, life.tested)
        missing = configured or outcome.missing
        if self._url:
            missing = missing or self._is_answered(self._answer.first)
        return Outcome(missing, outcome.keys)

    def change(self) -> Outcome:
        """Change command or variables and launch; the answers change and none is dropped."""
        life, change = self._life, self._life.subject.change
        with visited(self._url) as visitor:
            life.keys = merged(life.keys, life.filled(change.keys))
            life.variables = merged(life.variables, life.filled(change.variables))
            self._name_data()
            failure = life.configure().failure or life.operate("launch").failure
            missing = failure or self._is_answered(change.seen, change.path)
        missing = missing or visitor.complaint
        return Outcome(missing or self._leave_record())

    def _name_data(self) -> None:
        life, record = self._life, self._life.subject.record
        if record is None:
            life.uploads.mkdir(exist_ok=True)
            (life.uploads / "picture").write_bytes(f"{life.token}\n".encode() * 2000)
            life.keys["data"] = [str(life.uploads)]
        elif record.data:
            life.keys["data"] = [record.data]
            life.added += 1

    def _leave_record(self) -> str:
        record = self._life.subject.record
        if record is None:
            return ""
        body = record.body.replace("{token}", self._life.token)
        said = asked(self._url + record.path, "POST", body, record.content_type)
        return "" if said.startswith("HTTP 2") else f"a record was not taken: {said[:100]!r}"

    def _keeps_record(self) -> str:
        record = self._life.subject.record
        missing = self._is_answered(self._life.token, record.path) if record else ""
        return f"what a user left is lost: {missing}" if missing else ""

    def deploy(self) -> Outcome:
        """Deploy the second version under requests; it answers, and has what users left."""
        return Outcome(self._moved("deploy", self._answer.second, self._life.source.second))

    def roll_back(self) -> Outcome:
        """Roll back under requests; the first version answers, and has what users left."""
        return Outcome(self._moved("rollback", self._answer.first))

    def _moved(self, operation: str, text: str, version: str = "") -> str:
        parameters = {"version": version} if version else {}
        with visited(self._url) as visitor:
            failure = self._life.operate(operation, **parameters).failure
            missing = failure or self._is_answered(text)
        return missing or visitor.complaint or self._keeps_record()

    def back_up(self) -> Outcome:
        """Back it up; the repository has a snapshot more."""
        before = self._snapshots()
        done = self._life.operate("backup")
        more = self._snapshots() - before
        empty = any(re.search(r"\b0 files", line) for line in done.lines)
        said = "Completed, with 0 files in the snapshot" if empty else ""
        return Outcome(done.failure or ("" if more else "no snapshot more") or said)

    def _snapshots(self) -> set[Path]:
        return set((self._life.stack.home / "backups").rglob("snapshots/*"))

    def restore(self) -> Outcome:
        """Restore to a new folder; what users left is in a file there."""
        life, target = self._life, self._life.folder / "restored"
        failure = life.operate("restore", target=str(target)).failure
        if failure:
            return Outcome(failure)
        restored = files_with(target, life.token)
        if life.subject.record is None:
            picture = (life.uploads / "picture").read_bytes()
            restored = [path for path in restored if path.read_bytes() == picture]
        return Outcome("" if restored else "no restored file holds what users left")

    def stop(self) -> Outcome:
        """Stop it; nothing answers, no process is left, and none comes back."""
        failure = self._life.operate("stop").failure
        began = time.monotonic()
        while not failure and time.monotonic() < began + _QUIET_SECONDS:
            left = processes_of(self._life.stack.home, self._life.subject.name)
            if left:
                return Outcome(f"{len(left)} processes after stop: {left[0]}")
            if asked(self._url).startswith("HTTP 2"):
                return Outcome("it still answers after stop")
            time.sleep(0.5)
        return Outcome(failure)

    def launch_again(self) -> Outcome:
        """Launch it again; it answers as before it was stopped, and has what users left."""
        missing = self._launched() or self._keeps_record()
        self._life.operate("stop")
        return Outcome(missing)
