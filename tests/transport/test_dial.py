"""TLS: to daemons that hold what they promise, and to others."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from runner.errors import DaemonError, UsageError
from runner.transport.address import TLS, Address
from runner.transport.dial import dial
from runner.transport.loop import Loop
from tests.transport import peer
from tests.transport.certificates import Authority, Pair
from tests.transport.daemon import everything, listening, saying
from tests.transport.services import ECHO

Context: TypeAlias = Callable[..., ssl.SSLContext]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Pair:
    return authority.issue("buildkitd")


@pytest.fixture
def wants_client(authority: Authority, server: Pair) -> ssl.SSLContext:
    """The side of a daemon that wants a certificate of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


@pytest.fixture
def any_client(server: Pair) -> ssl.SSLContext:
    """The side of a daemon that takes every client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_certificates_on_both_sides(
    loop: Loop, authority: Authority, wants_client: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    wants_client.maximum_version = version
    client = authority.issue("client")
    tls = TLS(ca=authority.path, cert=client.cert, key=client.key, server_name="buildkitd")
    with listening(everything(), secure=wants_client, tls=tls) as address:
        connection = loop.connect(address, timeout=5)
        assert connection.unary(ECHO, b"hello", timeout=5) == b"hello"
        large = os.urandom(1 << 20) * 5
        assert connection.unary(ECHO, large, timeout=20) == large


def test_http2_is_offered(authority: Authority, any_client: ssl.SSLContext) -> None:
    chosen: list[str | None] = []
    any_client.set_alpn_protocols(["http/1.1", "h2"])

    def script(connected: socket.socket) -> None:
        assert isinstance(connected, ssl.SSLSocket)
        chosen.append(connected.selected_alpn_protocol())

    with listening(script, secure=any_client, tls=TLS(ca=authority.path, server_name="buildkitd")) as address:
        dial(address, 5).close()
    assert chosen == ["h2"]


@pytest.mark.parametrize(
    ("tls", "text"),
    [
        (
            TLS(ca="other authority.pem", server_name="buildkitd"),
            "its certificate does not hold: unable to get",
        ),
        (
            TLS(ca="test authority.pem", server_name="other"),
            "its certificate does not hold: Hostname mismatch",
        ),
        (TLS(ca="test authority.pem"), "its certificate does not hold: IP address mismatch"),
        (TLS(server_name="buildkitd"), "its certificate does not hold: unable to get local issuer"),
    ],
)
def test_a_daemon_that_is_not_trusted(
    loop: Loop, tmp_path: Path, any_client: ssl.SSLContext, tls: TLS, text: str
) -> None:
    Authority(tmp_path, "other authority")
    tls = tls._replace(ca=tls.ca and str(tmp_path / tls.ca))
    with listening(everything(), secure=any_client, tls=tls) as address:
        with pytest.raises(DaemonError, match=r"connecting to tcp://127.0.0.1:\d+ with TLS: ") as caught:
            loop.connect(address, timeout=5)
        assert text in caught.value.message


def test_a_daemon_whose_certificate_has_expired(loop: Loop, authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("buildkitd", expired=True))
    tls = TLS(ca=authority.path, server_name="buildkitd")
    with (
        listening(everything(), secure=context, tls=tls) as address,
        pytest.raises(DaemonError, match="its certificate does not hold: certificate has expired"),
    ):
        loop.connect(address, timeout=5)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_daemon_that_wants_another_certificate_of_us(
    loop: Loop, tmp_path: Path, authority: Authority, wants_client: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    wants_client.maximum_version = version
    tls = TLS(ca=authority.path, server_name="buildkitd")
    with (
        listening(everything(), secure=wants_client, tls=tls) as address,
        pytest.raises(DaemonError, match="it wants a certificate of ours that it accepts"),
    ):
        loop.connect(address, timeout=5)
    cert, key = Authority(tmp_path, "foreign authority").issue("foreign")
    with (
        listening(everything(), secure=wants_client, tls=tls._replace(cert=cert, key=key)) as address,
        pytest.raises(DaemonError, match="it does not accept our certificate"),
    ):
        loop.connect(address, timeout=5)


def test_plain_text_where_tls_was_expected(loop: Loop, authority: Authority) -> None:
    with (
        listening(saying(peer.SERVER_START), tls=TLS(ca=authority.path)) as address,
        pytest.raises(DaemonError, match="with TLS: it answered in plain text, not TLS"),
    ):
        loop.connect(address, timeout=5)
    with (
        listening(saying(), tls=TLS(ca=authority.path)) as address,
        pytest.raises(DaemonError, match="with TLS: it closed the connection without a reason"),
    ):
        loop.connect(address, timeout=5)


def test_tls_where_plain_text_was_expected(loop: Loop, any_client: ssl.SSLContext) -> None:
    with listening(everything(), secure=any_client) as address:
        with pytest.raises(DaemonError, match="connecting to tcp://") as caught:
            loop.connect(address, timeout=5)
        assert caught.value.hint.startswith("If it wants TLS")


def test_somebody_who_never_shakes_hands(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address(host="127.0.0.1", port=listener.getsockname()[1], tls=TLS(ca=authority.path))
        with pytest.raises(DaemonError, match="with TLS: no answer in time"):
            dial(address, 0.1)


def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(DaemonError, match=r"connecting to tcp://nope\.invalid:1: ") as caught:
        dial(Address(host="nope.invalid", port=1), 5)
    assert caught.value.hint == "Is the name right, and does this machine's DNS know it?"


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example"])
def test_what_is_no_name_of_a_host(host: str) -> None:
    with pytest.raises(UsageError) as caught:
        dial(Address(host=host, port=1234), 5)
    assert caught.value.message.startswith(f"connecting to tcp://{host}:1234: that is no name of a host")


@pytest.mark.parametrize("name", [".foo", "a..b"])
def test_what_is_no_name_in_a_certificate(authority: Authority, name: str) -> None:
    address = Address(host="127.0.0.1", port=1, tls=TLS(ca=authority.path, server_name=name))
    with pytest.raises(UsageError) as caught:
        dial(address, 5)
    assert caught.value.message.startswith(f"TLS for tcp://127.0.0.1:1: '{name}' is no name of a host")


def test_a_socket_whose_queue_is_full_is_tried_again(tmp_path: Path) -> None:
    address = Address(path=str(tmp_path / "full.sock"))
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(address.path)
        listener.listen(0)
        sockets.callback(dial(address, 5).close)
        with pytest.raises(DaemonError, match="no answer in time"):
            dial(address, 0.05)
        later = threading.Timer(0.05, lambda: sockets.enter_context(listener.accept()[0]))
        later.start()
        sockets.callback(dial(address, 5).close)
        later.join()


def test_files_that_cannot_be_used(tmp_path: Path, authority: Authority, server: Pair) -> None:
    def refuse(tls: TLS, text: str) -> None:
        address = Address(host="127.0.0.1", port=1, tls=tls)
        with pytest.raises(UsageError) as caught:
            dial(address, 5)
        assert text in str(caught.value)

    missing = str(tmp_path / "missing")
    other = authority.issue("other")
    locked = authority.issue("locked", password="secret")
    refuse(TLS(ca=missing), f"{missing} cannot be read: No such file or directory")
    refuse(TLS(ca=server.key), f"{server.key} cannot be used: NO_CERTIFICATE_OR_CRL_FOUND")
    refuse(TLS(cert=missing, key=server.key), f"{missing} cannot be read: No such file")
    refuse(TLS(cert=server.cert, key=missing), f"{missing} cannot be read: No such file")
    refuse(TLS(cert=server.cert, key=other.key), f"{server.cert} cannot be used: KEY_VALUES_MISMATCH")
    refuse(TLS(cert=locked.cert, key=locked.key), "a key without a password")
