"""What makes the fast tests fast: properties are searched deeply only where all tests run."""

from __future__ import annotations

import gc
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from benchmarks.free_ports import ports_on_loan
from stack.api import SlipwayApi
from stack.worker.engine import NEW_OBJECTS
from tests.ledgers import home, home_ledger, ledger, ledger_template, ledger_url
from tests.prefect_database import prefect_database
from tests.side_by_side import SideBySide, turn_of

__all__ = ["home", "home_ledger", "ledger", "ledger_template", "ledger_url", "prefect_database"]

# Where the shell forbids to keep bytecode, half of the collection would be pytest's rewriting of
# assertions, in every worker and at every run.
sys.dont_write_bytecode = False

# As rarely as where flow runs are executed.
gc.set_threshold(NEW_OBJECTS)

ONLY_LEFT_OUT = re.compile(r"not \w+( and not \w+)*")
MARKERS_OF_FILE = re.compile(r"^pytestmark = .*", re.MULTILINE)

settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("deep", max_examples=100, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Search quickly where only the fast tests were asked for, as `make check` does.

    Prefect is given no server, so that no test uses the one that prefect.toml names.
    """
    os.environ["PREFECT_API_URL"] = ""
    settings.load_profile("quick" if "not integration" in config.option.markexpr else "deep")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file whose tests are all left out by their marker: each worker would."""
    if collection_path.suffix != ".py" or not ONLY_LEFT_OUT.fullmatch(config.option.markexpr):
        return None
    left_out = set(config.option.markexpr.removeprefix("not ").split(" and not "))
    line = MARKERS_OF_FILE.search(collection_path.read_text(encoding="utf-8"))
    return True if line and left_out & set(re.findall(r"\w+", line[0])) else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide | None:
    """Keep together what shares something costly, where files are to stay together."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return SideBySide(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, where tests are spread over workers."""
    if hasattr(config, "workerinput"):
        markers = {item: {mark.name for mark in item.iter_markers()} for item in items}
        items.sort(key=lambda item: turn_of(item.nodeid, markers[item]))


@pytest.fixture(autouse=True)
def ports_of_a_test() -> Iterator[None]:
    """Let go of the ports that a test has asked for by itself; what it shares keeps its own."""
    with ports_on_loan():
        yield


@pytest.fixture(scope="session")
def prefect_server(
    prefect_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give the URL of a Prefect server, which takes some ten seconds to start.

    `tests/side_by_side.py` names the files that use it, so that one worker starts it and no other.
    """
    # Imports the whole server, which the tests without one need not wait for.
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415
    from prefect.testing import utilities  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("prefect")
    shutil.copyfile(prefect_database, folder / "prefect-test.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utilities, "mkdtemp", lambda: str(folder))  # it would be empty
        with utilities.prefect_test_harness(server_startup_timeout=120):
            yield str(PREFECT_API_URL.value())


@pytest.fixture
def server_without_runs(prefect_server: str) -> str:
    """Give the URL of that server, which remembers no run of an earlier test."""
    with SlipwayApi(prefect_server) as api:
        for run in api.every("/flow_runs/filter", {}):
            api.call("DELETE", f"/flow_runs/{run['id']}")
    return prefect_server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def pytest_collection_finish() -> None:
    """Leave what was imported alone: looking through it for garbage takes a tenth of the time."""
    gc.freeze()


@pytest.fixture
def nest(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Nest folders so deep that nothing may call itself for each; they are gone afterwards.

    Python lets a function call itself a thousand times. Here it is some hundred times fewer: what
    goes through folders takes the square of their depth.
    """
    calls, limit = len(inspect.stack(0)), sys.getrecursionlimit()

    def deepen(folder: Path, depth: int = 400, name: str = "d") -> None:
        """Make so many folders in one another below ``folder``, and a file in the last."""
        folder.mkdir(parents=True, exist_ok=True)
        inner = os.open(folder, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir(name, dir_fd=inner)
            outer, inner = inner, os.open(name, os.O_RDONLY, dir_fd=inner)
            os.close(outer)
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=inner))
        os.close(inner)

    sys.setrecursionlimit(calls + 300)
    yield deepen
    sys.setrecursionlimit(limit)
    subprocess.run(["rm", "-rf", "--", str(tmp_path)], check=True)
