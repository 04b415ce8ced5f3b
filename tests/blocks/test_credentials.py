"""Tests of users and tokens in addresses: split off, and passed to the programs that need them."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from prefect.blocks.core import Block

from blocks.credentials import apart, git_environment, netrc, plain
from blocks.environment import Environment
from blocks.project import Project
from blocks.project_spec import ProjectSpec, spec_fields
from blocks.redaction import without_evident_secrets

TOKEN = "tok3n"


@pytest.mark.parametrize(
    ("text", "clean", "users"),
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
        (
            "a @ git+https://me:t@k/3n:x@example.org/lib.git@v1.0",
            "a @ git+https://example.org/lib.git@v1.0",
            {"https://example.org/lib.git": "me:t@k/3n:x"},
        ),
        ("https://example.org/@a.bc/d", "https://example.org/@a.bc/d", {}),
        ("https://example.org:8443/me@a.bc/d", "https://example.org:8443/me@a.bc/d", {}),
        ("ssh://git@h/x.git", "ssh://git@h/x.git", {}),
        ("http://h:80/@scope/x@1", "http://h:80/@scope/x@1", {}),
        ("pytest>=8", "pytest>=8", {}),
    ],
)
def test_users_are_taken_apart(text: str, clean: str, users: dict[str, str]) -> None:
    """Broken: the token of a source is part of its name in every log, or the address is no more."""
    assert apart(text) == (clean, users)


PASSWORDS = st.text("aB3@/:%#?&=+.-_~!$", min_size=1, max_size=12)


@given(PASSWORDS, st.sampled_from(["/shop.git", "/lib.git@v1.0", ":8443/simple/", "/x/@scope/y"]))
def test_whatever_a_password_holds_it_is_taken_apart_when_it_is_encoded(
    password: str, rest: str
) -> None:
    """Broken: a part of a password stays in the address, which is shown everywhere."""
    text = f"git+https://me:{quote(password, safe='')}@example.org{rest}"
    clean, users = apart(text)
    assert clean == f"git+https://example.org{rest}"
    assert list(users.values()) == [f"me:{password}"]


@given(st.text("aB3@/:%+-_~!$", min_size=1, max_size=12))
def test_a_password_that_nobody_encoded_is_taken_apart_too(password: str) -> None:
    """Broken: whoever pastes a token as it is has its end shown in every log."""
    assume(not re.match(r"\d{1,5}/", password))  # a port, as far as anybody can tell
    clean, users = apart(f"https://me:{password}@example.org/shop.git")
    assert clean == "https://example.org/shop.git"
    assert list(users.values()) == [f"me:{unquote(password)}"]


@pytest.mark.parametrize("scheme", ["https", "postgresql", "rest:http"])
@given(password=st.text("aB3@/:%+-_~!$.", min_size=4, max_size=12))
def test_no_password_of_an_address_is_shown(scheme: str, password: str) -> None:
    """Broken: the error of a driver shows what stands behind an `@` or a `/` of the password."""
    assume(not re.match(r"\d{1,5}/", password))
    masked = without_evident_secrets(f"cannot reach {scheme}://me:{password}@example.org/x now")
    assert masked.endswith("@example.org/x now")
    assert masked.startswith(f"cannot reach {scheme}://")
    assert "***" in masked
    assert password not in masked


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
    variables = git_environment({"https://h/a": "u:p", "https://h/b": "t"})
    assert variables["GIT_CONFIG_COUNT"] == "2"
    assert variables["GIT_CONFIG_KEY_0"] == "http.https://h/a.extraHeader"
    assert variables["GIT_CONFIG_VALUE_1"] == "Authorization: Basic dDo="
    assert git_environment({}) == {}
    assert netrc({"https://h:1/a": "u:p"}) == "machine h login u password p\n"


@pytest.mark.parametrize("package", ["https://h/a/package", "https://h/z/package"])
def test_an_installer_is_told_no_user_that_is_for_git(package: str) -> None:
    """Broken: a private requirement is asked for with the token of the source, not with its own."""
    users = {"https://h/m.git": "me:source", package: "me:requirement", "https://i/x.git": "t"}
    lines = netrc(users).splitlines()
    assert "machine h login me password requirement" in lines
    assert [line for line in lines if "source" in line] == []
    assert len(lines) == 2


@pytest.mark.parametrize("key", ["token", "access_token", "api_key", "X-Amz-Signature"])
def test_what_a_query_calls_a_key_is_not_shown(key: str) -> None:
    """Broken: the refusal of a source shows the token in its address."""
    masked = without_evident_secrets(f"no https://example.org/x.git?depth=1&{key}=hunter22&b=2")
    assert masked == f"no https://example.org/x.git?depth=1&{key}=***&b=2"
