"""Runs the demo: `python -m examples.demo`, after `make up`."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from functools import partial

from examples.demo.configuration import ENVIRONMENT, SERVICE
from examples.demo.console import Console
from examples.demo.errors import PartError
from examples.demo.story import Story
from examples.demo.subject import SUBJECTS
from examples.demo.table import failures, render
from stack.api import SlipwayApi
from tasks.errors import SlipwayError
from tasks.ledger.connection import open_ledger
from tasks.ledger.ports import port_of
from tasks.ledger.public_ports import PortOwner
from tasks.settings import settings


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return 0 only if everything held."""
    chosen = _parse(arguments)
    subject, say = SUBJECTS[chosen.project], Console()
    ledger = open_ledger(settings().resolved_ledger_url())
    public_port = partial(port_of, ledger, PortOwner(subject.name, ENVIRONMENT).owner(SERVICE))
    folder = settings().root / "demo"
    with SlipwayApi.of() as api:
        story = Story(subject, folder, api, (settings().host, public_port), say)
        interrupted = _tell(story, keep=chosen.keep)
    ledger.close()
    print(f"\n{render(story.rows)}", flush=True)
    problems = [*failures(story.rows), *interrupted]
    for problem in problems:
        print(f"The demo failed: {problem}", file=sys.stderr)
    if chosen.keep and story.service:
        ui = f"http://{settings().host}:{settings().server_port}"
        print(f"{subject.name} stays up at {story.service.url}; Prefect's UI is at {ui}")
    return 1 if problems else 0


def _tell(story: Story, *, keep: bool) -> list[str]:
    """Run the story and, unless it is to be kept, stop what it started, whatever happened.

    The row of a part says what went wrong in it; only errors outside all parts are returned.
    """
    problems = []
    try:
        with suppress(PartError):
            story.tell()
    except KeyboardInterrupt:
        problems.append("it was interrupted")
    except SlipwayError as error:
        problems.append(str(error))
    finally:
        if not keep:
            with suppress(PartError):
                story.stop()
    return problems


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--project", choices=sorted(SUBJECTS), default="guestbook")
    parser.add_argument("--keep", action="store_true", help="leave the services running")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
