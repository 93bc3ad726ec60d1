"""What a hostile peer sends ends with a clear error: never a hang, never memory without bound."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from runner.errors import ProtocolError
from runner.transport import frames, headers
from runner.transport.h2 import MAX_IDLE_FRAMES, Headers, Http2
from tests.transport import peer
from tests.transport.peer import REQUEST, RESPONSE

BLOCK = headers.encode(REQUEST)


def raw(length: int, kind: int, flags: int, stream: int) -> bytes:
    return frames.HEAD.pack(length >> 8, length & 255, kind, flags, stream)


def open_call() -> bytes:
    return peer.header_frames(1, REQUEST)


SENT_TO_A_SERVER = {
    "a frame of 16777215 bytes where 16384 are allowed": raw(2**24 - 1, frames.DATA, 0, 1),
    "a frame of 16385 bytes where 16384 are allowed": raw(16_385, frames.SETTINGS, 0, 0),
    "DATA on stream 1, which was not opened": peer.data(1, b"x"),
    "a DATA frame of 1 bytes on stream 0": peer.data(0, b"x"),
    "DATA on stream 1, which is closed": peer.header_frames(1, REQUEST, end=True) + peer.data(1, b"x"),
    "HEADERS on stream 1, which is closed": peer.header_frames(1, REQUEST, end=True) + open_call(),
    "HEADERS on stream 2, which was not opened": peer.header_frames(2, REQUEST),
    "HEADERS on stream 1, which is closed ": peer.header_frames(3, REQUEST) + open_call(),
    "WINDOW_UPDATE on stream 5, which was not opened": frames.window_update(5, 1),
    "RST_STREAM on stream 5, which was not opened": frames.rst_stream(5, 0),
    "a RST_STREAM frame of 4 bytes on stream 0": frames.rst_stream(0, 0),
    "trailers that do not end the stream": open_call() + open_call(),
    "a flow-control window of more than": frames.window_update(0, 2**31 - 1),
    "a flow-control window of more than ": open_call() + frames.window_update(1, 2**31 - 1),
    "WINDOW_UPDATE of zero": frames.window_update(0, 0),
    "a WINDOW_UPDATE frame of 3 bytes": frames.frame(frames.WINDOW_UPDATE, 0, 0, bytes(3)),
    "a PING frame of 7 bytes": frames.frame(frames.PING, 0, 0, bytes(7)),
    "a PING frame of 8 bytes on stream 1": frames.frame(frames.PING, 0, 1, bytes(8)),
    "a GOAWAY frame of 7 bytes": frames.frame(frames.GOAWAY, 0, 0, bytes(7)),
    "a PRIORITY frame of 4 bytes": frames.frame(frames.PRIORITY, 0, 1, bytes(4)),
    "a PUSH_PROMISE frame": frames.frame(frames.PUSH_PROMISE, frames.END_HEADERS, 1, bytes(4) + BLOCK),
    "a SETTINGS frame of 5 bytes": frames.frame(frames.SETTINGS, 0, 0, bytes(5)),
    "a SETTINGS frame of 6 bytes as answer": frames.frame(frames.SETTINGS, frames.ACK, 0, bytes(6)),
    "a SETTINGS frame of 0 bytes on stream 1": frames.frame(frames.SETTINGS, 0, 1),
    "initial window of more than": frames.settings([(frames.INITIAL_WINDOW_SIZE, 2**31)]),
    "SETTINGS with a largest frame of 16383 bytes": frames.settings([(frames.MAX_FRAME_SIZE, 16_383)]),
    "SETTINGS with a largest frame of 16777216 bytes": frames.settings([(frames.MAX_FRAME_SIZE, 2**24)]),
    "SETTINGS with ENABLE_PUSH 2": frames.settings([(frames.ENABLE_PUSH, 2)]),
    "CONTINUATION without HEADERS": frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, BLOCK),
    "interrupted by another frame": frames.frame(frames.HEADERS, 0, 1, BLOCK) + peer.ping(),
    "interrupted by another frame ": frames.frame(frames.HEADERS, 0, 1, BLOCK)
    + frames.frame(frames.CONTINUATION, frames.END_HEADERS, 3, BLOCK),
    "more padding than content": frames.frame(frames.HEADERS, frames.PADDED, 1, b"\x05abc"),
    "a HEADERS frame of 3 bytes with a priority": frames.frame(
        frames.HEADERS, frames.WITH_PRIORITY, 1, bytes(3)
    ),
    "a header block that cannot be read": frames.headers(1, b"\xff\xff\xff\xff", end=False),
    "a header block that cannot be read ": frames.headers(1, b"\x00\x7f\x80\x80\x80\x80\x80\x01", end=False),
    "a header block that cannot be read (Unable": frames.headers(1, b"\x00", end=False),
    "a header block that cannot be read ('utf-8'": frames.headers(1, b"\x00\x01a\x01\xff", end=False),
}


@pytest.mark.parametrize("text", SENT_TO_A_SERVER)
def test_frames_that_a_client_may_not_send(text: str) -> None:
    core = peer.server()
    with pytest.raises(ProtocolError) as caught:
        list(core.feed(SENT_TO_A_SERVER[text]))
    assert text.strip() in caught.value.message
    assert peer.read(peer.taken(core))[-1].kind == frames.GOAWAY
    assert list(core.feed(open_call())) == []  # it is not listened to any more


SENT_TO_A_CLIENT = {
    "HEADERS on stream 2, which was not opened": peer.header_frames(2, RESPONSE),
    "HEADERS on stream 3, which was not opened": peer.header_frames(3, RESPONSE),
    "DATA before the response's HEADERS": peer.data(1, b"x"),
    "trailers that do not end the stream": peer.header_frames(1, RESPONSE) + peer.header_frames(1, RESPONSE),
    "SETTINGS with ENABLE_PUSH 1": frames.settings([(frames.ENABLE_PUSH, 1)]),
    "a PUSH_PROMISE frame": frames.frame(frames.PUSH_PROMISE, frames.END_HEADERS, 1, bytes(4) + BLOCK),
}


@pytest.mark.parametrize("text", SENT_TO_A_CLIENT)
def test_frames_that_a_server_may_not_send(text: str) -> None:
    core = peer.client()
    with pytest.raises(ProtocolError) as caught:
        list(core.feed(SENT_TO_A_CLIENT[text]))
    assert text in caught.value.message


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it answered in HTTP/1"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "it answered with TLS where plain text was spoken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it did not begin with HTTP/2 SETTINGS"),
        (peer.ping(), "it did not begin with HTTP/2 SETTINGS"),
        (frames.frame(frames.SETTINGS, frames.ACK, 0), "a SETTINGS frame of 0 bytes as answer"),
    ],
)
def test_a_server_of_something_else(sent: bytes, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        list(Http2(client=True).feed(sent))


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (b"GET / HTTP/1.1\r\n", "the HTTP/2 preface"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "the HTTP/2 preface"),
        (frames.PREFACE + peer.ping(), "it did not begin with HTTP/2 SETTINGS"),
    ],
)
def test_a_client_of_something_else(sent: bytes, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        list(Http2(client=False).feed(sent))


FLOODS: dict[str, Callable[[int], bytes]] = {
    "PING": lambda _: peer.ping(),
    "SETTINGS": lambda _: frames.settings([(frames.INITIAL_WINDOW_SIZE, 1000)]),
    "SETTINGS ACK": lambda _: frames.frame(frames.SETTINGS, frames.ACK, 0),
    "empty DATA": lambda _: peer.data(1, b""),
    "WINDOW_UPDATE": lambda _: frames.window_update(1, 1),
    "PRIORITY": lambda _: frames.frame(frames.PRIORITY, 0, 1, bytes(5)),
    "an unknown type": lambda _: frames.frame(0xBE, 0, 0),
    "opened and reset": lambda number: (
        peer.header_frames(3 + 2 * number, REQUEST) + frames.rst_stream(3 + 2 * number, frames.CANCEL)
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_ends(name: str) -> None:
    core = peer.server()
    list(core.feed(open_call()))
    with pytest.raises(ProtocolError, match=f"more than {MAX_IDLE_FRAMES} frames that carry nothing"):
        peer.feed_all(core, (FLOODS[name](number) for number in range(MAX_IDLE_FRAMES + 1)))


def test_many_pings_are_no_flood_while_data_flows() -> None:
    core = peer.server()
    list(core.feed(open_call() + frames.window_update(0, 1 << 30) + frames.window_update(1, 1 << 30)))
    for _ in range(MAX_IDLE_FRAMES + 10):
        core.send(1, [b"x"])
        core.take(1 << 20)
        list(core.feed(peer.ping()))


def test_a_peer_that_asks_without_reading_the_answers_is_ended() -> None:
    core = peer.server()
    list(core.feed(open_call()))
    block = b"".join(peer.data(1, b"x") + peer.ping() for _ in range(300_000))
    with pytest.raises(ProtocolError, match="does not read the answers"):
        list(core.feed(block))


def test_a_flood_of_continuations_ends() -> None:
    core = peer.server()
    list(core.feed(frames.frame(frames.HEADERS, 0, 1, b"")))
    with pytest.raises(ProtocolError, match="a header block in more than 2048 frames"):
        list(core.feed(frames.frame(frames.CONTINUATION, 0, 1, b"") * 2048))


def test_a_header_block_that_does_not_end_is_ended() -> None:
    core = Http2(client=False, max_headers=100_000)
    list(core.feed(peer.CLIENT_START + frames.frame(frames.HEADERS, 0, 1, bytes(16_384))))
    with pytest.raises(ProtocolError, match="a header block of more than 100000 bytes"):
        list(core.feed(frames.frame(frames.CONTINUATION, 0, 1, bytes(16_384)) * 7))


def test_a_header_list_that_is_too_large() -> None:
    core = Http2(client=False, max_headers=100_000)
    list(core.feed(peer.CLIENT_START))
    fields = [(f"name-{number}", "") for number in range(3000)]
    with pytest.raises(ProtocolError, match="a header list of more than 100000 bytes"):
        list(core.feed(peer.header_frames(1, fields)))


def test_a_small_block_that_unpacks_into_gigabytes() -> None:
    core = Http2(client=False, max_headers=4 << 20)
    # One large entry for the dynamic table, and then its index again and again.
    entry = b"\x40\x01a" + headers.encode([("", "x" * 4000)])[2:]
    with pytest.raises(ProtocolError, match="a header list of more than 4194304 bytes"):
        list(core.feed(peer.CLIENT_START + frames.headers(1, entry + b"\xbe" * 1_000_000, end=False)))


def test_a_block_of_very_many_small_fields_is_read_in_good_time() -> None:
    core = Http2(client=False, max_headers=4 << 20)
    block = headers.encode([("a", "")] * 60_000 + [("b", "x" * 2_000_000)])
    began = time.process_time()
    heard = list(core.feed(peer.CLIENT_START + frames.headers(1, block, end=False)))
    assert isinstance(heard[1], Headers)
    assert len(heard[1].fields) == 60_001
    assert time.process_time() - began < 5  # the hpack library alone takes minutes


def test_a_block_of_too_many_fields() -> None:
    core = Http2(client=False, max_headers=16 << 20)
    block = headers.encode([("a", "")] * 100_001)
    with pytest.raises(ProtocolError, match="a header list of more than 100000 fields"):
        list(core.feed(peer.CLIENT_START + frames.headers(1, block, end=False)))
