"""A manifest there and back, and what it must not hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec
from tasks.backup.manifest import Manifest, ManifestError, decode, encode
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject, project_subject, tags
from tasks.backup.tree import FILE, TreeEntry

SUBJECT = BackupSubject("shop", "prod", (Source("data", Path("/d")),), spec={"kind": "python"})


@given(st.lists(st.text(st.characters(exclude_characters="\0/"), min_size=1), max_size=4))
def test_there_and_back(names: list[str]) -> None:
    """A file name (any bytes) does not survive the manifest: the restored file is unexpected."""
    entries = tuple(TreeEntry(f"data/{name}", FILE, 0o644, 3, "ab", 1, 2, 3) for name in names)
    manifest = Manifest(SUBJECT, "/s", 1.5, 2.5, tuple(e.path for e in entries), entries)
    assert decode(encode(manifest)) == manifest
    assert manifest.files == len(names)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"format": 9}', b'{"format": 1}', b"[" * 9999 + b"]" * 9999]
)
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    """A damaged or newer manifest fails in the middle of a restore."""
    with pytest.raises(ManifestError):
        decode(text)


@pytest.mark.parametrize("read_at", ["NaN", "Infinity", "1e999", '"now"'])
def test_a_time_that_is_none_is_refused(read_at: str) -> None:
    """A restore ends with a stack trace after it has written everything."""
    text = encode(Manifest(SUBJECT, "/s", 1.25, 2.5, (), ())).decode()
    with pytest.raises(ManifestError):
        decode(text.replace("1.25", read_at).encode())


def test_the_subject_holds_what_a_launch_needs_and_no_secret(tmp_path: Path) -> None:
    """A restored copy cannot be launched, or the snapshot carries a secret in plain text."""
    subject = project_subject(
        "shop",
        "prod",
        spec=ProjectSpec(source="https://me:token123@host/shop.git", requirements=["gunicorn"]),
        variables=EnvironmentSpec(
            variables={"MODE": "x"}, secrets={"API_KEY": SecretStr("deep-secret")}
        ),
        home=tmp_path,
    )
    text = encode(Manifest(subject, "/s", 0, 0, (), ())).decode()
    assert "token123" not in text
    assert "deep-secret" not in text
    assert subject.secrets == ("API_KEY",)
    assert ProjectSpec.model_validate(subject.spec).requirements == ["gunicorn"]
    assert subject.sources[0].path == (tmp_path / "data" / "shop" / "prod").resolve()
    assert subject.sources[0].path.is_dir()


def test_tags() -> None:
    """Snapshots of another project or environment are found."""
    assert tags("shop") == ("slipway", "project=shop")
    assert tags("shop", "prod") == ("slipway", "project=shop", "environment=prod")
