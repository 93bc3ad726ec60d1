"""Runs our command as a user would: a process of its own, without this machine's Docker configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

# Settings of the caller's environment that would change what a test sees.
DROPPED = ("BUILDKIT_HOST", "BUILDX_BUILDER", "SOURCE_DATE_EPOCH", "REGISTRY_USERNAME", "REGISTRY_PASSWORD")


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Command:
    """`command("build", …)` runs buildkit-runner to its end; `popen` starts it and returns the process.

    home: a directory for its configuration and state. tools: a folder put first in PATH.
    """

    def __init__(self, home: Path, tools: Path) -> None:
        self.program = Path(sys.executable).with_name("buildkit-runner")
        self.home = home
        self._tools = tools

    def __call__(
        self,
        *args: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str = "",
        timeout: float = 60.0,
    ) -> Ran:
        """Raises subprocess.TimeoutExpired, the command killed, after `timeout` seconds."""
        done = subprocess.run(
            [self.program, *args],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment(env),
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def popen(
        self,
        *args: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Start it with its output on pipes. The caller ends it (`with command.popen(…) as process:`)."""
        return subprocess.Popen(
            [self.program, *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(env),
            cwd=cwd,
        )

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment of the command."""
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        return {
            **kept,
            "PATH": f"{self._tools}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "DOCKER_CONFIG": str(self.home / ".docker"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_STATE_HOME": str(self.home / ".state"),
            **(more or {}),
        }
