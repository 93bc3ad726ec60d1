"""Fixtures for tests against real parts: a daemon, a registry, base images, and our command."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import build_tools
from tests.support import images
from tests.support.buildkitd import Buildkitd, registry_tables
from tests.support.command import Command
from tests.support.registry import Registry


def state_directory() -> Path:
    """A new short path (a unix socket's may have 107 bytes), in memory where there is plenty of it."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    return Path(tempfile.mkdtemp(prefix="bkr-", dir=memory if plenty else None))


class StartBuildkitd(Protocol):
    """Starts a daemon that knows the session's registry; the arguments are those of Buildkitd."""

    def __call__(
        self,
        *,
        listen: Sequence[str] = (),
        config: str = "",
        platforms: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> Buildkitd: ...


class StartRegistry(Protocol):
    """Starts a registry; the arguments are those of Registry."""

    def __call__(self, env: Mapping[str, str] | None = None, **options: Any) -> Registry: ...


class Buildctl(Protocol):
    """Runs buildctl against the session's daemon, to compare with; raises when it fails."""

    def __call__(self, *args: str | Path) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """A registry, plain HTTP. The daemons below use it as docker.io's mirror."""
    with Registry(state_directory()) as running:
        yield running


@pytest.fixture
def fresh_registry() -> Iterator[StartRegistry]:
    """Starts registries that end with the test."""
    with ExitStack() as stack:

        def start(env: Mapping[str, str] | None = None, **options: Any) -> Registry:
            return stack.enter_context(Registry(state_directory(), env, **options))

        yield start


@pytest.fixture(scope="session")
def busybox(registry: Registry) -> str:
    """The image busybox:latest of docker.io, for this machine's platform; the value is its digest."""
    return images.push_busybox(registry)


@pytest.fixture(scope="session")
def frontend(registry: Registry, tools: Path) -> str:
    """The image docker/dockerfile:1 of docker.io, for `# syntax=` lines; the value is its digest."""
    return images.push_frontend(registry, tools)


@pytest.fixture(scope="session")
def buildkitd(tools: Path, registry: Registry, busybox: str) -> Iterator[Buildkitd]:  # noqa: ARG001
    """The pinned daemon, shared by all tests; `FROM busybox` works in it."""
    with Buildkitd(tools, state_directory(), registries=registry_tables(registry.host)) as running:
        yield running


@pytest.fixture(scope="session")
def oldest_buildkitd(registry: Registry, busybox: str) -> Iterator[Buildkitd]:  # noqa: ARG001
    """The oldest daemon that is supported (tools/buildkit-oldest). BUILDKIT_OLDEST_TOOLS names its folder."""
    folder = build_tools("buildkit-oldest", "BUILDKIT_OLDEST_TOOLS")
    with Buildkitd(folder, state_directory(), registries=registry_tables(registry.host)) as running:
        yield running


@pytest.fixture
def fresh_buildkitd(tools: Path, registry: Registry, busybox: str) -> Iterator[StartBuildkitd]:  # noqa: ARG001
    """Starts daemons that end with the test: to be killed, or configured in another way."""
    with ExitStack() as stack:

        def start(
            *,
            listen: Sequence[str] = (),
            config: str = "",
            platforms: Sequence[str] = (),
            env: Mapping[str, str] | None = None,
        ) -> Buildkitd:
            running = Buildkitd(
                tools,
                state_directory(),
                registries=registry_tables(registry.host),
                listen=listen,
                config=config,
                platforms=platforms,
                env=env,
            )
            return stack.enter_context(running)

        yield start


@pytest.fixture(scope="session")
def buildctl(tools: Path, buildkitd: Buildkitd) -> Buildctl:
    """The peer that we are compared with."""

    def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
        command = [tools / "buildctl", "--addr", buildkitd.address, *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def command(tmp_path: Path, tools: Path) -> Command:
    """Our command, with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return Command(home, tools)
