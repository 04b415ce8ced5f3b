"""The stages of a project that only has workloads: its tests must run, on the right version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.projects.effects import files_with, processes_of
from benchmarks.projects.life import Life, Outcome
from benchmarks.projects.subject import merged

_OF_A_CHOICE = 1
"""So many tests have to be seen where only some of the suite are asked for."""


class LibraryLife:
    """The life of one library: its versions are recognised by what their tests note."""

    def __init__(self, life: Life, plugin: Path) -> None:
        self._life, self._plugin = life, plugin

    def stages(self) -> dict[str, Callable[[], Outcome]]:
        """Return what is done, in order; nothing serves, so that launch and stop do not apply."""
        return {
            "configure": self.configure,
            "tests": self.test,
            "change": self.change,
            "deploy": lambda: Outcome(self._tested_version(self._life.source.second)),
            "rollback": lambda: Outcome(self._tested_version(self._life.source.first)),
            "backup": self.back_up,
            "restore": self.restore,
            "stop": self.stop,
        }

    def configure(self) -> Outcome:
        """Load it with source, version and the kind of its workload."""
        self._life.workload = self._life.workload_with_trace(self._plugin)
        return Outcome(self._life.configure().failure)

    def test(self) -> Outcome:
        """Run its tests; each is seen to run, of the first version."""
        life = self._life
        by_hand = merged(life.subject.by_hand, life.subject.suite.by_hand)
        outcome = life.without_or_with(by_hand, life.tested)
        return Outcome(outcome.missing or self._lacks(life.source.first), outcome.keys)

    def _lacks(self, version: str) -> str:
        others = [line for line in self._life.seen if not line.startswith(f"{version} ")]
        return f"ran with another version: {others[0]}" if others else ""

    def _tested_version(self, version: str) -> str:
        return self._life.tested(version, _OF_A_CHOICE) or self._lacks(version)

    def change(self) -> Outcome:
        """Choose some of its tests by an argument; only those are seen to run."""
        life, all_seen = self._life, len(self._life.seen)
        life.workload = merged(life.workload, life.subject.change.keys)
        missing = life.configure().failure or life.tested(at_least=_OF_A_CHOICE)
        wrong = [line for line in life.seen if life.subject.change.seen not in line]
        if not missing and (wrong or len(life.seen) >= all_seen):
            missing = f"{len(life.seen)} of {all_seen} tests ran, {len(wrong)} not asked for"
        return Outcome(missing)

    def back_up(self) -> Outcome:
        """Back up a folder of it."""
        life = self._life
        life.uploads.mkdir(exist_ok=True)
        (life.uploads / "picture").write_bytes(f"{life.token}\n".encode() * 2000)
        life.keys["data"] = [str(life.uploads)]
        return Outcome(life.configure().failure or life.operate("backup").failure)

    def restore(self) -> Outcome:
        """Restore to a new folder; the bytes are those of the folder."""
        life, target = self._life, self._life.folder / "restored"
        failure = life.operate("restore", target=str(target)).failure
        picture = (life.uploads / "picture").read_bytes()
        same = [path for path in files_with(target, life.token) if path.read_bytes() == picture]
        return Outcome(failure or ("" if same else "no restored file has the same bytes"))

    def stop(self) -> Outcome:
        """Check that its tests have left nothing running."""
        left = processes_of(self._life.stack.home, self._life.subject.name)
        return Outcome(f"{len(left)} processes left: {left[0]}" if left else "")
