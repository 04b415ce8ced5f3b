"""What runs is what is configured: a launch applies what differs, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.routers.slots import SlotRouter
from tasks.errors import BusyError
from tasks.launch.applied import release_differences
from tasks.launch.convergence import Launched, converge, revive, shut_down
from tasks.launch.kinds.procfile import ProcfileKind
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.public_ports import PublicPorts
from tasks.launch.serving_release import release_to_launch
from tasks.ledger.connection import Ledger
from tasks.ledger.ports import lease_port, ports
from tasks.ledger.public_ports import PortOwner
from tasks.presence import is_running
from tasks.public_port_range import PublicPortRange
from tasks.release import Instance

FRONT = free_ports(10)
pytestmark = pytest.mark.integration
Make = Callable[..., Launcher]
SLOW = """
import http.server, os, pathlib, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            pathlib.Path(os.environ["BEGUN"]).touch()
            while not pathlib.Path(os.environ["GO"]).exists():
                time.sleep(0.01)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture
def public_ports(ledger: Ledger, tmp_path: Path) -> PublicPorts:
    """Give public ports with real slots."""
    span = PublicPortRange("127.0.0.1", FRONT, FRONT + 9)
    return PublicPorts(ledger, SlotRouter(tmp_path / "router"), PortOwner("demo", "dev"), span)


def launch(launcher: Launcher, public_ports: PublicPorts) -> Launched:
    """Launch it as a person does, without a version."""
    return converge(launcher, release_to_launch(launcher, ""), public_ports)


def answers(public_ports: PublicPorts) -> list[str]:
    """Return what each upstream of the public port answers."""
    urls = [f"http://{address}/health" for address in public_ports.router.upstreams(FRONT)]
    return [httpx.get(url, trust_env=False).text for url in urls]


def alive(instances: Sequence[Instance]) -> list[bool]:
    """Return of each whether its process runs."""
    return [is_running(instance) for instance in instances]


@pytest.mark.parametrize(
    "changed",
    [
        {"variables": {"GREETING": "new"}},
        {"command": "env GREETING=new python3 server.py"},
        {"secrets": {"GREETING": "new"}},
    ],
)
def test_what_was_changed_is_applied(
    launcher_for: Make, public_ports: PublicPorts, changed: dict[str, dict[str, str]]
) -> None:
    """Broken: a launch says it is done, and the old configuration goes on serving."""
    secrets = changed.pop("secrets", {}) if "secrets" in changed else {}
    first = launch(launcher_for(variables={}), public_ports)
    launcher = launcher_for(**changed)
    launcher = replace(launcher, secrets={**launcher.secrets, **secrets})
    second = launch(launcher, public_ports)
    assert answers(public_ports) == ["one new"]
    assert (second.stopped, alive(first.instances)) == (first.started, [False])
    assert launch(launcher, public_ports).started == ()


def test_a_changed_requirement_is_built_of_the_version_that_serves(
    launcher_for: Make, public_ports: PublicPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: what is added to the requirements is never there, however often one launches."""
    monkeypatch.setattr(
        ProcfileKind, "build", lambda *_, **__: ()
    )  # it has nowhere to install them
    launcher = launcher_for()
    first = launch(launcher, public_ports)
    changed = replace(launcher, spec=launcher.spec.model_copy(update={"requirements": ["pytest"]}))
    second = launch(changed, public_ports)
    assert second.release.digest != first.release.digest
    assert alive([*first.instances, *second.instances]) == [False, True]
    assert second.release.version != first.release.version  # the digest of what has no version
    assert launch(changed, public_ports).started == ()


def test_data_that_is_named_later_is_kept_from_then_on(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: who follows the advice to name `data` loses it at the next deploy all the same."""
    launcher = launcher_for()
    first = launch(launcher, public_ports)
    written = launcher.as_served(first.release).source / "notes.txt"
    written.write_text("mine")
    changed = replace(launcher, spec=launcher.spec.model_copy(update={"data": ["notes.txt"]}))
    second = launch(changed, public_ports)
    assert alive([*first.instances, *second.instances]) == [False, True]
    assert written.is_symlink()
    assert written.read_text() == "mine"
    assert launch(changed, public_ports).started == ()


def test_another_version_that_was_launched_stays(
    launcher_for: Make, public_ports: PublicPorts, tmp_path: Path, source: Path
) -> None:
    """Broken: launching again, also after a stop, takes a deployed version back."""
    launcher = launcher_for()
    for version in ("1", "2", "3"):
        copy = tmp_path / f"v{version}"
        copy.mkdir()
        text = (source / "server.py").read_text().replace('"one"', f'"{version}"')
        (copy / "server.py").write_text(text)

    def configured(version: str) -> Launcher:
        fields = {"source": str(tmp_path / "v{version}"), "version": version}
        return replace(launcher, spec=launcher.spec.model_copy(update=fields))

    launch(configured("1"), public_ports)
    converge(configured("1"), release_to_launch(configured("1"), "2"), public_ports)
    assert launch(configured("1"), public_ports).started == ()
    assert answers(public_ports) == ["2 "]
    shut_down(configured("1"), public_ports, grace_seconds=5)
    launch(configured("1"), public_ports)
    assert answers(public_ports) == ["2 "]
    launch(configured("3"), public_ports)
    assert answers(public_ports) == ["3 "]
    shut_down(configured("3"), public_ports, grace_seconds=5)
    launch(configured("1"), public_ports)
    assert answers(public_ports) == ["1 "]


def test_a_launch_does_not_undo_a_rollback(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: the next launch goes forward to the version that was just left."""
    launcher = launcher_for()
    first = launch(launcher, public_ports)
    fields = {"source": launcher.spec.source + "/", "version": "2"}
    changed = replace(launcher, spec=launcher.spec.model_copy(update=fields))
    changed.acknowledge()
    assert release_to_launch(changed, "") == first.release


def test_scaling_starts_and_stops_only_the_difference(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: one replica more restarts all, or one fewer goes on running."""
    two = launch(launcher_for(replicas=2), public_ports)
    three = launch(launcher_for(replicas=3), public_ports)
    assert (len(three.started), three.stopped) == (1, ())
    assert set(two.started) < {instance.id for instance in three.instances}
    instance = launch(launcher_for(replicas=1), public_ports)
    assert (instance.started, len(instance.stopped)) == ((), 2)
    assert sorted(alive(three.instances)) == [False, False, True]
    assert answers(public_ports) == ["one "]


def test_a_health_path_is_applied_without_a_restart(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: `status` goes on asking where nothing answers, or a service restarts for nothing."""
    launch(launcher_for(health_path=""), public_ports)
    launcher = launcher_for(health_path="/health")
    assert launch(launcher, public_ports).started == ()
    assert [instance.health_path for instance in launcher.live()] == ["/health"]


def test_a_request_in_flight_is_answered_before_its_process_ends(
    launcher_for: Make, public_ports: PublicPorts, source: Path, tmp_path: Path
) -> None:
    """Broken: every launch and restart cuts off the requests that are being answered."""
    (source / "server.py").write_text(SLOW)
    go, begun = tmp_path / "go", tmp_path / "begun"
    variables = {"GO": str(go), "BEGUN": str(begun)}
    launcher = launcher_for(variables=variables, drain_seconds=20)
    launch(launcher, public_ports)
    url = f"http://{public_ports.router.upstreams(FRONT)[0]}/slow"
    answers: list[str] = []
    asking = threading.Thread(
        target=lambda: answers.append(httpx.get(url, trust_env=False, timeout=30).text)
    )
    asking.start()
    while not begun.exists():
        assert asking.is_alive()
    route = public_ports.router.route

    class AnsweringLate:
        """Lets the request be answered half a second after the traffic has moved."""

        upstreams = public_ports.router.upstreams

        def route(self, public_port: int, upstreams: Sequence[str]) -> None:
            """Move the traffic, and let the request be answered later."""
            route(public_port, upstreams)
            threading.Timer(0.5, go.touch).start()

    converge(
        launcher,
        release_to_launch(launcher, ""),
        replace(public_ports, router=AnsweringLate()),
        fresh=True,
    )
    asking.join()
    assert answers == ["done"]


def test_a_failed_launch_leaves_no_more_than_the_log_of_what_failed(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: processes, ports and folders pile up with every launch that fails."""
    launcher = launcher_for(
        replicas=2,
        command="sh -c '[ {{ replica }} = 0 ] || exit 3; exec python3 server.py'",
        restart="never",
    )
    with pytest.raises(LaunchError, match="exit code 3"):
        launch(launcher, public_ports)
    (folder,) = [path for path in (launcher.home / "instances").iterdir() if path.is_dir()]
    assert "web-1" in folder.name
    assert (ports(ledger), launcher.recorded()) == ([], [])


def test_without_a_public_port_nothing_is_left(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: a launch that gets no public port leaves its processes running, unseen."""
    none_free = replace(public_ports, span=PublicPortRange("127.0.0.1", FRONT, FRONT))
    lease_port(ledger, "127.0.0.1", FRONT, FRONT, "front/another", 0)
    launcher = launcher_for()
    with pytest.raises(BusyError, match="no public port is free"):
        launch(launcher, none_free)
    assert [lease.owner for lease in ports(ledger)] == ["front/another"]
    assert launcher.recorded() == []
    assert list((launcher.home / "instances").glob("*/")) == []


def test_what_died_comes_back_as_it_was(launcher_for: Make, public_ports: PublicPorts) -> None:
    """Broken: the reconciler applies a half-written configuration at night, or scales."""
    first = launch(launcher_for(variables={"GREETING": "live"}), public_ports)
    detached.stop(first.instances[0].directory, 0)
    changed = launcher_for(
        replicas=3, variables={"GREETING": "edited"}, command="false", restart="never"
    )
    revived = revive(changed, public_ports)
    assert revived is not None
    assert (len(revived.started), revived.stopped) == (1, first.started)
    assert answers(public_ports) == ["one live"]
    again = revive(changed, public_ports)
    assert again is not None
    assert (again.started, again.urls) == ((), revived.urls)
    assert len(launch(launcher_for(variables={"GREETING": "edited"}), public_ports).started) == 1
    assert answers(public_ports) == ["one edited"]


def test_a_restart_does_not_hide_that_another_version_is_configured(
    launcher_for: Make, public_ports: PublicPorts
) -> None:
    """Broken: after a restart a launch takes the changed version for applied."""
    launcher = launcher_for()
    first = launch(launcher, public_ports)
    fields = {"source": launcher.spec.source + "/"}
    changed = replace(launcher, spec=launcher.spec.model_copy(update=fields))
    restarted = converge(changed, first.release, public_ports, fresh=True)
    recorded = restarted.instances[0].configuration
    today = {"release": changed.release_record()}
    assert release_differences(recorded, today) == ("source",)


def test_no_secret_is_recorded(
    launcher_for: Make, public_ports: PublicPorts, ledger: Ledger
) -> None:
    """Broken: whoever reads the ledger reads the passwords of every service."""
    launcher = launcher_for()
    launch(launcher, public_ports)
    ledger.close()
    written = b"".join(path.read_bytes() for path in launcher.home.parent.glob("ledger.db*"))
    assert b"hunter2" not in written
    assert b"SECRET" in written
