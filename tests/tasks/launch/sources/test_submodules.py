"""Submodules are part of a source, at their own commits, or are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.sources.repository import GitRepository, clone
from tasks.launch.sources.submodules import absolute
from tests.tasks.launch.repositories import (
    commit,
    fetched,
    git,
    needs_git,
    repository,
    texts,
    write,
)

WHOLE = {"app.py": "x", "libs/shop/lib.py": "one", "libs/shop/deep/d.py": "z"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Give a repository with a submodule that has one itself; both have moved on since."""
    deep = repository(tmp_path / "deep", {"d.py": "z"})
    lib = repository(tmp_path / "lib", {"lib.py": "one"})
    git(lib, "submodule", "--quiet", "add", "../deep", "deep")
    commit(lib)
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(folder, "submodule", "--quiet", "add", "../lib", "libs/shop")
    git(folder, "submodule", "--quiet", "update", "--init", "--recursive")
    commit(folder)
    for moved in (deep, lib):
        write(moved, {"lib.py": "two", "d.py": "two"})
        commit(moved)
    return folder


def files(folder: Path) -> dict[str, str]:
    """Return the texts below ``folder`` but for those that list submodules."""
    return {name: text for name, text in texts(folder).items() if ".gitmodules" not in name}


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("version", ["", "main"])
def test_submodules_come_with_a_working_tree(tmp_path: Path, shop: Path, version: str) -> None:
    """Broken: a project is built without the libraries that it has as submodules."""
    target = fetched(tmp_path, shop, version)
    assert files(target) == WHOLE
    assert not list(target.rglob(".git"))


@needs_git
@pytest.mark.integration
def test_submodules_are_fetched_with_an_address(tmp_path: Path, shop: Path) -> None:
    """Broken: a project from a server is built without its submodules."""
    assert files(fetched(tmp_path, shop.as_uri(), "main")) == WHOLE


@needs_git
@pytest.mark.integration
def test_submodules_that_were_never_fetched(tmp_path: Path, shop: Path) -> None:
    """Broken: a fresh clone without its submodules is built without a word."""
    git(tmp_path, "clone", "--quiet", str(shop), "fresh")
    with pytest.raises(BadInputError, match=r"submodule that is not there .*'libs/shop'") as caught:
        fetched(tmp_path, tmp_path / "fresh")
    assert "submodule update --init --recursive" in str(caught.value)
    assert files(fetched(tmp_path, tmp_path / "fresh", "main")) == WHOLE


@needs_git
@pytest.mark.integration
def test_a_part_of_a_repository_has_its_submodules(tmp_path: Path, shop: Path) -> None:
    """Broken: a project of a monorepo is built without the submodules below it."""
    assert files(fetched(tmp_path, shop / "libs", "main")) == {
        "shop/lib.py": "one",
        "shop/deep/d.py": "z",
    }


@needs_git
@pytest.mark.integration
def test_a_submodule_that_cannot_be_read_is_named(tmp_path: Path, shop: Path) -> None:
    """Broken: what is missing of a source shows when it runs."""
    (tmp_path / "lib").rename(tmp_path / "gone")
    with pytest.raises(BadInputError, match="submodule libs/shop: git cannot read it"):
        fetched(tmp_path, shop.as_uri(), "main")


@needs_git
@pytest.mark.integration
def test_a_repository_without_an_address_is_named(tmp_path: Path) -> None:
    """Broken: a repository that was committed by mistake is missing without a word."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    repository(folder / "lib", {"lib.py": "y"})
    commit(folder)
    with pytest.raises(BadInputError, match=r"without an address in .gitmodules .*'lib'"):
        fetched(tmp_path, folder, "main")


@needs_git
@pytest.mark.integration
def test_a_server_cannot_name_a_repository_of_this_machine(tmp_path: Path, shop: Path) -> None:
    """Broken: a project from elsewhere gets the files of another repository here."""
    assert clone("source", shop.as_uri(), tmp_path / "a") == GitRepository(
        tmp_path / "a", shop.as_uri(), ours=True
    )
    with pytest.raises(BadInputError, match="git cannot read it"):
        clone("source", shop.as_uri(), tmp_path / "b", files=False)


@pytest.mark.parametrize(
    ("url", "address", "resolved"),
    [
        ("../lib.git", "https://example.org/team/shop.git", "https://example.org/team/lib.git"),
        ("../../x/lib", "https://example.org/team/shop/", "https://example.org/x/lib"),
        ("./lib", "/srv/shop", "/srv/shop/lib"),
        ("../lib", "git@example.org:team/shop", "git@example.org:team/lib"),
        ("https://example.org/lib", "/srv/shop", "https://example.org/lib"),
    ],
)
def test_relative_addresses_start_at_the_repository(url: str, address: str, resolved: str) -> None:
    """Broken: a submodule is looked for in the folder that Slipway runs in."""
    assert absolute(url, address) == resolved
