"""Progress as one SolveStatus a line, as `docker buildx build --progress=rawjson` prints it.

Field names and what is left out when empty: client/graph.go of BuildKit. Each event is a line of its own; a
warning's `sourceInfo` has no `definition` and no `language`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, BinaryIO, TextIO

from runner.progress.events import (
    CacheHit,
    Event,
    Transfer,
    Vertex,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
    Warning,
)
from runner.progress.reader import writer
from runner.progress.times import Clock

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
# Go's encoder writes these so that the text may stand in HTML and in JavaScript.
_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


class RawJsonReader:
    """Writes a line of JSON for each event that BuildKit's own status knows."""

    def __init__(self, stream: TextIO | BinaryIO) -> None:
        self._put = writer(stream)
        self._time = Clock()

    def event(self, event: Event) -> None:
        """Write the line of `event`, if it has one."""
        status: dict[str, Any]
        if isinstance(event, VertexLog):
            status = {"logs": [self._log(event)]}
        elif isinstance(event, Transfer):
            status = {"statuses": [self._transfer(event)]}
        elif isinstance(event, VertexAdded | VertexStarted | VertexDone | CacheHit | VertexFailed):
            status = {"vertexes": [self._vertex(event)]}
        elif isinstance(event, Warning):
            status = {"warnings": [_warning(event)]}
        else:
            return
        text = _encode(status).translate(_ESCAPES)
        self._put(text.encode("utf-8", "replace") + b"\n")

    def close(self) -> None:
        """Nothing is held."""

    def _vertex(self, event: VertexAdded | VertexStarted | VertexDone | CacheHit | VertexFailed) -> Any:
        vertex: Vertex = event.vertex
        out: dict[str, Any] = {"digest": vertex.digest, "inputs": vertex.inputs, "name": vertex.name}
        if not isinstance(event, VertexAdded):
            out["started"] = self._time(event.started)
            if not isinstance(event, VertexStarted):
                out["completed"] = self._time(event.completed)
        out["cached"] = isinstance(event, CacheHit)
        if isinstance(event, VertexFailed):
            out["error"] = event.error
        if vertex.group is not None:
            out["progressGroup"] = _filled(vertex.group._asdict())
        return _filled(out)

    def _transfer(self, transfer: Transfer) -> Any:
        out: dict[str, Any] = {"id": transfer.id, "vertex": transfer.vertex, "name": transfer.name}
        out = _filled(out) | ({"total": transfer.total} if transfer.total else {})
        out["current"] = transfer.current
        out["timestamp"] = self._time(transfer.time)
        if transfer.started:
            out["started"] = self._time(transfer.started)
        if transfer.completed:
            out["completed"] = self._time(transfer.completed)
        return out

    def _log(self, log: VertexLog) -> Any:
        data, time = b64encode(log.data).decode(), self._time(log.time)
        if not log.stream:
            return {"vertex": log.vertex, "data": data, "timestamp": time}
        return {"vertex": log.vertex, "stream": log.stream, "data": data, "timestamp": time}


def _warning(warning: Warning) -> Any:
    out: dict[str, Any] = {
        "vertex": warning.vertex,
        "level": warning.level,
        "short": _base64(warning.short),
        "detail": [_base64(line) for line in warning.detail],
        "url": warning.url,
    }
    if warning.filename or warning.source:
        data = b64encode(warning.source).decode()
        out["sourceInfo"] = _filled({"filename": warning.filename, "data": data})
    out["range"] = [
        {
            "start": _filled({"line": span.first, "character": span.first_column}),
            "end": _filled({"line": span.last, "character": span.last_column}),
        }
        for span in warning.ranges
    ]
    return _filled(out)


def _base64(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode()


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that are empty."""
    return {name: value for name, value in fields.items() if value}
