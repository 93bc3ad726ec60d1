"""The other end of a connection: raw frames to feed, and what was answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from runner.transport import frames, headers
from runner.transport.h2 import Data, Event, Http2

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), (":authority", "localhost"),
           ("te", "trailers"), ("content-type", "application/grpc")]  # fmt: skip
RESPONSE = [(":status", "200"), ("content-type", "application/grpc")]
SERVER_START = frames.settings([])
CLIENT_START = frames.PREFACE + frames.settings([])


def header_frames(stream: int, fields: Iterable[tuple[str, str]], *, end: bool = False) -> bytes:
    return frames.headers(stream, headers.encode(fields), end=end)


def data(stream: int, payload: bytes, *, end: bool = False) -> bytes:
    return frames.frame(frames.DATA, frames.END_STREAM if end else 0, stream, payload)


def ping(number: int = 0) -> bytes:
    return frames.frame(frames.PING, 0, 0, number.to_bytes(8, "big"))


def taken(core: Http2, limit: int = 1 << 30) -> bytes:
    """All that a core has to say now."""
    return b"".join(core.take(limit))


class Frame(NamedTuple):
    """A frame as it was sent."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def read(sent: bytes) -> list[Frame]:
    """What was sent, as frames; a client's preface is left out."""
    sent = sent.removeprefix(frames.PREFACE)
    found = []
    at = 0
    while at < len(sent):
        high, low, kind, flags, stream = frames.HEAD.unpack_from(sent, at)
        end = at + frames.HEAD_SIZE + (high << 8 | low)
        found.append(Frame(kind, flags, stream, sent[at + frames.HEAD_SIZE : end]))
        at = end
    return found


def client() -> Http2:
    """A client whose connection has begun, with a response expected on stream 1."""
    core = Http2(client=True)
    core.open(REQUEST)
    taken(core)
    list(core.feed(SERVER_START))
    taken(core)
    return core


def server() -> Http2:
    """A server whose connection has begun."""
    core = Http2(client=False)
    taken(core)
    list(core.feed(CLIENT_START))
    taken(core)
    return core


def talk(one: Http2, other: Http2) -> tuple[list[Event], list[Event]]:
    """Let two ends talk until both are silent. Returns the events of each."""
    heard_by_one: list[Event] = []
    heard_by_other: list[Event] = []
    while True:
        forth, back = taken(one), taken(other)
        if not forth and not back:
            return heard_by_one, heard_by_other
        heard_by_other += other.feed(forth)
        heard_by_one += one.feed(back)


def feed_all(core: Http2, pieces: Iterable[bytes]) -> None:
    """Feed piece after piece, and let the core say what it has to say after each."""
    for piece in pieces:
        list(core.feed(piece))
        core.take(1 << 20)


def joined(events: Iterable[Event]) -> list[Event]:
    """Events without the borders between pieces of data."""
    out: list[Event] = []
    for event in events:
        last = out[-1] if out else None
        if isinstance(event, Data) and isinstance(last, Data) and event.stream == last.stream:
            out[-1] = Data(event.stream, last.data + event.data, event.end)
        else:
            out.append(event)
    return out
