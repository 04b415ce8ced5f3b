"""How tests are spread over workers: those that share something costly stay on one, in turn.

`make test` runs them on several workers by this, in place of pytest-xdist's own ``loadfile``: all
that use the whole stack stay together, else the tests of a file do, unless they share nothing and
take long each.
"""

from __future__ import annotations

from collections.abc import Collection

from xdist.scheduler import LoadScopeScheduling

_WHOLE_STACK = "tests/integration/"
_ALONE = (
    "tests/integration/test_rollout_under_load.py",
    "tests/stack/test_stack.py",
    "tests/tasks/planning/multimode/test_fleet.py",
    "tests/tasks/distribute/test_workload_run.py",
    "tests/tasks/split/test_collect.py",
)
"""Files whose tests take long each and share nothing."""


def scope_of(test: str) -> str:
    """Return what ``test``, a node id, must run together with."""
    file = test.partition("::")[0]
    if file in _ALONE:
        return test
    return _WHOLE_STACK if file.startswith(_WHOLE_STACK) else file


def turn_of(test: str, markers: Collection[str]) -> int:
    """Return when a test is given away, smallest first: what takes long must not come last."""
    if scope_of(test) == _WHOLE_STACK:
        return 0
    if test.partition("::")[0] in _ALONE:
        return 1
    return 2 if {"prefect", "integration"}.intersection(markers) else 3


class SideBySide(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives tests away as they stand in the collection, by what they must run together with."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
