"""Links of an unpacked archive are followed as the system does, to any depth."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from tasks.launch.sources.outward_link import leads_out

LINKS = {
    "up": "..",
    "here": ".",
    "absolute": "/etc",
    "folder/up": "..",
    "through": "folder/up/folder",
    "out": "folder/up/..",
    "nowhere": "gone/x",
    "round": "round",
    "there": "back",
    "back": "there",
    "longer": "longer/x",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a folder with those links, and a file in a folder."""
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "folder/file").touch()
    for name, link in LINKS.items():
        (root / name).symlink_to(link)
    return root


@pytest.mark.parametrize(
    "path",
    ["up", "absolute", "here/up", "folder/up/..", "out", "through/../..", "nowhere/../../../x"],
)
def test_what_leads_out_is_seen(root: Path, path: str) -> None:
    """Broken: an archive shows any file of this user, or one is written through it."""
    assert leads_out(root, PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    ["folder/file", "here", "here/folder", "folder/up", "through/file", "nowhere", "here/here"],
)
def test_what_stays_is_left_alone(root: Path, path: str) -> None:
    """Broken: a project lacks links that it needs."""
    assert not leads_out(root, PurePosixPath(path))


def test_links_that_lead_to_themselves_end(root: Path) -> None:
    """Broken: an archive keeps a launch busy for ever."""
    assert not leads_out(root, PurePosixPath("round"))
    assert not leads_out(root, PurePosixPath("there"))
    assert leads_out(root, PurePosixPath("longer"))


def test_more_links_than_the_system_follows_lead_nowhere_known(tmp_path: Path) -> None:
    """Broken: who follows links one by one is led out by the last of many."""
    for number in range(41):
        (tmp_path / f"{number}").symlink_to(f"{number + 1}")
    assert leads_out(tmp_path, PurePosixPath("0"))
    assert not leads_out(tmp_path, PurePosixPath("1"))
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        (tmp_path / "0").stat()


@pytest.mark.slow
@pytest.mark.usefixtures("nest")  # which removes what lies so deep
def test_a_link_deeper_than_the_longest_path_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    """Broken: the system follows it, and shows what lies beside the archive."""
    root, name, steps = tmp_path / "root", "d" * 254, "abcdefghijklmno"
    root.mkdir()
    inner = os.open(root, os.O_RDONLY)
    for step in steps:
        os.mkdir(name, dir_fd=inner)
        os.symlink(name, step, dir_fd=inner)
        outer, inner = inner, os.open(name, os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.symlink("../" * len(steps), "l" * 254, dir_fd=inner)
    os.close(inner)
    (tmp_path / "secret").write_text("secret")
    (root / "escape").symlink_to(f"{'/'.join(steps)}/{'l' * 254}/../secret")
    assert (root / "escape").read_text() == "secret"
    assert leads_out(root, PurePosixPath("escape"))
