"""Services run in trees of their own, and what they write there is not lost with a version."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tasks.launch.data.messages import data_messages
from tasks.launch.launcher import Launcher
from tasks.release import Instance, InstanceState, Release

pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]

WRITES_BELOW_ITSELF = """
import http.server, os, pathlib, sqlite3
VERSION = "one"
def visits():
    database = sqlite3.connect("db.sqlite3", timeout=30)
    database.execute("PRAGMA journal_mode=wal")
    with database:
        database.execute("CREATE TABLE IF NOT EXISTS visit (n)")
        database.execute("INSERT INTO visit VALUES (1)")
    count = database.execute("SELECT count(*) FROM visit").fetchone()[0]
    database.close()
    return count
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/visit":
            body = f"{VERSION} {visits()}"
        elif self.path == "/upload":
            os.makedirs("media", exist_ok=True)
            pathlib.Path("media", "cat.jpg").write_text("cat")
            body = "kept"
        else:
            body = pathlib.Path("page.txt").read_text()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project as a beginner writes it: its database lies in its own folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "server.py").write_text(WRITES_BELOW_ITSELF)
    (folder / "page.txt").write_text("as built")
    return folder


def ask(instance: Instance, path: str = "/health") -> str:
    """Return what an instance answers."""
    url = f"http://{instance.host}:{instance.port}{path}"
    return httpx.get(url, trust_env=False).raise_for_status().text


def serve(launcher: Launcher, release: Release | None = None) -> Instance:
    """Launch what is built, or ``release``, beside what serves, and let it serve instead."""
    serving = launcher.live()
    (instance,) = launcher.start(release or launcher.build(""), fresh=True)
    (health,) = launcher.healthy([instance], 20)
    assert health.ok, health.detail
    launcher.mark([instance], InstanceState.RUNNING)
    launcher.mark(serving, InstanceState.WARM)
    return instance


def next_version(source: Path, version: str) -> None:
    """Change the source, so that another release is built."""
    text = (source / "server.py").read_text()
    (source / "server.py").write_text(text.replace('VERSION = "one"', f'VERSION = "{version}"'))


def in_environment(launcher: Launcher, environment: str) -> Launcher:
    """Return what launches the same project in another environment."""
    return Launcher(
        *(launcher.ledger, launcher.project, launcher.spec, environment, {}, {}, launcher.home),
        ports=launcher.ports,
    )


def test_environments_share_no_file_that_can_be_written(launcher_for: Make) -> None:
    """What a service in dev writes into its folder is served in prod, and by every later launch."""
    dev = launcher_for()
    prod = in_environment(dev, "prod")
    release = dev.build("")
    in_dev, in_prod = serve(dev, release), serve(prod, release)
    (dev.trees.folder / release.digest / "source" / "page.txt").write_text("changed")
    assert (ask(in_dev), ask(in_prod)) == ("changed", "as built")
    assert (release.source / "page.txt").read_text() == "as built"
    assert ask(in_dev, "/visit") == "one 1"
    assert ask(in_prod, "/visit") == "one 1"
    prod.stop(prod.recorded(), 0)


def test_a_named_database_goes_on_over_deploys_and_rollbacks(
    launcher_for: Make, source: Path
) -> None:
    """Stock Django, whose database lies in its own folder, starts empty after every deploy."""
    launcher = launcher_for(data=["db.sqlite3", "media"])
    first = launcher.build("")
    old = serve(launcher, first)
    assert [ask(old, "/visit"), ask(old, "/visit"), ask(old, "/upload")] == [
        "one 1",
        "one 2",
        "kept",
    ]
    next_version(source, "two")
    new = serve(launcher)
    assert ask(new, "/visit") == "two 3"
    assert ask(old, "/visit") == "one 4"
    back = serve(launcher, first)
    assert ask(back, "/visit") == "one 5"
    assert launcher.trees.written() == []
    kept_folder = launcher.data_folder / "source"
    assert (kept_folder / "media" / "cat.jpg").read_text() == "cat"
    with closing(sqlite3.connect(kept_folder / "db.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM visit").fetchall() == [(5,)]


def test_a_database_that_nobody_named_is_carried_over_all_the_same(
    launcher_for: Make, source: Path
) -> None:
    """A deploy shows an empty shop, and what was sold is in a folder that nobody knows."""
    launcher = launcher_for()
    old = serve(launcher)
    assert [ask(old, "/visit"), ask(old, "/visit")] == ["one 1", "one 2"]
    ((tree),) = launcher.trees.written()
    assert "source/db.sqlite3" in tree.paths
    next_version(source, "two")
    new = serve(launcher)
    assert ask(new, "/visit") == "two 3"
    assert launcher.trees.record().found == ("db.sqlite3",)
    assert (launcher.data_folder / "source" / "db.sqlite3").is_file()
    next_version(source, "three")
    (source / "server.py").write_text((source / "server.py").read_text() + "\n")
    assert ask(serve(launcher), "/visit") == "two 4"


def test_what_is_written_and_not_carried_outlives_its_release(
    launcher_for: Make, source: Path
) -> None:
    """The uploads of a month are deleted with the release they were uploaded to."""
    launcher = launcher_for()
    launcher = Launcher(
        *(launcher.ledger, launcher.project, launcher.spec, "dev", {}, {}, launcher.home),
        ports=launcher.ports,
        keep_releases=1,
    )
    first = launcher.build("")
    assert ask(serve(launcher, first), "/upload") == "kept"
    for version in ("two", "three", "four"):
        text = source / "page.txt"
        text.write_text(version)
        release = launcher.build("")
        serve(launcher, release)
        launcher.stop(
            [instance for instance in launcher.recorded() if instance.release != release.digest], 0
        )
    trees = {path.name for path in launcher.trees.trees()}
    assert len(trees) == 3  # that which serves, that before it, and that with data
    assert (launcher.trees.folder / first.digest / "source" / "media" / "cat.jpg").is_file()
    assert [tree.digest for tree in launcher.trees.written()] == [first.digest]
    assert first.path.is_dir()


def test_a_restart_keeps_the_tree(launcher_for: Make) -> None:
    """A restart loses what the service has written."""
    launcher = launcher_for()
    instance = serve(launcher)
    ask(instance, "/upload")
    launcher.stop(launcher.recorded(), 0)
    again = serve(launcher)
    (tree,) = launcher.trees.written()
    assert tree.paths == ("source/media/cat.jpg",)
    assert ask(again) == "as built"


def test_what_a_new_release_brings_and_what_is_kept_hides_is_told(
    launcher_for: Make, source: Path
) -> None:
    """Broken: a logo or a seed database that a version changes is never seen, without a word."""
    (source / "media").mkdir()
    (source / "media" / "logo.svg").write_text("old logo")
    (source / "media" / "same.svg").write_text("same")
    launcher = launcher_for(data=["media", "db.sqlite3"])
    first = serve(launcher)
    assert ask(first, "/upload") == "kept"
    assert data_messages(launcher.trees, "dev", launcher.serving) == []
    (source / "media" / "logo.svg").write_text("new logo")
    (source / "media" / "more.svg").write_text("more")
    release = launcher.build("")
    serve(launcher, release)
    (message,) = data_messages(launcher.trees, "dev", launcher.serving)
    assert "media/logo.svg, media/more.svg" in message
    assert "same.svg" not in message
    assert str(release.source) in message
    kept_folder = launcher.data_folder / "source" / "media"
    assert (kept_folder / "logo.svg").read_text() == "old logo"
    serve(launcher, release)
    assert data_messages(launcher.trees, "dev", launcher.serving) == [message]
    for name in ("logo.svg", "more.svg"):
        (kept_folder / name).write_text((release.source / "media" / name).read_text())
    assert data_messages(launcher.trees, "dev", launcher.serving) == []


def test_a_rollback_is_no_new_content(launcher_for: Make, source: Path) -> None:
    """Broken: going back is told as if the former version had brought something new."""
    (source / "db.sqlite3").write_text("seed")
    launcher = launcher_for(data=["db.sqlite3"])
    old = launcher.build("")
    serve(launcher, old)
    (source / "db.sqlite3").write_text("another seed")
    new = launcher.build("")
    serve(launcher, new)
    assert len(data_messages(launcher.trees, "dev", launcher.serving)) == 1
    (launcher.data_folder / "source" / "db.sqlite3").write_text("used since")
    serve(launcher, old)
    assert data_messages(launcher.trees, "dev", launcher.serving) == []
