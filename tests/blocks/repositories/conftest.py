"""A repository of the real restic."""

from tests.restic_repositories import empty_repository, engine

__all__ = ["empty_repository", "engine"]
