"""Tests of cancellation: work sees that its run was cancelled or given up."""

from __future__ import annotations

from contextvars import copy_context

from tasks.cancellation import given_up_where, is_cancelled


def test_work_learns_that_it_is_given_up() -> None:
    """Broken: a deploy that was withdrawn goes on with its build for half an hour."""
    answers = iter([False, True])
    with given_up_where(lambda: next(answers), every_seconds=0.0):
        assert [is_cancelled(), is_cancelled(), is_cancelled()] == [False, True, True]
        assert copy_context().run(is_cancelled)
    assert not is_cancelled()


def test_it_is_not_asked_more_often_than_it_is_worth() -> None:
    """Broken: a program that is watched closely reads the ledger hundreds of times a second."""
    answers = iter([False, True])
    with given_up_where(lambda: next(answers), every_seconds=3600.0):
        assert not any(is_cancelled() for _ in range(100))
