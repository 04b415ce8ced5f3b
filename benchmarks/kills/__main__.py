"""The kill campaign: what kill -9 of the parts of a workload loses, doubles or leaves.

`python -m benchmarks.kills --json --check [--points 200] [--seed 1]` starts a stack of its own, has
workloads run on it, and kills the process of a flow run, a lane, the worker, the fork server, and in a
few cases another part of the stack. A run that is Crashed is started again, as the documents say. Then
it looks at effects: the steps note theirs in files of their own. Steps that were cut off in a killed
lane are repeated, as is documented, and counted apart. It needs Linux.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock

from benchmarks.bars import add_options, end
from benchmarks.kills.campaign import Ground, campaign, configuration, warm_up
from benchmarks.kills.report import Campaign, table
from benchmarks.own_stack import own_stack
from tasks.ledger.connection import open_ledger


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign and print; with `--check` 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--points", type=int, default=200, help="how many kills are to strike")
    parser.add_argument("--seed", type=int, default=1, help="what decides which, and when")
    options = parser.parse_args(arguments)
    # Told to end, it takes its stack down first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    seen = Campaign(options.points)
    with tempfile.TemporaryDirectory(prefix="slipway-kills-") as folder, own_stack() as stack:
        stack.configure(configuration(stack.folder / "steps"))
        with closing(open_ledger(stack.config.resolved_ledger_url())) as ledger:
            ground = Ground(stack, ledger, Path(folder), seen, Lock())
            warm_up(ground)
            try:
                campaign(ground, options.seed, lambda text: print(text, flush=True))
            finally:
                print(table(seen), flush=True)
    return end(options, seen.figures(), seen.bars())


if __name__ == "__main__":
    sys.exit(main())
