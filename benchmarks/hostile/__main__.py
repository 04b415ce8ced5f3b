"""The hostile campaign: checks that hostile parameter values are refused and change nothing.

`python -m benchmarks.hostile --json --check [--most N]` brings up a stack of its own, takes the
schemas of its deployments, and asks for a run with each value that they must not take: halves of
characters, numbers beyond all measure, NULs, texts that are too long, templates, wrong types,
unknown keys. Then operations are misused by values of the right type. The bars: each is refused
with field and remedy, nothing is started or written, and everything runs afterwards.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.hostile.campaign import Campaign, folder_of
from benchmarks.projects.stack import own_stack

_MIN_ATTACKS = 300


def main() -> int:
    """Attack, print, and return 1 if a checked bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a bar is missed")
    parser.add_argument("--most", type=int, default=0, help="attacks on each operation; 0: all")
    options = parser.parse_args()
    # Told to end, it takes its stack down first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with (
        tempfile.TemporaryDirectory(prefix="slipway-hostile-") as folder,
        own_stack(folder_of(Path(folder).resolve())) as stack,
    ):
        verdicts = Campaign(stack, options.most).fight()
    bars = verdicts.bars(0 if options.most else _MIN_ATTACKS)
    sys.stdout.write("\n".join(verdicts.lines()) + "\n")
    if options.json:
        sys.stdout.write(json.dumps({"attacks": dict(verdicts.asked), "bars": bars}) + "\n")
    return 0 if not options.check or all(bar["met"] for bar in bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
