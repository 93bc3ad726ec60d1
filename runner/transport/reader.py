"""Cuts what an HTTP/2 peer sends into frames and checks each frame by itself (RFC 9113, 4 and 6).

Header blocks are put together from their fragments, padding and priorities are taken off.
"""

from collections.abc import Iterator
from typing import NamedTuple

from runner.errors import ProtocolError
from runner.transport import frames

MAX_FRAGMENTS = 2048

# The frames' sizes, and whether they belong to the connection (True), to a stream (False) or either (None).
_SHAPES: dict[int, tuple[int | None, bool | None]] = {
    frames.DATA: (None, False),
    frames.HEADERS: (None, False),
    frames.PRIORITY: (5, False),
    frames.RST_STREAM: (4, False),
    frames.SETTINGS: (None, True),
    frames.PING: (8, True),
    frames.GOAWAY: (None, True),
    frames.WINDOW_UPDATE: (4, None),
    frames.CONTINUATION: (None, False),
}
_NAMES = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
          "WINDOW_UPDATE", "CONTINUATION")  # fmt: skip


class Frame(NamedTuple):
    """A frame. payload: of HEADERS, the whole header block; size: what DATA counts for flow control."""

    kind: int
    flags: int
    stream: int
    payload: bytes
    size: int


class FrameReader:
    """Bytes in, frames out.

    client: whether we are the client (the peer, then a server, sends no preface).
    max_block: the largest header block accepted, in bytes.
    """

    def __init__(self, *, client: bool, max_block: int) -> None:
        self._client = client
        self._max_block = max_block
        self._rest = b""
        self._began = False
        self._block: list[bytes] | None = None
        self._block_size = 0
        self._block_stream = 0
        self._block_flags = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now; DATA frames of a stream in a row are made one. Raises ProtocolError.

        To be consumed to the end.
        """
        buffer = self._rest + data if self._rest else data
        size = len(buffer)
        at = 0
        if not self._began:
            start = self._start(buffer)
            if start is None:
                self._rest = buffer
                return
            at = start
        unpack = frames.HEAD.unpack_from
        limit = frames.DEFAULT_FRAME_SIZE
        run: list[bytes] = []
        run_stream = 0
        while size - at >= frames.HEAD_SIZE:
            high, low, kind, flags, stream = unpack(buffer, at)
            length = high << 8 | low
            if length > limit:
                if run:
                    yield _data(run_stream, run)
                raise ProtocolError(f"a frame of {length} bytes where {limit} are allowed")
            start = at + frames.HEAD_SIZE
            if start + length > size:
                break
            at = start + length
            if run and (kind or flags or stream != run_stream or not length):
                yield _data(run_stream, run)
                run = []
            # Small messages come in a frame each, and are dear one by one.
            if not kind and not flags and stream and length and self._block is None:
                run.append(buffer[start:at])
                run_stream = stream
            elif frame := self._check(kind, flags, stream & 0x7FFFFFFF, buffer[start:at]):
                yield frame
        if run:
            yield _data(run_stream, run)
        self._rest = buffer[at:]

    def _start(self, buffer: bytes) -> int | None:
        """Judge the peer's first bytes, as early as they tell something. Returns where the frames start."""
        if not self._client:
            if not buffer.startswith(frames.PREFACE[: len(buffer)]):
                raise ProtocolError("it did not begin with the HTTP/2 preface")
            at = len(frames.PREFACE)
        else:
            if buffer.startswith((b"\x15\x03", b"\x16\x03")):
                raise ProtocolError("it answered with TLS where plain text was spoken")
            if buffer.startswith(b"HTTP/1"):
                raise ProtocolError("it answered in HTTP/1, not HTTP/2")
            at = 0
        if len(buffer) < at + 4:
            return None
        if buffer[at + 3] != frames.SETTINGS:
            raise ProtocolError("it did not begin with HTTP/2 SETTINGS")
        self._began = True
        return at

    def _check(self, kind: int, flags: int, stream: int, payload: bytes) -> Frame | None:
        """Check a frame by itself. None where there is nothing to tell of it yet."""
        if self._block is not None and (kind != frames.CONTINUATION or stream != self._block_stream):
            raise ProtocolError("a header block that was interrupted by another frame")
        if kind == frames.PUSH_PROMISE:
            raise ProtocolError("a PUSH_PROMISE frame, which is not allowed here")
        size = len(payload)
        if kind in _SHAPES:
            wanted, connection = _SHAPES[kind]
            if wanted not in (None, size) or connection not in (None, stream == 0):
                raise ProtocolError(f"a {_NAMES[kind]} frame of {size} bytes on stream {stream}")
        if kind in (frames.DATA, frames.HEADERS) and flags & frames.PADDED:
            if not payload or payload[0] >= len(payload):
                raise ProtocolError("a frame with more padding than content")
            payload = payload[1 : len(payload) - payload[0]]
        if kind == frames.HEADERS:
            if flags & frames.WITH_PRIORITY:
                if len(payload) < 5:
                    raise ProtocolError(f"a HEADERS frame of {size} bytes with a priority")
                payload = payload[5:]
            self._block, self._block_size, self._block_stream, self._block_flags = [], 0, stream, flags
        if kind in (frames.HEADERS, frames.CONTINUATION):
            return self._fragment(flags, payload)
        return Frame(kind, flags, stream, payload, size)

    def _fragment(self, flags: int, payload: bytes) -> Frame | None:
        block = self._block
        if block is None:
            raise ProtocolError("CONTINUATION without HEADERS")
        block.append(payload)
        self._block_size += len(payload)
        if self._block_size > self._max_block:
            raise ProtocolError(f"a header block of more than {self._max_block} bytes")
        if len(block) > MAX_FRAGMENTS:
            raise ProtocolError(f"a header block in more than {MAX_FRAGMENTS} frames")
        if not flags & frames.END_HEADERS:
            return None
        self._block = None
        return Frame(frames.HEADERS, self._block_flags, self._block_stream, b"".join(block), self._block_size)


def _data(stream: int, run: list[bytes]) -> Frame:
    payload = run[0] if len(run) == 1 else b"".join(run)
    return Frame(frames.DATA, 0, stream, payload, len(payload))
