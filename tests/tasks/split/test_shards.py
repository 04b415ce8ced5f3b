"""The number of shards, and the items of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.split.shards import Sharding, shard

IDS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=40, unique=True)


def cut(
    ids: Sequence[str],
    seconds: Mapping[str, float],
    startup: float | None,
    lanes: Sequence[float],
    requested: int | None = None,
    *,
    late: float = 1.0,
) -> Sharding:
    """Cut items whose p90 is ``late`` times their p50."""
    quantiles = {item: (value, late * value) for item, value in seconds.items()}
    startup_quantiles = None if startup is None else (startup, late * startup)
    return shard(ids, quantiles, startup_quantiles, lanes, requested=requested)


@pytest.mark.slow
@given(IDS, st.dictionaries(st.text("abc", max_size=6), st.floats(0, 60)), st.data())
def test_every_item_is_in_exactly_one_shard(
    ids: list[str], seconds: dict[str, float], data: st.DataObject
) -> None:
    """A test would run twice or never."""
    lanes = data.draw(st.lists(st.sampled_from([0.5, 1.0, 4.0]), min_size=1, max_size=8))
    requested = data.draw(st.none() | st.integers(1, 60))
    startup = data.draw(st.none() | st.floats(0, 10))
    sharding = cut(
        ids, seconds, startup, lanes, requested, late=data.draw(st.sampled_from([1.0, 2.0]))
    )
    assert sorted(item for part in sharding.shards for item in part) == sorted(ids)
    assert all(sharding.shards)
    assert len(sharding.shards) == sharding.decision.parts
    assert all(list(part) == sorted(part, key=ids.index) for part in sharding.shards)
    if requested:
        assert sharding.decision.parts == min(requested, len(ids))


def test_without_timings_there_is_one_shard_a_lane_balanced_by_count() -> None:
    """The first run would not use all lanes."""
    sharding = cut([str(n) for n in range(10)], {}, None, [1.0] * 4)
    assert sorted(len(part) for part in sharding.shards) == [2, 2, 3, 3]
    assert "one a lane (4 lanes): no timings yet" in sharding.decision.reason


def test_one_long_item_gets_a_shard_of_its_own() -> None:
    """Balancing by count would leave one lane with nearly all the work."""
    sharding = cut(["slow", "a", "b", "c"], {"slow": 9, "a": 3, "b": 3, "c": 3}, 0.5, [1.0] * 2)
    assert sharding.shards == (("slow",), ("a", "b", "c"))


def test_a_start_up_that_costs_more_than_it_gains_is_not_paid() -> None:
    """Four tests of 0.1 s would be spread over four interpreters of 5 s each."""
    sharding = cut(list("abcd"), dict.fromkeys("abcd", 0.1), 5.0, [1.0] * 4)
    assert sharding.decision.parts == 1
    assert "predicted 5.4 s, of which 5.0 s start-up" in sharding.decision.reason
    assert "one more would gain 0.2 s" in sharding.decision.reason
    assert dict(sharding.decision.alternatives)[1] == pytest.approx(5.4)


MANY = {str(n): 1.0 for n in range(40)}


@pytest.mark.slow
def test_more_shards_than_lanes_do_not_pay() -> None:
    """Each shard beyond the lanes pays its start-up behind another one."""
    sharding = cut(list(MANY), MANY, 1.0, [1.0] * 4)
    assert sharding.decision.parts == 4
    assert sharding.decision.reason.startswith("4 shards on 4 lanes: predicted 11.0 s, of which")
    assert "against 41.0 s in one; one fewer would cost 4.0 s; one more would cost 1.0 s." in (
        sharding.decision.reason
    )


def test_a_fast_lane_gets_more() -> None:
    """A lane of a quarter of the speed would hold up the suite with an equal share."""
    sharding = cut(list(MANY), MANY, 1.0, [1.0, 4.0])
    assert sorted(len(part) for part in sharding.shards) == [7, 33]
    assert "2 shards on 2 lanes of speed 4, 1: predicted 8.5 s" in sharding.decision.reason
    assert "against 10.2 s in one" in sharding.decision.reason


def test_a_lane_that_is_too_slow_is_left_alone() -> None:
    """The whole suite would wait for a start-up on the slowest machine."""
    sharding = cut(list(MANY), MANY, 2.0, [8.0, 8.0, 0.1])
    assert sharding.decision.parts == 2
    assert "on 3 lanes of speed 2 x 8, 0.1" in sharding.decision.reason


def test_what_varies_is_cut_finer_and_says_how_late_it_may_be() -> None:
    """One shard a lane cannot even out a shard that takes twice as long."""
    certain = cut(list(MANY), MANY, 0.01, [1.0] * 4)
    varying = cut(list(MANY), MANY, 0.01, [1.0] * 4, late=6.0)
    assert certain.decision.parts == 4
    assert varying.decision.parts > 4
    assert "(nine times in ten up to" in varying.decision.reason
    assert "nine times" not in certain.decision.reason
    assert varying == cut(list(MANY), MANY, 0.01, [1.0] * 4, late=6.0)


def test_a_number_asked_for_is_kept_and_compared() -> None:
    """The user's number would be ignored, or its price hidden."""
    eight = {str(n): 5.0 for n in range(8)}
    sharding = cut(list(eight), eight, 1.0, [1.0] * 4, requested=2)
    assert sharding.decision.parts == 2
    assert "2 shards as asked for: predicted 21.0 s" in sharding.decision.reason
    assert "4 would take 11.0 s; one fewer would cost 20.0 s; one more would gain 5.0 s" in (
        sharding.decision.reason
    )


def test_more_shards_than_items_are_not_possible() -> None:
    """An empty shard would run the whole suite, or fail for want of a test."""
    assert cut(["a", "b"], {}, None, [1.0] * 8, requested=5).decision.parts == 2


@pytest.mark.slow
def test_many_items_on_many_lanes_are_cut_without_trying_every_number() -> None:
    """A suite of thousands on a large fleet would take minutes to cut."""
    items = {str(n): 1.0 + n % 7 for n in range(2000)}
    sharding = cut(list(items), items, 1.0, [1.0] * 100, late=1.5)
    assert 90 <= sharding.decision.parts <= 110
    assert len(sharding.decision.alternatives) < 40
