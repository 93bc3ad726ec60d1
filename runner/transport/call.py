"""A call of ours, seen by the threads that started it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.errors import RpcError
from runner.transport import grpc, stream

if TYPE_CHECKING:
    from runner.transport.connection import Connection
    from runner.transport.tunnel import Tunnel


class Call:
    """A call of ours, from its start to its status."""

    def __init__(
        self,
        connection: "Connection",
        method: str,
        on_message: Callable[[bytes], None],
        tunnel: "Tunnel | None" = None,
    ) -> None:
        self.method = method
        self.error: BaseException | None = None
        """Why the call failed; None while it runs and after a good end."""
        self.id = 0
        self.response = grpc.Response()
        self.on_message = on_message
        self.tunnel: Tunnel | None = tunnel
        self._connection = connection
        self._lock = threading.RLock()
        self._done = threading.Event()
        self._callbacks: list[Callable[[Call], None]] = []

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the call, at most timeout seconds. Returns whether it has ended.

        Raises RpcError on a status other than OK, DaemonError when the connection was lost (ProtocolError
        when the daemon broke the protocol), and what the callback for its messages raised. Not to be
        called on the loop's thread.
        """
        self._connection.loop.check_not_inside()
        if not self._done.wait(timeout):
            return False
        if self.error is not None:
            raise self.error
        return True

    def cancel(self) -> None:
        """End the call: with RpcError CANCELLED, unless it has ended."""
        self.abort(RpcError(self.method, stream.CANCELLED, f"{self.method} was cancelled"))

    def abort(self, error: Exception) -> None:
        """End the call with an error of the caller's choice, unless it has ended."""
        self._connection.loop.submit(lambda: self._connection.fail(self, error))

    def hold(self) -> None:
        """Let no more messages come than are under way (some MiB), until `release`. Other calls go on."""
        self._connection.loop.submit(lambda: self._connection.hold(self, True))

    def release(self) -> None:
        """Let messages come again after `hold`."""
        self._connection.loop.submit(lambda: self._connection.hold(self, False))

    def add_done_callback(self, callback: "Callable[[Call], None]") -> None:
        """Call `callback` on the loop's thread when the call has ended; soon, if it has.

        What it raises is lost.
        """
        with self._lock:
            if not self._done.is_set():
                self._callbacks.append(callback)
                return

        def run() -> None:
            with suppress(Exception):
                callback(self)

        if not self._connection.loop.submit(run):
            run()

    def finish(self, error: BaseException | None) -> None:
        """Note the end. For the connection only."""
        with self._lock:
            if self._done.is_set():
                return
            self.error = error
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        if self.tunnel is not None:
            self.tunnel.close()
        for callback in callbacks:
            with suppress(Exception):
                callback(self)
