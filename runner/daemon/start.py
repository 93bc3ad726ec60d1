"""Starting a buildkitd of our own.

We listen on its socket before it runs and hand that over (systemd's socket activation): a client can connect
at once and is answered when the daemon is up, so nobody waits for readiness; when it dies, the kernel resets
every connection, also those that it had not taken yet.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from runner.daemon.process import Daemon, Place
from runner.errors import DaemonError, UsageError
from runner.registry.settings import RegistrySettings
from runner.transport.address import Address

# The guard needs nothing of this package's __init__, whose import would only cost time.
GUARD = (
    "import sys; runner = type(sys)('runner'); runner.__path__ = [sys.argv.pop(1)]; "
    "sys.modules['runner'] = runner; from runner.daemon import guard; guard.main()"
)
# The daemon takes the defaults of these flags from /etc/buildkit/buildkitd.toml, even where it reads ours.
NOTHING_FROM_ETC = ("--tlscert=", "--tlskey=", "--tlscacert=", "--group=")


class DaemonOptions(NamedTuple):
    """root: the state directory; None is the default one. debug: whether the daemon logs everything.

    isolate: whether it gets namespaces, where they are allowed; without them, what a killed daemon leaves is
    looked for and removed.

    cache_size: how large the cache may become (bytes); None leaves that to BuildKit.
    """

    root: str | None = None
    registries: RegistrySettings = RegistrySettings()
    cache_size: int | None = None
    debug: bool = False
    isolate: bool = True


def start(options: DaemonOptions, address: Address | None = None) -> Daemon:
    """Start a daemon and return at once: whoever connects to it is answered when it is up.

    address: a unix address to listen on, which nobody answers on; None is a private one.
    Raises UsageError where it cannot run here, DaemonError when another daemon uses the state directory.
    """
    import contextlib

    from runner.daemon import config, leftovers, listen, state, tools

    if os.geteuid() != 0:
        raise UsageError(
            "starting a daemon: it needs root, and this is an ordinary user",
            hint="Run as root, or join a daemon that runs: --addr unix:///PATH or tcp://HOST:PORT.",
        )
    path = tools.search_path(os.environ)
    buildkitd, runtime = tools.find_buildkitd(path), tools.find_runtime(path)
    root = options.root or state.default_root(os.environ, os.geteuid())
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as always:
        try:
            opened = state.open_state(root)
            always.callback(os.close, opened.lock)
            private = state.runtime_directory(opened.key)
            undo.callback(leftovers.remove_runtime, private)
            place = Place(
                opened.root, private, opened.cgroup, address or Address(path=f"{private}/buildkitd.sock")
            )
            listener = always.enter_context(listen.listen(place.address.path))
            undo.callback(leftovers.remove_socket, place.address.path)
            opened.claim(str(place.address))
            toml = config.buildkitd_toml(
                place, runtime, options.registries, debug=options.debug, cache_size=options.cache_size
            )
            with open(f"{place.root}/runner.toml", "w") as file:
                file.write(toml)
            os.makedirs(leftovers.temporary(place.root), 0o700, exist_ok=True)
            isolate = "yes" if options.isolate else "no"
            guard = _spawn(
                [
                    *place[:3],
                    place.address.path,
                    isolate,
                    buildkitd,
                    f"--config={file.name}",
                    *NOTHING_FROM_ETC,
                ],
                config.daemon_environment(os.environ, place.root, path, options.registries),
                place.root,
                (listener.fileno(), opened.lock),
            )
        except OSError as cause:
            raise DaemonError(f"starting a daemon in {root}: {cause.strerror}") from cause
        undo.pop_all()
    return Daemon(guard, place, empty=opened.empty)


def _spawn(argv: list[str], environ: dict[str, str], root: str, handed: tuple[int, int]) -> int:
    """Start the guard with a new log. handed: the listening socket and the lock. Returns its process id."""
    import fcntl
    import signal

    from runner.daemon import log

    made = [os.open(os.devnull, os.O_RDWR), log.open_new(root), os.pidfd_open(os.getpid())]
    null, output, myself = made
    # 0, 1 and so on in the guard: copies above all of them, as one dup2 would close the source of the next.
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (null, output, output, *handed, myself)]
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-I", "-S", "-c", GUARD, os.path.dirname(os.path.dirname(__file__)), *argv],
            environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate(copies)],
            setsid=True,  # a Ctrl-C of the terminal is ours alone
            setsigdef=[signal.SIGCHLD],  # ignored, it would take the guard's child from it
            setsigmask=[signal.SIGHUP, signal.SIGINT, signal.SIGTERM],  # until the guard can take them
        )
    finally:
        for fd in (*made, *copies):
            os.close(fd)
