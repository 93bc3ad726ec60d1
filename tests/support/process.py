"""Child processes for tests and the demo: started, waited for by what they print, ended for certain."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Process:
    """A running child whose output goes to the file `log`. It gets SIGKILL when our main thread dies.

    ready: text that the child prints once it serves; the constructor returns only then.
    Raises RuntimeError with the end of the log when the child ends or stays silent for `timeout` seconds.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        ready: str,
        env: Mapping[str, str] | None = None,
        timeout: float = 20.0,
    ) -> None:
        self.log = log
        self._ready = ready.encode()
        self._seen = threading.Event()
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
        self._reader = threading.Thread(target=self._copy, daemon=True)
        self._reader.start()
        if not self._seen.wait(timeout) or not self.alive:
            self.kill()
            raise RuntimeError(f"{command[0]} did not print {ready!r}:\n{self.tail()}")

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def tail(self, lines: int = 30) -> str:
        """The end of what it printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def end(self, number: signal.Signals = signal.SIGTERM, *, pid: int = 0, timeout: float = 5.0) -> None:
        """Send a signal to ours, or to its child `pid`; then SIGKILL to ours if that did not end it."""
        if self.alive:
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.kill(pid or self.pid, number)
                self._child.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait for the end of the process and of its output."""
        if self.alive:
            self._child.kill()
        self._child.wait()
        self._reader.join(5)

    def _copy(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as output, self.log.open("wb", buffering=0) as log:
            for line in output:
                log.write(line)
                if self._ready in line:
                    self._seen.set()
        self._child.wait()
        self._seen.set()


def free_port() -> int:
    """A TCP port of the loopback that nobody used a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def first_child(pid: int, timeout: float = 5.0) -> int:
    """The first child of process `pid`, waited for if it has none yet."""
    deadline = time.monotonic() + timeout
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        if time.monotonic() > deadline:
            raise RuntimeError(f"process {pid} has no child")
        time.sleep(0.005)


def processes_with(text: str) -> list[str]:
    """The command lines on this machine that contain text, our own tests' left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line and "pytest" not in line:
                found.append(f"{entry.name} {line}")
    return found


def soon(check: Callable[[], list[str]], timeout: float = 5.0) -> list[str]:
    """What the check still finds when it finds nothing no more, or after the timeout."""
    deadline = time.monotonic() + timeout
    while (found := check()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
