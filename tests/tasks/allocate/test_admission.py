"""Admission to capacity: its laws, and common cases."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Resources
from tasks.allocate.admission import (
    AGING_SECONDS,
    MAX_BACKFILL_SECONDS,
    MAX_CLAIMS_CONSIDERED,
    decide,
)
from tasks.claim import Claim, Granted, Queued, Refused
from tasks.ledger.queue import Held, ProviderQueue, Waiting

NOW = 1000.0
LATER = NOW + 1e6


def slots(number: int) -> Resources:
    """Build a demand or capacity of slots alone."""
    return Resources(slots=number)


def held(owner: str, number: int, seconds: float = 12.0, since: float = NOW) -> Held:
    """Build capacity that is held."""
    return Held(1, owner, slots(number), since, seconds, LATER)


def waits(
    owner: str, number: int, priority: int = 0, since: float = NOW - 1, seconds: float = 10.0
) -> Waiting:
    """Build a claim that waits."""
    return Waiting(owner, slots(number), priority, since, seconds, LATER)


def claim(owner: str, number: int, priority: int = 0, seconds: float = 10.0) -> Claim:
    """Build a claim."""
    return Claim(owner, "local", slots(number), 1, priority, seconds)


def queue(
    capacity: int, holding: tuple[Held, ...] = (), waiting: tuple[Waiting, ...] = ()
) -> ProviderQueue:
    """Build the state of a provider."""
    return ProviderQueue("local", 7, slots(capacity), holding, waiting)


def test_what_fits_is_granted() -> None:
    """Capacity would otherwise stand idle."""
    assert decide(claim("w/a", 1), queue(1), NOW) == Granted(0, "local", 1, NOW)


def test_more_than_the_whole_capacity_is_refused() -> None:
    """It would otherwise wait for ever, and all behind it."""
    refused = decide(claim("w/a", 2), queue(1), NOW)
    assert isinstance(refused, Refused)
    assert "2 slots of 1" in refused.conflict


def test_the_reason_names_resource_amount_holder_time_and_place() -> None:
    """Capacity 1 against a demand of 2 has to be explained, not only queued."""
    queued = decide(claim("w/b", 1), queue(1, (held("w/a", 1),), (waits("v/x", 1),)), NOW)
    assert queued == Queued(
        2, "local lacks 1 slot of 1: held by w/a for about 12 s more; position 2", 22.0
    )


def test_the_higher_priority_comes_first_and_the_elder_of_equals() -> None:
    """Critical work would otherwise wait behind a batch."""
    state = queue(2, (held("h", 1),), (waits("v/x", 1, priority=1),))
    assert isinstance(decide(claim("w/a", 1, priority=1), state, NOW), Queued)
    assert isinstance(decide(claim("w/a", 1, priority=0), state, NOW), Queued)
    assert isinstance(decide(claim("w/a", 1, priority=2), state, NOW), Granted)


def test_waiting_raises_the_priority() -> None:
    """A stream of urgent claims would otherwise starve a batch for ever."""
    patient = waits("v/x", 1, priority=0, since=NOW - 2 * AGING_SECONDS)
    state = queue(1, (), (patient,))
    assert isinstance(decide(claim("w/a", 1, priority=1), state, NOW), Queued)
    assert isinstance(decide(claim("w/a", 1, priority=3), state, NOW), Granted)


def test_backfill_passes_only_when_it_delays_nobody() -> None:
    """Idle slots beside a big claim that waits would be wasted, or the big one delayed."""
    state = queue(2, (held("h", 1, seconds=12.0),), (waits("v/big", 2),))
    assert isinstance(decide(claim("w/short", 1, seconds=12.0), state, NOW), Granted)
    long = decide(claim("w/long", 1, seconds=13.0), state, NOW)
    assert isinstance(long, Queued)
    assert long.reason == "local keeps what is free for v/big, which comes first; position 2"
    assert long.eta_seconds == 22.0


def test_who_passes_others_is_reckoned_with_by_its_80th_percentile() -> None:
    """Every second backfill would end too late and delay who came first."""
    state = queue(2, (held("h/a", 1),), (waits("v/x", 2),))
    short = replace(claim("w/a", 1), late_seconds=13.0)
    assert isinstance(decide(claim("w/a", 1), state, NOW), Granted)
    assert isinstance(decide(short, state, NOW), Queued)
    assert isinstance(decide(replace(short, late_seconds=11.0), state, NOW), Granted)
    # Its own workload has chosen it in the knowledge of what else waits.
    assert isinstance(decide(replace(short, owner="v/a"), state, NOW), Granted)


def test_nothing_passes_who_has_waited_for_long() -> None:
    """Estimates that are always too short would otherwise let everybody pass for ever."""
    big = waits("v/big", 2, since=NOW - MAX_BACKFILL_SECONDS)
    state = queue(2, (held("h", 1, seconds=12.0),), (big,))
    blocked = decide(claim("w/short", 1, seconds=1.0), state, NOW)
    assert isinstance(blocked, Queued)
    assert blocked.eta_seconds is None


def test_a_claim_whose_lease_ran_out_waits_no_longer() -> None:
    """A dead owner would otherwise keep its place until somebody reaps it."""
    gone = replace(waits("v/x", 1), lease_until=NOW)
    assert isinstance(decide(claim("w/a", 1), queue(1, (), (gone,)), NOW), Granted)


def test_what_is_held_counts_until_it_is_reaped() -> None:
    """A lease that only a clock ended would let a second step onto the same lane."""
    lapsed = replace(held("h", 1), lease_until=NOW)
    assert isinstance(decide(claim("w/a", 1), queue(1, (lapsed,)), NOW), Queued)


def test_what_the_owner_holds_itself_is_no_obstacle() -> None:
    """A resumed step would otherwise wait for its own predecessor."""
    assert isinstance(decide(claim("w/a", 1), queue(1, (held("w/a", 1),)), NOW), Granted)


def test_what_is_held_already_is_taken_over_before_all_who_wait() -> None:
    """A resumed step waits behind others for what nobody but itself can have: all wait for ever."""
    holding = (held("w/a", 1), held("h", 1))
    assert isinstance(decide(claim("w/a", 1), queue(2, holding, (waits("v/x", 1),)), NOW), Granted)
    assert isinstance(decide(claim("w/a", 2), queue(2, holding), NOW), Queued)


def test_an_overdue_holder_is_expected_to_go_on() -> None:
    """An ETA in the past would read as `free`, and be none."""
    overdue = held("h", 1, seconds=10.0, since=NOW - 40.0)
    queued = decide(claim("w/a", 1), queue(1, (overdue,)), NOW)
    assert isinstance(queued, Queued)
    assert queued.eta_seconds == 20.0


def test_a_lowered_capacity_keeps_everybody_waiting_until_it_suffices() -> None:
    """What is held beyond the new capacity must not turn into free capacity."""
    state = queue(1, (held("h", 3),))
    assert isinstance(decide(claim("w/a", 1), state, NOW), Queued)


def test_a_long_queue_is_decided_in_order() -> None:
    """Behind a crowd nobody may pass, and the decision must stay quick."""
    crowd = tuple(waits(f"v/{number:03}", 1) for number in range(MAX_CLAIMS_CONSIDERED * 3))
    last = decide(claim("w/a", 1), queue(2, (held("h", 2),), crowd), NOW)
    assert isinstance(last, Queued)
    assert last.position == MAX_CLAIMS_CONSIDERED * 3 + 1


DEMANDS = st.builds(
    Resources,
    cpus=st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.5]),
    memory_mib=st.integers(0, 600),
    slots=st.integers(0, 3),
)
CAPACITY = Resources(cpus=3, memory_mib=1000, slots=4)


@given(
    st.lists(st.tuples(DEMANDS, st.integers(0, 3), st.floats(0.1, 40)), min_size=1, max_size=25),
    st.integers(0, 2**32),
)
def test_never_oversubscribed_and_everybody_gets_a_turn(
    demands: list[tuple[Resources, int, float]], seed: int
) -> None:
    """The two promises of admission, whatever is asked for and however wrong the estimates are."""
    holding: dict[str, Held] = {}
    waiting: dict[str, Waiting] = {}
    claims = {
        f"w/{number}": Claim(f"w/{number}", "local", demand, 1, priority, expected)
        for number, (demand, priority, expected) in enumerate(demands)
    }
    now = 0.0
    for _ in range(100 * len(claims)):
        if not claims:
            return
        for owner in list(claims):
            state = ProviderQueue(
                "local", 0, CAPACITY, tuple(holding.values()), tuple(waiting.values())
            )
            claim = claims[owner]
            decided = decide(claim, state, now)
            if isinstance(decided, Granted):
                holding[owner] = Held(
                    1, owner, claim.demand, now, claim.expected_seconds, float("inf")
                )
                waiting.pop(owner, None)
                del claims[owner]
            elif isinstance(decided, Queued):
                since = waiting[owner].since if owner in waiting else now
                waiting[owner] = Waiting(
                    owner, claim.demand, claim.priority, since, claim.expected_seconds, float("inf")
                )
        in_use = Resources()
        for item in holding.values():
            in_use += item.demand
        assert CAPACITY.fits(in_use)
        # Somebody ends, at a time that has nothing to do with what was expected.
        now += 1 + seed % 7
        if holding:
            del holding[sorted(holding)[seed % len(holding)]]
    assert not claims


def test_a_big_claim_is_served_amid_an_endless_stream_of_small_urgent_ones() -> None:
    """No starvation: what waits long enough outranks and outwaits all that comes later."""
    big = Claim("w/big", "local", slots(4), 1, priority=0, expected_seconds=10)
    holding = {f"s/{n}": (held(f"s/{n}", 1, 1.0, 0.0), 5.0 + n) for n in range(4)}
    arrived = 0.0
    for tick in range(2000):
        now = float(tick)
        holding = {owner: item for owner, item in holding.items() if item[1] > now}
        waiting = (Waiting("w/big", slots(4), 0, arrived, 10, LATER),)
        state = queue(4, tuple(item for item, _ in holding.values()), waiting)
        if isinstance(decide(big, state, now), Granted):
            assert now <= 2 * AGING_SECONDS + MAX_BACKFILL_SECONDS + 10
            return
        small = Claim(f"s/{tick}-", "local", slots(1), 1, priority=2, expected_seconds=1)
        if isinstance(decide(small, state, now), Granted):
            # It said one second, and takes seven.
            holding[small.owner] = (held(small.owner, 1, 1.0, now), now + 7)
    raise AssertionError("the big claim was never served")


def test_claims_of_one_workload_go_by_urgency_and_others_by_their_turn() -> None:
    """A plan's order would be lost in the queue, or be an advantage over other workloads."""
    urgent = replace(claim("w/urgent", 1), passes=frozenset({"w/a"}))
    assert isinstance(decide(claim("w/urgent", 1), queue(1, (), (waits("w/a", 1),)), NOW), Queued)
    assert isinstance(decide(urgent, queue(1, (), (waits("w/a", 1),)), NOW), Granted)
    foreign = waits("v/x", 1)
    assert isinstance(decide(urgent, queue(1, (), (waits("w/a", 1), foreign)), NOW), Queued)
    patient = replace(claim("w/a", 1), yields=frozenset({"w/urgent"}))
    later = waits("w/urgent", 1, since=NOW)
    both = queue(1, (), (waits("w/a", 1), later))
    assert isinstance(decide(patient, both, NOW), Queued)
    assert isinstance(decide(claim("w/a", 1), both, NOW), Granted)


def test_nobody_has_its_turn_between_two_of_which_one_waits_for_the_other() -> None:
    """An urgent step that began to wait late stops its own workload and another one for ever."""
    waiting = (
        waits("w/a", 1, since=NOW - 3),
        waits("v/x", 1, since=NOW - 2),
        waits("w/urgent", 1, since=NOW - 1),
    )
    claims = (
        replace(claim("w/a", 1), yields=frozenset({"w/urgent"})),
        claim("v/x", 1),
        replace(claim("w/urgent", 1), passes=frozenset({"w/a"})),
    )
    decisions = [decide(request, queue(1, (), waiting), NOW) for request in claims]
    assert [isinstance(decision, Granted) for decision in decisions] == [False, False, True]
