"""The thin tasks: what they call, record and show. Prefect's API is replaced."""

import asyncio
import logging
import os
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from blocks.repositories.errors import RepositoryLostError
from blocks.repositories.interface import Progress
from blocks.repositories.restic import ResticRepository
from blocks.repositories.restic_engine import ResticEngine
from tasks.backup import task
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject
from tasks.ledger.connection import open_ledger
from tasks.ledger.insights import open_insights
from tasks.ledger.snapshots import snapshots

pytestmark = pytest.mark.integration


@pytest.fixture
def artifact_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the tasks show, instead of on a server."""
    texts: list[str] = []

    async def show(markdown: str, key: str, description: str) -> UUID:
        """Note a report."""
        texts.append(f"{key}: {description}\n{markdown}")
        return uuid4()

    async def start(progress: float, description: str) -> UUID:
        """Note the start."""
        texts.append(f"{progress:.0f} {description}")
        return uuid4()

    async def update(artifact: UUID, progress: float, description: str) -> UUID:
        """Note progress."""
        texts.append(f"{progress:.0f} {description}")
        return artifact

    monkeypatch.setattr(task, "acreate_markdown_artifact", show)
    monkeypatch.setattr(task, "acreate_progress_artifact", start)
    monkeypatch.setattr(task, "aupdate_progress_artifact", update)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setattr(task, "emit_event", lambda **_: None)
    return texts


async def test_backup_is_recorded_and_restore_compared(
    engine: ResticEngine,
    subject: BackupSubject,
    tmp_path: Path,
    artifact_texts: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A snapshot is not in the ledger, its figures are not shown, or its password is."""
    caplog.set_level(logging.INFO)
    (subject.sources[0].path / "a").write_text("hello")
    block = ResticRepository.model_validate(
        {"location": engine.location, "password": engine.password}
    )
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    snapshot = await task.backup.fn(subject, block, ledger, tmp_path / "home", "100%")
    assert snapshots(ledger, "shop", "prod") == [snapshot]
    assert open_insights(ledger) == []
    comparison = await task.restore.fn("shop", block, ledger, tmp_path / "back", snapshot.id)
    ledger.close()
    assert comparison.identical
    assert (tmp_path / "back" / "data" / "a").read_text() == "hello"
    text = "\n".join([*artifact_texts, caplog.text])
    assert "100 Backup of shop in prod" in artifact_texts
    assert f"backup-shop-prod: Snapshot {snapshot.id[:8]} of shop in prod" in text
    assert f"restore-shop-prod: Restore of snapshot {snapshot.id[:8]} of shop" in text
    assert "100% of the data" in text
    assert "identical" in text
    assert "hunter22" not in text


async def test_a_backup_of_nothing_is_an_alert_until_there_is_something(
    engine: ResticEngine,
    subject: BackupSubject,
    tmp_path: Path,
    artifact_texts: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Night after night nothing is backed up, and nobody is told."""
    events: list[str] = []
    monkeypatch.setattr(task, "emit_event", lambda event, **_: events.append(event))
    block = ResticRepository.model_validate(
        {"location": engine.location, "password": engine.password}
    )
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for _ in range(2):
        await task.backup.fn(subject, block, ledger, tmp_path / "home")
    (insight,) = open_insights(ledger)
    assert (insight.kind, insight.key, insight.severity) == ("backup", "shop/prod", "critical")
    assert "NOTHING WAS BACKED UP" in insight.size
    done, warning = "slipway.backup.done", "slipway.backup.warning"
    assert events == [done, warning, "slipway.insight.raised", done, warning]
    (subject.sources[0].path / "a").write_text("hello")
    await task.backup.fn(subject, block, ledger, tmp_path / "home")
    assert open_insights(ledger) == []
    (tmp_path / "none").mkdir()
    await task.backup.fn(
        replace(subject, sources=(Source("data", tmp_path / "none"),), spec={"stateless": True}),
        *(block, ledger, tmp_path / "home"),
    )
    assert open_insights(ledger) == []
    assert events[5:] == [done, "slipway.insight.closed", done]
    ledger.close()


def lingering(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have restic linger once it has done ``command``; return the pipe that then says so."""
    done, spy = folder / "done", folder / "programs" / "restic"
    os.mkfifo(done)
    spy.parent.mkdir()
    spy.write_text(
        f'#!/bin/sh\n[ "$1" = {command} ] || exec {shutil.which("restic")} "$@"\n'
        f'{shutil.which("restic")} "$@"; echo >{done}; exec sleep 30\n'
    )
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", str(spy.parent), prepend=os.pathsep)
    return done


def block_of(engine: ResticEngine) -> ResticRepository:
    """Return the block of the repository of ``engine``."""
    fields = {"location": engine.location, "password": engine.password}
    return ResticRepository.model_validate(fields)


@pytest.mark.usefixtures("artifact_texts")
async def test_a_cancelled_restore_leaves_its_target_as_it_was(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on, and lies there whole when it is called cancelled; the next one is refused."""
    (subject.sources[0].path / "a").write_text("hello")
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    await task.backup.fn(subject, block_of(engine), ledger, tmp_path / "home")
    path, target = os.environ["PATH"], tmp_path / "target"
    restored = lingering("restore", tmp_path, monkeypatch)
    restore = asyncio.create_task(task.restore.fn("shop", block_of(engine), ledger, target))
    await asyncio.to_thread(restored.read_text)
    restore.cancel()
    with pytest.raises(asyncio.CancelledError):
        await restore
    assert not target.exists()
    monkeypatch.setenv("PATH", path)
    await task.restore.fn("shop", block_of(engine), ledger, target)
    ledger.close()
    assert (target / "data/a").read_text() == "hello"


@pytest.mark.usefixtures("artifact_texts")
@pytest.mark.parametrize("command", ["backup", "check"])
async def test_a_cancelled_backup_leaves_no_snapshot(
    engine: ResticEngine,
    subject: BackupSubject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """A run that was cancelled has taken a snapshot, which nobody proved, and nobody knows of."""
    (subject.sources[0].path / "a").write_text("hello")
    stored = lingering(command, tmp_path, monkeypatch)
    block = block_of(engine)
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    backup = asyncio.create_task(task.backup.fn(subject, block, ledger, tmp_path / "home"))
    await asyncio.to_thread(stored.read_text)
    assert len(engine.snapshots()) == 1
    backup.cancel()
    with pytest.raises(asyncio.CancelledError):
        await backup
    assert engine.snapshots() == []
    assert snapshots(ledger, "shop", "prod") == []
    ledger.close()


async def test_progress_that_cannot_be_shown_fails_no_backup(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, artifact_texts: list[str]
) -> None:
    """The bar of a long backup stands still, and no log says why."""
    requested = asyncio.Event()

    async def refuse(_: UUID, fraction: float, __: str) -> None:
        """Show the last one alone."""
        requested.set()
        if fraction < 100:
            message = "the server does not answer"
            raise ConnectionError(message)

    monkeypatch.setattr(task, "aupdate_progress_artifact", refuse)
    monkeypatch.setattr(task, "_PROGRESS_SECONDS", 0.001)
    async with task._progress("Backup of shop in prod") as report_progress, asyncio.timeout(30):
        report_progress(Progress(0.5))
        await requested.wait()
    assert caplog.messages == ["Progress is not shown: the server does not answer"]
    assert len(artifact_texts) == 1


async def test_a_repository_that_is_gone_is_not_made_anew(
    engine: ResticEngine, subject: BackupSubject, tmp_path: Path, artifact_texts: list[str]
) -> None:
    """Broken: where a disk is not mounted the backup completes, and all earlier snapshots lack."""
    (subject.sources[0].path / "a").write_text("hello")
    fields = {"location": engine.location, "password": engine.password}
    block = ResticRepository.model_validate(fields)
    place = Path(engine.location)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        first = await task.backup.fn(subject, block, ledger, tmp_path / "home")
        await asyncio.to_thread(place.rename, tmp_path / "unmounted")
        with pytest.raises(RepositoryLostError, match=r"held snapshots.* Mount the disk"):
            await task.backup.fn(subject, block, ledger, tmp_path / "home")
        with pytest.raises(RepositoryLostError):
            await task.restore.fn("shop", block, ledger, tmp_path / "back")
        assert not await asyncio.to_thread(place.exists)
        await asyncio.to_thread((tmp_path / "unmounted").rename, place)
        second = await task.backup.fn(subject, block, ledger, tmp_path / "home")
        stored = [each.id[:8] for each in block.engine().snapshots()]
        assert stored == [first.id[:8], second.id[:8]]
