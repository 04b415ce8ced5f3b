"""How many shards, and what each of them holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.split.shards import shard

IDS = st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=40, unique=True)


@given(IDS, st.dictionaries(st.text("abc", max_size=6), st.floats(0, 60)), st.data())
def test_every_item_is_in_exactly_one_shard(
    ids: list[str], seconds: dict[str, float], data: st.DataObject
) -> None:
    """A test would run twice or never."""
    lanes = data.draw(st.integers(1, 8))
    requested = data.draw(st.none() | st.integers(1, 60))
    cut = shard(ids, seconds, data.draw(st.none() | st.floats(0, 10)), lanes, requested)
    assert sorted(item for part in cut.shards for item in part) == sorted(ids)
    assert all(cut.shards)
    assert len(cut.shards) == cut.decision.parts
    assert all(list(part) == sorted(part, key=ids.index) for part in cut.shards)


def test_without_timings_there_is_one_shard_a_lane_balanced_by_count() -> None:
    """The first run would not use all lanes."""
    cut = shard([str(n) for n in range(10)], {}, None, lanes=4)
    assert sorted(len(part) for part in cut.shards) == [2, 2, 3, 3]
    assert "no timings yet" in cut.decision.reason


def test_one_long_item_gets_a_shard_of_its_own() -> None:
    """Balancing by count would leave one lane with nearly all the work."""
    cut = shard(["slow", "a", "b", "c"], {"slow": 9, "a": 3, "b": 3, "c": 3}, 0.5, lanes=2)
    assert cut.shards == (("slow",), ("a", "b", "c"))


def test_a_start_up_that_costs_more_than_it_gains_is_not_paid() -> None:
    """Four tests of 0.1 s would be spread over four interpreters of 5 s each."""
    cut = shard(list("abcd"), dict.fromkeys("abcd", 0.1), 5.0, lanes=4)
    assert cut.decision.parts == 1
    assert "predicted 5.4 s, of which 5.0 s start-up" in cut.decision.reason
    assert dict(cut.decision.alternatives)[1] == 5.4


def test_more_shards_than_lanes_do_not_pay() -> None:
    """Each shard beyond the lanes pays its start-up behind another one."""
    cut = shard([str(n) for n in range(40)], {str(n): 1.0 for n in range(40)}, 1.0, lanes=4)
    assert cut.decision.parts == 4
    assert cut.decision.reason.startswith("4 shards on 4 lanes: predicted 11.0 s")
    assert "against 41.0 s in one" in cut.decision.reason


def test_a_number_asked_for_is_kept_and_compared() -> None:
    """The user's number would be ignored, or its price hidden."""
    cut = shard([str(n) for n in range(8)], {str(n): 5.0 for n in range(8)}, 1.0, 4, requested=2)
    assert cut.decision.parts == 2
    assert "2 shards as asked for: predicted 21.0 s" in cut.decision.reason
    assert "4 would take 11.0 s" in cut.decision.reason


def test_more_shards_than_items_are_not_possible() -> None:
    """An empty shard would run the whole suite, or fail for want of a test."""
    assert shard(["a", "b"], {}, None, lanes=8, requested=5).decision.parts == 2
