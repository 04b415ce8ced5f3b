"""The staging folder: one holder, private, gone in the end."""

import stat
from pathlib import Path

import pytest

from tasks.backup.manifest import Manifest, encode
from tasks.backup.staging import clear_staging, remember, remembered, staging_folder
from tasks.backup.subject import BackupSubject
from tasks.errors import BusyError
from tasks.holder import acting_as


def test_it_is_empty_private_and_gone_even_after_a_failure(tmp_path: Path) -> None:
    """Dumps of a killed backup get into the next, others can read them, or the disk fills up."""
    folder = tmp_path / "s" / "slipway-snapshot"

    def fail() -> None:
        with staging_folder(tmp_path / "s", "shop in dev") as content:
            (content / "dump").write_text("x")
            assert content == folder
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not folder.exists()
    folder.mkdir()
    (folder / "left over").write_text("x")
    with staging_folder(tmp_path / "s", "shop in dev") as again:
        assert again == folder
        assert list(again.iterdir()) == []
        assert stat.S_IMODE(again.stat().st_mode) == 0o700


def test_what_a_killed_backup_left_goes_without_another_backup(tmp_path: Path) -> None:
    """Broken: a copy of every database stays in the home of a project that is backed up no more."""
    staging = tmp_path / "staging" / "shop"
    for environment in ("dev", "prod"):
        (staging / environment / "slipway-snapshot" / "databases").mkdir(parents=True)
    with staging_folder(staging / "prod", "shop in prod") as at_work:
        (at_work / "dump").touch()
        [sentence] = clear_staging(tmp_path)
        assert "shop/dev/slipway-snapshot" in sentence
        assert (at_work / "dump").exists()
    assert [path.name for path in (staging / "dev").iterdir()] == ["lock"]
    assert clear_staging(tmp_path) == []


def test_two_backups_of_the_same_thing_do_not_share_it(tmp_path: Path) -> None:
    """A second backup at the same time removes the dumps of the first."""
    with (
        staging_folder(tmp_path / "s", "shop in dev"),
        pytest.raises(BusyError),
        staging_folder(tmp_path / "s", "shop in dev"),
    ):
        pass


def test_the_second_of_two_backups_is_told_which_one_is_at_work(tmp_path: Path) -> None:
    """Its user reads the path of a folder of ours, and cannot find what to wait for or cancel."""
    with (
        acting_as("the run 'backup shop in dev' (0f3c)"),
        staging_folder(tmp_path / "s", "shop in dev"),
        pytest.raises(BusyError) as busy,
        staging_folder(tmp_path / "s", "shop in dev"),
    ):
        pass
    message = str(busy.value)
    assert message.startswith(
        "A backup of shop in dev is already running: the run 'backup shop in dev'"
    )
    assert "(0f3c). Wait for it" in message
    assert str(tmp_path) not in message


def test_the_last_manifest_is_remembered_for_the_owner_only(tmp_path: Path) -> None:
    """Every backup reads every byte again, or a broken memory stops the next backup."""
    manifest = Manifest(BackupSubject("p", "e", ()), "/s", 1.0, 2.0, (), ())
    assert remembered(tmp_path) is None
    remember(tmp_path, encode(manifest))
    assert remembered(tmp_path) == manifest
    assert stat.S_IMODE((tmp_path / "manifest.json").stat().st_mode) == 0o600
    (tmp_path / "manifest.json").write_text("{broken")
    assert remembered(tmp_path) is None
