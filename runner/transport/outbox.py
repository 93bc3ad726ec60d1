"""The sending half of an HTTP/2 connection: control frames first, then the streams' data in turns, as far as
the peer's windows allow."""

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

from runner.errors import ProtocolError
from runner.transport import frames

Buffer: TypeAlias = bytes | memoryview

# Queued bytes at which a stream, and the streams of a connection together, have no more room; a stream whose
# queue is small has some room all the same, or streams that the peer does not read would stop the others.
STREAM_ROOM = 1 << 20
CONNECTION_ROOM = 4 << 20
LEAST_ROOM = 64 << 10
# Room at which a stream that waited for it is told.
WORTH_TELLING = 256 << 10
# Bytes that a stream may send before the next one has its turn.
TURN = 64 << 10
MAX_CONTROL = 4 << 20


class Lane:
    """What one stream has to send."""

    __slots__ = ("closing", "half_closed", "id", "parts", "ready", "size", "waiting", "window")

    def __init__(self, id: int) -> None:
        self.id = id
        self.window = 0
        self.parts: deque[Buffer] = deque()
        self.size = 0
        self.ready = False
        self.waiting = False
        self.closing: bytes | None = None
        """What ends the stream after its data: the frames of trailers, or b"" for the flag on the data."""
        self.half_closed = False
        """Whether the end was handed out by `take`."""


class Outbox:
    """Frames and data in, bytes to write out."""

    def __init__(self) -> None:
        self.window = frames.DEFAULT_WINDOW
        self.max_frame = frames.DEFAULT_FRAME_SIZE
        self.size = 0
        self.sent_data = False
        """Set when `take` hands out data; reset by who reads it."""
        self.ended: list[Lane] = []
        """Lanes whose end was handed out, for the owner to take note of and clear."""
        self._initial_window = frames.DEFAULT_WINDOW
        self._lanes: dict[int, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._waiting: list[Lane] = []
        self._control: list[Buffer] = []
        self._control_size = 0

    def control(self, data: bytes) -> None:
        """Queue whole frames that go before all data."""
        self._control.append(data)
        self._control_size += len(data)
        if self._control_size > MAX_CONTROL:
            raise ProtocolError("it makes us answer but does not read the answers")

    def add(self, lane: Lane) -> None:
        lane.window = self._initial_window
        self._lanes[lane.id] = lane

    def drop(self, lane: Lane) -> None:
        """Forget a stream and what it still had to send."""
        self._lanes.pop(lane.id, None)
        self.size -= lane.size
        lane.size = 0
        lane.parts.clear()
        lane.closing = None
        lane.half_closed = True

    def send(self, lane: Lane, parts: Iterable[Buffer]) -> None:
        """Queue data of a stream."""
        size = 0
        for part in parts:
            if part:
                lane.parts.append(part)
                size += len(part)
        lane.size += size
        self.size += size
        if size:
            self._schedule(lane)

    def end(self, lane: Lane, trailers: bytes = b"") -> None:
        """End a stream after its data: with the frames of its trailers, or with a flag."""
        if lane.parts:
            lane.closing = trailers
            return
        lane.half_closed = True
        self.ended.append(lane)
        self.control(trailers or frames.frame(frames.DATA, frames.END_STREAM, lane.id))

    def room(self, lane: Lane) -> int:
        """How many more bytes are worth queueing; at 0 or less the lane turns up in `told` later."""
        room = self._room(lane)
        if room <= 0 and not lane.waiting:
            lane.waiting = True
            self._waiting.append(lane)
        return room

    def told(self) -> list[Lane]:
        """The lanes that waited for room and have it now."""
        if not self._waiting:
            return []
        told = [lane for lane in self._waiting if not lane.size or self._room(lane) >= WORTH_TELLING]
        for lane in told:
            lane.waiting = False
        if told:
            self._waiting = [lane for lane in self._waiting if lane.waiting]
        return [lane for lane in told if not lane.half_closed]

    def widen(self, lane: Lane | None, increment: int) -> None:
        """The peer may be sent that much more: on one stream, or on the connection where lane is None."""
        if lane is None:
            self.window += increment
            window = self.window
        else:
            lane.window += increment
            window = lane.window
            self._schedule(lane)
        if window > frames.LARGEST_WINDOW:
            raise ProtocolError("a flow-control window of more than 2^31-1 bytes")

    def set_initial_window(self, value: int) -> None:
        """The peer's SETTINGS_INITIAL_WINDOW_SIZE: open streams move by the difference, below zero too."""
        difference = value - self._initial_window
        self._initial_window = value
        for lane in self._lanes.values():
            self.widen(lane, difference)

    def take(self, limit: int) -> list[Buffer]:
        """What to write next, about limit bytes of it (all control frames, whatever their size)."""
        out, size = self._control, self._control_size
        self._control, self._control_size = [], 0
        while self._ready and size < limit and self.window > 0:
            lane = self._ready.popleft()
            turn = min(limit, size + TURN)
            while size < turn and lane.parts and lane.window > 0 and self.window > 0:
                size += self._frame(lane, out)
            lane.ready = False
            self._schedule(lane)
        return out

    def _room(self, lane: Lane) -> int:
        return max(min(STREAM_ROOM - lane.size, CONNECTION_ROOM - self.size), LEAST_ROOM - lane.size)

    def _schedule(self, lane: Lane) -> None:
        # A window can be below zero after a change of the peer's settings.
        if lane.parts and lane.window > 0 and not lane.ready:
            lane.ready = True
            self._ready.append(lane)

    def _frame(self, lane: Lane, out: list[Buffer]) -> int:
        """Append one DATA frame to out, and the stream's end after its last one. Returns the data's size."""
        allowed = min(self.max_frame, self.window, lane.window)
        head = len(out)
        out.append(b"")
        size = 0
        parts = lane.parts
        while parts:
            part = parts[0]
            after = size + len(part)
            if after > allowed:
                if size < allowed:
                    view = memoryview(part)
                    out.append(view[: allowed - size])
                    parts[0] = view[allowed - size :]
                    size = allowed
                break
            out.append(part)
            parts.popleft()
            size = after
        flags = 0
        if not parts and lane.closing is not None:
            if lane.closing:
                out.append(lane.closing)
            else:
                flags = frames.END_STREAM
            lane.half_closed = True
            self.ended.append(lane)
        out[head] = frames.HEAD.pack(size >> 8, size & 255, frames.DATA, flags, lane.id)
        lane.size -= size
        lane.window -= size
        self.size -= size
        self.window -= size
        self.sent_data = True
        return size
