"""The log of our own daemon: one file of bounded size, and the one before it."""

from __future__ import annotations

import contextlib
import os

LIMIT = 4 << 20
CHUNK = 1 << 16


def path_of(root: str) -> str:
    """The log's path below a state directory; the one before it has `.1` appended."""
    return f"{root}/runner.log"


def open_new(root: str) -> int:
    """Begin a new log, keeping the last one. Returns its file descriptor."""
    path = path_of(root)
    if os.path.exists(path):
        os.replace(path, f"{path}.1")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)


def copy(source: int, log: int, root: str) -> bool:
    """Copy to the log what can be read from a pipe without waiting. Returns False at the pipe's end.

    A log that has become too long is continued in a new file, under the same file descriptor.
    """
    while True:
        try:
            data = os.read(source, CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        with contextlib.suppress(OSError):  # a disk that is full does not end the daemon
            os.write(log, data)
            if os.fstat(log).st_size > LIMIT:
                new = open_new(root)
                os.dup2(new, log, inheritable=os.get_inheritable(log))
                os.close(new)


def tail(root: str, lines: int) -> list[str]:
    """The last lines of the log, without the stack traces that buildkitd appends to an error."""
    try:
        with open(path_of(root), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - CHUNK))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    kept: list[str] = []
    for line in text.splitlines():
        if line.startswith("\t"):  # "package.function", then a tab and "file.go:12"
            del kept[-1:]
        else:
            kept.append(line)
    return kept[-lines:]
