"""Why a build failed: what the events told of it and what the daemon's error holds, in words.

`FailureLog` reads along; `explain` is asked only when a build has failed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from runner.progress.events import (
    CacheHit,
    Event,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
)

if TYPE_CHECKING:
    from runner.errors import Error, RpcError
    from runner.progress.mask import Mask

# What is kept of the end of a step's log (bytes).
LOG_BYTES = 16 * 1024


class FailureLog:
    """A reader that keeps what a failure's report needs: names, failed steps, the end of each running log."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._logs: dict[str, deque[bytes]] = {}
        self._sizes: dict[str, int] = {}

    def event(self, event: Event) -> None:
        """Keep what may be needed of `event`."""
        if isinstance(event, VertexLog):
            log = self._logs.get(event.vertex)
            if log is None:
                log = self._logs[event.vertex] = deque()
                self._sizes[event.vertex] = 0
            log.append(event.data[-LOG_BYTES:])
            size = self._sizes[event.vertex] + len(log[-1])
            while size - len(log[0]) >= LOG_BYTES:
                size -= len(log.popleft())
            self._sizes[event.vertex] = size
        elif isinstance(event, VertexAdded | VertexStarted):
            self._names[event.vertex.digest] = event.vertex.name
        elif isinstance(event, VertexFailed):
            if not event.error.endswith("context canceled"):
                self._failed.setdefault(event.vertex.digest, event.error)
        elif isinstance(event, VertexDone | CacheHit):
            self._logs.pop(event.vertex.digest, None)
            self._failed.pop(event.vertex.digest, None)

    def close(self) -> None:
        """Nothing is written."""

    def failed(self, digests: list[str], message: str) -> str:
        """The step that failed: one of `digests` (what the daemon's error names) if it is known, else the
        step whose error is part of the message, else the last that failed. "" if there is none."""
        for digest in digests:
            if digest in self._names:
                return digest
        for digest, error in self._failed.items():
            if error in message:
                return digest
        return next(reversed(self._failed), "")

    def name(self, digest: str) -> str:
        """The name of a step, or ""."""
        return self._names.get(digest, "")

    def log(self, digest: str) -> bytes:
        """The end of what a step wrote, at most about LOG_BYTES."""
        return b"".join(self._logs.get(digest, ()))


def explain(error: RpcError, seen: FailureLog, *, what: str = "", mask: Mask | None = None) -> Error:
    """The error that a failed Solve means.

    error: what the daemon answered. seen: has read the build's events.
    what: what was being built, such as the context's path. mask: hides secrets in the texts.

    Returns AccessError, TransientError or BuildFailed: its message is one line, its `report` shows the step,
    the end of its log and the lines of the Dockerfile, its hint says what to do where that is known.
    """
    from runner.progress.report import Failure

    return Failure(error, seen, what, mask).error()
