"""The deployer: it carries out a rollout, and records every step before it takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from blocks.providers.process.detached import owner_alive as process_alive
from blocks.routers.caddyfile import listen_address
from blocks.routers.interface import Router
from tasks.cancellation import given_up_where, is_cancelled
from tasks.deploy.cutover import Cutover, recorded
from tasks.deploy.document import from_document, to_document
from tasks.deploy.effects import (
    BuildRelease,
    Drain,
    Effect,
    Failed,
    Gate,
    GateRefused,
    Nothing,
    Observation,
    RunBefore,
    Start,
    Survey,
)
from tasks.deploy.gate import CANCELLED
from tasks.deploy.preemption import await_drain, await_successor, withdraw_open_deploy
from tasks.deploy.provision import Provision
from tasks.deploy.reconcile import reconcile_rollouts, started_by
from tasks.deploy.report import RolloutReport, report_of
from tasks.deploy.rollout import REVERTIBLE, Phase, Rollout, RolloutKind
from tasks.deploy.runner import ReleaseRunner
from tasks.deploy.state_machine import advance, begin
from tasks.deploy.survey import former_release
from tasks.deploy.target import DeployTarget, Pace
from tasks.errors import BadInputError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.releases import find_release
from tasks.ledger.rollouts import (
    RolloutRow,
    amend_rollout,
    begin_rollout,
    rollouts,
    save_rollout,
    why_withdrawn,
)
from tasks.narration import tell
from tasks.release import Instance, InstanceState, Release

__all__ = ["DeployTarget", "Deployer", "Pace"]


class Deployer:
    """Deploys and rolls back one project in one environment; synchronous.

    ``owner`` is the encoded identity of this process; ``owner_alive`` judges those of others.
    ``on_change`` is called at every change of the rollout, ``on_reconciled`` with each other one
    that had lost its controller and was brought to its end here.
    """

    def __init__(
        self,
        ledger: Ledger,
        runner: ReleaseRunner,
        router: Router,
        target: DeployTarget,
        owner: str,
        *,
        pace: Pace | None = None,
        owner_alive: Callable[[str], bool] = process_alive,
    ) -> None:
        self.ledger = ledger
        self.runner = runner
        self.router = router
        self.target = target
        self.owner = owner
        self.pace = pace or Pace()
        self._owner_alive = owner_alive
        self.on_change: Callable[[Rollout], None] = lambda _rollout: None
        self.on_reconciled: Callable[[Rollout], None] = lambda _rollout: None
        self._provision = Provision(ledger, runner, router, target, self.pace)
        self._cutover = Cutover(
            ledger,
            router,
            self._stop,
            target.project,
            target.environment,
            drain_seconds=0.0,
        )

    def deploy(self, what: str | Release, strategy: str = "blue_green") -> RolloutReport:
        """Move the traffic to a version, or to a release; one that is not healthy never gets any.

        A version is resolved and built; a release is taken by its digest, whatever its version
        means by now. A rollout there that has moved the traffic is waited for.

        Raises:
            BadInputError: An unknown strategy or version; nothing was started.
            BusyError: Another live deploy is running there.
            Exception: The release could not be built or started; all is as before.
        """
        await_drain(self.ledger, self.target.project, self.target.environment, self._reconcile)
        if isinstance(what, Release):
            built = self._rollout(what.version, RolloutKind.DEPLOY, strategy, what.digest)
            return self._carry_out(built)
        return self._carry_out(self._rollout(what, RolloutKind.DEPLOY, strategy))

    def rollback(self) -> RolloutReport:
        """Move the traffic back to the former release, at once where it is still warm.

        A deploy there that has not moved the traffic is withdrawn; one that has is waited for.
        Where the last rollout was a rollback whose run died after it had moved the traffic, this
        call counts as its repetition: that rollback is reported, and nothing is moved.

        Raises:
            BadInputError: There is no former release.
            BusyError: Another rollback is running there.
        """
        self._reconcile()
        withdraw_open_deploy(
            self.ledger, self.target.project, self.target.environment, self._reconcile
        )
        if finished := self._finished_untold():
            return finished
        former = self._former()
        return self._carry_out(
            self._rollout(former.version, RolloutKind.ROLLBACK, to_release=former.digest)
        )

    def _finished_untold(self) -> RolloutReport | None:
        """Return the report of the last rollout, if it is a finished rollback without a report."""
        running = {instance.release for instance in self._running()}
        for row in rollouts(self.ledger, self.target.project, self.target.environment, limit=1):
            last = from_document(row.document)
            if last.owes_report and running == {last.to_release}:
                amend_rollout(self.ledger, row, to_document(replace(last, untold=False)))
                tell(
                    f"The deploy before had moved the traffic when its run died: {last.version} "
                    f"serves"
                )
                return self._report(row, last)
        return None

    def _rollout(
        self, version: str, kind: RolloutKind, strategy: str = "blue_green", to_release: str = ""
    ) -> Rollout:
        return Rollout(
            self.target.project,
            self.target.environment,
            version,
            kind=kind,
            strategy=strategy,
            to_release=to_release,
            # A rollout may end before it has looked, and its event says what still serves.
            from_version=self._serving_version(),
        )

    def _former(self) -> Release:
        where = (self.target.project, self.target.environment)
        past_rollouts = [from_document(row.document) for row in rollouts(self.ledger, *where)]
        history = [
            (rollout.from_release, rollout.to_release)
            for rollout in past_rollouts
            if rollout.phase is Phase.DONE
        ]
        digest = former_release(self._instances().values(), history)
        release = find_release(self.ledger, self.target.project, digest) if digest else None
        if release is None:
            problem = "its release is no longer on disk" if digest else "has no former release"
            remedy = "Deploy the version you want instead."
            raise BadInputError("environment", "/".join(where), problem, remedy)
        return release

    def _carry_out(self, rollout: Rollout) -> RolloutReport:
        rollout, effect = begin(rollout, time.time())
        self._reconcile()
        with self.runner.locked():  # no launch is in the middle of moving the traffic
            row = self._begin(rollout)
        with given_up_where(lambda: bool(self._withdrawn(row))):
            rollout, raised = self._to_its_end(row, rollout, effect)
        if rollout.phase is Phase.REVERTED and self._withdrawn(row):
            await_successor(self.ledger, row)
            return replace(self._report(row, rollout), withdrawn=True)
        if raised is not None:
            raise raised
        return self._report(row, rollout)

    def _report(self, row: RolloutRow, rollout: Rollout) -> RolloutReport:
        return report_of(row.id, rollout, self._urls(rollout), self._serving_version())

    def _serving_version(self) -> str:
        """Return the version that serves now; empty where none does."""
        return "".join([instance.version for instance in self._running()][-1:])

    def _running(self) -> list[Instance]:
        return [
            instance
            for instance in self._instances().values()
            if instance.state is InstanceState.RUNNING
        ]

    def _to_its_end(
        self, row: RolloutRow, rollout: Rollout, effect: Effect
    ) -> tuple[Rollout, Exception | None]:
        """Return the ended ``rollout``, and the error that kept it from being built or started."""
        raised: Exception | None = None
        while not isinstance(effect, Nothing):
            self._save(row, rollout)
            try:
                observation = self._perform(rollout, effect)
            except Exception as error:
                if isinstance(error, StaleFenceError) or rollout.phase not in REVERTIBLE:
                    raise
                raised = error
                observation = Failed(str(error), started_by(rollout, self._instances()))
            if isinstance(observation, (Failed, GateRefused)) and (reason := self._withdrawn(row)):
                observation = Failed(reason, started_by(rollout, self._instances()))
            rollout, effect = advance(rollout, observation, time.time())
        self._save(row, rollout)
        return rollout, raised

    def _withdrawn(self, row: RolloutRow) -> str:
        return why_withdrawn(self.ledger, row.id)

    def _reconcile(self) -> None:
        reconcile_rollouts(
            self.ledger,
            self.router,
            self._stop,
            self.owner,
            self._owner_alive,
            time.time(),
            on_end=self.on_reconciled,
        )

    def _begin(self, rollout: Rollout) -> RolloutRow:
        return begin_rollout(
            self.ledger,
            self.target.project,
            self.target.environment,
            self.owner,
            to_document(rollout),
            time.time(),
            self.pace.lease_seconds,
            self._owner_alive,
        )

    def _save(self, row: RolloutRow, rollout: Rollout) -> None:
        """Record the state; raise StaleFenceError when another controller has taken over."""
        document, lease = to_document(rollout), self.pace.lease_seconds
        save_rollout(self.ledger, row.id, row.fence, rollout.phase, document, time.time(), lease)
        self.on_change(rollout)

    def _perform(self, rollout: Rollout, effect: Effect) -> Observation:
        if is_cancelled() and rollout.phase in REVERTIBLE:
            return Failed(CANCELLED, started_by(rollout, self._instances()))
        match effect:
            case BuildRelease() | Survey() | RunBefore() | Start() | Gate():
                return self._provision.perform(rollout, effect)
            case Drain():
                seconds = self._provision.drain_seconds(rollout)
                return replace(self._cutover, drain_seconds=seconds).perform(effect)
        return self._cutover.perform(effect)

    def _instances(self) -> dict[str, Instance]:
        return recorded(self.ledger, self.target.project, self.target.environment)

    def _stop(self, instances: list[Instance]) -> None:
        self.runner.stop(instances, self.pace.grace_seconds)

    def _urls(self, rollout: Rollout) -> dict[str, str]:
        host = self.target.host
        return {
            route.service: f"http://{listen_address(host, route.public_port)}/"
            for route in rollout.routes
            if (route.after if rollout.phase is Phase.DONE else route.before)
        }
