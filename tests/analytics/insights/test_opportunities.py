"""What could be saved, and what could not."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.insights.opportunities import caching, idle, memory, packing, provider, splitting

PEAKS = [400.0, 410, 390, 405, 400, 395, 402, 398]


def test_memory_that_is_never_used_can_be_asked_less_of() -> None:
    """A machine would hold two steps where it could hold eight."""
    opportunity = memory("build", 2048, PEAKS)
    assert opportunity
    assert opportunity.change == "ask for 452 MiB instead of 2048"
    assert opportunity.gain.expected == pytest.approx(2048 - 451, abs=1)
    assert opportunity.gain.low > 1000


def test_memory_that_varies_promises_less() -> None:
    """A rare peak that would kill the step is left out of what it saves."""
    opportunity = memory("build", 2048, [*PEAKS, 1700, *PEAKS])
    assert opportunity
    assert opportunity.gain.low < opportunity.gain.expected < 800


def test_what_is_needed_is_left() -> None:
    """A step would be killed for a saving of nothing."""
    assert memory("build", 430, PEAKS) is None
    assert memory("build", 2048, PEAKS[:3]) is None


def test_a_reservation_that_stands_idle_is_named() -> None:
    """A slot would be kept from others all night."""
    opportunity = idle("nightly", [3600.0] * 6, [900.0] * 6)
    assert opportunity
    assert opportunity.gain.expected == 2700
    assert "75%" in opportunity.change
    assert idle("nightly", [3600.0] * 6, [3500.0] * 6) is None


def test_what_was_computed_before_could_be_kept() -> None:
    """The same inputs would be computed every night."""
    runs = [("x", 10.0), ("y", 20.0), ("x", 10.0), ("x", 10.0), ("z", 5.0)]
    opportunity = caching("fetch", runs)
    assert opportunity
    assert opportunity.gain.expected == pytest.approx(4)
    assert "2 of 5" in opportunity.change
    assert caching("fetch", [(str(at), 9.0) for at in range(9)]) is None


def test_short_steps_could_share_one() -> None:
    """A second's work would cost half a second of starting it, a thousand times."""
    opportunity = packing("tiny", [0.2] * 20, together=10)
    assert opportunity
    assert opportunity.gain.expected == pytest.approx(0.45)
    assert packing("long", [60.0] * 20, together=10) is None


def test_a_long_step_could_be_split() -> None:
    """The longest step would stay one."""
    opportunity = splitting("tests", [100.0] * 9, parts=4)
    assert opportunity
    assert opportunity.gain.expected == pytest.approx(74.5)
    assert splitting("tiny", [0.1] * 9, parts=4) is None


def test_another_provider_is_proposed_only_where_it_surely_is_faster() -> None:
    """Work would be moved about for noise."""
    random = np.random.default_rng(0)
    here, fast = random.normal(100, 5, 20).tolist(), random.normal(60, 5, 20).tolist()
    same = random.normal(100, 5, 20).tolist()
    opportunity = provider("build", {"shell": here, "docker": fast, "ssh": same}, "shell")
    assert opportunity
    assert opportunity.change == "run it on docker"
    assert opportunity.gain.low < 40 < opportunity.gain.high + 1
    assert provider("build", {"shell": here, "ssh": same}, "shell") is None
