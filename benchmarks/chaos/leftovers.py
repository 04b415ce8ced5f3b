"""Finds processes, ports and folders that are left over once nothing runs any more."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from benchmarks.chaos import victims
from benchmarks.chaos.field import Field
from blocks.providers.process import detached
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.ledger.workloads import workloads
from tasks.release import LIVING

PATIENCE_SECONDS = 10.0
_KEPT_WORKSPACES = 5
_UNFINISHED = ("RUNNING", "PENDING", "CANCELLING")


def left_over(field: Field) -> list[str]:
    """Return the leftovers that have existed for longer than they may."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := [*_left(field)]) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


def _left(field: Field) -> Iterator[str]:
    yield from _processes(field)
    yield from _instances(field)
    yield from _folders(field)
    yield from _runs(field)


def _processes(field: Field) -> Iterator[str]:
    """Yield processes of the home that are neither of the stack nor of what serves."""
    meant = victims.meant_processes(field.home, field.ledger)
    for each in victims.own_processes(field.home):
        try:
            if each.pid not in meant and each.status() != psutil.STATUS_ZOMBIE:
                yield f"process {each.pid}: {' '.join(each.cmdline())[-120:]}"
        except psutil.Error:
            continue


def _instances(field: Field) -> Iterator[str]:
    """Yield ports that nobody serves on, and instances that nobody starts or ends any more."""
    living = instances(field.ledger, states=LIVING)
    for each in living:
        runs = detached.is_running(each.directory)
        if each.state not in victims.MEANT or not runs:
            yield f"instance {each.id} is {each.state} and {'runs' if runs else 'does not run'}"
    serving, lowest = {each.port for each in living}, field.stack.settings.service_port_low
    yield from (
        f"port {lease.port} of {lease.owner}"
        for lease in ports(field.ledger)
        if lease.port not in serving and lease.port >= lowest
    )


def _folders(field: Field) -> Iterator[str]:
    """Yield staging of backups, and workspaces beyond those that are kept of failed workloads."""
    yield from (f"folder {path}" for path in field.home.glob("staging/**/slipway-snapshot"))
    workspaces = [path for path in field.home.glob("workspaces/*") if path.is_dir()]
    waiting = [row for row in workloads(field.ledger) if row.closed_at is None]
    if len(workspaces) > _KEPT_WORKSPACES + len(waiting):
        yield f"{len(workspaces)} workspaces"


def _runs(field: Field) -> Iterator[str]:
    """Yield flow runs that are Running although no process executes them."""
    wanted = {"flow_runs": {"state": {"type": {"any_": list(_UNFINISHED)}}}}
    for run in field.stack.api.every("/flow_runs/filter", wanted):
        if victims.flow(field.home, run["id"]) is None:
            yield f"flow run {run['name']} is {run['state_name']} without a process"
