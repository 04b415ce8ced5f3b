"""Where a framework keeps data in the project's own folder, it is proposed before it is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.launch.data.messages import proposed_data
from tasks.launch.data.proposals import proposals

DJANGO_5 = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.sqlite3',
        'NAME': BASE_DIR / 'db.sqlite3',
    }
}
MEDIA_ROOT = BASE_DIR / "media"
"""
DJANGO_2 = """
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',
    'NAME': os.path.join(BASE_DIR, 'shop.db')}}
"""
POSTGRESQL = "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop'}}"


def paths(source: Path, *commands: str, **variables: str) -> list[str]:
    """Return the paths that are proposed."""
    return [proposal.path for proposal in proposals(source, commands, variables, [])]


@pytest.mark.parametrize(
    ("settings", "proposed"),
    [(DJANGO_5, ["db.sqlite3", "media"]), (DJANGO_2, ["shop.db"]), (POSTGRESQL, [])],
)
def test_django_says_where_its_database_lies(
    tmp_path: Path, settings: str, proposed: list[str]
) -> None:
    """Stock Django loses its database at the first deploy, and nobody has said how to keep it."""
    (tmp_path / "manage.py").touch()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text(settings)
    assert paths(tmp_path) == proposed


@pytest.mark.parametrize(
    "command",
    [
        "json-server db.json --port {{ port }}",
        "npx json-server --routes routes.json --watch db.json",
    ],
)
def test_json_server_says_which_file_it_writes(tmp_path: Path, command: str) -> None:
    """What was posted to json-server is gone with the version."""
    assert paths(tmp_path, command) == ["db.json"]
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"start": command}}))
    assert paths(tmp_path, "npm start") == ["db.json"]


def test_urls_and_folders_of_uploads_are_seen(tmp_path: Path) -> None:
    """A relative SQLite URL, the default of many tutorials, is noticed after the loss."""
    (tmp_path / ".env").write_text("CACHE=sqlite:///cache.db\n")
    (tmp_path / "uploads").mkdir()
    proposed = paths(
        tmp_path,
        "app --db sqlite+aiosqlite:///var/app.db",
        DATABASE_URL="sqlite:///./shop.db",
        ELSEWHERE="sqlite:////srv/shop.db",
        DATA="sqlite:///{{ data }}/shop.db",
        OUTSIDE="sqlite:///../shop.db",
    )
    assert proposed == ["shop.db", "var/app.db", "cache.db", "uploads"]


@pytest.mark.parametrize("settled", [{"data": ["cats", "db.json", "uploads"]}, {"stateless": True}])
def test_the_line_to_write_is_whole_and_ends_the_proposal(
    tmp_path: Path, settled: dict[str, object]
) -> None:
    """Who writes the line that is proposed loses what was named before, or is told for ever."""
    (tmp_path / "uploads").mkdir()
    spec = ProjectSpec(source=str(tmp_path), data=["cats"])
    commands = ["json-server db.json"]
    (message,) = proposed_data("shop", spec, tmp_path, commands, {})
    assert "`data: [cats, db.json, uploads]`" in message
    done = spec.model_copy(update=settled)
    assert proposed_data("shop", done, tmp_path, commands, {}) == []
