"""The keys of the cache by inputs: two steps of the same key do the same; pure.

A key is of a command, the files that it reads, its variables and secrets, the programs of its
release, and the declarations of the steps that it needs. It is keyed with the secret of a home, so
that nobody can find a secret by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.reuse.declaration import own_variables
from tasks.workload import Step, StepGraph

# Raised when keys are made of other parts, so that no former key is found.
_FORMAT = 1
_ITEM = "SLIPWAY_ITEM"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the steps of a workload have in common.

    Attributes:
        project: Whose steps they are.
        variables: Those of the environment, as they are written, with its secrets.
        programs: A digest of what is installed in the release.
        seal: The secret key of the home.
    """

    project: str
    variables: Mapping[str, str] = field(repr=False)
    programs: str
    seal: bytes = field(repr=False)


class StepKeys:
    """The keys of the steps of ``graph`` that declare inputs.

    ``inputs`` are the digests of their files, by step and name; ``environment`` are the variables
    that all steps get.
    """

    def __init__(
        self,
        graph: StepGraph,
        inputs: Mapping[str, Mapping[str, str]],
        environment: Mapping[str, str],
        surroundings: Surroundings,
    ) -> None:
        self.inputs = inputs
        self._seal = surroundings.seal
        common = [
            _FORMAT,
            surroundings.project,
            sorted(surroundings.variables.items()),
            surroundings.programs,
        ]
        self._contexts: dict[str, str] = {}
        chains: dict[str, str] = {}
        for step in graph.steps:
            own = sorted(own_variables(step, environment).items())
            files = sorted(inputs.get(step.id, {}).items())
            needs = sorted(chains[need] for need in step.needs)
            chains[step.id] = self._digest([step.argv, step.foreach, own, files, needs])
            if step.id in inputs:
                self._contexts[step.id] = self._digest([common, own, files, needs])

    @property
    def contexts(self) -> dict[str, str]:
        """The part of the key that is known before the items of a list are, by step."""
        return dict(self._contexts)

    def context_of(self, step: Step) -> str:
        """Return that part for a step, or for an item; empty if it declares no inputs."""
        return self._contexts.get(step.id) or self._contexts.get(step.group, "")

    def key_of(self, step: Step) -> str:
        """Return the key of a step, or of an item of a list; empty if it declares no inputs."""
        context = self.context_of(step)
        if not context or step.foreach:
            return ""
        return self._digest([context, step.argv, step.environment.get(_ITEM, "")])

    def _digest(self, parts: object) -> str:
        text = json.dumps(parts).encode()
        return hmac.new(self._seal, text, hashlib.sha256).hexdigest()
