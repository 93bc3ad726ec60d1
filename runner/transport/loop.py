"""The one thread that reads and writes the sockets, and calls everybody back."""

import heapq
import itertools
import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from runner.errors import DaemonError
from runner.transport.address import Address
from runner.transport.call import Call
from runner.transport.connection import Connection
from runner.transport.dial import dial, tls_hint
from runner.transport.pool import Pool

__all__ = ["Call", "Connection", "Loop"]


class Loop:
    """Runs connections on one daemon thread, from `start` (or `with`) to `close`."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._connections: dict[int, Connection] = {}
        self._poll = select.poll()
        # A signal's handler may submit while its thread does.
        self._lock = threading.RLock()
        self._submitted: list[Callable[[], None]] = []
        # When (time.monotonic), a number that keeps the order, what.
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._woken = False
        self._closing = False
        self._closed = True
        self._thread = threading.Thread(target=self._run, name="buildkit-runner-loop", daemon=True)
        self._wake_read = self._wake_write = -1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the thread."""
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll.register(self._wake_read, select.POLLIN)
        self._closed = False
        self._thread.start()

    def connect(self, address: Address, *, timeout: float) -> Connection:
        """Connect to a daemon and wait until it has answered in HTTP/2, at most timeout seconds.

        Raises DaemonError with the cause, UsageError where the files for TLS cannot be used. Not to be
        called on the loop's thread.
        """
        self.check_not_inside()
        deadline = time.monotonic() + timeout
        wire = dial(address, timeout)
        connection = Connection(self, address, wire)
        if not self.submit(lambda: self._add(connection)):
            wire.close()
            raise DaemonError(f"connecting to {address}: the loop is closed")
        try:
            if not connection.ready.wait(max(deadline - time.monotonic(), 0)):
                text = f"connecting to {address}: no answer in HTTP/2 within {timeout:g} s"
                raise DaemonError(text, hint="Is it buildkitd that listens there?")
            if error := connection.error:
                hint = tls_hint(error.message)
                if not (address.path or address.tls):
                    hint = "If it wants TLS, give it the certificates: --tlsdir or --tlscacert, …"
                raise type(error)(f"connecting to {address}: {error.message}", hint=hint)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End all connections and calls, and the thread. Takes at most a second.

        May be called more than once, and after a `start` that an exception interrupted.
        """
        self.check_not_inside()
        with self._lock:
            self._closing = True
            if self._wake_write >= 0:
                self._wake()
        try:
            self._thread.join(1)
        except RuntimeError:
            # It was not started, or not yet: then it ends at once.
            with self._lock:
                self._closed = True
        if not self._thread.is_alive():
            pipe, self._wake_read, self._wake_write = (self._wake_read, self._wake_write), -1, -1
            for end in pipe:
                if end >= 0:
                    os.close(end)

    def submit(self, work: Callable[[], None]) -> bool:
        """Run work soon on the loop's thread. Returns False, and forgets it, when the loop is closed.

        Any thread may call it.
        """
        with self._lock:
            if self._closed:
                return False
            self._submitted.append(work)
            self._wake()
        return True

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run work on the loop's thread after some time; forgotten when the loop is closed before.

        To be called on the loop's thread.
        """
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), work))

    def forget(self, connection: Connection) -> None:
        """Stop reading and writing a connection. On the loop's thread, before its socket is closed."""
        if self._connections.pop(connection.wire.fileno(), None):
            self._poll.unregister(connection.wire.fileno())

    @property
    def inside(self) -> bool:
        """Whether this is the loop's thread."""
        return threading.current_thread() is self._thread

    def check_not_inside(self) -> None:
        """Raise RuntimeError on the loop's thread: what waits there, waits for ever."""
        if self.inside:
            raise RuntimeError("this would block the loop's thread")

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            os.write(self._wake_write, b"!")

    def _add(self, connection: Connection) -> None:
        self._connections[connection.wire.fileno()] = connection
        self._poll.register(connection.wire.fileno(), select.POLLIN)

    def _run(self) -> None:
        why = "the connection was closed"
        try:
            busy = warm = False
            while not self._closing:
                self._turn(0 if busy else self._pause())
                busy = self._flush()
                if not warm and any(connection.busy for connection in self._connections.values()):
                    # While the daemon works on the first call: reading its answer takes the library.
                    warm = True
                    import hpack  # noqa: F401
        except BaseException as error:
            why = f"an error of our own in the loop: {error!r}"
        finally:
            with self._lock:
                self._closed = True
            self._run_submitted()
            self.pool.close()
            for connection in list(self._connections.values()):
                connection.end(why)

    def _turn(self, timeout: float | None) -> None:
        for fd, events in self._poll.poll(timeout):
            connection = self._connections.get(fd)
            if connection is None:
                if fd == self._wake_read:
                    os.read(fd, 64)
                continue
            if events & select.POLLOUT:
                connection.blocked = False
                self._poll.modify(fd, select.POLLIN)
            if events & ~select.POLLOUT:
                connection.receive()
        self._run_submitted()
        due = time.monotonic()
        while self._timers and self._timers[0][0] <= due:
            heapq.heappop(self._timers)[2]()

    def _pause(self) -> float | None:
        """Milliseconds until the next timer; None where there is none."""
        return max(0.0, self._timers[0][0] - time.monotonic()) * 1000 if self._timers else None

    def _run_submitted(self) -> None:
        with self._lock:
            submitted, self._submitted = self._submitted, []
            self._woken = False
        for work in submitted:
            work()

    def _flush(self) -> bool:
        busy = False
        for fd, connection in list(self._connections.items()):
            if connection.blocked:
                continue
            busy |= connection.flush()
            if connection.blocked:
                self._poll.modify(fd, select.POLLIN | select.POLLOUT)
        return busy
