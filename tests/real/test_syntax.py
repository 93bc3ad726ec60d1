"""A Dockerfile may name the image of its own frontend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.buildkitd import Buildkitd
from tests.support.command import Command

PLAIN = "FROM busybox\nCOPY <<made /made\nhello\nmade\n"


@pytest.mark.usefixtures("frontend")
@pytest.mark.parametrize(
    ("dockerfile", "flags"),
    [
        (f"# syntax=docker/dockerfile:1\n{PLAIN}", []),
        (f"# syntax=example.invalid/none:1\n{PLAIN}", ["--build-arg=BUILDKIT_SYNTAX=docker/dockerfile:1"]),
    ],
    ids=["line", "build argument"],
)
def test_the_frontend_is_an_image(
    dockerfile: str, flags: list[str], buildkitd: Buildkitd, command: Command, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(dockerfile)
    done = command("build", "--addr", buildkitd.address, "--progress=plain", *flags, context)
    assert done.code == 0, done.stderr
    assert "docker-image://docker.io/docker/dockerfile:1" in done.stderr
    assert "COPY <<made /made" in done.stderr
