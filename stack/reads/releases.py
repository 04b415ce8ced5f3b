"""The releases that were built: `/releases`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from stack.overview import Answer
from stack.reads.endpoint import Endpoint, OfProject, Page, Source
from tasks.ledger.instances import instances
from tasks.ledger.releases import list_releases
from tasks.release import Instance, InstanceState, Release


class ReleaseRow(Answer):
    """One built version."""

    project: str = Field(description="Its project")
    version: str = Field(description="Its version")
    digest: str = Field(description="The digest of its source, dependencies and toolchain")
    kind: str = Field(description="How it was built")
    built_at: float = Field(description="When it was built, in seconds since 1970")
    live_in: tuple[str, ...] = Field(description="The environments that it serves")
    warm_in: tuple[str, ...] = Field(description="Those in which it is kept for a rollback")


class Releases(Page):
    """Built releases, newest first."""

    releases: tuple[ReleaseRow, ...] = Field(description="One row a release")


def _read(source: Source, asked: OfProject) -> Releases:
    with source.ledger.one_state():
        rows, total = list_releases(source.ledger, asked.project, asked.limit, asked.offset)
        states = {InstanceState.RUNNING, InstanceState.WARM}
        running = instances(source.ledger, asked.project or None, states=states)
    if not total:
        source.configured.refuse_unknown(asked.project)
    return Releases(total=total, releases=tuple(_row(each, running) for each in rows))


def _row(release: Release, running: Sequence[Instance]) -> ReleaseRow:
    return ReleaseRow(
        project=release.project,
        version=release.version,
        digest=release.digest,
        kind=release.kind,
        built_at=release.built_at,
        live_in=_places(release, running, InstanceState.RUNNING),
        warm_in=_places(release, running, InstanceState.WARM),
    )


def _places(release: Release, running: Sequence[Instance], state: InstanceState) -> tuple[str, ...]:
    own = (release.project, release.digest, state)
    return tuple(
        sorted(
            {
                each.environment
                for each in running
                if (each.project, each.release, each.state) == own
            }
        )
    )


RELEASES = Endpoint(
    "releases",
    "/releases",
    "The releases that were built, newest first, and where they serve.",
    OfProject,
    Releases(
        total=1,
        releases=(
            ReleaseRow(
                project="bookshop",
                version="1.2",
                digest="9f8e7d6c5b4a",
                kind="python",
                built_at=1_790_000_000.0,
                live_in=("dev",),
                warm_in=(),
            ),
        ),
    ),
    _read,
)
