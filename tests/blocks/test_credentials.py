"""Users and tokens are taken out of addresses, and given back to who needs them."""

from __future__ import annotations

import pytest
from prefect.blocks.core import Block

from blocks.credentials import apart, git_environment, netrc, plain
from blocks.environment import Environment
from blocks.project import Project, spec_fields
from blocks.project_spec import ProjectSpec

TOKEN = "tok3n"


@pytest.mark.parametrize(
    ("text", "clean", "found"),
    [
        ("https://u:p@ss@h/x.git", "https://h/x.git", {"https://h/x.git": "u:p@ss"}),
        ("https://u:p/w@h/x", "https://h/x", {"https://h/x": "u:p/w"}),
        ("https://u:p%40w@h/x", "https://h/x", {"https://h/x": "u:p@w"}),
        (
            "https://t@h:8443/x-{version}.zip",
            "https://h:8443/x-{version}.zip",
            {"https://h:8443/": "t"},
        ),
        (
            "a @ git+https://t@h/r.git@v1#egg=a",
            "a @ git+https://h/r.git@v1#egg=a",
            {"https://h/r.git": "t"},
        ),
        (
            "--index-url https://u:p@h/simple",
            "--index-url https://h/simple",
            {"https://h/simple": "u:p"},
        ),
        ("ssh://git@h/x.git", "ssh://git@h/x.git", {}),
        ("http://h:80/@scope/x@1", "http://h:80/@scope/x@1", {}),
        ("pytest>=8", "pytest>=8", {}),
    ],
)
def test_users_are_taken_apart(text: str, clean: str, found: dict[str, str]) -> None:
    """Broken: the token of a source is part of its name in every log, or the address is no more."""
    assert apart(text) == (clean, found)


def written() -> ProjectSpec:
    """Give a project with every kind of secret."""
    return ProjectSpec.model_validate(
        {
            "source": f"https://me:{TOKEN}@example.org/shop.git",
            "requirements": [f"git+https://{TOKEN}2@example.org/lib.git@v1"],
            "environments": {"dev": {"variables": {"A": "1"}, "secrets": {"KEY": f"{TOKEN}3"}}},
        }
    )


def test_a_project_shows_no_token_and_loses_none() -> None:
    """Broken: whoever may read blocks has the tokens, or the block forgets them."""
    spec = written()
    assert spec.source == "https://example.org/shop.git"
    assert plain(spec.credentials) == {
        "https://example.org/shop.git": f"me:{TOKEN}",
        "https://example.org/lib.git": f"{TOKEN}2",
    }
    block = Project.of(spec)
    assert TOKEN not in str(spec) + str(block.model_dump()) + str(spec.model_dump(mode="json"))
    assert block.spec() == spec


@pytest.mark.parametrize(("block", "hidden"), [(Project, 2), (Environment, 1)])
def test_prefect_hides_every_secret_of_a_block(block: type[Block], hidden: int) -> None:
    """Broken: Prefect hides a field that no secret stands in, and shows those that stand below."""
    fields = block.model_json_schema()["secret_fields"]
    assert len(fields) == hidden
    assert all(field.endswith(".*") for field in fields)


def test_a_block_of_before_keeps_working() -> None:
    """Broken: after an update the projects with a token in their source can no longer be read."""
    old = {"source": f"https://{TOKEN}@example.org/shop.git", "services": {}}
    spec = ProjectSpec.model_validate(spec_fields(old))
    assert plain(spec.credentials) == {"https://example.org/shop.git": TOKEN}


def test_git_shows_a_user_to_its_address_only() -> None:
    """Broken: a submodule of another host is sent the token."""
    made = git_environment({"https://h/a": "u:p", "https://h/b": "t"})
    assert made["GIT_CONFIG_COUNT"] == "2"
    assert made["GIT_CONFIG_KEY_0"] == "http.https://h/a.extraHeader"
    assert made["GIT_CONFIG_VALUE_1"] == "Authorization: Basic dDo="
    assert git_environment({}) == {}
    assert netrc({"https://h:1/a": "u:p"}) == "machine h login u password p\n"
