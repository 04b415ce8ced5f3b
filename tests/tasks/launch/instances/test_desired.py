"""What runs is compared with what is wanted, replica by replica."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from blocks.project_spec import ServiceSpec
from tasks.launch.instances.desired import Replica, missing, replicas, superfluous, upstreams
from tasks.release import Instance, InstanceState


def instance(service: str, replica: int, release: str = "new", port: int | None = 1) -> Instance:
    """Return an instance that runs."""
    return Instance(
        id=f"{service}-{replica}-{release}",
        project="p",
        environment="e",
        service=service,
        replica=replica,
        release=release,
        version="1",
        directory=Path("/nowhere"),
        host="h",
        port=port,
        state=InstanceState.RUNNING,
        started_at=0,
    )


existing_instances = st.lists(
    st.builds(instance, st.sampled_from("ab"), st.integers(0, 3), st.sampled_from(["new", "old"]))
)


@given(existing_instances, st.integers(1, 3))
def test_every_replica_is_there_exactly_once(existing: list[Instance], count: int) -> None:
    """Broken: a launch would start doubles, or leave a replica out."""
    desired = replicas({"a": ServiceSpec(replicas=count), "b": ServiceSpec()})
    serving, lacking = missing(desired, "new", existing)
    assert (
        sorted([*(Replica(instance.service, instance.replica) for instance in serving), *lacking])
        == desired
    )
    assert all(instance.release == "new" for instance in serving)
    assert not {instance.id for instance in superfluous(serving, existing)} & {
        instance.id for instance in serving
    }


def test_traffic_goes_to_every_replica_on_the_web() -> None:
    """Broken: a replica would idle, or a worker without a port get requests."""
    addresses = upstreams([instance("a", 1, port=2), instance("a", 0), instance("b", 0, port=None)])
    assert addresses == {"a": ("h:1", "h:2")}
