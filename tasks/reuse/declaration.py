"""What the declaration of a step consists of, as digests: a change makes it another step; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tasks.workload import Step, StepGraph


def own_variables(step: Step, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ``step`` itself, beside those of ``environment`` for all steps."""
    return {
        name: value for name, value in step.environment.items() if environment.get(name) != value
    }


def declarations(graph: StepGraph, environment: Mapping[str, str]) -> dict[str, str]:
    """Return by step a digest of its command, needs, conditions and own variables.

    Resources, limits and retries do not count: they do not change what a step does.
    """
    return {step.id: _declaration(step, own_variables(step, environment)) for step in graph.steps}


def _declaration(step: Step, variables: Mapping[str, str]) -> str:
    parts = [
        step.argv,
        sorted(step.needs),
        step.when,
        step.foreach,
        step.matrix,
        sorted(variables.items()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
