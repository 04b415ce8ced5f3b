"""Tests of the parts of the stack and their inputs."""

from __future__ import annotations

import pytest

from stack.environment import MARK
from stack.parts import all_inputs, parts
from tasks.errors import BadInputError
from tasks.home import PROGRAMS

PROCFILE = "\n".join(f"{name}: exec {name}" for name in PROGRAMS)
ENVIRONMENT = {
    MARK: "one",
    "SLIPWAY_HOME": "/srv/slipway",
    "SLIPWAY_ROUTER_PORT": "8300",
    "SLIPWAY_ROUTER_SLOTS": "32",
    "SLIPWAY_SAMPLE_DAYS": "7",
    "PREFECT_SERVER_API_PORT": "4200",
}


def changed(**variables: str) -> set[str]:
    """Return the parts that depend on what has changed."""
    before = {part.name: part.inputs for part in parts(PROCFILE, ENVIRONMENT)}
    after = parts(PROCFILE, {**ENVIRONMENT, **variables})
    return {part.name for part in after if before[part.name] != part.inputs}


def test_a_setting_concerns_the_parts_that_read_it() -> None:
    """Broken: a change would restart the router, or reach nobody."""
    assert changed(SLIPWAY_SAMPLE_DAYS="8") == {"worker", "reconciler", "reads"}
    assert changed(PREFECT_SERVER_API_PORT="4201") == {"server", "worker"}
    assert changed(SLIPWAY_ROUTER_PORT="8400") == {"router", "worker", "reconciler", "reads"}
    assert changed(SLIPWAY_STACK="two", TERM="vt100", SLIPWAY_ROUTER_SLOTS="64") == set()


def test_a_procfile_that_is_no_procfile_is_refused() -> None:
    """Broken: a line with a typing error would be skipped, and its process never be started."""
    with pytest.raises(BadInputError, match="Procfile:1: is not `name: command`"):
        parts(PROCFILE.replace("server: ", "server "), ENVIRONMENT)
    with pytest.raises(BadInputError, match="Procfile:6: is named twice"):
        parts(f"{PROCFILE}\nserver: other", ENVIRONMENT)


def test_the_router_grows_by_a_part_beside_the_one_that_serves() -> None:
    """Broken: more public ports would cost the connections of those there are."""
    wider = {**ENVIRONMENT, "SLIPWAY_ROUTER_SLOTS": "40"}
    grown = parts(PROCFILE, wider, [range(8300, 8332)])
    (router, extension) = (part for part in grown if part.program == "router")
    assert router.inputs == parts(PROCFILE, ENVIRONMENT)[2].inputs
    assert router.variables == {"SLIPWAY_ROUTER_SLOTS": "32"}
    assert (extension.name, extension.command) == ("router-8332", "exec router --beside")
    assert extension.variables == {"SLIPWAY_ROUTER_PORT": "8332", "SLIPWAY_ROUTER_SLOTS": "8"}
    again = parts(PROCFILE, wider, [range(8300, 8332), range(8332, 8340)])
    assert all_inputs(again) == all_inputs(grown)
    assert all_inputs(grown) != all_inputs(parts(PROCFILE, ENVIRONMENT, [range(8300, 8332)]))
