"""The mark beside the socket of a daemon of our own: a symbolic link that tells whose it is.

A daemon of our own ends with its command: nobody else's build may join it by accident. The link names the
socket's inode and time too: once another socket is there, it says nothing any more.
"""

from __future__ import annotations

import contextlib
import os


def path_of(socket: str) -> str:
    return f"{socket}.owner"


def make(socket: str) -> None:
    """Mark a socket that was just made as that of this process. Raises OSError."""
    remove(socket)
    os.symlink(f"{os.getpid()} {_identity(socket)}", path_of(socket))


def owner(socket: str) -> str:
    """The process id of the command whose own daemon has this socket; "" where it is no such daemon's."""
    try:
        process, _, identity = os.readlink(path_of(socket)).partition(" ")
        return process if identity == _identity(socket) else ""
    except OSError:
        return ""


def remove(socket: str) -> None:
    """Remove the mark, where there is one; what else has its name stays."""
    path = path_of(socket)
    if os.path.islink(path):
        with contextlib.suppress(OSError):
            os.unlink(path)


def _identity(socket: str) -> str:
    found = os.stat(socket)
    return f"{found.st_ino} {found.st_mtime_ns}"
