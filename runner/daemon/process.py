"""A running buildkitd of our own: whether it lives, why it died, its log, and its end."""

from __future__ import annotations

import os
import threading
from typing import NamedTuple

from runner.daemon import log
from runner.errors import DaemonError, Error
from runner.transport.address import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

# How long the guard may take to stop the daemon and to clean up, and how long to die (seconds).
STOP_TIMEOUT, KILL_TIMEOUT = 4.0, 0.5
LOG_LINES = 10


class Place(NamedTuple):
    """Where a daemon lives. root: its state. runtime: its private sockets. cgroup: above its containers'."""

    root: str
    runtime: str
    cgroup: str
    address: Address


class Daemon:
    """A daemon that is ours. A context manager that stops it; it also stops when this process ends.

    Its methods may be called from several threads.

    address: where it listens. root: its state directory, in which `runner.log` is its log. empty: that
    directory was empty before.
    """

    def __init__(self, guard: int, place: Place, *, empty: bool) -> None:
        """guard: the process id of the guard, a child of ours."""
        self.empty = empty
        self.address = place.address
        self.root = place.root
        self._place = place
        self._pid = guard
        self._guard = os.pidfd_open(guard)
        self._status: int | None = None
        self._stopped = False
        self._stopping = threading.RLock()
        self._users = 1  # of the pidfd: threads that ask, and this one until it is stopped
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fileno(self) -> int:
        """A file descriptor for a selector: readable when the daemon has ended. Valid until `stop`."""
        return self._guard

    def alive(self) -> bool:
        return not self._ends(within=0.0)

    def failure(
        self, timeout: float = 0.5, *, mask: Callable[[str], str] | None = None
    ) -> DaemonError | None:
        """Why it ended by itself, with the last lines of its log; None when it did not, or was stopped.

        timeout: how long to wait for its end (seconds). Its clients may see their connections fail before it.
        mask: takes from a line of the log what must not be shown.
        """
        if self._stopped or not self._ends(within=timeout) or self._stopped:
            return None
        lines = self.log_tail(LOG_LINES, mask=mask)
        said = [line.removeprefix("buildkitd: ") for line in lines if line.startswith("buildkitd: ")]
        quoted = "".join(f"\n  {line}" for line in lines)
        return DaemonError(
            f"running our own buildkitd: it ended: {said[-1] if said else self._how()}",
            hint=f"The end of its log, {log.path_of(self.root)}:{quoted}",
        )

    def log_tail(self, lines: int, *, mask: Callable[[str], str] | None = None) -> list[str]:
        """The last lines of its log. mask: as for `failure`."""
        found = log.tail(self.root, lines)
        return [mask(line) for line in found] if mask else found

    def stop(self) -> None:
        """End it, within 5 s. May be called more than once; then it also returns when it has ended.

        Its clients should have cancelled and closed before: it waits for running Solves, and is killed
        after 2 s.
        """
        with self._stopping:
            if self._stopped:
                return
            self._stopped = True
            import contextlib
            import signal

            for number, timeout in ((signal.SIGTERM, STOP_TIMEOUT), (signal.SIGKILL, KILL_TIMEOUT)):
                if not self._ends(within=0.0):
                    with contextlib.suppress(ProcessLookupError):  # reaped by somebody else meanwhile
                        signal.pidfd_send_signal(self._guard, number)  # it passes it on to the daemon
                    self._ends(within=timeout)
            if self._status != 0:
                self._clean()
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, self._guard, os.WEXITED | os.WNOHANG)
            self._release()

    def _clean(self) -> None:
        """The guard's last work, where it was killed before."""
        import contextlib

        from runner.daemon import leftovers, listen, state

        with contextlib.suppress(Error, OSError):  # another daemon has the directory by now, and did it
            state.await_daemon(self.root)
            opened = state.open_state(self.root)
            leftovers.clean(self.root, self._place.cgroup, self._pid)
            if not listen.answers(self.address.path):
                leftovers.remove_socket(self.address.path)
            leftovers.remove_runtime(self._place.runtime)
            os.close(opened.lock)

    def _ends(self, *, within: float) -> bool:
        """Whether the guard, and with it the daemon, has ended, or ends within this many seconds."""
        with self._lock:
            if self._status is not None or not self._users:
                return True
            self._users += 1
        import select

        try:
            poll = select.poll()
            poll.register(self._guard, select.POLLIN)
            if not poll.poll(within * 1000):
                return False
            status = self._read_status()
        finally:
            self._release()
        with self._lock:
            if self._status is None:
                self._status = status
        return True

    def _read_status(self) -> int:
        """How the guard ended. It is not reaped here, so that several threads may ask."""
        try:
            ended = os.waitid(os.P_PIDFD, self._guard, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:  # reaped by stop(), or by who waits for every child of this process
            ended = None
        if ended is None:
            return 0
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def _release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                os.close(self._guard)

    def _how(self) -> str:
        status = self._status or 0
        if status < 0:
            return f"the process that guards it was killed by signal {-status}"
        if status > 128:  # a guard's status is one byte: 256 less the signal
            return f"killed by signal {256 - status}{', as when memory runs out' if status == 247 else ''}"
        return f"exit status {status}"
