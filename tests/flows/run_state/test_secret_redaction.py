"""Tests that no log record and no state of a flow run shows a secret."""

from __future__ import annotations

import io
import logging

import pytest

from flows.run_state import secret_redaction
from flows.run_state.failure import fails_plainly
from flows.run_state.secret_redaction import RedactionFilter, keep_secret, redacted
from tasks.errors import BadInputError, SlipwayError


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_redaction, "_KNOWN", set())


def test_logs_and_stack_traces_are_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: an unforeseen error prints a secret into the log of its flow run."""
    stream = io.StringIO()
    logger = logging.getLogger("slipway-test")
    logger.addHandler(logging.StreamHandler(stream))
    monkeypatch.setattr(secret_redaction, "LOGGERS", (logger.name,))
    keep_secret(["hunter2-long"])
    keep_secret(["another-one"])
    try:
        int("with hunter2-long")
    except ValueError:
        logger.exception("failed: %s of %d", "another-one", 3)
    output = stream.getvalue()
    assert "failed: *** of 3" in output
    assert "ValueError: invalid literal for int() with base 10: 'with ***'" in output
    assert "hunter2" not in output
    filters = [each for each in logger.handlers[0].filters if isinstance(each, RedactionFilter)]
    assert len(filters) == 1


async def test_a_state_shows_no_secret() -> None:
    """Broken: whoever may see the runs may read the secrets of all projects."""
    keep_secret(["hunter2-long"])

    async def work() -> str:
        """Fail with a secret."""
        raise SlipwayError("it said hunter2-long and https://me:pw@h/x")

    state = await fails_plainly(work)()
    assert state.message == "it said *** and https://***@h/x"  # type: ignore[attr-defined]
    assert redacted("hunter2-long") == "***"


def test_no_message_shows_the_password_of_an_address() -> None:
    """Broken: an error quotes a source or a database with its password, cut or whole."""
    long = "https://user:" + "t" * 150 + "@" + "h" * 100
    assert "ttt" not in str(BadInputError("f", long, "is wrong", "Correct it."))
    assert "pw" not in str(SlipwayError("postgresql://me:pw@h/x failed"))


def test_what_prefect_itself_logs_is_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: parameters that do not fit are written into the log of the runs, tokens and all."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger("prefect"), "handlers", [handler])
    keep_secret(())
    logging.getLogger("prefect.flows").error("Parameters: %s", {"P": "https://u:hunter2@h/"})
    assert "Parameters" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
