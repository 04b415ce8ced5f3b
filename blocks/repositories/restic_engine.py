"""Runs restic for one repository: passes its password through a pipe, and raises typed errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TypeVar

from blocks.errors import MissingProgramError
from blocks.file_system import has_no_room
from blocks.redaction import redact, without_user
from blocks.repositories import restic_command as command
from blocks.repositories import restic_output as output
from blocks.repositories.errors import (
    RepositoryCancelledError,
    RepositoryDamagedError,
    RepositoryError,
    RepositoryFullError,
    RepositoryLockedError,
    RepositoryLostError,
    RepositoryMissingError,
    UnreadableSourceError,
)
from blocks.repositories.interface import Progress, Stored, StoredEntry, StoredSnapshot
from blocks.repositories.restic_making import contents_of, making_alone
from blocks.repositories.restic_process import consumed, never, password_pipe

INSTALL = "brew install restic" if sys.platform == "darwin" else "apt-get install restic"
_LOCK_POLL_SECONDS = 1.0
_SPARSE_SINCE = (0, 15)
T = TypeVar("T")


@dataclass(frozen=True)
class ResticEngine:
    """A restic repository that fulfils ``Repository``.

    Args:
        location: A folder, or what restic takes (``s3:``, ``sftp:``, ``rest:``).
        password: Of the repository.
        variables: Credentials of the place, e.g. ``AWS_ACCESS_KEY_ID``.
        cache: Folder of restic's cache; None: restic's own default.
        host: The host name in every snapshot; the same one wherever the backup runs, so that
            increments find their parent.
        lock_wait_seconds: How long another live process's lock is waited for.
        program: The restic to run.
        is_known: Whether the repository is known to hold snapshots: where it is missing, each call
            raises RepositoryLostError, and it is not made anew.
        cancelled: Tells whether the call was cancelled: restic is ended then, and what it has
            stored meanwhile is dropped.
    """

    location: str = field(repr=False)
    password: str = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    cache: Path | None = None
    host: str = "slipway"
    lock_wait_seconds: float = 60.0
    program: str = "restic"
    is_known: bool = False
    cancelled: Callable[[], bool] = never

    @property
    def name(self) -> str:
        """The place in words, without credentials."""
        return str(self.folder or without_user(self.location))

    @property
    def folder(self) -> Path | None:
        """The local folder it lives in; None when it is elsewhere."""
        return command.local_folder(self.location)

    def create(self) -> None:
        """Create the repository, unless another process does so meanwhile.

        Raises:
            RepositoryDamagedError: The folder holds anything else, which is left alone, or a
                repository without its `config`.
        """
        with making_alone(self.folder, self.location):
            self._await_another_maker()
            if self._is_made():
                return
            try:
                self._call(command.init())
            except RepositoryError:
                if not self._is_made():  # a process on another machine was faster
                    raise

    def _await_another_maker(self) -> None:
        """Wait for another machine that creates the repository; refuse a folder in other use."""
        deadline = time.monotonic() + self.lock_wait_seconds
        while contents := contents_of(self.folder):
            if contents.whole:
                return
            if contents.foreign or time.monotonic() > deadline:
                raise RepositoryDamagedError(self.name, contents.problem, contents.remedy)
            time.sleep(_LOCK_POLL_SECONDS)

    def _is_made(self) -> bool:
        """Tell whether the repository exists by now."""
        try:
            self._call(command.config())
        except RepositoryMissingError:
            return False
        return True

    def backup(
        self,
        sources: Sequence[Path],
        exclude: Sequence[Path],
        tags: Sequence[str],
        progress: Callable[[Progress], None],
    ) -> Stored:
        """Store ``sources`` without ``exclude``; the repository is made when it is absent.

        Raises:
            UnreadableSourceError: A source itself is not there.
        """
        absent = [str(path) for path in sources if not os.path.lexists(path)]
        if absent:
            raise UnreadableSourceError(self.name, absent)
        arguments = command.backup(sources, exclude, tags, self.host)
        try:
            return self._back_up(arguments, progress)
        except RepositoryMissingError:
            self.create()
            return self._back_up(arguments, progress)

    def check(self, read_data_subset: str = "") -> None:
        """Verify the structure, and the data of ``read_data_subset`` (``5%``, ``1/7``).

        Raises:
            RepositoryDamagedError: Something is missing or not what was written.
        """
        try:
            self._call(command.check(read_data_subset))
        except RepositoryError as error:
            if type(error) is not RepositoryError:
                raise
            raise RepositoryDamagedError(self.name, error.detail) from error

    def snapshots(self, tags: Sequence[str] = ()) -> list[StoredSnapshot]:
        """Return the snapshots that bear all of ``tags``, oldest first."""
        return output.parse_snapshots(self._call(command.snapshots(tags)).decode())

    def entries(self, snapshot_id: str) -> Iterator[StoredEntry]:
        """Yield every path of a snapshot."""
        listing = self._call(command.entries(snapshot_id))
        yield from output.parse_entries(listing.decode(errors="replace").splitlines())

    def read(self, snapshot_id: str, path: str) -> bytes:
        """Return one file of a snapshot."""
        return self._call(command.read(snapshot_id, path))

    def restore(self, snapshot_id: str, target: Path) -> None:
        """Write a snapshot below ``target``, each path in full; sparse from restic 0.15 on."""
        version = output.version_of(self._call(command.version()).decode(errors="replace"))
        self._call(command.restore(snapshot_id, target, sparse=version >= _SPARSE_SINCE))

    def forget(self, snapshot_ids: Sequence[str]) -> None:
        """Drop snapshots; what they alone held is freed by a later prune."""
        self._call(command.forget(snapshot_ids))

    def _back_up(self, arguments: list[str], progress: Callable[[Progress], None]) -> Stored:
        """Run one backup to its end, and return it with the paths that the snapshot lacks."""
        stored: list[Stored] = []

        def consume(stream: IO[bytes]) -> None:
            for line in stream:
                message = output.parse_line(line.decode(errors="replace"))
                if step := output.progress_of(message):
                    progress(step)
                elif summary := output.stored_of(message):
                    stored.append(summary)

        try:
            code, complaints, _ = self._patiently(arguments, consume)
        except RepositoryCancelledError:
            for item in stored:
                replace(self, cancelled=never).forget([item.id])
            raise
        unread = output.unread_paths(complaints)
        if code not in {0, output.INCOMPLETE} or not stored:
            raise self._error(code, complaints)
        if code == output.INCOMPLETE and not unread:
            self.forget([item.id for item in stored])
            raise UnreadableSourceError(self.name, [complaints.strip()])
        return replace(stored[-1], unread=tuple(unread))

    def _call(self, arguments: list[str]) -> bytes:
        """Run one command and return what it printed; anything but success is an error."""
        code, complaints, printed = self._patiently(arguments, _all)
        if code:
            raise self._error(code, complaints)
        return printed

    def _error(self, code: int, complaints: str) -> RepositoryError:
        """Return the error; on a full disk restic may have no room to report that it is full."""
        error = output.error_of(self.name, code, complaints)
        if self.is_known and isinstance(error, RepositoryMissingError):
            return RepositoryLostError(self.name)
        places = [Path(tempfile.gettempdir()), *([self.folder] if self.folder else [])]
        if type(error) is RepositoryError and any(map(has_no_room, places)):
            return RepositoryFullError(self.name, f"{error.detail}: no space left on device")
        return error

    def _patiently(
        self, arguments: list[str], consume: Callable[[IO[bytes]], T]
    ) -> tuple[int, str, T]:
        """Run one command; remove a dead process's lock, and wait for a live one's."""
        deadline = time.monotonic() + self.lock_wait_seconds
        pause = 0.0
        while True:
            code, complaints, result = self._run(arguments, consume)
            locked = code and isinstance(self._error(code, complaints), RepositoryLockedError)
            if not locked or time.monotonic() + pause > deadline:
                return code, complaints, result
            time.sleep(pause)
            pause = _LOCK_POLL_SECONDS
            self._run(command.unlock(), _all)

    def installed(self) -> str:
        """Return where restic is installed; MissingProgramError names the command that does it."""
        program = shutil.which(self.program)
        if program is None:
            raise MissingProgramError(self.program, INSTALL)
        return program

    def _run(self, arguments: list[str], consume: Callable[[IO[bytes]], T]) -> tuple[int, str, T]:
        """Run restic once; return exit code, redacted complaints, and the result of ``consume``."""
        program = self.installed()
        with password_pipe(self.password) as pipe, tempfile.TemporaryFile() as complaints:
            with subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                pass_fds=(pipe,),
                env=command.environment(
                    os.environ, self.location, f"/dev/fd/{pipe}", self.variables, self.cache
                ),
            ) as process:
                result = consumed(process, consume, self.cancelled)
            if self.cancelled():
                raise RepositoryCancelledError(self.name)
            complaints.seek(0)
            text = complaints.read().decode(errors="replace")
        redacted = without_user(redact(text, [self.password, *self.variables.values()]))
        return process.returncode, redacted, result


def _all(stream: IO[bytes]) -> bytes:
    return stream.read()
