"""HTTP/2 without sockets (RFC 9113), as client or as server: bytes in, events out; what to send is taken.

What a peer may not do ends the connection with ProtocolError: there is no milder answer to a stream's error.
Streams live until the server's side of them ends, or until one side resets them.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from runner.errors import ProtocolError
from runner.transport import frames
from runner.transport.headers import Fields, HeaderDecoder, encode
from runner.transport.outbox import Buffer, Lane, Outbox
from runner.transport.reader import FrameReader

STREAM_WINDOW = 8 << 20
CONNECTION_WINDOW = 16 << 20
MAX_STREAMS = 1000
MAX_HEADERS = 16 << 20
# Frames that carry nothing (PING, SETTINGS, RST_STREAM, empty DATA, …) between two that carry something.
MAX_IDLE_FRAMES = 10_000
_MAX_ABORTED = 4096


class Headers(NamedTuple):
    """A request, a response or trailers. end: the peer sends no more on the stream."""

    stream: int
    fields: Fields
    end: bool


class Data(NamedTuple):
    """Data of a stream."""

    stream: int
    data: bytes
    end: bool


class Reset(NamedTuple):
    """The peer ended a stream. code: an HTTP/2 error code."""

    stream: int
    code: int


class Ready(NamedTuple):
    """The peer's first SETTINGS came: it speaks HTTP/2."""


class GoneAway(NamedTuple):
    """The peer takes no streams after last_stream."""

    last_stream: int
    code: int
    text: str


Event: TypeAlias = Headers | Data | Reset | Ready | GoneAway


class _Stream(Lane):
    __slots__ = ("got_headers", "held", "remote_ended", "unacknowledged")

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.got_headers = False
        self.held = False
        self.remote_ended = False
        self.unacknowledged = 0


class Http2:
    """One end of a connection.

    client: whether we are the client (else the server).
    max_headers: the largest header list accepted, in bytes.
    """

    def __init__(self, *, client: bool, max_headers: int = MAX_HEADERS) -> None:
        self._client = client
        self._reader = FrameReader(client=client, max_block=max_headers)
        self._decoder = HeaderDecoder(max_headers)
        self._out = Outbox()
        self._streams: dict[int, _Stream] = {}
        self._last_local = -1 if client else 0
        self._last_remote = 0
        self._aborted: dict[int, None] = {}
        self._ready = False
        self._failed = False
        self._peer_max_streams = 1 << 31
        self._unacknowledged = 0
        self._idle_frames = 0
        self._closed: list[int] = []
        values = [(frames.INITIAL_WINDOW_SIZE, STREAM_WINDOW), (frames.MAX_HEADER_LIST_SIZE, max_headers)]
        if client:
            self._out.control(frames.PREFACE)
            values.append((frames.ENABLE_PUSH, 0))
        else:
            values.append((frames.MAX_CONCURRENT_STREAMS, MAX_STREAMS))
        self._out.control(frames.settings(values))
        self._out.control(frames.window_update(0, CONNECTION_WINDOW - frames.DEFAULT_WINDOW))

    # What we send.

    def take(self, limit: int) -> list[Buffer]:
        """The next bytes to write, about limit of them; an empty list when there is nothing to say now."""
        out = self._out.take(limit)
        if self._out.ended:
            self._settle()
        return out

    def open(self, fields: Iterable[tuple[str, str]]) -> int:
        """Start a request (client). Returns its stream. Raises ProtocolError if the peer allows no more."""
        if len(self._streams) >= self._peer_max_streams:
            raise ProtocolError(f"it allows no more than {self._peer_max_streams} calls at a time")
        self._last_local += 2
        stream = self._add(self._last_local)
        self._out.control(self._headers(stream.id, encode(fields)))
        return stream.id

    def respond(self, stream: int, block: bytes) -> None:
        """Send the header block of a response (server)."""
        if stream in self._streams:
            self._out.control(self._headers(stream, block))

    def send(self, stream: int, parts: Iterable[Buffer]) -> None:
        """Queue data. Nothing happens where the stream is over."""
        if lane := self._streams.get(stream):
            self._out.send(lane, parts)

    def end(self, stream: int, trailers: bytes = b"") -> None:
        """End our side of a stream after its data, with the header block of trailers if there is one."""
        if lane := self._streams.get(stream):
            self._out.end(lane, self._headers(stream, trailers, end=True) if trailers else b"")
            self._settle()

    def reset(self, stream: int, code: int) -> None:
        """End a stream at once; what it had queued is dropped."""
        if lane := self._streams.get(stream):
            self._abort(lane, code)

    def hold(self, stream: int, held: bool) -> None:
        """Let the peer send no more than STREAM_WINDOW bytes on a stream, until it is not held any more."""
        if lane := self._streams.get(stream):
            lane.held = held
            self._give_back(lane)

    def goaway(self, code: int, text: str = "") -> None:
        """Tell the peer that this is the end of the connection."""
        self._out.control(frames.goaway(self._last_remote, code, text))

    def room(self, stream: int) -> int:
        """How many more bytes are worth queueing; at 0 or less the stream turns up in `roomy` later."""
        lane = self._streams.get(stream)
        return self._out.room(lane) if lane else 0

    def queued(self, stream: int) -> int:
        """How many bytes of data a stream has queued."""
        lane = self._streams.get(stream)
        return lane.size if lane else 0

    def roomy(self) -> list[int]:
        """The streams that waited for room and have it now."""
        return [lane.id for lane in self._out.told()]

    def closed(self) -> list[int]:
        """The streams that are over since the last time, because our end of them was handed out (server)."""
        closed, self._closed = self._closed, []
        return closed

    def _headers(self, stream: int, block: bytes, *, end: bool = False) -> bytes:
        return frames.headers(stream, block, end=end, max_frame=self._out.max_frame)

    # What the peer sends.

    def feed(self, data: bytes) -> Iterator[Event]:
        """Bytes of the peer, as events. To be consumed to the end before the next call.

        Raises ProtocolError, with a GOAWAY in what there is to take, and after that ignores the peer.
        """
        if self._failed:
            return
        try:
            for kind, flags, id, payload, size in self._reader.feed(data):
                event: Event | None
                if kind == frames.DATA:
                    event = self._on_data(flags, id, payload, size)
                else:
                    event = self._on_frame(kind, flags, id, payload)
                if event is not None:
                    yield event
        except ProtocolError as error:
            self._failed = True
            self.goaway(frames.PROTOCOL_ERROR, error.message)
            raise

    def _on_frame(self, kind: int, flags: int, id: int, payload: bytes) -> Event | None:
        self._count_idle()
        match kind:
            case frames.HEADERS:
                # Read also where the stream is over: the state of the compression must follow.
                fields = self._decoder.decode(payload)
                return self._on_headers(id, fields, bool(flags & frames.END_STREAM))
            case frames.WINDOW_UPDATE:
                self._on_window_update(id, int.from_bytes(payload, "big") & 0x7FFFFFFF)
            case frames.PING if not flags & frames.ACK:
                self._out.control(frames.frame(frames.PING, frames.ACK, 0, payload))
            case frames.RST_STREAM:
                return self._on_reset(id, int.from_bytes(payload, "big"))
            case frames.SETTINGS:
                return self._on_settings(bool(flags & frames.ACK), payload)
            case frames.GOAWAY:
                return self._on_goaway(payload)
        return None

    def _count_idle(self) -> None:
        if self._out.sent_data:
            self._out.sent_data = False
            self._idle_frames = 0
        self._idle_frames += 1
        if self._idle_frames > MAX_IDLE_FRAMES:
            raise ProtocolError(f"more than {MAX_IDLE_FRAMES} frames that carry nothing")

    def _on_data(self, flags: int, id: int, payload: bytes, size: int) -> Event | None:
        # What is fed is consumed before the next frame, so both windows are given back by half; that of a
        # stream not while it is held. The connection's is: the others must not wait for that one.
        self._unacknowledged += size
        if self._unacknowledged >= CONNECTION_WINDOW // 2:
            self._out.control(frames.window_update(0, self._unacknowledged))
            self._unacknowledged = 0
        end = bool(flags & frames.END_STREAM)
        if payload:
            self._idle_frames = 0
        else:
            self._count_idle()
        stream = self._streams.get(id)
        if stream is None or stream.remote_ended:
            self._late(id, end, "DATA")
            return None
        if not stream.got_headers:
            raise ProtocolError("DATA before the response's HEADERS")
        if end:
            self._remote_end(stream)
            return Data(id, payload, True)
        stream.unacknowledged += size
        self._give_back(stream)
        return Data(id, payload, False)

    def _give_back(self, stream: _Stream) -> None:
        if stream.unacknowledged >= STREAM_WINDOW // 2 and not stream.held:
            self._out.control(frames.window_update(stream.id, stream.unacknowledged))
            stream.unacknowledged = 0
        elif stream.unacknowledged > STREAM_WINDOW:
            raise ProtocolError(f"more DATA on stream {stream.id} than its window allows")

    def _on_headers(self, id: int, fields: Fields, end: bool) -> Event | None:
        stream = self._streams.get(id)
        if stream is None and not self._client and id % 2 and id > self._last_remote:
            self._last_remote = id
            stream = self._add(id)
            if len(self._streams) > MAX_STREAMS:
                self._abort(stream, frames.REFUSED_STREAM)
                return None
        elif stream is None or stream.remote_ended:
            self._late(id, end, "HEADERS")
            return None
        elif stream.got_headers and not end:
            raise ProtocolError("trailers that do not end the stream")
        stream.got_headers = True
        if end:
            self._remote_end(stream)
        return Headers(id, fields, end)

    def _on_window_update(self, id: int, increment: int) -> None:
        if not increment:
            raise ProtocolError("WINDOW_UPDATE of zero")
        if id == 0:
            self._out.widen(None, increment)
        elif stream := self._streams.get(id):
            self._out.widen(stream, increment)
        else:
            self._expect_opened(id, "WINDOW_UPDATE")

    def _on_reset(self, id: int, code: int) -> Event | None:
        self._expect_opened(id, "RST_STREAM")
        self._aborted.pop(id, None)
        stream = self._streams.get(id)
        if stream is None:
            return None
        self._forget(stream)
        return Reset(id, code)

    def _on_settings(self, ack: bool, payload: bytes) -> Event | None:
        if len(payload) % 6 or (ack and (payload or not self._ready)):
            raise ProtocolError(f"a SETTINGS frame of {len(payload)} bytes{' as answer' if ack else ''}")
        if ack:
            return None
        for key, value in struct.iter_unpack(">HL", payload):
            self._set(key, value)
        self._out.control(frames.frame(frames.SETTINGS, frames.ACK, 0))
        if self._ready:
            return None
        self._ready = True
        return Ready()

    def _set(self, key: int, value: int) -> None:
        if key == frames.INITIAL_WINDOW_SIZE:
            if value > frames.LARGEST_WINDOW:
                raise ProtocolError("SETTINGS with an initial window of more than 2^31-1 bytes")
            self._out.set_initial_window(value)
        elif key == frames.MAX_FRAME_SIZE:
            if not frames.DEFAULT_FRAME_SIZE <= value <= frames.LARGEST_FRAME_SIZE:
                raise ProtocolError(f"SETTINGS with a largest frame of {value} bytes")
            self._out.max_frame = value
        elif key == frames.MAX_CONCURRENT_STREAMS:
            self._peer_max_streams = value
        elif key == frames.ENABLE_PUSH and (value > 1 or (self._client and value)):
            raise ProtocolError(f"SETTINGS with ENABLE_PUSH {value}")

    def _on_goaway(self, payload: bytes) -> Event:
        if len(payload) < 8:
            raise ProtocolError(f"a GOAWAY frame of {len(payload)} bytes")
        last, code = struct.unpack_from(">LL", payload)
        return GoneAway(last & 0x7FFFFFFF, code, payload[8:].decode(errors="replace"))

    # The streams' lives.

    def _add(self, id: int) -> _Stream:
        stream = self._streams[id] = _Stream(id)
        self._out.add(stream)
        return stream

    def _remote_end(self, stream: _Stream) -> None:
        stream.remote_ended = True
        if self._client:
            # The server has answered in full: what we still have to say is of no use to it.
            self._close(stream)

    def _settle(self) -> None:
        """Take note of the streams whose end was handed out."""
        ended, self._out.ended = self._out.ended, []
        if not self._client:
            for lane in ended:
                if stream := self._streams.get(lane.id):
                    self._close(stream)
                    self._closed.append(lane.id)

    def _close(self, stream: _Stream) -> None:
        if stream.remote_ended and stream.half_closed:
            self._forget(stream)
        else:
            self._abort(stream, frames.NO_ERROR)

    def _abort(self, stream: _Stream, code: int) -> None:
        self._forget(stream)
        self._out.control(frames.rst_stream(stream.id, code))
        if not stream.remote_ended:
            self._aborted[stream.id] = None
            if len(self._aborted) > _MAX_ABORTED:
                del self._aborted[next(iter(self._aborted))]

    def _forget(self, stream: _Stream) -> None:
        del self._streams[stream.id]
        self._out.drop(stream)

    def _late(self, id: int, end: bool, what: str) -> None:
        """A frame on a stream that is over: allowed only where we ended it and the peer may not know yet."""
        if id not in self._aborted:
            self._expect_opened(id, what)
            raise ProtocolError(f"{what} on stream {id}, which is closed")
        if end:
            del self._aborted[id]

    def _expect_opened(self, id: int, what: str) -> None:
        ours = id % 2 == (1 if self._client else 0)
        if id > (self._last_local if ours else self._last_remote):
            raise ProtocolError(f"{what} on stream {id}, which was not opened")
