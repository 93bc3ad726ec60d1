"""A buildkitd of our own: started, watched and stopped.

We listen on its socket before it runs and hand that over (systemd's socket activation): a client can connect
at once and is answered when the daemon is up, so nobody waits for readiness; when it dies, the kernel resets
every connection, also those that it had not taken yet.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from runner.daemon import log, rule, state
from runner.errors import DaemonError, UsageError
from runner.registry.settings import RegistrySettings
from runner.transport.address import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from types import TracebackType
    from typing import Self

# How long our guard may take to stop the daemon and to clean up (seconds): its GRACE, and some.
STOP_TIMEOUT = 4.0
# A unix socket's path may have this many bytes (sun_path in unix(7), without the NUL).
SOCKET_PATH = 107
LOG_LINES = 10
# The guard needs nothing of this package's __init__, whose import would only cost time.
GUARD = (
    "import sys; runner = type(sys)('runner'); runner.__path__ = [sys.argv.pop(1)]; "
    "sys.modules['runner'] = runner; from runner.daemon import guard; guard.main()"
)


class DaemonOptions(NamedTuple):
    """root: the state directory; None is the default one. debug: log everything. isolate: use namespaces
    where they are allowed (without them, what a killed daemon leaves is cleaned up by hand)."""

    root: str | None = None
    registries: RegistrySettings = RegistrySettings()
    debug: bool = False
    isolate: bool = True


class Daemon:
    """A running daemon that is ours. A context manager that stops it; it also stops when this process ends.

    address: where it listens. root: its state directory, in which `runner.log` is its log.
    """

    def __init__(self, pid: int, address: Address, opened: state.State) -> None:
        self.address = address
        self.root = opened.root
        self._cgroup = opened.cgroup
        self._pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._status: int | None = None
        self._stopping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fileno(self) -> int:
        """A file descriptor for a selector: readable when the daemon has ended. Valid until `stop`."""
        return self._pidfd

    def alive(self) -> bool:
        return not self._wait(0.0)

    def failure(self, timeout: float = 1.0) -> DaemonError | None:
        """Why it ended by itself, with the last lines of its log; None when it did not.

        timeout: how long to wait for its end (seconds). A lost connection is seen before that.
        """
        if self._stopping or not self._wait(timeout):
            return None
        lines = self.log_tail(LOG_LINES)
        return DaemonError(
            f"buildkitd ended with status {self._status}: {lines[-1] if lines else 'it logged nothing'}",
            hint="\n".join(
                [f"The end of its log, {log.path_of(self.root)}:", *(f"  {line}" for line in lines)]
            ),
        )

    def log_tail(self, lines: int) -> list[str]:
        """The last lines of its log."""
        return log.tail(self.root, lines)

    def stop(self) -> None:
        """End it, within 5 s. May be called more than once.

        Its clients should have cancelled and closed before: it waits for running Solves, and is killed
        after 3 s.
        """
        if self._stopping:
            return
        self._stopping = True
        import signal

        for number in (signal.SIGTERM, signal.SIGKILL):  # to the guard, and from there to the daemon
            if self._wait(0.0):
                break
            signal.pidfd_send_signal(self._pidfd, number)
            self._wait(STOP_TIMEOUT)
        os.close(self._pidfd)
        if self._status != 0:
            self._clean()

    def _clean(self) -> None:
        """The guard's last work, where it could not do it."""
        import contextlib

        from runner.daemon import leftovers

        with contextlib.suppress(DaemonError, UsageError):
            opened = state.open_state(self.root)
            leftovers.clean(opened.root, opened.cgroup)
            leftovers.remove_sockets(state.runtime_directory(opened.key), self.address.path)
            os.close(opened.lock)

    def _wait(self, timeout: float) -> bool:
        """Whether the guard, and with it the daemon, has ended, or ends within this many seconds."""
        if self._status is not None:
            return True
        import select

        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(timeout * 1000):
            return False
        try:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        except ChildProcessError:  # somebody else waited for all children of this process
            self._status = -1
        return True


def start(options: DaemonOptions, address: Address | None = None) -> Daemon:
    """Start a daemon and return at once: whoever connects to it is answered when it is up.

    address: a unix address to listen on, which nobody answers on; None is a private one.
    Raises UsageError where it cannot run here, DaemonError when another daemon uses the state directory.
    """
    from runner.daemon import config, leftovers, tools

    environ = os.environ
    if os.geteuid() != 0:
        raise UsageError(
            "starting a daemon: it needs root, and this is an ordinary user",
            hint="Run as root, or join a daemon that runs: --addr unix:///PATH or tcp://HOST:PORT.",
        )
    path = tools.search_path(environ)
    buildkitd, runtime = tools.find_buildkitd(path), tools.find_runtime(path)
    opened = state.open_state(options.root or state.default_root(environ, os.geteuid()))
    listener = None
    try:
        private = state.runtime_directory(opened.key)
        address = address or Address(path=f"{private}/buildkitd.sock")
        listener = _listen(address.path)
        opened.claim(str(address))
        toml = config.buildkitd_toml(
            root=opened.root,
            otel_socket=f"{private}/otel.sock",
            runtime=runtime,
            cgroup=opened.cgroup,
            registries=options.registries,
            debug=options.debug,
        )
        configuration = f"{opened.root}/runner.toml"
        with open(configuration, "w") as output:
            output.write(toml)
        os.makedirs(leftovers.temporary(opened.root), 0o700, exist_ok=True)
        # The daemon takes the defaults of its flags from /etc/buildkit/buildkitd.toml: these must be empty.
        command = [
            buildkitd,
            "--config",
            configuration,
            "--tlscert=",
            "--tlskey=",
            "--tlscacert=",
            "--group=",
        ]
        pid = _spawn(
            [opened.root, private, address.path, opened.cgroup, "yes" if options.isolate else "no", *command],
            config.daemon_environment(environ, root=opened.root, path=path, registries=options.registries),
            opened,
            listener,
        )
        return Daemon(pid, address, opened)
    finally:
        os.close(opened.lock)
        if listener is not None:
            listener.close()


def _listen(path: str) -> socket.socket:
    """A socket at `path` for root alone. What nobody listens on any more is replaced."""
    import socket

    if len(os.fsencode(path)) > SOCKET_PATH:
        raise UsageError(
            f"listening on unix://{path}: the path has more than {SOCKET_PATH} bytes",
            hint="Give a shorter one with --addr, or none.",
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        if _is_socket(path) and not rule.answers(path):
            os.unlink(path)
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(128)
    except OSError as cause:
        listener.close()
        raise UsageError(
            f"listening on unix://{path}: {cause.strerror}", hint="Give another address with --addr, or none."
        ) from cause
    return listener


def _is_socket(path: str) -> bool:
    import stat

    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _spawn(argv: list[str], environ: dict[str, str], opened: state.State, listener: socket.socket) -> int:
    """Start the guard. Returns its process id."""
    import fcntl
    import signal

    myself = os.pidfd_open(os.getpid())
    log_file = log.open_new(opened.root)
    # 0, 1 and so on in the guard: copies above all of them, as one dup2 would close the source of the next
    sources = (os.open(os.devnull, os.O_RDWR), log_file, log_file, listener.fileno(), opened.lock, myself)
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in sources]
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", "-c", GUARD, os.path.dirname(os.path.dirname(__file__)), *argv],
            environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(copies)],
            setsid=True,  # a Ctrl-C of the terminal is ours alone
            setsigmask=[signal.SIGHUP, signal.SIGINT, signal.SIGTERM],  # until the guard can take them
            setsigdef=[signal.SIGCHLD],
        )
    finally:
        for fd in {*sources, *copies} - {listener.fileno(), opened.lock}:
            os.close(fd)
