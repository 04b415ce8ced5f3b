"""How tests are spread over workers: those that share something costly stay on one, in turn.

`make test` runs them on several workers by this, in place of pytest-xdist's own ``loadfile``: those
that use a whole stack stay together, half of them on a second one, and all that use the one Prefect
server of the fixture `prefect_server`; else the tests of a file do, unless they share nothing and
take long each.
"""

from __future__ import annotations

from collections.abc import Collection

from xdist.scheduler import LoadScopeScheduling

_WHOLE_STACK = "tests/integration/"
_SECOND_STACK = "a second stack"
ON_SECOND_STACK = (
    "tests/integration/test_bad_input.py",
    "tests/integration/test_notifications.py",
    "tests/integration/test_project_schedules.py",
    "tests/integration/test_readme.py",
    "tests/integration/test_ui.py",
)
"""Files that take about as long as the others of the folder: a second worker starts a stack."""
_PREFECT_SERVER = "a Prefect server"
SERVED = (
    "tests/analytics/reports/test_flow.py",
    "tests/analytics/test_flow.py",
    "tests/flows/configuration/test_notifications.py",
    "tests/flows/configuration/test_schedules.py",
    "tests/flows/test_events.py",
    "tests/flows/configuration/test_block_reading.py",
    "tests/flows/configuration/test_block_saving.py",
    "tests/flows/project/test_side_by_side.py",
    "tests/flows/test_decisions.py",
    "tests/flows/test_estimate.py",
    "tests/flows/test_replay.py",
    "tests/flows/test_reuse.py",
    "tests/flows/workload/test_workspace.py",
    "tests/stack/runs/test_orphaned.py",
    "tests/stack/test_schedules.py",
    "tests/stack/worker/test_polling.py",
    "tests/stack/worker/test_wake.py",
)
"""Files that use the fixture `prefect_server`, which takes longer to start than most of them."""
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
    if file in SERVED:
        return _PREFECT_SERVER
    if file in ON_SECOND_STACK:
        return _SECOND_STACK
    return _WHOLE_STACK if file.startswith(_WHOLE_STACK) else file


def turn_of(test: str, markers: Collection[str]) -> int:
    """Return when a test is given away, smallest first: what takes long must not come last."""
    if scope_of(test) in {_WHOLE_STACK, _SECOND_STACK}:
        return 0
    file = test.partition("::")[0]
    if file in _ALONE or file in SERVED:
        return 1
    return 2 if {"prefect", "integration"}.intersection(markers) else 3


class SideBySide(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives tests away as they stand in the collection, by what they must run together with."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
