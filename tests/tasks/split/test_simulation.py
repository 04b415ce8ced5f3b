"""Shards simulated on lanes."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.split.simulation import draw, loads, makespans


def test_what_does_not_vary_is_played_once() -> None:
    """A suite with exact timings would be predicted with noise."""
    assert draw([1.0, 0.0], [1.0, 0.0]).tolist() == [[1.0, 0.0]]
    assert draw([2.0], [1.0]).tolist() == [[2.0]]


def test_what_is_drawn_has_the_quantiles_it_was_given_and_is_the_same_every_time() -> None:
    """The same suite would be cut differently each time, or on times nobody has measured."""
    drawn = draw([10.0] * 5000, [20.0] * 5000)
    assert np.quantile(drawn, [0.5, 0.9]).tolist() == pytest.approx([10.0, 20.0], rel=0.05)
    assert np.array_equal(drawn, draw([10.0] * 5000, [20.0] * 5000))


def test_bins_take_what_their_items_take() -> None:
    """A shard would be predicted with the items of another."""
    items = np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]])
    assert loads([[0, 2], [1]], items).tolist() == [[5.0, 2.0], [50.0, 20.0]]


def test_longest_first_each_where_it_ends_first() -> None:
    """The prediction would not be what the dispatcher then does."""
    once = np.array([[6.0, 3.0, 3.0]])
    assert makespans([6.0, 3.0, 3.0], once, [1.0, 1.0]).tolist() == [6.0]
    assert makespans([6.0, 3.0, 3.0], once, [1.0, 4.0]).tolist() == [3.0]
    # The second took longer than expected, so what follows goes to the other lane.
    late = np.array([[6.0, 3.0, 3.0], [1.0, 9.0, 3.0]])
    assert makespans([6.0, 5.0, 3.0], late, [1.0, 1.0]).tolist() == [6.0, 9.0]
