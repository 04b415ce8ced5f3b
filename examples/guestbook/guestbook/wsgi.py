"""The entry point for an HTTP server: the guestbook over the file in GUESTBOOK_DATABASE."""

from __future__ import annotations

import os
from pathlib import Path

from guestbook.app import Guestbook
from guestbook.store import Store

application = Guestbook(Store(Path(os.environ.get("GUESTBOOK_DATABASE", "guestbook.db"))))
