"""Tests of redaction: no secret survives in any spelling, wherever the text is cut."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import JsonValue

from blocks.errors import SlipwayError
from blocks.redaction import (
    MASK,
    last_lines,
    redact,
    redactor_of,
    without_evident_secrets,
    without_suspects,
    without_user,
)
from tests.properties import at_most

KEY = "-----BEGIN KEY-----\nMIIEvQIBADAN/Bgkqh+kiG9w0\nAQEFAASCBKcwggSjAgEA\n-----END KEY-----\n"
SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40).filter(
    lambda text: len(text.strip()) >= 4
)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json in utf-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "unicode escape": lambda text: text.encode("unicode_escape").decode(),
    "url": lambda text: quote(text, safe=""),
    "url path": quote,
    "form": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "shell": lambda text: shlex.quote(text).removeprefix("'").removesuffix("'"),
    "html": html.escape,
    "xml": lambda text: escape(text, {"\n": "&#10;", '"': "&quot;"}),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 of urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@at_most(30)
@given(secret=SECRETS)
def test_a_secret_is_masked_in_every_usual_spelling(
    encode: Callable[[str], str], secret: str
) -> None:
    """Broken: an error that shows the request, a JSON log or a shell trace has it readable."""
    secret = secret.strip()
    spelling = encode(secret)
    assume(len(spelling) >= 4)
    assume(not {"«", "»"} & set(secret))
    redacted = redact(f"«{spelling}»", [secret])
    assert redacted.startswith("«")
    assert redacted.endswith("»")
    assert spelling not in redacted
    assert redacted[1:-1].strip("*=\n\r ") == ""


@pytest.mark.slow
@pytest.mark.parametrize("code", [base64.b64encode, base64.urlsafe_b64encode])
@at_most(30)
@given(secret=SECRETS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_base64_is_found_at_every_alignment(
    code: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes
) -> None:
    """Broken: the header `Authorization: Basic` gives user and password away."""
    encoded = secret.strip().encode()
    text = code(before + encoded + after).decode()
    redacted = redact(f"[{text}]", [secret])
    pieces = redacted.strip("[]").split(MASK)
    assert sum(map(len, pieces)) <= len(text) - len(encoded) * 8 // 6 + 1


@pytest.mark.slow
@at_most(30)
@given(secret=st.text("ab/+\n", min_size=60, max_size=300).filter(lambda text: text.strip()))
def test_base64_that_is_broken_into_lines_is_found(secret: str) -> None:
    """Broken: `base64 key.pem` in a step prints a key that is only seen as one line."""
    assume(len(secret.strip()) >= 60)
    redacted = redact(base64.encodebytes(secret.strip().encode()).decode(), [secret])
    assert redacted.strip("*=\n") == ""


@pytest.mark.slow
@at_most(30)
@given(st.lists(SECRETS, min_size=1, max_size=4), st.text(max_size=40), st.data())
def test_overlapping_secrets_leave_no_rest(
    secrets: list[str], between: str, data: st.DataObject
) -> None:
    """Broken: the end of a longer secret stays where a shorter one begins it."""
    secrets = [*secrets, secrets[0] + secrets[-1]]
    order = data.draw(st.permutations(secrets))
    redacted = redact(between.join(order), secrets)
    assume("*" not in "".join(secrets))
    assert [secret for secret in secrets if secret.strip() in redacted] == []


@pytest.mark.parametrize("line", KEY.splitlines())
def test_each_line_of_a_secret_is_one(line: str) -> None:
    """Broken: a program that logs a key line by line logs all of it."""
    assert redact(f"> {line} <", [KEY]) == f"> {MASK} <"
    assert redact(json.dumps({"key": KEY}), [KEY]) == f'{{"key": "{MASK}\\n"}}'


def test_what_is_short_stays() -> None:
    """Broken: a secret `1` would garble every log."""
    assert redact("a 123 b\nyes", ["123", "", "yes\nno"]) == "a 123 b\nyes"


def test_the_longest_counts() -> None:
    """Broken: the end of a longer secret would be left standing in a log."""
    assert redact("a hunter2-long hunter2", ["hunter2", "hunter2-long"]) == "a *** ***"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://user:tok@en@host/x", "https://***@host/x"),
        ("https://tok3n@host/x", "https://***@host/x"),
        ("postgresql://me:p/a:s@s@h:5432/db now", "postgresql://me:***@h:5432/db now"),
        ("redis://:pass@h and redis://:word@h", "redis://:***@h and redis://:***@h"),
        ('"amqp://a:secret@h","amqp://b:other@h"', '"amqp://a:***@h","amqp://b:***@h"'),
        ("git+https://x-token:abc@h/r.git", "git+https://***@h/r.git"),
        ("http://127.0.0.1:8300/@scope/x", "http://127.0.0.1:8300/@scope/x"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("/a/htps:/u:secret@h/x.git", "/a/htps:/u:***@h/x.git"),
        ("/a/htp:/h/x?token=secret", "/a/htp:/h/x?token=***"),
        ("volumes: /a:/b and c:/d:ro", "volumes: /a:/b and c:/d:ro"),
        ("see https://host/a and me@example.org", "see https://host/a and me@example.org"),
    ],
)
def test_passwords_of_addresses_are_masked_though_nobody_named_them(
    text: str, redacted: str
) -> None:
    """Broken: the error of a database driver shows the password that stands in its address."""
    assert redact(text, []) == without_evident_secrets(text) == redacted


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "A1_" * 20,
        "glpat-" + "a1-" * 7,
        "npm_" + "a1" * 18,
        "pypi-AgE" + "a1" * 30,
        "xoxb-" + "12-ab" * 4,
        "sk-proj-" + "a1" * 20,
        "AKIA" + "A1" * 8,
        f"eyJ{'a1' * 8}.eyJ{'b2' * 8}.{'c3' * 8}",
    ],
)
def test_a_token_of_a_known_form_is_masked_without_being_declared(token: str) -> None:
    """Broken: a token under the wrong key of a file is quoted in the state of a run."""
    assert without_evident_secrets(f"x: {token} is unknown") == f"x: {MASK} is unknown"
    assert str(SlipwayError(f"{token} is unknown")) == f"{MASK} is unknown"
    assert redact(f"x: {token} is unknown", [token[6:11]]) == f"x: {MASK} is unknown"


@pytest.mark.parametrize(
    "text",
    ["npm_config_cache", "pypi-package", "sk-learn-contrib-of-some-length", "AKIA", "eyJh.eyJi.x"],
)
def test_what_only_begins_like_a_token_stays(text: str) -> None:
    """Broken: names are masked, and nobody knows which is meant."""
    assert without_evident_secrets(text) == text


def test_a_user_is_left_out_of_what_is_used_as_an_address() -> None:
    """Broken: a repository that is shown by its place cannot be told from another's."""
    assert without_user("rest:http://me:p@w/x@h/") == "rest:http://h/"
    assert without_user("ssh://git@h/ and sftp://me:pw@h/") == "ssh://git@h/ and sftp://me@h/"
    assert without_user("rest:http://***@h:8000/") == "rest:http://h:8000/"


def test_values_are_redacted_to_their_leaves() -> None:
    """Broken: what a step hands on is kept in the ledger with a secret in it."""
    value: JsonValue = {"tok-1234": ["tok-1234", 1, None, {"x": "a tok-1234"}]}
    assert redactor_of(["tok-1234"]).value(value) == {MASK: [MASK, 1, None, {"x": f"a {MASK}"}]}


@pytest.mark.parametrize("lines", range(1, 7))
def test_the_last_lines_of_a_log_are_redacted_before_they_are_cut(
    tmp_path: Path, lines: int
) -> None:
    """Broken: of a key that is half in the window, the half that is shown is not recognised."""
    log = tmp_path / "output.log"
    log.write_text(f"start\n{KEY}end\n")
    redacted = "\n".join(last_lines(log, lines, [KEY]))
    assert not [line for line in KEY.splitlines() if line in redacted]
    assert last_lines(log, 2) == ["-----END KEY-----", "end"]
    assert last_lines(None, 2) == last_lines(tmp_path / "none", 2) == []


@pytest.mark.parametrize("cut", range(0, 24, 3))
def test_a_window_that_begins_within_a_secret_shows_none_of_it(tmp_path: Path, cut: int) -> None:
    """Broken: the window of bytes that is read of a long log begins amid a token."""
    secret, log = "abcdefgh-ijklmnop-qrstuvw", tmp_path / "output.log"
    log.write_text("x" * 5000 + secret + "y" * (1000 - cut))
    redacted = "".join(last_lines(log, 1, [secret], limit_bytes=1000))
    assert redacted.strip("xy*") == ""
    assert redacted.endswith("y")


def test_what_looks_secret_is_left_out_where_nobody_can_tell() -> None:
    """Broken: a report that leaves the machine has the token of somebody else's flow."""
    assert without_suspects("PASSWORD=abc, x") == f"PASSWORD={MASK}, x"
