"""The transport against the pinned buildkitd."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.errors import DaemonError, RpcError
from runner.transport import stream
from runner.transport.address import TLS, parse_address
from runner.transport.loop import Connection, Loop
from runner.wire import control, health
from tests.real.conftest import StartBuildkitd
from tests.support.buildkitd import Buildkitd
from tests.transport.certificates import Authority
from tests.transport.services import Call, Recorder

INFO, LIST_WORKERS = control.INFO, control.LIST_WORKERS


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


@pytest.fixture
def connection(loop: Loop, buildkitd: Buildkitd) -> Connection:
    return loop.connect(parse_address(buildkitd.address), timeout=5)


def test_unary_calls(connection: Connection) -> None:
    info = control.InfoResponse.decode(connection.unary(INFO, b"", timeout=5))
    assert info.buildkitVersion is not None
    assert info.buildkitVersion.version.startswith("v")
    workers = control.ListWorkersResponse.decode(connection.unary(LIST_WORKERS, b"", timeout=5))
    assert len(workers.record) == 1


def test_an_unknown_method(connection: Connection) -> None:
    with pytest.raises(RpcError, match="unknown method Nothing") as caught:
        connection.unary("/moby.buildkit.v1.Control/Nothing", b"", timeout=5)
    assert caught.value.code == stream.UNIMPLEMENTED


def test_a_solve_that_cannot_be_has_details(connection: Connection) -> None:
    request = control.SolveRequest(Ref=uuid.uuid4().hex, Frontend="nothing.v0")
    with pytest.raises(RpcError) as caught:
        connection.unary(control.SOLVE, request.encode(), timeout=5)
    assert b"stack.Stack+json" in caught.value.details


def test_a_session_stays_alive(connection: Connection) -> None:
    def check(call: Call, _request: bytes) -> None:
        call.stream.send(health.HealthCheckResponse(status=1).encode())
        call.stream.finish()

    service = Recorder(health.CHECK, on_message=check)
    metadata = [("x-docker-expose-session-uuid", uuid.uuid4().hex), ("x-docker-expose-session-name", "test")]
    session = connection.serve(metadata, [service])
    assert not session.wait(6.5)  # the daemon checks every 5 seconds
    assert [call.told for call in service.calls] == [[b"", "closed"]]
    session.cancel()
    with pytest.raises(RpcError) as caught:
        session.wait(5)
    assert caught.value.code == stream.CANCELLED


def test_tls_on_both_sides(loop: Loop, fresh_buildkitd: StartBuildkitd, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, client = authority.issue("buildkitd"), authority.issue("client")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        text = f"tcp://127.0.0.1:{chosen.getsockname()[1]}"
    files = f'[grpc.tls]\ncert = "{server.cert}"\nkey = "{server.key}"\nca = "{authority.path}"\n'
    fresh_buildkitd(listen=[text], config=files)
    tls = TLS(ca=authority.path, cert=client.cert, key=client.key, server_name="buildkitd")
    connection = loop.connect(parse_address(text, tls), timeout=5)
    assert connection.unary(INFO, b"", timeout=5)
    with pytest.raises(DaemonError, match="it wants a certificate of ours that it accepts"):
        loop.connect(parse_address(text, tls._replace(cert="", key="")), timeout=5)
    with pytest.raises(DaemonError, match="connecting to tcp://") as caught:
        loop.connect(parse_address(text), timeout=5)
    assert caught.value.hint.startswith("If it wants TLS")


def test_tls_to_a_daemon_without_it(loop: Loop, fresh_buildkitd: StartBuildkitd, tmp_path: Path) -> None:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        text = f"tcp://127.0.0.1:{chosen.getsockname()[1]}"
    fresh_buildkitd(listen=[text])
    with pytest.raises(DaemonError, match="with TLS: it answered in plain text, not TLS"):
        loop.connect(parse_address(text, TLS(ca=Authority(tmp_path).path)), timeout=5)


def test_a_daemon_that_is_killed(loop: Loop, fresh_buildkitd: StartBuildkitd) -> None:
    daemon = fresh_buildkitd()
    connection = loop.connect(parse_address(daemon.address), timeout=5)
    session = connection.serve([("x-docker-expose-session-uuid", uuid.uuid4().hex)], [])
    assert connection.unary(INFO, b"", timeout=5)
    daemon.kill()
    with pytest.raises(DaemonError, match=r"Control/Session on unix:///.*: the daemon closed the connection"):
        session.wait(5)
    with pytest.raises(DaemonError, match="connection refused"):
        loop.connect(parse_address(daemon.address), timeout=5)
