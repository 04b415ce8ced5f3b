"""What a service writes into its own release is seen, and only that."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.launch.data.written import begin, look, sentence, to_name, written


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    """A release."""
    (tmp_path / "release" / "source" / "static").mkdir(parents=True)
    (tmp_path / "release" / "env" / "lib").mkdir(parents=True)
    (tmp_path / "release" / "source" / "db.json").write_text("{}")
    (tmp_path / "release" / "source" / "static" / "page").write_text("page")
    return tmp_path / "release"


@pytest.fixture
def tree(pristine: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(pristine, tmp_path / "tree", symlinks=True))


def test_new_and_changed_files_are_found(tree: Path, pristine: Path) -> None:
    """A database in the project's folder is lost at the next deploy, and nobody was told."""
    assert written(tree, pristine) == ()
    (tree / "source" / "db.json").write_text('{"sold": 1}')
    (tree / "source" / "media").mkdir()
    (tree / "source" / "media" / "cat").touch()
    (tree / "env" / "lib" / "state").touch()
    paths = written(tree, pristine)
    assert paths == ("source/db.json", "source/media/cat", "env/lib/state")
    assert len(list(look(tree, pristine))) == 4


def test_a_file_of_the_same_size_that_was_written_is_found(tree: Path, pristine: Path) -> None:
    """A database whose pages change keeps its size."""
    (tree / "source" / "db.json").write_text("[]")
    os.utime(tree / "source" / "db.json", (4e9, 4e9))
    assert written(tree, pristine) == ("source/db.json",)


def test_what_passes_is_no_data(tree: Path, pristine: Path) -> None:
    """Every Python service warns of its compiled files, and the warning that counts drowns."""
    for name in ("__pycache__/a.cpython-312.pyc", "logs/today", "app.log", "app.log.1", "run.pid"):
        (tree / "source" / name).parent.mkdir(exist_ok=True)
        (tree / "source" / name).touch()
    (tree / "source" / "kept").symlink_to("/somewhere/db.sqlite3")
    os.mkfifo(tree / "source" / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tree / "source")
        listener.bind("gunicorn")
        os.chdir(here)
    assert written(tree, pristine) == ()


def test_what_is_made_before_services_start_is_no_data_but_a_database_is(
    tree: Path, pristine: Path
) -> None:
    """Collected static files are taken for data; a database that a migration made is not."""
    (tree / "source" / "collected.css").touch()
    (tree / "source" / "db.sqlite3").write_bytes(b"SQLite format 3\0")
    for name in ("collected.css", "db.sqlite3"):
        os.utime(tree / "source" / name, (1, 1))
    begin(tree)
    assert written(tree, pristine) == ("source/db.sqlite3",)
    (tree / "source" / "upload").touch()
    begin(tree)
    assert written(tree, pristine) == ("source/db.sqlite3", "source/upload")


def test_the_remedy_names_files_and_folders() -> None:
    """The remedy is a line of a thousand uploads, or names the log of a database."""
    paths = ["source/db.sqlite3", "source/db.sqlite3-wal", "source/media/a", "source/media/b/c"]
    assert to_name([*paths, "env/state"]) == ["db.sqlite3", "media"]
    assert to_name(["source/static/a", "source/static/b"], {"static"}) == ["static/a", "static/b"]
    message = sentence("shop", "dev", paths)
    assert "source/db.sqlite3" in message
    assert "`data: [db.sqlite3, media]`" in message
    assert "projects.shop" in message


@pytest.mark.slow
def test_what_lies_deep_is_found(tree: Path, pristine: Path, nest: Callable[..., None]) -> None:
    """A service that nests folders is never told that it writes into its release."""
    nest(tree / "source" / "deep")
    [path] = written(tree, pristine)
    assert path.endswith("/d/d/file")
