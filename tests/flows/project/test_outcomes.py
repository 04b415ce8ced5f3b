"""Tests of what a run on several projects says of each."""

from __future__ import annotations

from prefect.serializers import JSONSerializer

from flows.project.outcomes import (
    ProjectOutcome,
    SomeProjectsFailedError,
    documents,
    sentence,
    table,
)

GOOD = ProjectOutcome("shop", "Completed", True, 0.5, "shop 1: 1 started", {"web": "http://x"})
BAD = ProjectOutcome("web", "Failed", False, 0.1, "environment: unknown (got 'x'). Write.\nLog")


def test_the_sentence_counts_and_gives_the_reason_of_each_failure() -> None:
    """Broken: who reads the list of runs learns that something failed, and not what or why."""
    assert sentence([GOOD]) == "1 of 1 projects succeeded; shop: shop 1: 1 started"
    assert sentence([GOOD, BAD]) == (
        "1 of 2 projects succeeded; web failed: environment: unknown (got 'x'). Write; "
        "shop: shop 1: 1 started"
    )


def test_the_sentence_says_where_nothing_was_done() -> None:
    """Broken: a backup of projects without data would look as if there was one."""
    empty = ProjectOutcome("own", "Completed", True, 0.5, "0 files. NOTHING WAS BACKED UP: none")
    assert "own: 0 files. NOTHING WAS BACKED UP" in sentence([GOOD, empty])


def test_the_sentence_stays_one_that_can_be_read() -> None:
    """Broken: of a hundred failures with their logs nobody sees how many succeeded."""
    text = sentence([BAD] * 12)
    assert text.count("unknown") == 10
    assert text.endswith("web, web failed as well")


def test_what_failed_comes_first_in_the_table() -> None:
    """Broken: the one row that matters stands below a hundred others."""
    assert [row["project"] for row in table([GOOD, BAD])] == ["web", "shop"]
    assert list(table([GOOD])[0]) == ["project", "outcome", "seconds", "detail"]


def test_a_failed_run_keeps_what_became_of_each() -> None:
    """Broken: its result, read back from JSON, says that it failed, and of no project how."""
    error = SomeProjectsFailedError.of("1 of 2 projects succeeded", [GOOD, BAD])
    serializer = JSONSerializer()
    kept = serializer.loads(serializer.dumps(error))
    assert isinstance(kept, SomeProjectsFailedError)
    assert kept.outcomes == documents([GOOD, BAD])
    assert str(kept).startswith("1 of 2 projects succeeded\n")
