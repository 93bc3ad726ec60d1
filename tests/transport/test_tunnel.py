"""The inner connection of a session, in BytesMessages."""

from __future__ import annotations

import pytest

from runner.errors import ProtocolError
from runner.transport.grpc import Deframer
from runner.transport.h2 import Headers, Http2
from runner.transport.tunnel import Tunnel, session_metadata, unwrap
from runner.wire.control import BytesMessage
from tests.transport.peer import REQUEST
from tests.transport.scheduler import AtOnce
from tests.transport.services import Recorder


def test_a_request_and_its_answer_in_messages() -> None:
    tunnel = Tunnel([], AtOnce())
    daemon = Http2(client=True)
    daemon.open(REQUEST)
    tunnel.message(BytesMessage(data=b"".join(daemon.take(1 << 20))).encode())
    (message,) = Deframer().feed(tunnel.take())
    heard = list(daemon.feed(BytesMessage.decode(message).data))
    assert tunnel.take() == b""
    assert isinstance(heard[-1], Headers)
    assert ("grpc-status", "12") in heard[-1].fields


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 300_000])
def test_messages_of_all_sizes(size: int) -> None:
    assert unwrap(BytesMessage(data=bytes(size)).encode()) == bytes(size)


@pytest.mark.parametrize(
    "message",
    [b"\x0a", b"\x0a\x01", b"\x0a\x01ab", b"\x12\x01a", b"\x08\x01", b"\x0a\xff\xff\xff\xff\xff\xff\xff\x01a",
     b"\x0a\x01a\x0a\x01b", b"garbage"],
)  # fmt: skip
def test_garbage_instead_of_a_message(message: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a BytesMessage"):
        unwrap(message)


def test_a_session_names_the_methods_that_it_serves() -> None:
    one, other = Recorder("/a.B/C", "/a.B/D"), Recorder("/e.F/G")
    assert session_metadata([("x-docker-expose-session-uuid", "1")], [one, other]) == [
        ("x-docker-expose-session-uuid", "1"),
        ("x-docker-expose-session-grpc-method", "/a.B/C"),
        ("x-docker-expose-session-grpc-method", "/a.B/D"),
        ("x-docker-expose-session-grpc-method", "/e.F/G"),
    ]
