"""Tests that one host at a time acts on a ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import (
    Host,
    claim_ledger,
    open_own_ledger,
    release_ledger,
    require_own,
    this_host,
)
from tasks.settings import Settings

HERE = Host("m1", "/srv/slipway", "north")
OTHERS = [replace(HERE, machine="m2", name="south"), replace(HERE, home="/elsewhere")]


@pytest.mark.parametrize("other", OTHERS, ids=["machine", "home"])
def test_a_second_host_is_refused_with_field_value_and_remedy(ledger: Ledger, other: Host) -> None:
    """Each of two hosts takes the other's services for lost, and starts them a second time."""
    claim_ledger(ledger, HERE, 1.0)
    refused: list[Callable[[], object]] = [
        lambda: claim_ledger(ledger, other, 2.0),
        lambda: require_own(ledger, other),
    ]
    for attempt in refused:
        with pytest.raises(BadInputError, match="north, home /srv/slipway") as caught:
            attempt()
        assert caught.value.field == "SLIPWAY_LEDGER_URL"
        assert caught.value.value == ledger.url.render_as_string(hide_password=True)
        assert "make down ALL=1" in str(caught.value)
        assert "make up TAKE=1" in str(caught.value)
    require_own(ledger, HERE)


def test_the_same_host_claims_it_again_under_any_name(ledger: Ledger) -> None:
    """A laptop that gets another name could not start any more."""
    claim_ledger(ledger, HERE, 1.0)
    renamed = replace(HERE, name="cafe")
    assert claim_ledger(ledger, renamed, 2.0) is None
    require_own(ledger, HERE)


def test_what_is_released_or_taken_is_another_hosts(ledger: Ledger) -> None:
    """A ledger would be lost with its machine, or two hosts act on it after a move."""
    claim_ledger(ledger, HERE, 1.0)
    assert claim_ledger(ledger, OTHERS[0], 2.0, take=True) == HERE
    with pytest.raises(BadInputError, match="south"):
        require_own(ledger, HERE)
    release_ledger(ledger, HERE)
    with pytest.raises(BadInputError, match="south"):
        claim_ledger(ledger, HERE, 3.0)
    release_ledger(ledger, OTHERS[0])
    assert claim_ledger(ledger, HERE, 4.0) is None


def test_flows_refuse_the_ledger_of_another_host(ledger: Ledger, url: str, tmp_path: Path) -> None:
    """A worker elsewhere would stop and start what it cannot see."""
    config = Settings.model_validate({"home": tmp_path, "ledger_url": url})
    open_own_ledger(config).close()
    claim_ledger(ledger, HERE, 1.0)
    with pytest.raises(BadInputError, match="another host acts on this ledger"):
        open_own_ledger(config)
    claim_ledger(ledger, this_host(tmp_path), 2.0, take=True)
    open_own_ledger(config).close()
