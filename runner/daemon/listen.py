"""Unix sockets: whether somebody listens on one, and listening on one for a daemon that does not run yet."""

from __future__ import annotations

import contextlib
import os
import socket
import stat

from runner.errors import AccessError, UsageError

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


def listen(path: str) -> socket.socket:
    """A listening socket at `path`, for this user alone. One that nobody listens on any more is replaced.

    Raises UsageError where it cannot be made.
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
            if _is_socket(path) and not answers(path):
                os.unlink(path)
            listener.bind(path)
            os.chmod(path, 0o600)
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
