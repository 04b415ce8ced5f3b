"""Ending instances: the intent is recorded, then the processes are ended, then their end recorded.

So an observer knows meanwhile what is intended, and the successor of a process that was killed over
it can finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from blocks.providers.process import detached
from tasks.errors import SlipwayError
from tasks.launch.instances.port_leases import give_back
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import mark_stopping, set_instance_state
from tasks.presence import is_running
from tasks.release import Instance, InstanceState


class EndingError(SlipwayError):
    """Processes are left that cannot be ended."""


def end_instances(ledger: Ledger, doomed: Sequence[Instance], grace_seconds: float) -> int:
    """End the process trees of ``doomed``, give their ports back and record them as stopped.

    Returns:
        How many of them were running.

    Raises:
        EndingError: Processes are left that cannot be ended; the others are stopped.
    """
    if not doomed:
        return 0
    mark_stopping(ledger, [instance.id for instance in doomed], detached.own_identity().encode())
    with ThreadPoolExecutor(len(doomed)) as pool:
        ends = list(pool.map(lambda instance: _end(instance, grace_seconds), doomed))
    ended = [
        instance.id for instance, (_, problem) in zip(doomed, ends, strict=True) if not problem
    ]
    if ended:
        give_back(ledger, *ended)
        set_instance_state(ledger, ended, InstanceState.STOPPED)
    if problems := [problem for _, problem in ends if problem]:
        raise EndingError("; ".join(problems))
    return sum(ran for ran, _ in ends)


def _end(instance: Instance, grace_seconds: float) -> tuple[bool, str]:
    """Return whether it ran, and what kept it from being ended."""
    ran = is_running(instance)
    try:
        detached.stop(instance.directory, grace_seconds)
    except detached.ShimError as error:
        return ran, str(error)
    return ran, ""
