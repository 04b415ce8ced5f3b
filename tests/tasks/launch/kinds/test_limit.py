"""A build that hangs ends, says by which setting, and is taken for no release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.launch.build import build_release
from tasks.launch.build_limit import Limit, limited, within
from tasks.launch.kinds.interface import BuildError, run_build
from tasks.launch.kinds.procfile import ProcfileKind
from tasks.launch.launcher import Launcher
from tasks.launch.sources import git

pytestmark = pytest.mark.integration

HANGING = "echo asks an index that is down; touch {mark}; exec sleep 600"


def hang_in(monkeypatch: pytest.MonkeyPatch, mark: Path) -> None:
    """Have every build start to install something, and hang."""

    def build(_: object, release: Path, __: Sequence[str], ___: str = "") -> list[str]:
        (release / "env").mkdir()
        run_build(["sh", "-c", HANGING.format(mark=mark)], release, {})
        return []

    monkeypatch.setattr(ProcfileKind, "build", build)


@pytest.fixture
def spec(tmp_path: Path) -> ProjectSpec:
    """Give a project that is only a Procfile."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/Procfile").write_text("web: serve\n")
    return ProjectSpec(source=str(tmp_path / "source"))


def test_a_build_that_hangs_ends_and_is_no_release(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a launch waits for ever, or half an environment is launched the next time."""
    hang_in(monkeypatch, tmp_path / "mark")
    with (
        pytest.raises(BuildError, match=r"had 1 s .*\(SLIPWAY_BUILD_SECONDS\)") as raised,
        limited(Limit(1)),
    ):
        build_release("demo", spec, "", tmp_path / "releases", 1)
    assert "asks an index that is down" in str(raised.value)
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [".lock"]


def test_whoever_builds_keeps_to_the_setting(
    launcher_for: Callable[..., Launcher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the build of a deploy has half an hour, whatever the setting says."""
    hang_in(monkeypatch, tmp_path / "mark")
    with pytest.raises(BuildError, match=r"had 1 s .*\(SLIPWAY_BUILD_SECONDS\)"):
        replace(launcher_for(), build_seconds=1.0).build("")


def test_what_follows_has_what_is_left(tmp_path: Path) -> None:
    """Broken: each of the commands of a build may take as long as all of them."""
    limit = Limit(600)
    limit._end -= 600
    with limited(limit):
        with pytest.raises(BuildError, match="SLIPWAY_BUILD_SECONDS"):
            run_build(["sleep", "600"], tmp_path, {})
        answer = git.ask("hash-object", "--stdin", stdin=b"x")
    assert (answer.code, "SLIPWAY_BUILD_SECONDS" in answer.error_text) == (-1, True)
    assert run_build(["echo", "done"], tmp_path, {}) == "done\n"


async def test_a_build_that_is_cancelled_ends_at_once(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a cancelled launch hangs until it is killed, and its installer goes on."""
    mark = tmp_path / "mark"
    hang_in(monkeypatch, mark)
    building = asyncio.create_task(
        within(600, lambda: build_release("demo", spec, "", tmp_path / "releases", 1))
    )
    while not mark.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    building.cancel()
    async with asyncio.timeout(300):
        with pytest.raises(asyncio.CancelledError):
            await building
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [".lock"]
