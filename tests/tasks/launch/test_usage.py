"""Who uses a project and who forgets it exclude each other."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tasks.errors import BusyError
from tasks.holder import acting_as
from tasks.launch import usage
from tasks.launch.usage import in_use, unused

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no other for long."""
    monkeypatch.setattr(usage, "_PATIENCE_SECONDS", 0.1)


def test_many_use_a_project_at_once(tmp_path: Path) -> None:
    """Broken: a deploy to production is refused as another environment is launched."""
    with in_use(tmp_path, "shop"), in_use(tmp_path, "shop"):
        pass
    with unused(tmp_path, "shop"):
        pass


@pytest.mark.slow
def test_what_is_used_is_not_forgotten(tmp_path: Path) -> None:
    """Broken: a service is started out of folders that are being removed, and runs for ever."""
    with acting_as("the run 'launch shop' (1)"), in_use(tmp_path, "shop"):
        with pytest.raises(BusyError, match=r"shop is being used by the run 'launch shop' \(1\)"):
            ExitStack().enter_context(unused(tmp_path, "shop"))
        with unused(tmp_path, "other"):
            pass


@pytest.mark.slow
def test_what_is_being_forgotten_is_not_used(tmp_path: Path) -> None:
    """Broken: it serves after it was forgotten."""
    with acting_as("the run 'forget shop' (2)"), unused(tmp_path, "shop"):
        with pytest.raises(BusyError, match=r"is being forgotten by the run 'forget shop' \(2\)"):
            ExitStack().enter_context(in_use(tmp_path, "shop"))
        with pytest.raises(BusyError, match=r"the run 'forget shop' \(2\) is already doing this"):
            ExitStack().enter_context(unused(tmp_path, "shop"))
    with in_use(tmp_path, "shop"):
        pass


@pytest.mark.integration
def test_who_was_killed_uses_nothing(tmp_path: Path) -> None:
    """Broken: a project whose launch was killed can never be forgotten."""
    script = (
        "import os; from pathlib import Path; from tasks.launch.usage import in_use; "
        f"held = in_use(Path({str(tmp_path)!r}), 'shop'); held.__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 9
    [lock] = tmp_path.glob("uses/shop.*")
    with in_use(tmp_path, "shop"):
        assert not lock.exists()
    lock.touch()
    with unused(tmp_path, "shop"):
        assert [path.name for path in tmp_path.glob("uses/*")] == ["shop.forgetting"]
    assert not list(tmp_path.glob("uses/*"))


def test_never_both(tmp_path: Path) -> None:
    """Broken: of two who begin in the same moment both go on."""
    inside: list[str] = []
    wrong: list[list[str]] = []

    def use(name: str) -> None:
        """Use it, again and again."""
        for _ in range(30):
            try:
                with in_use(tmp_path, "shop"):
                    inside.append(name)
                    if "forget" in inside:
                        wrong.append([*inside])
                    inside.remove(name)
            except BusyError:
                continue

    users = [threading.Thread(target=use, args=(name,)) for name in "abc"]
    for user in users:
        user.start()
    for _ in range(6):
        with unused(tmp_path, "shop"):
            inside.append("forget")
            if len(inside) > 1:
                wrong.append([*inside])
            inside.remove("forget")
    for user in users:
        user.join()
    assert wrong == []
