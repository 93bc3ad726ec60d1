"""Joining a daemon: by a unix socket, by TCP, by TCP with TLS on both sides, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.real.conftest import StartBuildkitd
from tests.registry.certificates import self_signed
from tests.support.buildkitd import Buildkitd
from tests.support.command import Command
from tests.support.process import free_port


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    return folder


class Secured(NamedTuple):
    """A daemon with TLS on both sides, and the files for its clients."""

    address: str
    ca: Path
    client: Path

    def flags(self, ca: Path) -> list[str]:
        """The client's certificate and key, with this CA."""
        return ["--tlscacert", str(ca), "--tlscert", str(self.client), "--tlskey", str(self.client)]


@pytest.fixture
def secured(tmp_path: Path, fresh_buildkitd: StartBuildkitd) -> Secured:
    server, client = tmp_path / "server.pem", tmp_path / "client.pem"
    self_signed(server)
    self_signed(client)
    address = f"tcp://127.0.0.1:{free_port()}"
    fresh_buildkitd(
        listen=[address],
        config=f'[grpc.tls]\ncert = "{server}"\nkey = "{server}"\nca = "{client}"\n',
    )
    return Secured(address, server, client)


def test_buildkit_host_names_the_daemon(command: Command, buildkitd: Buildkitd, context: Path) -> None:
    ran = command("build", "-q", "-t", "join/host", str(context), env={"BUILDKIT_HOST": buildkitd.address})
    assert ran.code == 0, ran.stderr
    assert ran.stdout.startswith("sha256:")


def test_tcp(command: Command, fresh_buildkitd: StartBuildkitd, context: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    fresh_buildkitd(listen=[address])
    ran = command("build", "-q", "-t", "join/tcp", "--addr", address, str(context))
    assert ran.code == 0, ran.stderr


def test_tls_with_certificates_on_both_sides(command: Command, secured: Secured, context: Path) -> None:
    files = secured.flags(secured.ca)
    ran = command("build", "-q", "-t", "join/tls", "--addr", secured.address, *files, context)
    assert ran.code == 0, ran.stderr
    ran = command("info", "--addr", secured.address, *files, "--tlsservername", "localhost")
    assert ran.code == 0, ran.stderr


def test_a_daemon_with_another_certificate_is_refused(
    command: Command, secured: Secured, context: Path
) -> None:
    files = secured.flags(secured.client)
    ran = command("build", "--addr", secured.address, *files, context)
    assert ran.code == 75
    assert secured.address in ran.stderr
    assert "certificate" in ran.stderr
    assert "--tlscacert" in ran.stderr or "CA" in ran.stderr


def test_a_missing_client_certificate_is_named(command: Command, secured: Secured, context: Path) -> None:
    ran = command("build", "--addr", secured.address, "--tlscacert", secured.ca, context)
    assert ran.code == 75
    assert "certificate" in ran.stderr


def test_tls_that_was_not_asked_for_is_named(command: Command, secured: Secured, context: Path) -> None:
    ran = command("build", "--addr", secured.address, context)
    assert ran.code == 75
    assert "TLS" in ran.stderr


def test_nobody_there(command: Command, context: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    ran = command("build", "--addr", address, context)
    assert ran.code == 75
    assert f"connecting to {address}: connection refused" in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2


def test_registry_settings_of_a_joined_daemon(command: Command, buildkitd: Buildkitd, context: Path) -> None:
    joined = ["build", "--addr", buildkitd.address]
    ran = command(*joined, "--registry-mirror", "docker.io=mirror.example", context)
    assert ran.code == 2
    assert 'mirrors = ["mirror.example"]' in ran.stderr
    ran = command(*joined, "--insecure-registry", "registry.example", context)
    assert ran.code == 0
    assert "FROM" in ran.stderr
