"""Deploys under load: the requests that fail or run twice while traffic moves, and the speed.

Goal: 0 failed and 0 executed twice of 1,000,000 keep-alive requests (half POST, no client
retries) over 100 deploys. ``python -m benchmarks.rollout --seconds 10 --json --check``
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bars import Bars, add_options, at_most, end
from benchmarks.free_ports import free_ports
from benchmarks.rollout_load import executed_ids, load
from benchmarks.rollout_runner import HOST, PROJECT, ApplicationRunner, make_deployer
from tasks.deploy.deployer import Deployer

_START_SECONDS = 30


@contextlib.contextmanager
def routing(root: Path, first_port: int) -> Iterator[None]:
    """Run the router for ``first_port`` and the three after it while the block runs."""
    module = [sys.executable, "-m", "blocks.routers.serve", "--directory", str(root / "router")]
    router = subprocess.Popen([*module, "--first-port", str(first_port), "--slots", "4"])
    try:
        _await_port(first_port, router)
        yield
    finally:
        router.terminate()
        router.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the router does not answer on {port}")


@contextlib.contextmanager
def deploying(root: Path, first_port: int) -> Iterator[Deployer]:
    """Give a deployer whose first version is live behind a router; all of it ends with the block.

    Raises:
        RuntimeError: The first version could not be deployed.
    """
    with routing(root, first_port):
        deployer = make_deployer(root, first_port)
        try:
            if not deployer.deploy("version-0").succeeded:
                raise RuntimeError("the first version could not be deployed")
            yield deployer
        finally:
            ApplicationRunner(deployer.ledger, root, first_port + 100).stop_all()
            deployer.ledger.close()


def measure(root: Path, first_port: int, seconds: float, clients: int) -> dict[str, Any]:
    """Deploy again and again under load; every fifth is a rollback, every seventh is refused."""
    switches: list[float] = []
    refused, ended = 0, time.monotonic() + seconds
    with deploying(root, first_port) as deployer:
        started = time.monotonic()
        with load(HOST, first_port, clients) as tally:
            while time.monotonic() < ended or not switches:
                turn = len(switches) + refused + 1
                report = (
                    deployer.rollback()
                    if turn % 5 == 0
                    else deployer.deploy(f"{'broken' if turn % 7 == 0 else 'version'}-{turn}")
                )
                refused += not report.succeeded
                switches += [report.switch_seconds] if report.succeeded else []
        spent = time.monotonic() - started
    executed = executed_ids(root / "records")
    return {
        "requests": tally.requests,
        "failed": tally.failed,
        "failures": tally.failures[:5],
        "duplicated": sum(count > 1 for count in executed.values()),
        "lost": len(set(tally.acknowledged) - set(executed)),
        "posts": len(tally.acknowledged),
        "deploys": len(switches),
        "refused": refused,
        "versions_seen": len(tally.versions),
        "broken_answers": sum(tally.versions[name] for name in tally.versions if "broken" in name),
        "requests_per_second": round(tally.requests / spent),
        "switch_ms_median": round(statistics.median(switches) * 1000, 1),
        "switch_ms_max": round(max(switches) * 1000, 1),
    }


def bars(figures: Mapping[str, Any]) -> Bars:
    """Return the bars: nothing fails, runs twice, is lost, or is answered by a broken version."""
    names = ("failed", "duplicated", "lost", "broken_answers")
    return {name: at_most(figures[name], 0) for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print which bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long to deploy")
    parser.add_argument("--clients", type=int, default=8, help="keep-alive connections")
    parser.add_argument("--first-port", type=int, default=0, help="first of 200 free ports")
    add_options(parser)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix=f"{PROJECT}-") as folder:
        figures = measure(
            Path(folder), options.first_port or free_ports(200), options.seconds, options.clients
        )
    for name, value in figures.items():
        print(f"{name:>20}  {value}")
    return end(options, {"benchmark": "rollout", **figures}, bars(figures))


if __name__ == "__main__":
    sys.exit(main())
