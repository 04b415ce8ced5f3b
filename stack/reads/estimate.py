"""What past runs predict: `/estimate`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from blocks.parameter import HistoryKey, NameOrAll, WorkloadNameOrAll
from stack.overview import Answer
from stack.reads.endpoint import Endpoint, Page, Paging, Source
from tasks.ledger.expectations import Expectation, expectations, known_keys
from tasks.observe.expected import asked_key, longest_first, nothing_expected, summary


class Asked(Paging):
    """The parameters: a key, or a project, with or without one of its workloads."""

    key: Annotated[
        HistoryKey, Field(description="`<project>/<workload>/<step>`, or `flow/<name>`")
    ] = ""
    project: Annotated[NameOrAll, Field(description="A project; empty: the key says it")] = ""
    workload: Annotated[WorkloadNameOrAll, Field(description="One of its workloads")] = ""


class Expected(Answer):
    """What planning expects of one key on one kind of provider."""

    key: str = Field(description="What it is of")
    on: str = Field(description="The kind of provider")
    p50_seconds: float = Field(description="Half of its runs take no longer")
    p80_seconds: float | None = Field(description="Eight of ten runs take no longer")
    p90_seconds: float = Field(description="Nine of ten runs take no longer")
    p95_seconds: float | None = Field(description="95 of 100 runs take no longer")
    memory_mib: float = Field(description="What it needs; 0: not known")
    success: float = Field(description="The share of runs that succeed")
    runs: int = Field(description="How many runs it was learned from")
    source: str = Field(description="`trained`, or `history`")
    why: str = Field(description="Why it fails, if that is known")
    published_at: float | None = Field(description="Since when, in seconds since 1970")


class Estimates(Page):
    """The estimates of a key and of all keys below it, the longest first."""

    key: str = Field(description="The key that was asked for")
    summary: str = Field(description="What is expected, in one sentence")
    estimates: tuple[Expected, ...] = Field(description="One row an estimate")


def _read(source: Source, asked: Asked) -> Estimates:
    key = asked_key(asked.key, asked.project, asked.workload)
    with source.ledger.one_state():
        rows = expectations(source.ledger, key)
        keys = [] if rows else known_keys(source.ledger)
    if not rows:
        configured = source.configured.names()
        raise nothing_expected(asked.key, asked.project, asked.workload, keys, configured)
    page = longest_first(rows)[asked.offset : asked.offset + asked.limit]
    estimates = tuple(_expected(each) for each in page)
    return Estimates(total=len(rows), key=key, summary=summary(key, rows), estimates=estimates)


def _expected(row: Expectation) -> Expected:
    estimate = row.estimate
    return Expected(
        key=estimate.key,
        on=row.provider_kind,
        p50_seconds=estimate.p50_seconds,
        p80_seconds=estimate.p80_seconds,
        p90_seconds=estimate.p90_seconds,
        p95_seconds=estimate.p95_seconds,
        memory_mib=estimate.memory_mib,
        success=estimate.success,
        runs=estimate.n,
        source=estimate.source,
        why=estimate.why or "",
        published_at=row.published_at,
    )


ESTIMATE = Endpoint(
    "estimate",
    "/estimate",
    "How long something takes, what it needs and how likely it succeeds.",
    Asked,
    Estimates(
        total=1,
        key="bookshop/tests",
        summary="bookshop/tests/shard-1 on shell takes 4.20 s, one time in ten more than 5.10 s.",
        estimates=(
            Expected(
                key="bookshop/tests/shard-1",
                on="shell",
                p50_seconds=4.2,
                p80_seconds=4.8,
                p90_seconds=5.1,
                p95_seconds=5.6,
                memory_mib=120.0,
                success=0.98,
                runs=40,
                source="trained",
                why="",
                published_at=1_790_000_000.0,
            ),
        ),
    ),
    _read,
)
