"""The program of the shim, which is executed by path; standard library only.

Run as `python -I -S program.py DIRECTORY LOCK`; the spec and the environment of the child come over
stdin, in Python's own serialisation, and the environment is never written to disk.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import sys

sys.path.append(__file__.rsplit("/", 5)[0])

# The path above is what makes these importable without site-packages.
from blocks.providers.process.shim.child import become_subreaper
from blocks.providers.process.shim.events import Events
from blocks.providers.process.shim.supervisor import ShimSupervisor


def main() -> None:
    """Detach, announce, notify the starter by closing stdout, and supervise."""
    directory, lock = sys.argv[1], int(sys.argv[2])
    # It is incomplete if the starter died: then nothing is started, and the next starter may try.
    spec, environment = marshal.loads(sys.stdin.buffer.read())  # noqa: S302 - of our own starter
    if os.fork():
        os._exit(0)
    os.setsid()
    fcntl.fcntl(lock, fcntl.F_SETFD, fcntl.FD_CLOEXEC)  # held as long as the shim lives
    adopts = become_subreaper()
    supervisor = ShimSupervisor(directory, spec, environment, Events(), adopts=adopts)
    supervisor.announce()
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    supervisor.run()
    os._exit(0)


if __name__ == "__main__":
    main()
