"""What counts as identical."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tasks.backup.comparison import compare
from tasks.backup.manifest import Manifest
from tasks.backup.subject import BackupSubject
from tasks.backup.tree import FILE, FOLDER, LINK, TreeEntry

OLD, YOUNG = 1_000_000_000, 9_000_000_000
A = TreeEntry("data/a", FILE, 0o644, 3, "aa", OLD)
B = TreeEntry("data/b", FILE, 0o644, 3, "bb", OLD)
NONE: frozenset[str] = frozenset()
ROOT = TreeEntry("data", FOLDER, 0o755)
MANIFEST = Manifest(BackupSubject("p", "e", ()), "/s", 5.0, 6.0, (), (ROOT, A, B))


def test_the_same_is_identical() -> None:
    """A faithful restore is refused."""
    result = compare(MANIFEST, [B, ROOT, A], NONE, NONE, 2.0)
    assert result.identical
    assert (result.files, result.bytes, result.seconds) == (2, 6, 2.0)


def test_every_difference_is_named() -> None:
    """A restore that lost, changed or added something passes for identical."""
    changed = [replace(A, digest="zz"), replace(ROOT, mode=0o700), TreeEntry("data/c", FILE, 0, 0)]
    result = compare(MANIFEST, changed, NONE, NONE, 0)
    assert not result.identical
    assert result.missing == ("data/b",)
    assert result.differing == ("data", "data/a")
    assert result.unexpected == ("data/c",)


def test_what_the_application_changed_meanwhile_is_no_damage() -> None:
    """A log that grows during the backup makes every restore look damaged."""
    grown = replace(A, size=9, digest="zz", modified_ns=YOUNG)
    fresh = TreeEntry("data/new", FILE, 0o644, 1, "nn", YOUNG)
    result = compare(MANIFEST, [ROOT, grown, fresh], frozenset({"data/b"}), NONE, 0)
    assert result.identical
    assert result.changed == ("data/a", "data/b", "data/new")


def test_what_was_made_renamed_or_given_rights_meanwhile_is_no_damage() -> None:
    """Broken: the only backup of data that changes all the time cannot be brought back."""
    folder, moved = (
        TreeEntry("data/d", FOLDER, 0o755),
        TreeEntry("data/d/old", FILE, 0o644, 1, "x", OLD),
    )
    link, replaced = TreeEntry("data/l", LINK, 0o777, 1, "a"), replace(A, size=9, digest="other")
    restored = [replace(ROOT, mode=0o700), replaced, B, folder, moved, link]
    touched = frozenset({"data", "data/a", "data/d", "data/l"})
    result = compare(MANIFEST, restored, NONE, touched, 0)
    assert result.identical
    assert result.changed == ("data", "data/a", "data/d", "data/d/old", "data/l")
    # Written in place, and its time set back afterwards; the one beside it is flipped.
    flipped = [ROOT, replace(A, digest="other"), replace(B, digest="other")]
    result = compare(MANIFEST, flipped, NONE, touched, 0)
    assert (result.changed, result.differing) == (("data/a",), ("data/b",))


def test_what_lies_in_a_folder_that_was_swapped_meanwhile_is_no_damage() -> None:
    """Broken: no backup of data that are published by renaming folders can be brought back."""
    current, page = (
        TreeEntry("data/current", FOLDER, 0o755),
        TreeEntry("data/current/p", FILE, 0o644, 3, "p", OLD),
    )
    manifest = replace(MANIFEST, entries=(ROOT, current, page))
    other, extra = replace(page, size=9, digest="q"), replace(page, path="data/current/sub/q")
    swapped = frozenset({"data", "data/current"})
    assert compare(manifest, [ROOT, current, other, extra], NONE, swapped, 0).identical
    assert not compare(manifest, [ROOT, current, other], NONE, frozenset({"data"}), 0).identical
    flipped = replace(page, digest="q")
    assert compare(manifest, [ROOT, current, flipped], NONE, swapped, 0).differing == (page.path,)


@given(st.sampled_from([A, B, ROOT]), st.sampled_from(["digest", "size", "mode", "kind"]))
def test_no_difference_of_an_untouched_path_is_excused(entry: TreeEntry, field: str) -> None:
    """A flipped bit under the recorded time is taken for the application's own change."""
    wrong = {
        "digest": replace(entry, digest="??"),
        "size": replace(entry, size=99),
        "mode": replace(entry, mode=0o1),
        "kind": replace(entry, kind="link"),
    }[field]
    restored = [wrong if recorded == entry else recorded for recorded in MANIFEST.entries]
    assert not compare(MANIFEST, restored, NONE, NONE, 0).identical
