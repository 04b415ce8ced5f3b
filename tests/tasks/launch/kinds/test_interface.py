"""One command of a build: what it prints, what it leaves behind, and what it is given in secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.launch.access import access
from tasks.launch.kinds.interface import BuildError, run_build

pytestmark = pytest.mark.integration


def test_output_that_is_no_utf_8_is_no_failure(tmp_path: Path) -> None:
    """Broken: a good build fails because a compiler speaks Latin-1."""
    assert run_build(["printf", r"gr\366\337e"], tmp_path, {}) == "gr\ufffd\ufffde"


def test_a_build_that_prints_without_end_fails_with_its_reason(tmp_path: Path) -> None:
    """Broken: the flow takes all memory, and is killed instead of saying why the build failed."""
    script = "echo error: begin; yes more | head -c 12000000; echo error: end; exit 1"
    with pytest.raises(BuildError, match=r"(?s)error: begin.*error: end") as caught:
        run_build(["sh", "-c", script], tmp_path, {})
    assert len(caught.value.output) < 5_000_000


def test_a_daemon_of_a_build_neither_fails_nor_survives_it(tmp_path: Path) -> None:
    """Broken: a build tool with a daemon is waited for until the limit, and then called failed."""
    script = "env -i setsid sh -c 'echo $$ > pid; exec sleep 600' & while [ ! -s pid ]; do :; done"
    run_build(["sh", "-c", script], tmp_path, {})
    assert not Path(f"/proc/{int((tmp_path / 'pid').read_text())}").exists()


@pytest.mark.parametrize("password", ["t@k/3n:x", "t%40k%2F3n%3Ax"])
def test_a_password_in_an_address_is_in_no_argument_and_no_error(
    tmp_path: Path, password: str
) -> None:
    """Broken: the process list shows the token of a requirement that the source itself names."""
    arguments_file, script = (
        tmp_path / "shown",
        'echo "$@" > shown; cat "$NETRC" > netrc; echo $0 t@k/3n:x; exit 1',
    )
    requirement = f"lib @ git+https://me:{password}@example.org/lib.git@v1"
    with pytest.raises(BuildError) as caught:
        run_build(["sh", "-c", script, "error:", requirement], tmp_path, {})
    assert arguments_file.read_text() == "lib @ git+https://example.org/lib.git@v1\n"
    assert "login me password t@k/3n:x" in (tmp_path / "netrc").read_text()
    assert "3n" not in str(caught.value) + caught.value.output


def test_what_a_build_says_of_a_known_password_is_masked(tmp_path: Path) -> None:
    """Broken: an index that repeats the token has it in the state of the run."""
    with access({"https://example.org/": "me:s3cret/w:rd"}), pytest.raises(BuildError) as caught:
        run_build(["sh", "-c", "echo error: s3cret/w:rd s3cret%2Fw%3Ard >&2; exit 1"], tmp_path, {})
    assert str(caught.value).endswith("error: *** ***")
    assert os.environ.get("NETRC") is None
