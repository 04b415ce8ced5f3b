"""Tests that CONTRIBUTING, CHANGELOG and SECURITY name what exists, and can be read."""

from __future__ import annotations

import re

import pytest

from stack.registration.deployments import read_deployments
from tasks.settings import Settings
from tests.readme import ROOT, code

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
MADE = (".venv", "<name>", "<implementation>")
"""Parts of paths that are made later, or stand for any name."""


def test_the_places_it_names_exist() -> None:
    """Who adds a block would look for a file that is gone."""
    named = [each for each in code(CONTRIBUTING) if "/" in each and " " not in each]
    paths = [each for each in named if not any(part in each for part in MADE)]
    assert "tasks/settings.py" in paths
    assert [each for each in paths if not list(ROOT.glob(each.rstrip("/")))] == []


@pytest.mark.parametrize("name", ["PROVIDERS", "REPOSITORIES", "BLOCKS", "KINDS"])
def test_the_lists_it_names_exist(name: str) -> None:
    """A new block would be written and never found."""
    sentence = re.search(rf"`{name}`[^(]*\(`([^`]+)`\)", CONTRIBUTING)
    assert sentence
    assert re.search(rf"^{name}\b", (ROOT / sentence[1]).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_operation_is_in_the_changelog() -> None:
    """A user would not learn that there is such an operation."""
    entrypoints = [each.entrypoint for each in read_deployments(ROOT / "prefect.yaml")]
    names = [each.rpartition(".")[2].removesuffix("_flow") for each in entrypoints]
    assert [name for name in names if name not in code(CHANGELOG)] == []


def test_security_names_settings_that_there_are_and_stands_in_the_readme() -> None:
    """Who secures an installation would set what nothing reads, or never find the page."""
    named = {each.partition("=")[0] for each in code(SECURITY) if each.startswith("SLIPWAY_")}
    known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
    assert {"SLIPWAY_HOST", "SLIPWAY_AUTH", "SLIPWAY_ARCHIVE_MIB"} <= named <= known
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["trusted", "archive", "Git", "Secrets", "report a vulnerability"])
def test_security_says_what_there_is_to_say(what: str) -> None:
    """Nobody could tell what to keep away from an installation, or whom to tell of a hole."""
    assert what in SECURITY
    assert not re.search(r"[\w.]+@[\w-]+\.\w{2,}", SECURITY.replace("me:123/x@host", ""))


BULLETS = [line for line in CHANGELOG.splitlines() if line.lstrip().startswith("- ")]


def test_the_changelog_has_short_bullets() -> None:
    """Nobody would read through it to find what concerns them."""
    assert [each for each in BULLETS if len(each) >= 200] == []
    assert [each for each in BULLETS if not each.endswith(".")] == []


def test_the_changelog_sorts_by_kind_of_change() -> None:
    """Who updates could not tell what is new from what behaves differently."""
    for release in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", release, re.MULTILINE)
        assert kinds
        assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
        before, *_ = re.split(r"^### ", release, flags=re.MULTILINE)
        assert "\n- " not in before
