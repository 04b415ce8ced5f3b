"""Tests of the block of a restic repository."""

import pytest

from blocks.repositories.restic import ResticRepository


def test_block_becomes_an_engine_and_shows_no_secret() -> None:
    """Credentials do not reach restic, or they do reach a log."""
    block = ResticRepository.model_validate(
        {
            "location": "s3:https://h/b",
            "password": "hunter22",
            "variables": {"AWS_SECRET_ACCESS_KEY": "deep-secret"},
        }
    )
    engine = block.engine()
    assert (engine.password, engine.variables) == (
        "hunter22",
        {"AWS_SECRET_ACCESS_KEY": "deep-secret"},
    )
    for text in (repr(block), str(block), block.model_dump_json(), repr(engine)):
        assert "hunter22" not in text
        assert "deep-secret" not in text


@pytest.mark.parametrize("password", ["p%40ss%2Fw%3Ard", "p@ss/w:rd"])
def test_the_user_of_a_location_is_shown_nowhere_and_reaches_restic(password: str) -> None:
    """Broken: whoever may read blocks has the password of the server of backups."""
    block = ResticRepository.model_validate(
        {"location": f"rest:https://me:{password}@example.org:8000/shop/", "password": "x"}
    )
    engine = block.engine()
    assert engine.location == "rest:https://me:p%40ss%2Fw%3Ard@example.org:8000/shop/"
    assert engine.name == block.location == "rest:https://example.org:8000/shop/"
    for text in (repr(block), str(block.model_dump()), block.model_dump_json(), repr(engine)):
        assert "ss/w" not in text
        assert "ss%2Fw" not in text
    assert "credentials.*" in ResticRepository.model_json_schema()["secret_fields"]
    again = ResticRepository(location=block.location, password=block.password,
                             credentials=block.credentials)  # fmt: skip
    assert again.engine().location == engine.location


@pytest.mark.parametrize(
    "location", ["s3:https://h/b", "sftp:me@h:/r", "/srv/me@home", "rest:http://h/"]
)
def test_a_location_without_a_password_stays_as_it_is(location: str) -> None:
    """Broken: a repository is looked for elsewhere."""
    block = ResticRepository.model_validate({"location": location, "password": "x"})
    assert (block.location, block.engine().location) == (location, location)


def test_the_form_explains_every_field() -> None:
    """A field of the form in the UI has no help; the block has no description or example."""
    schema = ResticRepository.model_json_schema()["properties"]
    assert all(field.get("description") for field in schema.values())
    assert ResticRepository.get_block_type_slug() == "slipway-restic-repository"
    assert ResticRepository.get_description()
    assert "ResticRepository(" in (ResticRepository.get_code_example() or "")
