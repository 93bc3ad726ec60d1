"""Addresses of daemons."""

from __future__ import annotations

import pytest

from runner.errors import UsageError
from runner.transport.address import TLS, Address, parse_address


@pytest.mark.parametrize(
    ("text", "address", "authority"),
    [
        ("unix:///run/buildkit/buildkitd.sock", Address(path="/run/buildkit/buildkitd.sock"), "localhost"),
        ("unix:///with space%20", Address(path="/with space%20"), "localhost"),
        ("tcp://127.0.0.1:1234", Address(host="127.0.0.1", port=1234), "127.0.0.1:1234"),
        ("tcp://build-kit.example_1:1", Address(host="build-kit.example_1", port=1), "build-kit.example_1:1"),
        ("tcp://[::1]:65535", Address(host="::1", port=65535), "[::1]:65535"),
        ("tcp://[fe80::1%eth0]:8080", Address(host="fe80::1%eth0", port=8080), "[fe80::1%eth0]:8080"),
    ],
)
def test_addresses(text: str, address: Address, authority: str) -> None:
    parsed = parse_address(text)
    assert parsed == address
    assert str(parsed) == text
    assert parsed.authority == authority


@pytest.mark.parametrize(
    "text",
    ["", "buildkitd.sock", "/run/buildkitd.sock", "unix://", "unix://relative", "unix:///directory/",
     "unix:/path",
     "tcp://", "tcp://host", "tcp://host:", "tcp://:1234", "tcp://host:0", "tcp://host:65536", "tcp://host:12x",
     "tcp://::1:1234", "tcp://[::1]", "tcp://host:1234/", "tcp://user@host:1234", "http://host:1234",
     "docker-container://buildkitd", "TCP://host:1234", "tcp://höst:1", "tcp://host:1234\n"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(text)
    assert repr(text) in caught.value.message
    assert "unix:///path" in caught.value.hint


def test_a_path_may_be_as_long_as_a_socket_address() -> None:
    assert parse_address("unix:///" + "x" * 106).path == "/" + "x" * 106
    with pytest.raises(UsageError, match="longer than 107 bytes"):
        parse_address("unix:///" + "ü" * 54)


def test_tls() -> None:
    tls = TLS(ca="ca.pem", cert="cert.pem", key="key.pem", server_name="buildkitd")
    address = parse_address("tcp://127.0.0.1:1234", tls)
    assert address.tls == tls
    assert address.authority == "buildkitd:1234"


@pytest.mark.parametrize(
    ("text", "tls", "message"),
    [
        ("tcp://host:1", TLS(cert="cert.pem"), "the client's key is missing"),
        ("tcp://host:1", TLS(key="key.pem"), "the client's certificate is missing"),
        ("unix:///socket", TLS(ca="ca.pem"), "a unix socket does not speak it"),
    ],
)
def test_tls_that_cannot_be(text: str, tls: TLS, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_address(text, tls)
