"""A sample project with three versions in Git: a shop that answers and records its starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

SHOP = """
import http.server, json, os, pathlib, sys

VERSION = pathlib.Path("VERSION").read_text()
with (pathlib.Path(sys.argv[1]) / "orders.txt").open("a") as orders:
    orders.write(VERSION)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": VERSION, "process": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


address = os.environ["HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
CONFIGURATION = {
    "projects": {
        "bookshop": {
            "source": ".",
            "version": "v1.0",
            "kind": "procfile",
            "services": {"web": {"command": "python3 shop.py {{ data }}", "drain_seconds": 1}},
            "workloads": {
                "tests": {"kind": "steps", "steps": [{"id": "unit", "run": "grep v VERSION"}]}
            },
        }
    }
}


def write_bookshop(folder: Path) -> None:
    """Write the project to ``folder``, with the tags v1.0, v1.1 and v1.2 and its slipway.yaml."""
    (folder / "shop.py").write_text(SHOP)
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
    for version in ("v1.0", "v1.1", "v1.2"):
        (folder / "VERSION").write_text(f"{version}\n")
        subprocess.run([*git, "add", "."], cwd=folder, check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", version], cwd=folder, check=True)
        subprocess.run([*git, "tag", version], cwd=folder, check=True)
    (folder / "slipway.yaml").write_text(yaml.safe_dump(CONFIGURATION))
