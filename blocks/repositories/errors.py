"""The errors of repositories; each says what went wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks.errors import SlipwayError
from blocks.file_system import full_file_system

_PATHS_SHOWN = 5


class RepositoryError(SlipwayError):
    """The base of all of them.

    Attributes:
        repository: The place, without credentials.
        detail: What went wrong there.
        remedy: What to do.
    """

    remedy = "Run the same restic command by hand to see more."

    def __init__(self, repository: str, detail: str, remedy: str = "") -> None:
        self.repository, self.detail = repository, detail
        self.remedy = remedy or self.remedy
        super().__init__(f"Repository {repository}: {detail}. {self.remedy}")


class RepositoryMissingError(RepositoryError):
    """There is no repository at that place."""

    remedy = "Check the location; the first backup creates the repository."


class RepositoryLostError(RepositoryError):
    """There is no repository any more where one held snapshots."""

    remedy = (
        "Mount the disk that holds it, or bring it back. To begin a new one, configure another "
        "location."
    )

    def __init__(self, repository: str) -> None:
        super().__init__(repository, "it held snapshots, and is not there any more")


class RepositoryUnreachableError(RepositoryError):
    """The place does not answer."""

    remedy = "Check the location, the network and that its server is up."


class RepositoryForbiddenError(RepositoryError):
    """The place answers, and refuses to be read or written."""

    remedy = "Check the owner and mode of the folder, or the credentials in `variables`."


class RepositoryFullError(RepositoryError):
    """There is no room left, where the repository is or where restic keeps temporary files."""

    def __init__(self, repository: str, detail: str) -> None:
        local = [Path(repository)] if repository.startswith("/") else []
        super().__init__(repository, detail, full_file_system(detail, *local))


class WrongPasswordError(RepositoryError):
    """The password opens no key of the repository."""

    remedy = "Set `password` to the one that the repository was created with."


class RepositoryLockedError(RepositoryError):
    """Another live process holds the repository."""

    remedy = "Wait for the backup or check that holds it; a dead process's lock is removed for you."


class RepositoryDamagedError(RepositoryError):
    """Something in the repository is not what was written there."""

    remedy = "Keep what is left, check the disk, and start a new repository; see `restic check`."


class RepositoryKilledError(RepositoryError):
    """Something has ended the program with a signal, before its time."""

    remedy = "The system may have killed it for lack of memory. Start this again."


class RepositoryCancelledError(RepositoryError):
    """What was asked of the repository was cancelled before it was done."""

    remedy = "Ask again."

    def __init__(self, repository: str) -> None:
        super().__init__(repository, "it was cancelled before it had finished")


class SnapshotMissingError(RepositoryError):
    """The repository holds no such snapshot."""

    remedy = "Name a snapshot that exists, or `latest`."


class UnreadableSourceError(RepositoryError):
    """Files that were to be backed up cannot be read; no snapshot of the rest is kept.

    Attributes:
        paths: The files.
    """

    def __init__(self, repository: str, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        listed_paths = ", ".join(self.paths[:_PATHS_SHOWN]) + (
            " and more" if self.paths[_PATHS_SHOWN:] else ""
        )
        super().__init__(
            repository,
            f"no snapshot was taken, {len(self.paths)} path(s) cannot be read: {listed_paths}",
            "Make them readable for the user that runs the backup, or move them elsewhere.",
        )
