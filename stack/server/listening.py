"""Has the server's event loop accept what the front leaves to it, and stand still less often.

What the server has imported lives as long as it does: half a million objects, through which Python
would look for garbage again and again, for 0.2 to 0.5 s each, while nobody is answered.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from stack.garbage import spare_what_is_imported
from stack.handover import Giver, handover_path
from stack.server.front import Accepted, Front, listeners

SWITCH_SECONDS = 0.0005
"""How long the loop keeps Python for itself while the front waits for it, which it does often."""


def listen_at_a_front(root: Path) -> None:
    """Let every server of this process listen through a front, which knows the home ``root``."""
    startup = uvicorn.Server.startup

    async def startup_behind_front(
        self: uvicorn.Server, sockets: list[socket.socket] | None = None
    ) -> None:
        """Begin to answer."""
        if sockets is None:
            accepted = Accepted()
            listening = listeners(self.config.host, self.config.port)
            Front(listening, accepted, Giver(handover_path(root))).start()
            sockets = [accepted]
        await startup(self, sockets)
        spare_what_is_imported()
        sys.setswitchinterval(SWITCH_SECONDS)

    uvicorn.Server.startup = startup_behind_front  # type: ignore[method-assign]
