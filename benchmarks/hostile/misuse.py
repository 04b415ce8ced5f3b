"""Parameters of the right type with a meaningless or forbidden value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PROJECT = "target"

Misuse = tuple[str, dict[str, Any]]
"""An operation, and its parameters."""


def prepared(folder: Path) -> list[Misuse]:
    """Make the files that are misused below ``folder``; return what is asked for."""
    folder.mkdir()
    (folder / "secret.yaml").write_text("hunter2: hunter2\nhunter2: x\n", "utf-8")
    (folder / "bytes.yaml").write_bytes(b"\xff\xfe\x00\x01")
    laughs = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (folder / "laughs.yaml").write_text("a0: &a0 [x]\n" + "\n".join(laughs), "utf-8")
    (folder / "deep.yaml").write_text("[" * 50_000, "utf-8")
    (folder / "long.yaml").write_text("#" * 5_000_000, "utf-8")
    (folder / "link.yaml").symlink_to("/etc/shadow")
    files = ["/dev/zero", "/dev/stdin", "/etc/shadow", "/proc/self/environ", "../../../etc/passwd"]
    files += [str(path) for path in sorted(folder.iterdir())]
    targets = ["/dev/null", "/proc/self/fd", "/etc/slipway", "relative", "/", f"{folder}/../../x"]
    versions = ["--upload-pack=touch", "../../../etc", "$(touch x)", "v" * 250, "refs/heads/none"]
    return [
        *(("configure", {"file": file}) for file in files),
        *(("restore", {"project": PROJECT, "target": target}) for target in targets),
        *(("deploy", {"project": PROJECT, "version": version}) for version in versions),
        ("launch", {"project": "nobody"}),
        ("launch", {"project": PROJECT, "environment": "nowhere"}),
        ("run", {"project": PROJECT, "workload": "../../x"}),
        ("run", {"project": PROJECT, "workload": {"kind": "wfformat", "file": "/dev/zero"}}),
        ("run", {"project": PROJECT, "plan": "999999"}),
        ("run", {"project": PROJECT, "providers": ["nobody"]}),
        ("estimate", {"key": "../../etc/passwd"}),
        ("report", {"since": "2026-02-30"}),
        ("report", {"since": "2099-12-31"}),
        ("forget", {"project": "nobody", "data": "delete"}),
    ]
