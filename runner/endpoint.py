"""The daemon that a client uses: found or started once, connected to, and ended with the client."""

import threading
from typing import TYPE_CHECKING

from runner.errors import Cancelled, DaemonError, Error, UsageError
from runner.registry.settings import RegistrySettings
from runner.transport.loop import Loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.daemon.process import Daemon
    from runner.transport.address import TLS, Address
    from runner.transport.loop import Connection

# Seconds until a daemon must have answered: one that was named, and one that is only starting.
JOIN_TIMEOUT = 10.0
START_TIMEOUT = 30.0


class Endpoint:
    """Arguments as `Client`'s. Its methods may be called from several threads."""

    def __init__(
        self,
        address: str | None,
        *,
        mode: str,
        root: str | None,
        cache_size: int | None,
        registries: RegistrySettings,
        tls: "TLS | None",
    ) -> None:
        self.notices: tuple[str, ...] = ()
        """What the user should know of how the daemon was found."""
        self._asked = address
        self._mode = mode
        self._root = root
        self._cache_size = cache_size
        self._registries = registries
        self._tls = tls
        self._lock = threading.Lock()
        self._closed = False
        self._loop: Loop | None = None
        self._address: Address | None = None
        self._daemon: Daemon | None = None
        self._builds = 0

    @property
    def owned(self) -> bool:
        """Whether a daemon of our own was started."""
        return self._daemon is not None

    @property
    def empty(self) -> bool:
        """Whether the daemon is ours, had an empty state directory, and has had one build at most."""
        return self._daemon is not None and self._daemon.empty and self._builds <= 1

    def count_build(self) -> None:
        """A build begins."""
        with self._lock:
            self._builds += 1

    def open(self) -> None:
        """Find or start the daemon, once. Raises UsageError, AccessError, DaemonError, Cancelled."""
        with self._lock:
            if self._closed:
                raise Cancelled("the client was closed")
            if self._loop is None:
                self._address = self._join_or_start()
                self._loop = Loop()
                self._loop.start()

    def connect(self, timeout: float | None = None) -> "Connection":
        """A new connection. timeout: seconds, where less than usual. Raises DaemonError, Cancelled."""
        self.open()
        loop, address = self._loop, self._address
        if loop is None or address is None:
            raise Cancelled("the client was closed")
        usual = START_TIMEOUT if self.owned else JOIN_TIMEOUT
        try:
            return loop.connect(address, timeout=usual if timeout is None else min(usual, timeout))
        except DaemonError as error:
            raise self.diagnose(error) from error

    def diagnose(self, error: Error, *, mask: "Callable[[str], str] | None" = None) -> Error:
        """A lost connection, told as what became of our own daemon, or as the end of the client.

        mask: hides secrets in the lines of the daemon's log.
        """
        if not isinstance(error, DaemonError):
            return error
        daemon = self._daemon
        if self._closed:
            return Cancelled("the client was closed")
        if daemon is None:
            return error
        if failure := daemon.failure(mask=mask):
            return failure
        error.hint = f"The log of our daemon is in {daemon.root}/runner.log."
        return error

    def close(self) -> None:
        """Close the connections, and stop the daemon if it is ours. May be called more than once."""
        with self._lock:
            self._closed = True
            loop, self._loop = self._loop, None
            daemon, self._daemon = self._daemon, None
        try:
            if loop is not None:
                loop.close()
        finally:
            if daemon is not None:
                daemon.stop()

    def _join_or_start(self) -> "Address":
        from runner.daemon.rule import resolve

        decision = resolve(self._asked, self._mode, tls=self._tls)
        if decision.notice:
            self.notices += (decision.notice,)
        if decision.own or decision.address is None:
            from runner.daemon.start import DaemonOptions, start

            options = DaemonOptions(root=self._root, registries=self._registries, cache_size=self._cache_size)
            self._daemon = start(options, decision.address)
            return self._daemon.address
        if self._cache_size is not None:
            raise UsageError(
                f"limiting the cache of the daemon at {decision.address}: that is for a daemon of our own",
                hint="Leave --cache-size out; buildkit-runner prune --max-used-space SIZE shrinks its cache.",
            )
        self.notices += self._registries.for_joined(str(decision.address))
        return decision.address
