"""The chaos campaign: measures what is lost, doubled or left over while faults strike a stack.

`python -m benchmarks.chaos --kills 200 --json [--seed 1] [--minutes 25] [--check]` brings up a stack
of its own, keeps a service under load, and has operations of every kind go on while seeded faults
strike their flows, steps, shims and services, and every part of the stack. Only effects count: what
clients were answered, what is in databases and files, and which processes run. The bars: nothing
failed, doubled, lost, left over or over capacity; all works at most 10 s after a fault was undone.

Requests that fail while the service that answers them, or the router, has just been killed are not
counted: nobody could answer them.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.bars import add_options, end
from benchmarks.chaos.accounting import notes_of
from benchmarks.chaos.campaign import campaign
from benchmarks.chaos.clock import own_clock
from benchmarks.chaos.disk import own_disk
from benchmarks.chaos.field import Field
from benchmarks.chaos.load import answers
from benchmarks.chaos.report import Outcome, figures, table
from benchmarks.chaos.sources import Sources, rows_of
from benchmarks.chaos.victims import own_processes
from benchmarks.chaos.watch import deaths_seen
from benchmarks.projects.stack import own_stack
from tasks.ledger.connection import open_ledger


def ran(folder: Path, options: argparse.Namespace) -> Outcome:
    """Take a stack in ``folder`` through a campaign; return all records."""
    sources, loads = Sources(folder / "projects"), folder / "loads"
    sources.folder.mkdir()
    loads.mkdir()
    sources.write(options.seed)
    clock = own_clock(folder)
    with own_disk(folder / "home") as no_disk:
        why_spared = {"disk": no_disk, "clock": clock.why_none}
        spared = [victim for victim, why in why_spared.items() if why]
        with ExitStack() as held:
            stack = held.enter_context(own_stack(folder, clock.variables))
            ledger = open_ledger(stack.settings.resolved_ledger_url())
            held.enter_context(closing(ledger))
            ground = Field(stack, sources, loads, ledger, clock)
            deaths = held.enter_context(deaths_seen(sources.notes))
            try:
                campaign(ground, options.seed, options.kills, options.minutes, spared)
            finally:
                ground.over.set()
        left = [" ".join(each.cmdline())[-120:] for each in own_processes(folder / "home")]
        for each in left:
            ground.record.note(ground.record.left, f"after the end of the stack: {each}")
    return Outcome(
        options.kills,
        ground.record,
        answers(loads),
        rows_of(sources.rows),
        notes_of(sources.notes.read_text(encoding="utf-8")),
        deaths,
        tuple(why_spared[victim] for victim in spared),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign, print, and return 1 if a checked bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many faults are to strike")
    parser.add_argument("--seed", type=int, default=1, help="what decides which, and when")
    parser.add_argument("--minutes", type=float, default=25.0, help="no wave begins after that")
    add_options(parser)
    options = parser.parse_args(arguments)
    # Told to end, it takes its stack down first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="slipway-chaos-") as folder:
        outcome = ran(Path(folder).resolve(), options)
    print(table(outcome))
    return end(options, figures(outcome), outcome.bars())


if __name__ == "__main__":
    sys.exit(main())
