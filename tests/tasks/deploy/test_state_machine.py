"""The pure state machine."""

from dataclasses import replace

import pytest

from tasks.deploy.document import from_document, to_document
from tasks.deploy.effects import (
    BeforeRan,
    BuildRelease,
    Built,
    Drain,
    Failed,
    Gate,
    GateRefused,
    Nothing,
    Observation,
    Passed,
    Retire,
    Retired,
    Route,
    RunBefore,
    Shift,
    Shifted,
    Start,
    Started,
    Survey,
    Surveyed,
    TrafficDrained,
    Undo,
    Undone,
)
from tasks.deploy.rollout import REVERTIBLE, Phase, Rollout, RolloutKind
from tasks.deploy.state_machine import advance, begin
from tasks.errors import BadInputError

ROUTE = Route("web", 8300, before=("127.0.0.1:1",), after=("127.0.0.1:2",))
SEEN = Surveyed("old", "1", serving=("o",), warm=("w",), adoptable=(), keep_warm=True)
DEPLOY = Rollout("shop", "prod", "2")
ROLLBACK = replace(DEPLOY, kind=RolloutKind.ROLLBACK, to_release="former")


def _up_to(phase: Phase, rollout: Rollout = DEPLOY, surveyed: Surveyed = SEEN) -> Rollout:
    """Advance a deploy that goes well up to ``phase``."""
    rollout, _ = begin(rollout, 0.0)
    story: list[Observation] = [
        Built("new", "2", fresh=True),
        surveyed,
        BeforeRan(),
        Started(("n",)),
        Passed((ROUTE,)),
        Shifted(),
    ]
    for observation in story:
        if rollout.phase is phase:
            break
        rollout, _ = advance(rollout, observation, 1.0)
    assert rollout.phase is phase
    return rollout


def test_a_deploy_that_goes_well_takes_every_step_in_order() -> None:
    """Otherwise traffic moves before the gate, or the old release goes before it has drained."""
    rollout, effect = begin(DEPLOY, 0.0)
    assert effect == BuildRelease("2")
    rollout, effect = advance(rollout, Built("new", "2", fresh=True), 1.0)
    assert effect == Survey()
    rollout, effect = advance(rollout, SEEN, 2.0)
    assert effect == RunBefore("new")
    rollout, effect = advance(rollout, BeforeRan(), 2.5)
    assert effect == Start("new")
    rollout, effect = advance(rollout, Started(("n",)), 3.0)
    assert effect == Gate(("n",))
    rollout, effect = advance(rollout, Passed((ROUTE,)), 4.0)
    assert effect == Shift((ROUTE,), arriving=("n",), leaving=("o",))
    rollout, effect = advance(rollout, Shifted(), 5.0)
    assert effect == Drain(("o", "w"))
    rollout, effect = advance(rollout, TrafficDrained(quiet=True), 6.0)
    assert effect == Retire(running=("n",), warm=("o",), stop=("w",))
    rollout, effect = advance(rollout, Retired(), 7.0)
    assert effect == Nothing()
    assert [phase for phase, _ in rollout.timeline] == list(Phase)[:8]


def test_a_refused_version_is_undone_and_never_shifted() -> None:
    """Otherwise a bad version serves, or stays behind."""
    rollout, effect = advance(_up_to(Phase.GATING), GateRefused("answers 500"), 5.0)
    assert effect == Undo(routes=(), serving=("o",), warm=(), stop=("n",), forget="new")
    rollout, effect = advance(rollout, Undone(), 6.0)
    assert (rollout.phase, rollout.reason, effect) == (Phase.REVERTED, "answers 500", Nothing())


def test_a_release_that_existed_before_is_not_forgotten() -> None:
    """Otherwise a failed redeploy removes a release that others run."""
    rollout = replace(_up_to(Phase.GATING), built_here=False)
    _, effect = advance(rollout, GateRefused("ill"), 5.0)
    assert isinstance(effect, Undo)
    assert effect.forget == ""


def test_a_release_that_is_handed_on_is_neither_built_nor_forgotten() -> None:
    """Otherwise what was tested is built again from what its version means by now."""
    rollout, effect = begin(replace(DEPLOY, to_release="tested"), 0.0)
    assert effect == Survey()
    rollout, effect = advance(rollout, replace(SEEN, adoptable=("w",)), 1.0)
    assert effect == RunBefore("tested")
    rollout, effect = advance(rollout, BeforeRan(), 1.5)
    assert effect == Start("tested")
    rollout, effect = advance(rollout, Started(("n",)), 2.0)
    _, effect = advance(rollout, GateRefused("ill"), 3.0)
    assert effect == Undo(routes=(), serving=("o",), warm=(), stop=("n",), forget="")


@pytest.mark.parametrize(
    "phase", [Phase.PREPARING, Phase.BUILT, Phase.BEFORE, Phase.STARTING, Phase.SHIFTING]
)
def test_an_effect_that_fails_is_undone(phase: Phase) -> None:
    """Otherwise an error in mid-rollout leaves two releases."""
    rollout, effect = advance(_up_to(phase), Failed("no space left", ("n",)), 9.0)
    assert rollout.phase is Phase.REVERTING
    assert isinstance(effect, Undo)
    assert effect.stop == ("n",)
    assert effect.routes == rollout.routes


def test_once_the_traffic_has_moved_nothing_is_reverted() -> None:
    """Otherwise a release that cannot be stopped takes a healthy one off the air."""
    assert Phase.DRAINING not in REVERTIBLE
    with pytest.raises(ValueError, match="cannot follow"):
        advance(_up_to(Phase.DRAINING), Failed("cannot be stopped"), 9.0)


def test_a_rollback_adopts_warm_instances_and_asks_them_once() -> None:
    """Otherwise a rollback waits for a canary while users meet errors."""
    rollout, effect = begin(ROLLBACK, 0.0)
    assert effect == Survey()
    rollout, effect = advance(rollout, replace(SEEN, adoptable=("w",)), 1.0)
    assert effect == Gate(("w",), once=True)
    rollout, effect = advance(rollout, Passed((ROUTE,)), 2.0)
    assert effect == Shift((ROUTE,), arriving=("w",), leaving=("o",))
    rollout, _ = advance(rollout, Shifted(), 3.0)
    _, effect = advance(rollout, TrafficDrained(quiet=False), 4.0)
    assert effect == Retire(running=("w",), warm=("o",), stop=())


def test_a_rollback_to_ill_warm_instances_starts_the_release_again() -> None:
    """Otherwise a rollback gives up where a start would have helped."""
    rollout, _ = advance(begin(ROLLBACK, 0.0)[0], replace(SEEN, adoptable=("w",)), 1.0)
    rollout, effect = advance(rollout, GateRefused("has ended"), 2.0)
    assert effect == Start("former")
    rollout, _ = advance(rollout, Started(("n",)), 3.0)
    assert rollout.arriving == ("n",)


def test_a_rollback_without_warm_instances_repeats_nothing_that_came_before() -> None:
    """Otherwise a rollback migrates the database forward, or fails where that does."""
    rollout, _ = begin(ROLLBACK, 0.0)
    rollout, effect = advance(rollout, SEEN, 1.0)
    assert (rollout.phase, effect) == (Phase.STARTING, Start("former"))


def test_what_must_not_run_beside_its_successor_is_not_kept_warm() -> None:
    """Otherwise two generations of a worker compete for the same jobs."""
    rollout = _up_to(Phase.DRAINING, surveyed=replace(SEEN, keep_warm=False))
    _, effect = advance(rollout, TrafficDrained(quiet=True), 9.0)
    assert effect == Retire(running=("n",), warm=(), stop=("o", "w"))


def test_a_redeploy_keeps_warm_what_was_warm_before() -> None:
    """Otherwise a rollback after a redeploy goes to the release that is to be left."""
    rollout = _up_to(Phase.DRAINING, surveyed=replace(SEEN, release="new"))
    _, effect = advance(rollout, TrafficDrained(quiet=True), 9.0)
    assert effect == Retire(running=("n",), warm=("w",), stop=("o",))


def test_what_serves_is_never_taken_for_new() -> None:
    """Otherwise a runner that adopts what runs has it stopped when the gate refuses."""
    rollout, effect = advance(_up_to(Phase.STARTING), Started(("o", "n")), 3.0)
    assert (rollout.fresh, effect) == (("n",), Gate(("n",)))


def test_an_unknown_strategy_is_bad_input() -> None:
    """Otherwise a typing error ships by another strategy."""
    with pytest.raises(BadInputError, match=r"strategy: unknown .*canary.*blue_green"):
        begin(replace(DEPLOY, strategy="canary"), 0.0)


@pytest.mark.parametrize("phase", list(Phase)[:7])
def test_a_rollout_survives_being_written_down(phase: Phase) -> None:
    """Otherwise a reconciler reads something else than the controller wrote."""
    rollout = _up_to(phase)
    assert from_document(to_document(rollout)) == rollout


def test_a_rollout_that_an_earlier_version_recorded_is_read() -> None:
    """Broken: after an upgrade, an open rollout would never be ended, and no deploy would begin."""
    rollout = Rollout("shop", "dev", "1", routes=(Route("web", 8300, ("a:1",), ("b:2",)),))
    document = to_document(rollout)
    route = document["routes"][0]
    route["front_port"] = route.pop("public_port")
    assert from_document(document) == rollout
