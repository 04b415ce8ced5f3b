"""Git is run so that a source tells it nothing, and others read nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.access import access
from tasks.launch.sources import git as program
from tests.tasks.launch.repositories import commit, fetched, git, needs_git, repository, write

pytestmark = [needs_git, pytest.mark.integration]


def spy(folder: Path, mark: Path) -> Path:
    """Write a program that notes the environment it is run in, and hands on what it reads."""
    folder.mkdir(exist_ok=True)
    for name in ("spy", "post-index-change", "post-checkout", "reference-transaction"):
        (folder / name).write_text(f"#!/bin/sh\nenv >> {mark}\ncat\n")
        (folder / name).chmod(0o755)
    return folder / "spy"


@pytest.mark.parametrize("version", ["", "main"])
def test_the_filter_of_a_source_gets_no_secret(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: whoever writes a source reads the tokens of the worker that fetches it."""
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:hunter2")
    mark = tmp_path / "mark"
    folder = repository(tmp_path / "shop", {".gitattributes": "*.txt filter=own\n", "a.txt": "x"})
    program_path = spy(tmp_path / "bin", mark)
    for part in ("smudge", "clean"):
        git(folder, "config", f"filter.own.{part}", str(program_path))
    with access({"https://example.org/": "me:tok3n"}):
        assert (fetched(tmp_path, folder, version) / "a.txt").read_text() == "x"
    environment = mark.read_text() if mark.exists() else ""
    assert not {"hunter2", "GIT_CONFIG_VALUE", "NETRC"} & {
        word for word in ("hunter2", "GIT_CONFIG_VALUE", "NETRC") if word in environment
    }
    assert bool(environment) == (version == "main")  # it is run, where Git writes the files


@pytest.mark.parametrize("version", ["", "main"])
def test_hooks_of_a_source_are_not_run(tmp_path: Path, version: str) -> None:
    """Broken: a folder that is launched has its own programs executed before it is looked at."""
    mark = tmp_path / "mark"
    folder = repository(tmp_path / "shop", {"a.txt": "x"})
    program_path = spy(folder / ".git" / "hooks", mark)
    git(folder, "config", "core.fsmonitor", str(program_path))
    mark.unlink(missing_ok=True)
    fetched(tmp_path, folder, version)
    assert not mark.exists()


def test_a_filter_that_is_required_and_missing_is_refused(tmp_path: Path) -> None:
    """Broken: a release has one file, because the rest could not be written and nobody looked."""
    files = {"a.txt": "a", "b.bin": "b", "c.txt": "c"}
    folder = repository(tmp_path / "shop", files)
    write(folder, {".gitattributes": "*.bin filter=crypt\n"})
    commit(folder)
    git(folder, "config", "filter.crypt.smudge", "no-such-program")
    git(folder, "config", "filter.crypt.required", "true")
    with pytest.raises(BadInputError, match=r"git cannot read it .*b\.bin"):
        fetched(tmp_path, folder, "main")


def test_the_token_of_an_origin_is_in_no_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a checkout or a submodule whose address has a token shows it in the process list."""
    log = tmp_path / "said"
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/git"
    shim.write_text(f'#!/bin/sh\necho "$@" >> {log}\nenv | grep GIT_CONFIG >> {log}.env\nexit 1\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    url = "https://me:t%40k/3n@127.0.0.1:1/shop.git"
    program.ask("clone", "--", url, "-c", f"remote.origin.url={url}", online=True)
    assert log.read_text().count("https://127.0.0.1:1/shop.git") == 2
    assert "3n" not in log.read_text()
    assert (
        "GIT_CONFIG_KEY_0=http.https://127.0.0.1:1/shop.git.extraHeader"
        in Path(f"{log}.env").read_text()
    )


def test_a_complaint_shows_no_password_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a server or helper that repeats the token has it in the state of the run."""
    (tmp_path / "git").write_text(
        "#!/bin/sh\necho fatal: bad token p@ss/w:rd or p%40ss%2Fw%3Ard >&2; exit 1\n"
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with access({"https://example.org/": "me:p@ss/w:rd"}):
        answer = program.ask("fetch", online=True)
    assert answer.error_text == "fatal: bad token *** or ***"
