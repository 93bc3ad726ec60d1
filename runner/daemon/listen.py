"""Unix sockets: whether somebody listens on one, and listening on one for a daemon that does not run yet."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

from runner.daemon import marker
from runner.errors import AccessError, DaemonError, UsageError

# A path may have this many bytes (sun_path in unix(7), without the NUL at its end).
LONGEST_PATH = 107


def answers(path: str) -> bool:
    """Whether somebody listens on this unix socket. Raises AccessError where we may not know."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except PermissionError as cause:
            raise AccessError(
                f"connecting to unix://{path}: permission denied",
                hint="Run as a user who may use that socket, or give another address with --addr.",
            ) from cause
        except BlockingIOError:  # its backlog is full: somebody is there, though slow
            return True
        except OSError:
            return False
    return True


def refuse_passing(path: str) -> None:
    """Raises DaemonError where the daemon that answers at `path` is another command's own."""
    if owner := marker.owner(path):
        raise DaemonError(
            f"joining the daemon at unix://{path}: it belongs to another command (process {owner}) and ends "
            "with that",
            hint="Wait for its end, give another --addr and --root, or run a daemon that all join. "
            "--daemon join joins this one all the same.",
        )


def listen(path: str) -> socket.socket:
    """A listening socket at `path`, for this user alone, marked as this process's own.

    One that nobody listens on any more is replaced. Raises UsageError where it cannot be made, DaemonError
    where another command's own daemon listens.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise UsageError(
            f"listening on unix://{path}: the path has more than {LONGEST_PATH} bytes",
            hint="Give a shorter one with --addr, or none.",
        )
    with contextlib.ExitStack() as undo:
        listener = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
            if _is_socket(path):
                if answers(path):
                    refuse_passing(path)
                else:
                    os.unlink(path)
            listener.bind(path)
            os.chmod(path, 0o600)
            marker.make(path)  # before anybody can connect
            listener.listen(128)
        except OSError as cause:
            raise UsageError(
                f"listening on unix://{path}: {cause.strerror}",
                hint="Give another address with --addr, or none.",
            ) from cause
        undo.pop_all()
    return listener


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
