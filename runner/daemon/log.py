"""The log of our own daemon: one file of bounded size, and the one before it, without passwords of URLs."""

from __future__ import annotations

import contextlib
import os

LIMIT = 4 << 20
CHUNK = 1 << 16


def path_of(root: str) -> str:
    """The log's path below a state directory; the one before it has `.1` appended."""
    return f"{root}/runner.log"


def open_new(root: str) -> int:
    """Begin a new log, for this user alone, keeping the last one. Returns its file descriptor."""
    path = path_of(root)
    if os.path.exists(path):
        os.replace(path, f"{path}.1")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)


class Copy:
    """Copies a pipe to the log. A log that has become too long is continued in a new file, under the same
    file descriptor.

    source: the pipe, which does not block. root: the state directory, where the log is.
    """

    def __init__(self, source: int, log: int, root: str) -> None:
        self._source = source
        self._log = log
        self._root = root
        self._held = b""

    def more(self) -> bool:
        """Copy the lines that can be read without waiting. Returns False at the pipe's end."""
        while True:
            try:
                data = os.read(self._source, CHUNK)
            except BlockingIOError:
                return True
            if not data:
                self.finish()
                return False
            # What is masked has no white space in it; a run without any is held no longer than this.
            data = self._held + data
            cut = max(data.rfind(b"\n"), data.rfind(b" ")) + 1 or (len(data) if len(data) > CHUNK else 0)
            self._held = data[cut:]
            self._write(data[:cut])

    def finish(self) -> None:
        """Write what was held: the beginning of a line whose end did not come."""
        data, self._held = self._held, b""
        self._write(data)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        with contextlib.suppress(OSError):  # a disk that is full does not end the daemon
            os.write(self._log, without_passwords(data))
            if os.fstat(self._log).st_size > LIMIT:
                new = open_new(self._root)
                os.dup2(new, self._log, inheritable=os.get_inheritable(self._log))
                os.close(new)


def without_passwords(data: bytes) -> bytes:
    """`data` with *** in place of the user and password of each URL (RFC 3986, 3.2.1)."""
    if b"://" not in data or b"@" not in data:
        return data
    import re  # only now: it is long to import, and the daemon is waited for

    return re.sub(rb"://[^\s/]*@", b"://***@", data)


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
