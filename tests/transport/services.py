"""Services for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue

from runner.transport.stream import NOT_FOUND, Handler, ServerStream

ECHO, SILENT, COUNT, FAIL = "/t.T/Echo", "/t.T/Silent", "/t.T/Count", "/t.T/Fail"


class Call:
    """A handler that notes what it is told, and does what the test says at each message."""

    def __init__(self, method: str, stream: ServerStream, on_message: Callable[[Call, bytes], None]) -> None:
        self.method = method
        self.stream = stream
        self.told: list[object] = []
        self._on_message = on_message

    def message(self, data: bytes) -> None:
        self.told.append(data)
        self._on_message(self, data)

    def end(self) -> None:
        self.told.append("end")

    def writable(self) -> None:
        self.told.append("writable")

    def closed(self) -> None:
        self.told.append("closed")


class Recorder:
    """A service that keeps the calls made to it."""

    methods: Sequence[str]

    def __init__(
        self, *methods: str, on_message: Callable[[Call, bytes], None] = lambda _call, _data: None
    ) -> None:
        self.methods = methods
        self.calls: list[Call] = []
        self._opened: SimpleQueue[Call] = SimpleQueue()
        self._on_message = on_message

    def open(self, method: str, stream: ServerStream) -> Handler:
        call = Call(method, stream, self._on_message)
        self.calls.append(call)
        self._opened.put(call)
        return call

    def wait_for_call(self) -> Call:
        """The next call; another thread serves it."""
        return self._opened.get(timeout=5)


def echo(call: Call, data: bytes) -> None:
    """Answer a message with itself and end the call."""
    call.stream.send(data)
    call.stream.finish()


def count(call: Call, data: bytes) -> None:
    """Answer a number with that many messages and end the call."""
    for number in range(int(data)):
        call.stream.send(b"%d" % number)
    call.stream.finish()


def fail(call: Call, data: bytes) -> None:
    """End the call with the message as the text of its error."""
    call.stream.finish(NOT_FOUND, data.decode())
