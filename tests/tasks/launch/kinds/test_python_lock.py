"""A lock file of a Python project is obeyed exactly, or the build says why it is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import uv

from tasks.errors import BadInputError
from tasks.launch.kinds.interface import BuildError
from tasks.launch.kinds.python import PythonKind
from tasks.launch.kinds.python_lock import lock_of, locked_versions, split_by_hash

OLD, OLD_WHEEL = "1.16.0", "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
"""A version of six that is not its newest, and the SHA-256 of its wheel."""
POETRY = """
[tool.poetry]
name = "shop"
version = "1.0"
description = ""
authors = []
package-mode = false
[tool.poetry.dependencies]
python = "^3.11"
six = "*"
"""
PROJECT = """
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["six"]
[tool.uv]
package = false
[tool.pdm]
distribution = false
"""
FILES = f'files = [{{file = "six-{OLD}-py2.py3-none-any.whl", hash = "sha256:{OLD_WHEEL}"}}]'
POETRY_LOCK = f"""
[[package]]
name = "six"
version = "{OLD}"
description = ""
optional = false
python-versions = ">=2.7"
groups = ["main"]
{FILES}
[metadata]
lock-version = "2.1"
python-versions = "^3.11"
content-hash = "%s"
"""
PDM_LOCK = f"""
[metadata]
groups = ["default"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"
content_hash = "sha256:%s"
[[metadata.targets]]
requires_python = ">=3.11"
[[package]]
name = "six"
version = "{OLD}"
requires_python = ">=2.7"
groups = ["default"]
{FILES}
"""
POETRY_HASH = "from poetry.factory import Factory as F; from pathlib import Path as P; print(F().create_poetry(P('.')).locker._get_content_hash())"  # fmt: skip
PDM_HASH = "from pdm.core import Core as C; from pdm.project import Project as P; print(P(C(), '.').pyproject.content_hash('sha256'))"  # fmt: skip


def run(folder: Path, *arguments: str) -> str:
    """Run uv in ``folder`` and return what it writes."""
    command = [uv.find_uv_bin(), *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def uv_project(source: Path) -> None:
    """Make a project that uv has locked to the old version."""
    (source / "pyproject.toml").write_text(PROJECT)
    run(source, "lock", "--upgrade-package", f"six=={OLD}")


def poetry_project(source: Path) -> None:
    """Make a project that Poetry has locked to the old version."""
    (source / "pyproject.toml").write_text(POETRY)
    digest = run(source, "tool", "run", "--from", "poetry>=2,<3", "python", "-c", POETRY_HASH)
    (source / "poetry.lock").write_text(POETRY_LOCK % digest)


def pdm_project(source: Path) -> None:
    """Make a project that PDM has locked to the old version."""
    (source / "pyproject.toml").write_text(PROJECT)
    pdm = ("--with", "hishel<1", "--from", "pdm>=2,<3")
    digest = run(source, "tool", "run", *pdm, "python", "-c", PDM_HASH)
    (source / "pdm.lock").write_text(PDM_LOCK % digest.splitlines()[-1])


def hashed_project(source: Path) -> None:
    """Make a project whose requirements are pinned with hashes."""
    (source / "requirements.txt").write_text(f"six=={OLD} --hash=sha256:{OLD_WHEEL}\n")


PIPFILE = """[packages]
six = "*"

[dev-packages]
iniconfig = "*"
"""
PIPFILE_WITH_SOURCE = """
import io, json, sys
from pipenv.vendor.plette import Pipfile
pipfile = Pipfile.load(io.StringIO(sys.argv[1]))
with open("Pipfile", "w") as file:
    pipfile.dump(file)
[source] = pipfile.sources
print(json.dumps({"hash": pipfile.get_hash().value, "source": dict(source._data)}))
"""
"""Writes what Pipenv does itself: the Pipfile with its default source of packages."""


def pipfile_lock(digest: str, source: Mapping[str, object]) -> str:
    """Give a Pipfile.lock with the old version, as Pipenv writes it."""
    index = source.get("name")
    meta = {"hash": {"sha256": digest}, "pipfile-spec": 6, "requires": {}, "sources": [source]}
    six = {"hashes": [f"sha256:{OLD_WHEEL}"], "index": index, "version": f"=={OLD}"}
    iniconfig = {"hashes": [], "index": index, "version": "==2.0.0"}
    return json.dumps({"_meta": meta, "default": {"six": six}, "develop": {"iniconfig": iniconfig}})


def pipenv_project(source: Path) -> None:
    """Make a project that Pipenv has locked to the old version."""
    pipenv = ("tool", "run", "--from", "pipenv", "python", "-c", PIPFILE_WITH_SOURCE)
    written = json.loads(run(source, *pipenv, PIPFILE).splitlines()[-1])
    (source / "Pipfile.lock").write_text(pipfile_lock(written["hash"], written["source"]))


def pylock_project(source: Path) -> None:
    """Make a project with a lock file of PEP 751, written by uv."""
    uv_project(source)
    run(source, "export", "--quiet", "--format", "pylock.toml", "--output-file", "pylock.toml")
    (source / "uv.lock").unlink()


def installed(release: Path) -> Mapping[str, str]:
    """Return the packages of its environment with their versions."""
    python = str(release / "env/bin/python")
    listed = json.loads(run(release, "pip", "list", "--format", "json", "--python", python))
    return {package["name"]: package["version"] for package in listed}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("make", "lock"),
    [
        pytest.param(uv_project, "uv.lock", id="uv"),
        pytest.param(poetry_project, "poetry.lock", id="poetry"),
        pytest.param(pdm_project, "pdm.lock", id="pdm"),
        pytest.param(pipenv_project, "Pipfile.lock", id="pipenv"),
        pytest.param(pylock_project, "pylock.toml", id="pylock"),
        pytest.param(hashed_project, "requirements.txt", id="hashes"),
    ],
)
def test_a_lock_is_obeyed(tmp_path: Path, make: Callable[[Path], None], lock: str) -> None:
    """Broken: what runs has other versions than what was tested and committed."""
    source = tmp_path / "source"
    source.mkdir()
    make(source)
    names = sorted(path.name for path in source.iterdir())
    sentences = PythonKind().build(tmp_path, ["six", "iniconfig"])
    assert installed(tmp_path)["six"] == OLD
    assert "iniconfig" in installed(tmp_path)
    assert any(lock in line for line in sentences)
    assert sorted(path.name for path in source.iterdir()) == names


@pytest.mark.integration
@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(uv_project, "needs to be updated", id="uv"),
        pytest.param(poetry_project, "changed significantly", id="poetry"),
        pytest.param(pdm_project, "hash doesn't match", id="pdm"),
    ],
)
def test_a_lock_that_no_longer_fits_fails_the_build(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    """Broken: a dependency that was added after the last lock is missing where it runs."""
    source = tmp_path / "source"
    source.mkdir()
    make(source)
    manifest = (source / "pyproject.toml").read_text()
    changed = manifest.replace('["six"]', '["six", "iniconfig"]').replace(
        'six = "*"', 'six = "*"\niniconfig = "*"'
    )
    (source / "pyproject.toml").write_text(changed)
    with pytest.raises(BuildError, match=message):
        PythonKind().build(tmp_path, [])


@pytest.mark.integration
def test_a_pipfile_that_its_lock_does_not_know_fails_the_build(tmp_path: Path) -> None:
    """Broken: a dependency that was added after the last lock is missing where it runs."""
    (tmp_path / "source").mkdir()
    pipenv_project(tmp_path / "source")
    (tmp_path / "source/Pipfile").write_text(PIPFILE.replace("[dev", 'attrs = "*"\n[dev'))
    with pytest.raises(BuildError, match="out-of-date"):
        PythonKind().build(tmp_path, [])


@pytest.mark.integration
@pytest.mark.parametrize("lock", ["Pipfile.lock", "pylock.toml"])
def test_another_wheel_than_the_lock_holds_is_refused(tmp_path: Path, lock: str) -> None:
    """Broken: a package that somebody replaced in a registry is installed."""
    source = tmp_path / "source"
    source.mkdir()
    {"Pipfile.lock": pipenv_project, "pylock.toml": pylock_project}[lock](source)
    text = (source / lock).read_text()
    assert OLD_WHEEL in text
    (source / lock).write_text(text.replace(OLD_WHEEL, "0" * 64))
    with pytest.raises(BuildError, match=r"(?i)hash"):
        PythonKind().build(tmp_path, [])


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "poetry.lock": POETRY_LOCK % "0",
        "pdm.lock": PDM_LOCK % "0",
        "uv.lock": f'[[package]]\nname = "six"\nversion = "{OLD}"\n[[package]]\nname = "shop"\n',
        "pylock.toml": f'lock-version = "1.0"\n[[packages]]\nname = "six"\nversion = "{OLD}"\n',
    }.items(),
)
def test_every_lock_says_its_versions(tmp_path: Path, name: str, text: str) -> None:
    """Broken: what tests need moves what serves, as nobody knows the versions of a group."""
    (tmp_path / name).write_text(text)
    assert locked_versions(tmp_path / name) == {"six": OLD}
    (tmp_path / "Pipfile.lock").write_text(pipfile_lock("", {}))
    assert locked_versions(tmp_path / "Pipfile.lock") == {"six": OLD, "iniconfig": "2.0.0"}
    (tmp_path / "uv.lock").write_text(
        '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "a"\nversion = "2"\n'
    )
    assert locked_versions(tmp_path / "uv.lock") == {}


@pytest.mark.integration
def test_another_file_than_its_hash_is_refused(tmp_path: Path) -> None:
    """Broken: a package that somebody replaced in a registry is installed."""
    (tmp_path / "source").mkdir()
    text = f"six=={OLD} --hash=sha256:{'0' * 64}\n"
    (tmp_path / "source/requirements.txt").write_text(text)
    with pytest.raises(BuildError, match=r"(?i)hash"):
        PythonKind().build(tmp_path, [])


def test_two_locks_cannot_be_obeyed(tmp_path: Path) -> None:
    """Broken: one of two lock files is ignored without a word."""
    assert lock_of(tmp_path) == ""
    (tmp_path / "uv.lock").touch()
    assert lock_of(tmp_path) == "uv.lock"
    (tmp_path / "poetry.lock").touch()
    with pytest.raises(BadInputError, match=r"several lock files.*uv\.lock, poetry\.lock"):
        lock_of(tmp_path)


def test_only_what_can_have_no_hash_goes_without() -> None:
    """Broken: a package from Git cannot be installed, or hashes of the others are not looked at."""
    text = (
        "# made by a tool\n--extra-index-url https://example.org\n"
        "six==1.16.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "lib @ git+https://example.org/lib@0123 ; python_version > '3'\n"
    )
    options, *_ = index = ["--extra-index-url https://example.org"]
    assert split_by_hash(text) == [
        (
            ["--require-hashes"],
            [*index, "six==1.16.0      --hash=sha256:00      --hash=sha256:11"],
        ),
        ([], [options, "lib @ git+https://example.org/lib@0123 ; python_version > '3'"]),
    ]
