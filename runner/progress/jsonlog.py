"""Progress as structured log lines, through python-json-logger.

The keys are documented in docs/progress.md.
"""

from __future__ import annotations

import logging
from typing import Any, BinaryIO, TextIO

from pythonjsonlogger.json import JsonFormatter

from runner.progress.events import (
    CacheExported,
    CacheHit,
    CacheImported,
    CacheSummary,
    Event,
    Finished,
    Notice,
    SolveStarted,
    Transfer,
    Vertex,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
    Warning,
)
from runner.progress.pace import Pace
from runner.progress.reader import writer
from runner.progress.times import Clock

# A line of a step's output that does not end is logged in pieces of this size (bytes).
MAX_LINE = 64 * 1024

_STREAMS = {1: "stdout", 2: "stderr"}
_ORDER = ("time", "level", "event", "message")


class JsonLogReader:
    """Writes one JSON object a line for each event, and for each line that a step writes."""

    def __init__(self, stream: TextIO | BinaryIO) -> None:
        self._put = writer(stream)
        self._format = JsonFormatter(_ORDER, json_ensure_ascii=False).format
        self._time = Clock()
        self._pace = Pace()
        self._last = 0  # the time of the last line, for warnings, which have none
        self._names: dict[str, str] = {}
        self._lines: dict[tuple[str, int], tuple[int, bytes]] = {}  # what waits for its end, with its time

    def event(self, event: Event) -> None:
        """Log `event`."""
        if isinstance(event, VertexLog):
            self._log(event)
        elif isinstance(event, VertexStarted):
            self._vertex(event, event.vertex, event.started, "started")
        elif isinstance(event, CacheHit):
            self._vertex(event, event.vertex, event.completed, "cached")
        elif isinstance(event, VertexDone):
            self._vertex(event, event.vertex, event.completed, "done", duration=_seconds(event))
        elif isinstance(event, VertexFailed):
            canceled = event.error.endswith("context canceled")
            level, verb = (logging.WARNING, "canceled") if canceled else (logging.ERROR, "failed")
            extra = {"duration": _seconds(event), "error": event.error}
            self._vertex(event, event.vertex, event.completed, verb, level=level, **extra)
        elif isinstance(event, Transfer):
            self._transfer(event)
        elif isinstance(event, Warning):
            self._warning(event)
        elif isinstance(event, SolveStarted):
            self._write(event, event.time, "build started", ref=event.ref)
        elif isinstance(event, Notice):
            self._write(event, event.time, event.message)
        elif isinstance(event, CacheImported | CacheExported | CacheSummary):
            self._cache(event)
        elif isinstance(event, Finished):
            self._finished(event)

    def close(self) -> None:
        """Log the lines that have not ended."""
        for vertex, _ in list(self._lines):
            self._release(vertex)

    def _vertex(
        self, event: Event, vertex: Vertex, time: int, verb: str, *, level: int = logging.INFO, **extra: Any
    ) -> None:
        self._names[vertex.digest] = vertex.name
        self._release(vertex.digest)
        fields = {"vertex": vertex.digest, "name": vertex.name}
        self._write(event, time, f"{verb}: {vertex.name}", level, **fields, **extra)

    def _log(self, log: VertexLog) -> None:
        key = (log.vertex, log.stream)
        time, data = self._lines.pop(key, (log.time, b""))
        *lines, rest = (data + log.data).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            self._line(key, time, line)
            time = log.time
        if len(rest) >= MAX_LINE:
            self._line(key, time, rest)
        elif rest:
            self._lines[key] = (time, rest)

    def _line(self, key: tuple[str, int], time: int, line: bytes) -> None:
        vertex, stream = key
        fields = {"vertex": vertex, "name": self._names.get(vertex, ""), "stream": _STREAMS.get(stream, "")}
        # Of a line that was written over with \r, what stood there last.
        text = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
        self._emit("VertexLog", time, text, logging.INFO, fields)

    def _release(self, vertex: str) -> None:
        """Log what a step has written of lines that it will not end."""
        for key in [key for key in self._lines if key[0] == vertex]:
            time, line = self._lines.pop(key)
            self._line(key, time, line)

    def _transfer(self, event: Transfer) -> None:
        if not self._pace.due(event):
            return
        fields: dict[str, Any] = {"vertex": event.vertex, "name": self._names.get(event.vertex, "")}
        fields |= {"transfer": event.id, "current": event.current, "total": event.total}
        if event.completed:
            fields["duration"] = _seconds(event)
        self._write(event, event.time, f"{event.id} done" if event.completed else event.id, **fields)

    def _warning(self, event: Warning) -> None:
        fields: dict[str, Any] = {"vertex": event.vertex, "name": self._names.get(event.vertex, "")}
        fields |= {"detail": list(event.detail), "url": event.url, "file": event.filename}
        if event.ranges:
            fields["line"] = event.ranges[0].first
        self._write(event, self._last, event.short, logging.WARNING, **fields)

    def _cache(self, event: CacheImported | CacheExported | CacheSummary) -> None:
        fields = event._asdict()
        time = fields.pop("time")
        if isinstance(event, CacheSummary):
            text, why = f"cache: {event.cached} of {event.steps} steps cached", ""
            fields["sources"] = [source._asdict() for source in event.sources]
        else:
            fields["duration"] = fields.pop("seconds")
            if isinstance(event, CacheImported):
                text, why = f"importing the cache {event.name}", event.reason
            else:
                text, why = f"exporting the cache {event.name or event.kind}", event.error
        self._write(event, time, f"{text}: {why}" if why else text, **fields)

    def _finished(self, event: Finished) -> None:
        if event.error:
            self._write(event, event.time, f"build failed: {event.error}", logging.ERROR, error=event.error)
        else:
            self._write(event, event.time, "build finished", digest=event.digest)

    def _write(self, event: Event, time: int, message: str, level: int = logging.INFO, **extra: Any) -> None:
        self._emit(type(event).__name__, time, message, level, extra)

    def _emit(self, event: str, time: int, message: str, level: int, extra: dict[str, Any]) -> None:
        record = logging.LogRecord("", level, "", 0, message, None, None)
        self._last = time
        # As the message itself, fields may be named as those of a LogRecord are ("name").
        record.msg = {
            "time": self._time(time),
            "level": logging.getLevelName(level).lower(),
            "event": event,
            "message": message,
            **extra,
        }
        self._put(self._format(record).encode("utf-8", "replace") + b"\n")


def _seconds(event: VertexDone | VertexFailed | Transfer) -> float:
    return round(max(0, event.completed - event.started) / 1e9, 6)
