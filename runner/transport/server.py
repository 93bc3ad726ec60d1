"""A gRPC server without sockets: hands the calls of an HTTP/2 client to services."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from runner.errors import Error, ProtocolError
from runner.transport import grpc, stream
from runner.transport.h2 import Data, Event, GoneAway, Headers, Http2, Ready, Reset
from runner.transport.outbox import Buffer
from runner.transport.pool import Pool
from runner.transport.stream import Handler, Metadata, Service, T

MAX_HEADERS = 4 << 20
# Bytes held of messages that are not whole yet, over all streams.
MAX_HELD = 64 << 20


class Scheduler(Protocol):
    """Where work is run: a `Loop`."""

    pool: Pool

    def submit(self, work: Callable[[], None]) -> object:
        """Run work soon on the loop's thread. Any thread may call it."""

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run work on the loop's thread after some time. To be called on that thread."""


class Server:
    """Bytes of the client in, bytes for it out; in between the services' handlers are called.

    All methods are called on the thread that the scheduler runs work on.
    """

    def __init__(self, services: Sequence[Service], scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.core = Http2(client=False, max_headers=MAX_HEADERS)
        self._services = {method: service for service in services for method in service.methods}
        self._calls: dict[int, _ServerCall] = {}
        self._held = 0

    def feed(self, data: bytes) -> None:
        """Bytes of the client. Raises ProtocolError; then there is still something to take."""
        for event in self.core.feed(data):
            self._on_event(event)

    def take(self, limit: int) -> list[Buffer]:
        """The next bytes for the client, about limit of them; [] when there is nothing to say now.

        Handlers are told here that there is room again, and that their call is over.
        """
        self._tell()
        out = self.core.take(limit)
        self._tell()
        return out

    def close(self) -> None:
        """The connection is gone: every call is over."""
        calls = list(self._calls.values())
        self._calls.clear()
        for call in calls:
            call.close()

    def _tell(self) -> None:
        for id in self.core.closed():
            if call := self._calls.get(id):
                self._remove(call)
        for id in self.core.roomy():
            if call := self._calls.get(id):
                call.writable()

    def _on_event(self, event: Event) -> None:
        match event:
            case Data(id, data, end):
                if call := self._calls.get(id):
                    before = call.deframer.size
                    call.data(data, end)
                    self._held += call.deframer.size - before
                    if self._held > MAX_HELD:
                        raise ProtocolError(f"more than {MAX_HELD} bytes of messages that do not end")
            case Headers(id, fields, end):
                if call := self._calls.get(id):
                    call.data(b"", end)  # trailers of a request mean nothing in gRPC
                else:
                    self._open(id, fields, end)
            case Reset(id):
                if call := self._calls.get(id):
                    self._remove(call)
            case Ready() | GoneAway():
                pass

    def _open(self, id: int, fields: Metadata, end: bool) -> None:
        found = dict(fields)
        if found.get(":method") != "POST" or not grpc.is_grpc(found.get("content-type", "")):
            raise ProtocolError("a request that is not gRPC")
        method = found.get(":path", "")
        service = self._services.get(method)
        if service is None:
            status = grpc.Status(stream.UNIMPLEMENTED, f"method {method} is not served here")
            self.core.end(id, grpc.trailers_only(status))
            return
        call = _ServerCall(self, id, [field for field in fields if not field[0].startswith(":")])
        self._calls[id] = call
        call.open(service, method)
        if end:
            call.data(b"", True)

    def _remove(self, call: "_ServerCall") -> None:
        del self._calls[call.id]
        self._held -= call.deframer.size
        call.close()


class _NoHandler:
    """Stands in until the service has given its handler."""

    def message(self, data: bytes) -> None:
        pass

    def end(self) -> None:
        pass

    def writable(self) -> None:
        pass

    def closed(self) -> None:
        pass


class _ServerCall:
    """One call of the client: the `ServerStream` of its handler."""

    def __init__(self, server: Server, id: int, metadata: Metadata) -> None:
        self.id = id
        self.deframer = grpc.Deframer()
        self._server = server
        self._core = server.core
        self._metadata = metadata
        self._handler: Handler = _NoHandler()
        self._began = False
        self._finished = False
        self._closed = False
        self._deferred: set[object] = set()
        self._waiting: dict[object, Callable[[], None]] = {}

    # For the handler.

    @property
    def metadata(self) -> Metadata:
        return self._metadata

    def send(self, *parts: bytes) -> None:
        self._send((grpc.prefix(sum(map(len, parts))), *parts))

    def send_framed(self, data: bytes | Sequence[bytes]) -> None:
        self._send((data,) if isinstance(data, bytes) else data)

    def room(self) -> int:
        return self._core.room(self.id)

    def finish(self, code: int = stream.OK, message: str = "") -> None:
        if not self._finished:
            self._finished = True
            self._waiting.clear()
            status = grpc.Status(code, message)
            self._core.end(self.id, grpc.trailers(status) if self._began else grpc.trailers_only(status))

    def defer(self, work: Callable[[], T], done: Callable[[T | BaseException], None]) -> None:
        key = object()
        self._deferred.add(key)

        def deliver(result: T | BaseException) -> None:
            if key in self._deferred:
                self._deferred.discard(key)
                self._guard(done, result)

        def run() -> None:
            result: T | BaseException
            try:
                result = work()
            except BaseException as error:
                result = error
            self._server.scheduler.submit(lambda: deliver(result))

        self._server.scheduler.pool.submit(key, run)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        if self._finished:
            return
        key, waiting = object(), self._waiting
        waiting[key] = partial(self._guard, work)

        # What the scheduler keeps until then does not hold a call that is over.
        def run() -> None:
            if due := waiting.pop(key, None):
                due()

        self._server.scheduler.after(seconds, run)

    def _send(self, parts: Iterable[Buffer]) -> None:
        if self._finished:
            raise RuntimeError("a message after the end of its call")
        if not self._began:
            self._began = True
            self._core.respond(self.id, grpc.RESPONSE_HEADERS)
        self._core.send(self.id, parts)

    # For the server.

    def open(self, service: Service, method: str) -> None:
        try:
            self._handler = service.open(method, self)
        except Exception as error:
            self._fail(error)

    def data(self, data: bytes, end: bool) -> None:
        if self._finished:
            return
        for message in self.deframer.feed(data):
            self._guard(self._handler.message, message)
            if self._finished:
                return
        if end:
            self.deframer.end()
            self._guard(self._handler.end)

    def writable(self) -> None:
        if not self._finished:
            self._guard(self._handler.writable)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = self._finished = True
        self._waiting.clear()
        for key in self._deferred:
            self._server.scheduler.pool.forget(key)
        self._deferred.clear()
        # Nobody is left who could be told that releasing failed.
        with suppress(Exception):
            self._handler.closed()

    def _guard(self, function: Callable[..., None], *arguments: object) -> None:
        try:
            function(*arguments)
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        # The text of a foreign exception may hold what was being read.
        foreign = f"the client's session failed: {type(error).__name__}"
        self.finish(stream.UNKNOWN, error.message if isinstance(error, Error) else foreign)
