"""What a checkout promises: a complete lock file without addresses, and tools that are built once."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def test_the_lock_file_has_every_dependency_with_hashes_and_no_address() -> None:
    text = (REPOSITORY / "requirements.lock").read_text()
    assert "://" not in text
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    entries = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(pinned)
    assert all("--hash=sha256:" in entry for entry in entries)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    assert not [one for one in wanted if re.split(r"[><=\[ ]", one)[0] not in pinned]


@pytest.mark.usefixtures("tools")
def test_tools_that_were_built_are_found_at_once() -> None:
    done = subprocess.run(
        [REPOSITORY / "scripts" / "build-tools"], capture_output=True, text=True, timeout=10, check=True
    )
    folder = Path(done.stdout.splitlines()[-1])
    assert {path.name for path in folder.iterdir()} == {"buildctl", "buildkitd", "dockerfile-frontend"}


def test_the_daemon_says_the_version_of_its_module(tools: Path) -> None:
    module = (REPOSITORY / "tools" / "buildkit" / "go.mod").read_text()
    wanted = re.search(r"github.com/moby/buildkit (v\S+)", module)
    said = subprocess.run([tools / "buildkitd", "--version"], capture_output=True, text=True, check=True)
    assert wanted
    assert wanted[1] in said.stdout.split()
