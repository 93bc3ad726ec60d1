"""Fixtures for all tests: the pinned Go tools."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def build_tools(name: str, variable: str) -> Path:
    """The folder of built tools: from the environment variable if it is set, else built now."""
    folder = os.environ.get(variable)
    if not folder:
        script = REPOSITORY / "scripts" / "build-tools"
        done = subprocess.run([script, name], check=True, stdout=subprocess.PIPE, text=True)
        folder = done.stdout.splitlines()[-1]
    return Path(folder)


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder with buildkitd, buildctl and dockerfile-frontend. BUILDKIT_TOOLS names another."""
    return build_tools("buildkit", "BUILDKIT_TOOLS")
