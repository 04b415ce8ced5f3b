"""Tests of the check that ports are free."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from stack.port_check import WantedPort, is_taken, process_on_port, require_free
from tasks.errors import BadInputError


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_named_with_its_holder_and_setting(taken_port: int) -> None:
    """The user could not tell which port to move, nor how, nor whom to stop."""
    with pytest.raises(BadInputError) as error:
        require_free("127.0.0.1", [WantedPort(taken_port, "SLIPWAY_SERVER_PORT", "Prefect server")])
    message = str(error.value)
    assert str(taken_port) in message
    assert f"process {os.getpid()}" in message
    assert "SLIPWAY_SERVER_PORT=<port> make up" in message


def test_a_part_of_this_stack_is_not_to_be_stopped(taken_port: int) -> None:
    """The user would end his own router to start the server on its port."""
    wanted = [WantedPort(taken_port, "SLIPWAY_SERVER_PORT", "Prefect server")]
    with pytest.raises(BadInputError) as error:
        require_free("127.0.0.1", wanted, {os.getpid(): "router"})
    assert error.value.problem.endswith("is held by the router of this stack")
    assert error.value.remedy == "Choose another port: SLIPWAY_SERVER_PORT=<port> make up."


def test_a_port_bound_without_listening_is_taken() -> None:
    """The server would fail to bind what looked free."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert is_taken("127.0.0.1", bound.getsockname()[1])


def test_a_free_port_passes(taken_port: int) -> None:
    """`make up` would refuse to start on a clean machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert not is_taken("127.0.0.1", free)
    require_free("127.0.0.1", [WantedPort(free, "SLIPWAY_ROUTER_PORT", "router")])
    assert not process_on_port(free)
