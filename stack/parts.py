"""The parts that the supervisor keeps running, and the inputs that each depends on; pure.

A running part whose inputs are unchanged is taken over; only the others are restarted. The router
grows by a further part, so that the one that serves is never reloaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from blocks.routers.extent import lacking
from stack.environment import MARK
from tasks.home import PROGRAMS
from tasks.launch.kinds.procfile import parse

INPUTS = {
    "server": ("PREFECT_",),
    "worker": ("PREFECT_", "SLIPWAY_"),
    "router": ("SLIPWAY_AUTH", "SLIPWAY_HOME", "SLIPWAY_HOST", "SLIPWAY_ROUTER_PORT"),
    "reconciler": ("PREFECT_API_", "SLIPWAY_"),
    "reads": ("PREFECT_API_", "SLIPWAY_"),
}
"""The environment variables that a program depends on: their names, or prefixes of them."""

WITHOUT_EFFECT = frozenset({MARK, "SLIPWAY_ROUTER_SLOTS", "SLIPWAY_START_SECONDS"})


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep running: a line of the Procfile, with variables of its own."""

    name: str
    program: str
    command: str
    inputs: str
    variables: Mapping[str, str] = field(default_factory=dict)


def parts(
    procfile: str, environment: Mapping[str, str], announced: Sequence[range] = ()
) -> list[Part]:
    """Return the parts to run; ``announced`` are the public ports that are served already."""
    commands = parse(procfile)
    programs = [
        Part(name, name, commands[name], _digest(name, commands[name], environment))
        for name in PROGRAMS
    ]
    first = int(environment.get("SLIPWAY_ROUTER_PORT", "0"))
    slots = int(environment.get("SLIPWAY_ROUTER_SLOTS", "0"))
    extensions = [each for each in announced if each.start > first]
    own = [each for each in announced if each.start == first]
    if own:  # started again, it serves what it served
        router = next(part for part in programs if part.program == "router")
        variables = {"SLIPWAY_ROUTER_SLOTS": str(len(own[0]))}
        programs[programs.index(router)] = _with(router, variables)
        missing = lacking(first, slots, announced)
        extensions += [missing] if missing else []
    return [*programs, *(_extension(commands["router"], each, environment) for each in extensions)]


def all_inputs(desired: Sequence[Part]) -> str:
    """Return a digest of all parts: a supervisor with another digest has to be replaced."""
    return _hash([f"{part.name} {part.inputs}" for part in desired])


def _extension(command: str, ports: range, environment: Mapping[str, str]) -> Part:
    """Return the part of the router that serves ``ports`` beside the first one."""
    variables = {
        "SLIPWAY_ROUTER_PORT": str(ports.start),
        "SLIPWAY_ROUTER_SLOTS": str(len(ports)),
    }
    beside = f"{command} --beside"
    inputs = _digest("router", beside, {**environment, **variables})
    return Part(f"router-{ports.start}", "router", beside, inputs, variables)


def _with(part: Part, variables: Mapping[str, str]) -> Part:
    return Part(part.name, part.program, part.command, part.inputs, variables)


def _digest(program: str, command: str, environment: Mapping[str, str]) -> str:
    variables = sorted(
        f"{name}={value}"
        for name, value in environment.items()
        if name.startswith(INPUTS[program]) and name not in WITHOUT_EFFECT
    )
    return _hash([command, *variables])


def _hash(lines: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(lines).encode()).hexdigest()[:16]
