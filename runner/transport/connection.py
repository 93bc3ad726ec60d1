"""A connection to a daemon and the calls on it. Public methods may be called from any thread."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from runner.errors import DaemonError, ProtocolError, RpcError
from runner.transport import frames, grpc, stream
from runner.transport.address import Address
from runner.transport.call import Call
from runner.transport.dial import Wire
from runner.transport.h2 import Data, Event, GoneAway, Headers, Http2, Ready, Reset
from runner.transport.outbox import Buffer
from runner.transport.stream import Metadata, Service
from runner.transport.tunnel import METHOD as SESSION
from runner.transport.tunnel import Tunnel, session_metadata

if TYPE_CHECKING:
    from runner.transport.loop import Loop

# Bytes handed to the socket at a time, and how often in one turn of the loop.
BATCH = 256 << 10
ROUNDS = 8
# Queued bytes of a session at which no more of the inner connection is taken.
SESSION_QUEUE = 512 << 10


class Connection:
    """One HTTP/2 connection to a daemon, made by `Loop.connect`."""

    def __init__(self, loop: "Loop", address: Address, wire: Wire) -> None:
        self.loop = loop
        self.address = address
        self.wire = wire
        self.blocked = False
        """Whether the socket took less than it was given."""
        self.ready = threading.Event()
        """Set when the daemon has answered in HTTP/2, and when it will not."""
        self.error: DaemonError | None = None
        """Why the connection is gone: what no call may be started with."""
        self._leaving: DaemonError | None = None
        self._core = Http2(client=True)
        self._unsent: list[Buffer] = []
        self._calls: dict[int, Call] = {}
        self._sessions: list[Call] = []

    def unary(self, method: str, request: bytes, *, timeout: float | None = None) -> bytes:
        """Send one request and wait for its one response. timeout: seconds, None for no limit.

        Raises RpcError (DEADLINE_EXCEEDED where the time was up) or DaemonError. Not to be called on the
        loop's thread.
        """
        answers: list[bytes] = []
        call = self._start(method, request, (), answers.append, timeout=timeout)
        try:
            if not call.wait(timeout):
                text = f"{method} on {self.address} took longer than {timeout:g} s"
                call.abort(RpcError(method, stream.DEADLINE_EXCEEDED, text))
                call.wait()
        except BaseException:
            call.cancel()
            raise
        if len(answers) != 1:
            raise ProtocolError(f"calling {method} on {self.address}: {len(answers)} responses, not one")
        return answers[0]

    def start(
        self,
        method: str,
        request: bytes,
        *,
        metadata: Sequence[tuple[str, str]] = (),
        on_message: Callable[[bytes], None],
    ) -> Call:
        """Send one request and go on; on_message is called with each response, on the loop's thread.

        Where on_message raises, the call ends with that exception.
        """
        return self._start(method, request, metadata, on_message)

    def serve(self, metadata: Metadata, services: Sequence[Service]) -> Call:
        """Open a session (Control.Session) in which the daemon calls our services.

        metadata: the session's headers, without those for the services' methods.
        """
        tunnel = Tunnel(services, self.loop)
        headers = session_metadata(metadata, services)
        return self._start(SESSION, None, headers, tunnel.message, tunnel=tunnel)

    def close(self) -> None:
        """End the connection and all calls on it. Returns when the socket is closed."""
        closed = threading.Event()

        def close() -> None:
            self.end("the connection was closed")
            closed.set()

        if self.loop.submit(close) and not self.loop.inside:
            closed.wait(1)

    def _start(
        self,
        method: str,
        request: bytes | None,
        metadata: Sequence[tuple[str, str]],
        on_message: Callable[[bytes], None],
        *,
        tunnel: Tunnel | None = None,
        timeout: float | None = None,
    ) -> Call:
        parts = () if request is None else (grpc.prefix(len(request)), request)
        call = Call(self, method, on_message, tunnel)
        secure = self.address.tls is not None
        headers = grpc.request_headers(
            method, self.address.authority, secure=secure, metadata=metadata, timeout=timeout
        )

        def begin() -> None:
            if call.done:
                return
            try:
                if refused := self.error or self._leaving:
                    raise refused
                call.id = self._core.open(headers)
            except DaemonError as error:
                call.finish(self._explain(method, error))
                return
            self._calls[call.id] = call
            if tunnel is not None:
                self._sessions.append(call)
            if request is not None:
                self._core.send(call.id, parts)
                self._core.end(call.id)

        if not self.loop.submit(begin):
            call.finish(self._explain(method, DaemonError("the loop is closed")))
        return call

    # For the loop, on its thread.

    def receive(self) -> None:
        """Read what has come and act on it."""
        with self._ended_by_errors():
            data = self.wire.receive()
            if data is None:
                return
            if not data:
                raise EOFError
            for event in self._core.feed(data):
                self._on_event(event)

    def flush(self) -> bool:
        """Write what can be written now. Returns whether there is more to write at once."""
        if self.error is not None:
            return False
        with self._ended_by_errors():
            for _ in range(ROUNDS):
                if not self._unsent:
                    self._pump()
                    self._unsent = self._core.take(BATCH)
                    if not self._unsent:
                        return False
                try:
                    sent = self.wire.send(self._unsent)
                except OSError as error:
                    raise self._last_words() or error from None
                self._unsent = _rest_of(self._unsent, sent)
                if self._unsent:
                    self.blocked = True
                    return False
            return True
        return False

    def fail(self, call: Call, error: BaseException) -> None:
        """End a call from our side."""
        if not call.done:
            self._core.reset(call.id, frames.CANCEL)
            self._finish(call, error)

    def hold(self, call: Call, held: bool) -> None:
        """Hold back what comes for a call, or let it come again."""
        if not call.done:
            self._core.hold(call.id, held)

    def end(self, why: str) -> None:
        """End the connection from our side."""
        if self.error is None:
            with suppress(ProtocolError):
                self._core.goaway(frames.NO_ERROR)
            self._write_last()
            self.lost(DaemonError(why))

    def lost(self, error: DaemonError) -> None:
        """The connection is gone: so are its calls."""
        if self.error is not None:
            return
        self.error = error
        self.loop.forget(self)
        self.wire.close()
        for call in list(self._calls.values()):
            self._finish(call, self._explain(call.method, error))
        self.ready.set()

    @property
    def busy(self) -> bool:
        """Whether a call was made that has not ended."""
        return bool(self._calls)

    @contextmanager
    def _ended_by_errors(self) -> Iterator[None]:
        try:
            yield
        except ProtocolError as error:
            self._write_last()
            self.lost(ProtocolError(f"the daemon broke the protocol: {error.message}"))
        except EOFError:
            self.lost(self._leaving or DaemonError("the daemon closed the connection"))
        except OSError as error:
            why = self.wire.why(error)
            if isinstance(error, ConnectionError):
                why = f"the daemon closed the connection ({why})"
            self.lost(self._leaving or DaemonError(why))

    def _pump(self) -> None:
        """Move what the sessions have to say into the queue of their calls."""
        for call in list(self._sessions):
            tunnel = call.tunnel
            try:
                while tunnel is not None and self._core.queued(call.id) < SESSION_QUEUE:
                    message = tunnel.take()
                    if not message:
                        break
                    self._core.send(call.id, (message,))
            except ProtocolError as error:
                self.fail(call, self._explain(call.method, error))

    def _last_words(self) -> OSError | None:
        """Hear what the daemon said before it closed: it tells more than that writing failed."""
        try:
            while data := self.wire.receive():
                for event in self._core.feed(data):
                    self._on_event(event)
        except OSError as error:
            return error
        return None

    def _write_last(self) -> None:
        with suppress(OSError, ProtocolError):
            self.wire.send([*self._unsent, *self._core.take(BATCH)])

    def _on_event(self, event: Event) -> None:
        match event:
            case GoneAway():
                self._on_goaway(event)
            case Ready():
                self.ready.set()
            case _:
                if call := self._calls.get(event.stream):
                    self._on_answer(call, event)

    def _on_answer(self, call: Call, event: Headers | Data | Reset) -> None:
        response = call.response
        try:
            if isinstance(event, Data):
                for message in response.data(event.data, event.end):
                    call.on_message(message)
            elif isinstance(event, Headers):
                response.headers(event.fields, event.end)
            else:
                response.reset(event.code)
        except DaemonError as error:
            self.fail(call, self._explain(call.method, error))
        except Exception as error:
            self.fail(call, error)
        if (status := response.status) is not None:
            self._finish(call, None if status.code == stream.OK else RpcError(call.method, *status))

    def _on_goaway(self, event: GoneAway) -> None:
        why = f": {event.text}" if event.text else ""
        self._leaving = DaemonError(f"the daemon ended the connection ({frames.error_name(event.code)}{why})")
        for call in list(self._calls.values()):
            if call.id > event.last_stream:
                self._finish(call, self._explain(call.method, self._leaving))

    def _finish(self, call: Call, error: BaseException | None) -> None:
        self._calls.pop(call.id, None)
        if call in self._sessions:
            self._sessions.remove(call)
        call.finish(error)

    def _explain(self, method: str, error: DaemonError) -> DaemonError:
        return type(error)(f"calling {method} on {self.address}: {error.message}", hint=error.hint)


def _rest_of(buffers: list[Buffer], sent: int) -> list[Buffer]:
    """What is left of buffers when that many bytes of them were sent."""
    for number, part in enumerate(buffers):
        if sent < len(part):
            return [memoryview(part)[sent:], *buffers[number + 1 :]]
        sent -= len(part)
    return []
