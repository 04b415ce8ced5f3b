"""Makes the sources of projects with the registries' own clients and the real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from tasks.errors import SlipwayError

_TOOL_SECONDS = 600
_AUTHOR = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder of one project, in which tools run as they would at its author's desk."""

    folder: Path

    @property
    def project(self) -> Path:
        """The folder of the project itself."""
        return self.folder / "project"

    def run(self, *argv: str, cwd: Path | None = None) -> str:
        """Run a tool in ``cwd``, else in the folder of the project; return its output.

        Raises:
            SlipwayError: It failed.
        """
        place = cwd or self.project
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            argv,
            cwd=place,
            env={**os.environ, "VIRTUAL_ENV": "", "CI": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TOOL_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise SlipwayError(f"`{' '.join(argv)}` failed: {(done.stderr or done.stdout)[-600:]}")
        return done.stdout

    def uv(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run uv."""
        return self.run(uv.find_uv_bin(), *arguments, cwd=cwd)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files into the folder of the project."""
        for name, text in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text of a file of the project."""
        path = self.project / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise SlipwayError(f"{path} does not hold {old!r}")
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, tag: str) -> None:
        """Commit everything that is not ignored, under a tag."""
        if not (self.project / ".git").is_dir():
            self.run("git", "init", "--quiet")
        self.run("git", "add", "--all")
        self.run("git", *_AUTHOR, "commit", "--quiet", "--message", tag)
        self.run("git", "tag", tag)

    def sdist(self, package: str, version: str) -> None:
        """Fetch the source distribution of a package into the folder."""
        wanted = ["--no-deps", "--no-binary", package, f"{package}=={version}"]
        pip = ["run", "--quiet", "--no-project", "--with", "pip", "python", "-m", "pip"]
        self.uv(*pip, "download", "--quiet", *wanted, cwd=self.folder)

    def npm_pack(self, package: str, version: str) -> None:
        """Fetch the archive of an npm package into the folder."""
        self.run("npm", "pack", "--silent", f"{package}@{version}", cwd=self.folder)

    def clean(self) -> None:
        """Remove what the tools have installed into the project: its author does not commit it."""
        for name in ("node_modules", ".venv"):
            shutil.rmtree(self.project / name, ignore_errors=True)
