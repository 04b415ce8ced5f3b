"""The Makefile, its bootstrap and the locked requirements do what the README says."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tasks.ledger.connection import open_ledger
from tasks.ledger.hosts import Host, claim_ledger, require_own, this_host

ROOT = Path(__file__).parents[1]
TARGETS = ["help", "demo", "up", "down", "status", "test", "check", "bench", "lock"]
NAMED = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==[^ ]+")
LOOK_FOR_FAULTS = {"chaos", "hostile", "projects"}
"""The benchmarks that are not run with the others."""
WITHOUT_VENV = f"PY={sys.executable} SH=true"
"""As MAKEFLAGS: the targets run on this Python, and bootstrap nothing."""
CALLED = re.compile(r"(?:python|\$\(PY\)) -m ([a-z_.]+)")


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command at the root, as if no make had called these tests."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**outside, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """A PATH of a user without root, package managers, Python or restic."""
    for program in ("sh", "dirname", "cat", "cksum", "awk", "pwd"):
        if found := shutil.which(program):
            (tmp_path / program).symlink_to(found)
    identity = tmp_path / "id"
    identity.write_text("#!/bin/sh\necho 1000\n")
    identity.chmod(0o755)
    return str(tmp_path)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_alone_shows_every_target() -> None:
    """A stranger would have to read the Makefile."""
    shown = run("make", "--no-print-directory").stdout
    assert re.findall(r"^  make ([a-z]+) +\S", shown, re.MULTILINE) == TARGETS


def test_every_module_that_make_and_procfile_call_exists() -> None:
    """A target would fail with `No module named`."""
    text = (ROOT / "Makefile").read_text() + (ROOT / "Procfile").read_text()
    called = {name for name in CALLED.findall(text) if not name.endswith(".")}
    assert {"stack.up", "stack.reconciler.main", "blocks.routers.serve"} <= called
    missing = [name for name in sorted(called) if importlib.util.find_spec(name) is None]
    assert missing == []


def test_make_bench_runs_every_benchmark_that_needs_no_data() -> None:
    """It would fail at the first one that needs a folder, or leave one out."""
    listed = re.search(r"^BENCHMARKS \?= (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    folder = ROOT / "benchmarks"
    texts = {path.stem: path.read_text("utf-8") for path in folder.glob("*.py")}
    texts |= {path.parent.name: path.read_text("utf-8") for path in folder.glob("*/__main__.py")}
    alone = [
        name
        for name, text in texts.items()
        if "add_options(" in text and "main(" in text and name not in LOOK_FOR_FAULTS
    ]
    assert listed
    assert listed[1].split() == sorted(
        name for name in alone if name != "bars" and "required=True" not in texts[name]
    )


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("program", "status"), [("true", 0), ("false", 2)], ids=["all met", "one missed"]
)
def test_make_bench_fails_where_a_bar_is_missed_and_goes_on(program: str, status: int) -> None:
    """The first benchmark that misses a bar would hide what the others measured."""
    without_venv = f"PY={program} SH=true"
    done = run("make", "--no-print-directory", "bench", "BENCHMARKS=a b", MAKEFLAGS=without_venv)
    assert (done.returncode, done.stdout) == (status, "== a\n== b\n")


def test_every_deployment_has_its_module() -> None:
    """`make up` would fail at its last step."""
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    modules = [each["entrypoint"].rpartition(".")[0] for each in declared]
    missing = [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()]
    assert missing == []


@pytest.mark.integration
@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("command", ["make down", "make down ALL=1"])
def test_make_down_has_nothing_to_stop_where_nothing_was_started(
    command: str, tmp_path: Path
) -> None:
    """A script that cleans up would fail, or make a home of its own."""
    home = tmp_path / "home"
    stopped = run(*command.split(), MAKEFLAGS=WITHOUT_VENV, SLIPWAY_HOME=str(home))
    assert (stopped.returncode, stopped.stdout) == (0, "Slipway: nothing to stop.\n")
    assert not home.exists()


@pytest.mark.integration
@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_a_ledger_of_another_host_is_taken_over_only_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    """Two hosts would act on one ledger, or nobody could go on with what a dead one has left."""
    url, said = f"sqlite:///{tmp_path / 'shared.db'}", {}
    with closing(open_ledger(url)) as ledger, socket.socket() as other:
        claim_ledger(ledger, Host("another machine", "/srv/slipway", "north"), 1.0)
        other.bind(("127.0.0.1", 0))
        other.listen()
        for command in ("make up", "make up TAKE=1"):
            refused = run(
                *command.split(),
                MAKEFLAGS=WITHOUT_VENV,
                SLIPWAY_HOME=str(tmp_path / "home"),
                SLIPWAY_LEDGER_URL=url,
                SLIPWAY_SERVER_PORT=str(other.getsockname()[1]),
            )
            said[command] = refused.stderr
        assert "another host acts on this ledger (north, home /srv/slipway)" in said["make up"]
        # It goes on to what else keeps it from starting: the port that is taken.
        assert "SLIPWAY_SERVER_PORT" in said["make up TAKE=1"]
        require_own(ledger, this_host(tmp_path / "home"))


def test_requirements_are_pinned_with_hashes_and_without_addresses() -> None:
    """An installation could bring other code than the tested one, or reach for a foreign index."""
    text = (ROOT / "requirements.txt").read_text()
    assert not re.search(r"://|--(index|extra|find)|^-|file:|@ ", text, re.MULTILINE)
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert all(NAMED.match(entry) and "--hash=sha256:" in entry for entry in entries)


def test_requirements_cover_what_is_declared() -> None:
    """A dependency was added without `make lock`: a fresh checkout would miss it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted = {re.split(r"[\[<>=~!; ]", each)[0].lower().replace("_", "-") for each in declared}
    locked = {
        found[1]
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if (found := NAMED.match(line))
    }
    assert wanted - locked == set()


def test_a_missing_restic_names_the_command_that_installs_it(bare: str) -> None:
    """`make demo` would fail somewhere in the middle, with a stack trace."""
    refused = run("/bin/sh", "scripts/bootstrap.sh", "restic", PATH=bare)
    assert refused.returncode == 1
    assert "sudo apt-get install restic" in refused.stderr


def test_a_missing_python_is_named(bare: str, tmp_path: Path) -> None:
    """The user would read that a file was not found."""
    copy = tmp_path / "tree" / "scripts" / "bootstrap.sh"
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "bootstrap.sh", copy)
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / "tree" / name).touch()
    refused = run("/bin/sh", str(copy), PATH=bare, PYTHON="")
    assert refused.returncode == 1
    assert "Python 3.11 or newer is needed" in refused.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
@pytest.mark.parametrize("script", ["scripts/bootstrap.sh", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    """CI or make would stop at the first line."""
    assert os.access(ROOT / script, os.X_OK)
    shell = (ROOT / script).read_text().splitlines()[0].split("/")[-1].split()[-1]
    assert run(shell, "-n", script).returncode == 0


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("arguments", "was_up", "ends"),
    [([], False, True), ([], True, False), (["KEEP=1"], False, False), (["KEEP=1"], True, False)],
)
def test_the_demo_ends_what_it_started_and_was_not_asked_to_keep(
    tmp_path: Path, arguments: list[str], *, was_up: bool, ends: bool
) -> None:
    """`make demo` would leave processes, end a stack in use, or show an address that is gone."""
    calls, python = tmp_path / "calls", tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$2" >>{calls}\n'
        f'if [ "$2" = stack.status ]; then exit {0 if was_up else 1}; fi\n'
    )
    python.chmod(0o755)
    done = run("make", "demo", *arguments, MAKEFLAGS=f"PY={python} SH=true")
    assert done.returncode == 0, done.stderr
    expected = ["stack.status", "stack.up", "examples.demo"]
    assert calls.read_text().split() == expected + (["stack.down"] if ends else [])
