"""The block as a user fills it in."""

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
    for shown in (repr(block), str(block), block.model_dump_json(), repr(engine)):
        assert "hunter22" not in shown
        assert "deep-secret" not in shown


def test_the_form_explains_every_field() -> None:
    """A field of the form in the UI has no help; the block has no description or example."""
    schema = ResticRepository.model_json_schema()["properties"]
    assert all(field.get("description") for field in schema.values())
    assert ResticRepository.get_block_type_slug() == "slipway-restic-repository"
    assert ResticRepository.get_description()
    assert "ResticRepository(" in (ResticRepository.get_code_example() or "")
