"""Tests of text files: those that are not UTF-8 are refused with file, line and byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.kinds.manifest import package_json, pyproject
from tasks.launch.kinds.procfile import procfile_services
from tasks.settings import settings
from tasks.text import decoded, read_text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_text(mark: bytes) -> None:
    """Broken: a file that an editor on Windows saved cannot be read."""
    assert decoded("file", "x", mark + b"gr\xc3\xb6\xc3\x9fe\r\nx") == "größe\nx"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: b\nc: gr\xf6\xdfe\n", r"line 2, byte 11 \(0xf6\)"),
        (b"\xef\xbb\xbfa\n\xff", r"line 2, byte 6 \(0xff\)"),
        ("a: größe".encode("utf-16"), r"line 1, byte 1 \(0xff\), but UTF-16"),
        (b"caf\xc3", r"line 1, byte 4 \(0xc3\)"),
    ],
)
def test_the_place_is_named(tmp_path: Path, content: bytes, place: str) -> None:
    """Broken: a file in Latin-1 shows a stack trace, or garbles what it configures."""
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(BadInputError, match=rf"^file: is not UTF-8 at {place} \(got 'x.yaml'\)"):
        read_text("file", tmp_path / "x.yaml")


def test_a_nul_is_named(tmp_path: Path) -> None:
    """Broken: whoever converts the file as he is told still has the NUL in it."""
    (tmp_path / "x.yaml").write_bytes(b"a\nb\0c")
    with pytest.raises(BadInputError, match=r"^file: holds a NUL at line 2, byte 4 ") as caught:
        read_text("file", tmp_path / "x.yaml")
    assert "iconv" not in caught.value.remedy


@pytest.mark.skipif(shutil.which("iconv") is None, reason="needs iconv")
@pytest.mark.parametrize("written", ["latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_remedy_brings_back_what_was_written(tmp_path: Path, written: str) -> None:
    """Broken: what the message tells to do turns the file into rubbish."""
    (tmp_path / "x.yaml").write_bytes("a größe".encode(written))
    with pytest.raises(BadInputError) as raised:
        read_text("file", tmp_path / "x.yaml")
    command = str(raised.value).split("e.g.: ")[1].removesuffix(".")
    subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path)
    assert (tmp_path / "x.yaml.utf8").read_text("utf-8") == "a größe"


def test_manifests_may_have_a_mark(tmp_path: Path) -> None:
    """Broken: a project from Windows is not recognised, or its first key is unknown."""
    mark = "\ufeff"
    (tmp_path / "Procfile").write_text(f"{mark}web: serve\r\n")
    (tmp_path / "package.json").write_text(f'{mark}{{"name": "x"}}')
    (tmp_path / "pyproject.toml").write_text(f"{mark}[project]\nname = 'x'\n")
    assert list(procfile_services(tmp_path)) == ["web"]
    assert package_json(tmp_path) == {"name": "x"}
    assert pyproject(tmp_path) == {"project": {"name": "x"}}


@pytest.mark.parametrize("name", ["Procfile", "package.json", "pyproject.toml"])
def test_manifests_in_latin_1_are_refused(tmp_path: Path, name: str) -> None:
    """Broken: a build ends with a stack trace."""
    (tmp_path / name).write_bytes(b"web: gr\xf6\xdfe\n")
    reader = {"Procfile": procfile_services, "package.json": package_json}.get(name, pyproject)
    with pytest.raises(BadInputError, match=r"is not UTF-8 at line 1, byte 8"):
        reader(tmp_path)


@pytest.mark.parametrize("text", ["{,}", "[1]", '{"scripts": "x"}', "[" * 100_000])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Broken: a stray comma shows a stack trace."""
    (tmp_path / "package.json").write_text(text)
    with pytest.raises(BadInputError, match=r"package\.json"):
        package_json(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project\n" if text == "[1]" else "project = 1\n")
    with pytest.raises(BadInputError, match=r"is not valid TOML|is not a table"):
        pyproject(tmp_path)


def test_the_file_of_settings_is_read_so_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: `make up` ends with a stack trace, or the first setting of a file is ignored."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLIPWAY_SERVER_PORT", raising=False)
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfSLIPWAY_SERVER_PORT=4711\n")
    assert settings.__wrapped__().server_port == 4711
    (tmp_path / ".env").write_bytes(b"A=1\nB=gr\xf6\xdfe\n")
    with pytest.raises(BadInputError, match=r"^\.env: is not UTF-8 at line 2, byte 9"):
        settings.__wrapped__()


def test_a_relative_path_is_refused_with_the_folder_it_is_seen_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: who asks over the API cannot know in which folder the worker looked."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match=f"No such file or directory in {tmp_path} "):
        read_text("file", Path("nowhere.yaml"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("pipe", r"a named pipe \(FIFO\)"),
        ("folder", "a folder"),
    ],
)
def test_only_a_regular_file_is_read(tmp_path: Path, name: str, kind: str) -> None:
    """Broken: a device that never ends takes all memory, or a pipe nobody writes to waits."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / name)
    for path in (tmp_path / name, tmp_path / "link"):
        with pytest.raises(BadInputError, match=rf"^file: is {kind}, not a regular file"):
            read_text("file", path)


def test_a_text_is_read_up_to_its_bound(tmp_path: Path) -> None:
    """Broken: a file of some GiB takes all memory before anybody looks at it."""
    (tmp_path / "x").write_text("a" * 100)
    assert read_text("file", tmp_path / "x", max_bytes=100) == "a" * 100
    with pytest.raises(BadInputError, match="is larger than"):
        read_text("file", tmp_path / "x", max_bytes=99)
