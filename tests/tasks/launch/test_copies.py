"""Copies of releases: whole, independent, and never half there."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uv

from tasks.errors import NotFoundError
from tasks.launch.copies import copy_release, copy_tree
from tasks.release import Release


def _release(path: Path) -> Release:
    (path / "source" / "pages").mkdir(parents=True)
    (path / "source" / "pages" / "page.txt").write_text("as built")
    (path / "source" / "latest").symlink_to("pages")
    (path / "source" / "nowhere").symlink_to("not/there")
    (path / "source" / "run").write_text("#!/bin/sh\n")
    (path / "source" / "run").chmod(0o755)
    return Release("shop", "1", "d1", path, "python", 0.0)


def test_what_is_written_in_a_copy_changes_neither_the_release_nor_another_copy(
    tmp_path: Path,
) -> None:
    """Else a test would change what is served; a hard link from a cache is cut as well."""
    release = _release(tmp_path / "release")
    cached = tmp_path / "cached"
    cached.write_text("of the cache")
    os.link(cached, release.source / "linked")
    first, second = (copy_release(release, tmp_path / "copies" / name) for name in ("a", "b"))
    for name in ("pages/page.txt", "linked"):
        with (first.source / name).open("r+") as file:
            file.write("changed")
    assert (first.source / "latest" / "page.txt").read_text() == "changedt"
    for other in (release, second):
        assert (other.source / "pages" / "page.txt").read_text() == "as built"
        assert (other.source / "linked").read_text() == "of the cache"
    assert cached.read_text() == "of the cache"


@pytest.mark.parametrize("program", ["cp", ""], ids=["by cp", "without cp"])
def test_a_copy_has_links_modes_and_times(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A followed link grows without end; a new time makes every compiled file stale."""
    if not program:
        monkeypatch.setenv("PATH", str(tmp_path))
    release = _release(tmp_path / "release")
    os.utime(release.source / "run", (1, 1))
    copy = copy_release(release, tmp_path / "copies" / "a")
    assert copy.path == tmp_path / "copies" / "a"
    assert (copy.digest, copy.kind, copy.version) == ("d1", "python", "1")
    assert (copy.source / "latest").readlink() == Path("pages")
    assert (copy.source / "nowhere").readlink() == Path("not/there")
    assert (copy.source / "run").stat().st_mode & 0o777 == 0o755
    assert (copy.source / "run").stat().st_mtime == 1


def test_a_copy_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    """A resumed workload would lose what its finished steps have made."""
    release = _release(tmp_path / "release")
    copy = copy_release(release, tmp_path / "copies" / "a")
    (copy.source / "built").write_text("by a step")
    assert copy_release(release, copy.path) == copy
    assert (copy.source / "built").read_text() == "by a step"


@pytest.mark.slow
def test_many_who_ask_for_the_same_copy_get_one_whole_one(tmp_path: Path) -> None:
    """Two flows that start the same service at once would meet half a tree."""
    release = _release(tmp_path / "release")
    target = tmp_path / "copies" / "a"
    with ThreadPoolExecutor(8) as pool:
        copies = list(pool.map(lambda _: copy_release(release, target), range(8)))
    assert {copy.path for copy in copies} == {target}
    assert sorted(path.name for path in target.iterdir()) == ["source"]
    assert [path.name for path in target.parent.iterdir() if path.is_dir()] == ["a"]


def test_a_release_that_is_gone_is_named(tmp_path: Path) -> None:
    """An empty folder that passes for a copy would be started from."""
    release = Release("shop", "1", "d1", tmp_path / "gone", "python", 0.0)
    with pytest.raises(NotFoundError, match="gone"):
        copy_release(release, tmp_path / "copies" / "a")
    assert not (tmp_path / "copies" / "a").exists()


def test_a_copy_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full must not leave half a tree that is run from."""
    release = _release(tmp_path / "release")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "cp").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "cp").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tasks.launch.copies.copy", full)
    with pytest.raises(OSError, match="No space left"):
        copy_release(release, tmp_path / "copies" / "a")
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [".lock"]


@pytest.mark.integration
def test_a_copy_onto_a_full_disk_says_so_in_one_sentence(tmp_path: Path, small_disk: Path) -> None:
    """A launch ends with a list of every file that was not copied."""
    release = _release(tmp_path / "release")
    for name in ("a", "b", "c"):
        (release.source / name).write_bytes(bytes(1 << 20))
    with pytest.raises(OSError, match="No space left on device") as raised:
        copy_release(release, small_disk / "copies" / "a")
    assert raised.value.errno == errno.ENOSPC
    assert str(raised.value).count("\n") == 0
    assert str(raised.value).count("Errno") == 1
    assert [path.name for path in (small_disk / "copies").iterdir()] == [".lock"]


@pytest.mark.integration
def test_a_copier_that_is_killed_leaves_nothing_that_could_be_taken_for_a_copy(
    tmp_path: Path,
) -> None:
    """Half a tree would be served or tested; what is left is removed by the next copier."""
    release = _release(tmp_path / "release")
    copies = tmp_path / "copies"
    slow = tmp_path / "bin" / "cp"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\nmkdir "$5"; echo half >"$5/half"; kill -9 $PPID\n')
    slow.chmod(0o755)
    script = textwrap.dedent(f"""
        from pathlib import Path
        from tasks.launch.copies import copy_release
        from tasks.release import Release
        release = Release("shop", "1", "d1", Path({str(release.path)!r}), "python", 0.0)
        copy_release(release, Path({str(copies / "a")!r}))
    """)
    killed = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env=os.environ | {"PATH": f"{slow.parent}:{os.environ['PATH']}"},
    )
    assert killed.returncode == -signal.SIGKILL
    [half] = copies.rglob("half")
    assert not (copies / "a").exists()
    draft = os.open(half.parents[1], os.O_RDONLY)
    fcntl.flock(draft, fcntl.LOCK_EX)  # the program may live a moment longer than who started it
    os.close(draft)
    copy_release(release, copies / "b")
    assert sorted(path.name for path in copies.iterdir()) == [".lock", "b"]


@pytest.mark.integration
def test_the_environment_of_a_copy_is_its_own(tmp_path: Path) -> None:
    """A console script of a copy that runs the Python of the release installs into the release."""
    env = tmp_path / "release" / "env"
    making = [uv.find_uv_bin(), "venv", "--quiet", "--relocatable", "--python", sys.executable]
    subprocess.run([*making, str(env)], check=True)
    site = next(env.glob("lib/python*/site-packages"))
    (site / "own.py").write_text("import sys\nprint(sys.prefix, __file__)\n")
    copy_tree(tmp_path / "release", tmp_path / "copy")
    python = tmp_path / "copy" / "env" / "bin" / "python"
    output = subprocess.run(
        [python, "-m", "own"], check=True, capture_output=True, text=True
    ).stdout
    assert output.split()[0] == str(tmp_path / "copy" / "env")
    assert output.split()[1].startswith(str(tmp_path / "copy"))
