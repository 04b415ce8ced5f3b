"""Selects the workload to run, and refuses impossible ones before anything is built."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from blocks.workload_spec import PytestWorkload, SplittableSpec, WfformatWorkload, WorkloadSpec
from flows.configuration.run_names import INLINE
from tasks.errors import NotFoundError
from tasks.launch.proposal import is_node_only
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import fleet
from tasks.planning.core.admissible import refuse_demand, refuse_impossible
from tasks.roots import refuse_outside
from tasks.settings import settings
from tasks.split.declared import split_steps
from tasks.split.wfformat import import_wfformat

_DEFAULT = "tests"
_PYTHON_TESTS = "{kind: pytest}"
_NODE_TESTS = "{kind: steps, steps: [{id: test, run: npm test}]}"


def chosen_workload(
    target: Target, workload: str | WorkloadSpec, *, may_be_empty: bool = False
) -> tuple[str, SplittableSpec]:
    """Return name and spec of the requested workload, which is given by name or in full.

    Where it ``may_be_empty``, the error for one that is not configured says so.

    Raises:
        BadInputError: There is none of that name, or its file cannot be imported.
    """
    if not isinstance(workload, str):
        return INLINE, _imported(INLINE, workload)
    configured = target.spec.workloads
    if workload not in configured:
        remedy = f"Add it to the workloads of {target.project}."
        if workload == _DEFAULT:
            node = is_node_only(Path(target.spec.source).expanduser())
            line = _NODE_TESTS if node else _PYTHON_TESTS
            remedy = (
                f"Write `workloads: {{{_DEFAULT}: {line}}}` under projects.{target.project} "
                "in slipway.yaml and run `configure`."
            )
        if may_be_empty:
            remedy += ' Without a workload, give `workload: ""`.'
        raise NotFoundError("workload", workload, list(configured), remedy)
    return workload, _imported(workload, configured[workload])


def with_workload(target: Target, name: str, spec: SplittableSpec) -> Target:
    """Return ``target`` as if that workload were configured, since its build depends on it."""
    workloads = {**target.spec.workloads, name: spec}
    return replace(target, spec=target.spec.model_copy(update={"workloads": workloads}))


def _imported(name: str, spec: WorkloadSpec) -> SplittableSpec:
    if isinstance(spec, WfformatWorkload):
        field = f"workloads.{name}.file"
        refuse_outside(field, Path(spec.file), settings().allowed_roots)
        imported = import_wfformat(spec.file, field)
        return imported.model_copy(update={"goal": spec.goal})
    return spec


def refuse_impossible_workload(
    target: Target,
    workload: str,
    spec: SplittableSpec,
    providers: Collection[str],
    ledger: Ledger,
) -> None:
    """Refuse a workload that could never be split or placed, before anything is built.

    Raises:
        BadInputError: Steps that form no graph, or a demand that no provider can hold.
    """
    now_fleet = fleet(ledger, list(providers), time.time())
    if isinstance(spec, PytestWorkload):
        refuse_demand(f"workloads.{workload}.demand", spec.demand, now_fleet)
    else:
        refuse_impossible(split_steps(target.project, workload, spec, Path(), {}), now_fleet)
