"""What is found in an environment, and where a rollback goes; pure."""

from dataclasses import replace
from pathlib import Path

from tasks.deploy.survey import former_release, routes_of, survey
from tasks.release import Instance, InstanceState

OLD = Instance(
    "o", "shop", "prod", "web", 0, "old", "1", Path("/o"), "::1", 1, InstanceState.RUNNING, 0.0
)
WARM = replace(OLD, id="w", release="older", version="0", port=2, state=InstanceState.WARM)
NEW = replace(OLD, id="n", release="new", version="2", port=3, state=InstanceState.STARTING)


def _by_id(*instances: Instance) -> dict[str, Instance]:
    return {instance.id: instance for instance in instances}


def test_what_takes_traffic_serves_whatever_its_record_says() -> None:
    """Otherwise a release is stopped that requests still go to."""
    surveyed = survey(_by_id(WARM, OLD), ["[::1]:2"], lambda _: True, "new")
    assert set(surveyed.serving) == {"o", "w"}
    assert surveyed.warm == ()


def test_warm_instances_are_adopted_only_when_all_live() -> None:
    """Otherwise a rollback sends a share of the traffic to the dead."""
    second = replace(WARM, id="w2", port=4)
    recorded = _by_id(OLD, WARM, second)
    assert survey(recorded, [], lambda _: True, "older").adoptable == ("w", "w2")
    assert survey(recorded, [], lambda instance: instance.id != "w2", "older").adoptable == ()
    assert survey(recorded, [], lambda _: True, "other").adoptable == ()


def test_workers_and_the_dead_are_not_kept_warm() -> None:
    """Otherwise two generations of a worker compete for the same jobs."""
    assert survey(_by_id(OLD), [], lambda _: True, "new").keep_warm
    assert not survey(_by_id(OLD), [], lambda _: False, "new").keep_warm
    worker = replace(OLD, id="j", service="jobs", port=None)
    assert not survey(_by_id(OLD, worker), [], lambda _: True, "new").keep_warm


def test_a_service_that_goes_leads_nowhere() -> None:
    """Otherwise its public port goes on pointing at a process that is stopped."""
    gone = replace(OLD, id="a", service="admin", port=5)
    public_ports = {"web": 8300, "admin": 8301}
    routes = routes_of([NEW], [OLD, gone], public_ports.__getitem__, lambda port: (f"h:{port}",))
    assert [(route.service, route.after) for route in routes] == [
        ("admin", ()),
        ("web", ("[::1]:3",)),
    ]
    assert routes[1].before == ("h:8300",)


def test_a_rollback_goes_to_the_warm_release_else_to_what_was_replaced() -> None:
    """Otherwise a rollback goes to a release that never served, or nowhere."""
    history = [("x", "unrelated"), ("former", "old")]
    assert former_release([WARM, OLD], history) == "older"
    assert former_release([OLD], history) == "former"
    assert former_release([OLD], [("", "old")]) == ""
    redeployed = [("old", "old"), ("former", "old")]
    assert former_release([replace(WARM, release="old"), OLD], redeployed) == "former"
