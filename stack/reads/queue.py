"""Who holds the providers, and who waits for them: `/queue`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from blocks.parameter import NameOrAll, Whole
from stack.overview import Answer
from stack.reads.endpoint import MAX_ROWS, Endpoint, Parameters, Source
from tasks.allocate.admission import expected_end
from tasks.allocate.turns import Turn, turns
from tasks.errors import NotFoundError
from tasks.ledger.providers import REGISTER
from tasks.ledger.queue import Held, ProviderQueue
from tasks.ledger.queues import Queues, all_queues


class Asked(Parameters):
    """The parameters."""

    provider: Annotated[NameOrAll, Field(description="Only this provider; empty: all")] = ""
    limit: Annotated[
        Whole, Field(ge=1, le=MAX_ROWS, description="How many holders and claims of each at most")
    ] = 50


class Amount(Answer):
    """Capacity, held or asked for."""

    cpus: float = Field(description="Processors")
    memory_mib: float = Field(description="Memory")
    slots: float = Field(description="Steps at the same time")


class Holder(Answer):
    """A step that holds capacity."""

    owner: str = Field(description="`<workload id>/<step>`")
    workload: str = Field(description="The key of its workload; empty: it is closed or unknown")
    demand: Amount = Field(description="What it holds")
    since: float = Field(description="Since when, in seconds since 1970")
    free_in_seconds: float = Field(description="When it is likely to be free")


class Claimant(Answer):
    """A step that waits for capacity."""

    owner: str = Field(description="`<workload id>/<step>`")
    workload: str = Field(description="The key of its workload; empty: it is closed or unknown")
    demand: Amount = Field(description="What it waits for")
    priority: int = Field(description="Higher is served first; waiting raises it")
    since: float = Field(description="Since when it waits, in seconds since 1970")
    position: int = Field(description="Its position; 1 is next")
    eta_seconds: float | None = Field(description="How long it is likely to wait; null: not known")
    reason: str = Field(description="Why it waits, as it was told last")


class Provider(Answer):
    """One provider."""

    name: str = Field(description="Its name")
    capacity: Amount = Field(description="What it has in all")
    held: int = Field(description="How many hold some of it")
    waiting: int = Field(description="How many wait for it")
    holders: tuple[Holder, ...] = Field(description="Who holds it, oldest first")
    claims: tuple[Claimant, ...] = Field(description="Who waits for it, next first")


class Queue(Answer):
    """The queues of the providers."""

    providers: tuple[Provider, ...] = Field(description="One entry a provider")


def _read(source: Source, asked: Asked) -> Queue:
    queues, now = all_queues(source.ledger), time.time()
    names = [each.provider for each in queues.queues]
    if asked.provider and asked.provider not in names:
        raise NotFoundError("provider", asked.provider, names, REGISTER)
    wanted = [each for each in queues.queues if asked.provider in {"", each.provider}]
    return Queue(providers=tuple(_provider(each, queues, now, asked.limit) for each in wanted))


def _provider(queue: ProviderQueue, queues: Queues, now: float, limit: int) -> Provider:
    waiting = turns(queue, now)
    return Provider(
        name=queue.provider,
        capacity=_amount(queue.capacity),
        held=len(queue.held),
        waiting=len(waiting),
        holders=tuple(_holder(each, queues.keys, now) for each in queue.held[:limit]),
        claims=tuple(_claimant(each, queue.provider, queues) for each in waiting[:limit]),
    )


def _holder(held: Held, keys: Mapping[str, str], now: float) -> Holder:
    return Holder(
        owner=held.owner,
        workload=_workload(held.owner, keys),
        demand=_amount(held.demand),
        since=held.since,
        free_in_seconds=round(expected_end(held, now) - now, 1),
    )


def _claimant(turn: Turn, provider: str, queues: Queues) -> Claimant:
    claim, eta = turn.claim, turn.eta_seconds
    return Claimant(
        owner=claim.owner,
        workload=_workload(claim.owner, queues.keys),
        demand=_amount(claim.demand),
        priority=claim.priority,
        since=claim.since,
        position=turn.position,
        eta_seconds=None if eta is None else round(eta, 1),
        reason=queues.reasons.get((provider, claim.owner), ""),
    )


def _workload(owner: str, keys: Mapping[str, str]) -> str:
    return keys.get(owner.partition("/")[0], "")


def _amount(resources: object) -> Amount:
    return Amount.model_validate(resources, from_attributes=True)


_STEP = Amount(cpus=1, memory_mib=512, slots=1)

QUEUE = Endpoint(
    "queue",
    "/queue",
    "Who holds each provider, and who waits for it, since when and for how long still.",
    Asked,
    Queue(
        providers=(
            Provider(
                name="local",
                capacity=Amount(cpus=2, memory_mib=4096, slots=1),
                held=1,
                waiting=1,
                holders=(
                    Holder(
                        owner="a1b2c3/build",
                        workload="bookshop/tests",
                        demand=_STEP,
                        since=1_790_000_000.0,
                        free_in_seconds=12.0,
                    ),
                ),
                claims=(
                    Claimant(
                        owner="a1b2c3/shard-1",
                        workload="bookshop/tests",
                        demand=_STEP,
                        priority=0,
                        since=1_790_000_004.0,
                        position=1,
                        eta_seconds=12.0,
                        reason="local lacks 1 slot of 1: held by a1b2c3/build for about 12 s more",
                    ),
                ),
            ),
        )
    ),
    _read,
)
