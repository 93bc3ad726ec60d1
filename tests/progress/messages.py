"""Short ways to write the daemon's Status messages, and to read what becomes of them.

Times are seconds after START, a second of the epoch.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from runner.progress.events import Event
from runner.progress.reader import Reader
from runner.progress.stream import StatusReader
from runner.wire import control, ops
from runner.wire.timestamp import Timestamp

START = 1_800_000_000


def ns(seconds: float) -> int:
    """Nanoseconds since the epoch, as events have them."""
    return START * 10**9 + round(seconds * 10**9)


def at(seconds: float | None) -> Timestamp | None:
    if seconds is None:
        return None
    return Timestamp(seconds=ns(seconds) // 10**9, nanos=ns(seconds) % 10**9)


def digest(name: str) -> str:
    """A digest that belongs to a name."""
    return f"sha256:{name.encode().hex():0<64.64}"


def vertex(
    name: str,
    started: float | None = None,
    completed: float | None = None,
    *,
    cached: bool = False,
    error: str = "",
    inputs: Iterable[str] = (),
    group: ops.ProgressGroup | None = None,
) -> control.Vertex:
    return control.Vertex(
        digest=digest(name),
        name=name,
        started=at(started),
        completed=at(completed),
        cached=cached,
        error=error,
        inputs=[digest(name) for name in inputs],
        progressGroup=group,
    )


def log(name: str, time: float, data: bytes, *, stream: int = 1) -> control.VertexLog:
    return control.VertexLog(vertex=digest(name), timestamp=at(time), stream=stream, msg=data)


def transfer(
    name: str,
    id: str,
    time: float,
    current: int = 0,
    total: int = 0,
    *,
    action: str = "",
    started: float | None = None,
    completed: float | None = None,
) -> control.VertexStatus:
    """started is 1 second unless it is told."""
    return control.VertexStatus(
        vertex=digest(name),
        ID=id,
        name=action,
        current=current,
        total=total,
        timestamp=at(time),
        started=at(1 if started is None else started),
        completed=at(completed),
    )


def warning(
    name: str, short: str, *, line: int = 0, url: str = "", detail: str = ""
) -> control.VertexWarning:
    source = ops.SourceInfo(filename="Dockerfile", data=b"from scratch\n") if line else None
    place = ops.Position(line=line)
    return control.VertexWarning(
        vertex=digest(name),
        level=1,
        short=short.encode(),
        url=url,
        detail=[detail.encode()] if detail else [],
        info=source,
        ranges=[ops.Range(start=place, end=place)] if line else [],
    )


Item = control.Vertex | control.VertexLog | control.VertexStatus | control.VertexWarning


def response(*items: Item) -> control.StatusResponse:
    """One message of the daemon."""
    return control.StatusResponse(
        vertexes=[item for item in items if isinstance(item, control.Vertex)],
        statuses=[item for item in items if isinstance(item, control.VertexStatus)],
        logs=[item for item in items if isinstance(item, control.VertexLog)],
        warnings=[item for item in items if isinstance(item, control.VertexWarning)],
    )


def events(*sent: Item | control.StatusResponse) -> list[Event]:
    """The events of a stream; an item alone is a message of its own. They go through the wire format."""
    reader = StatusReader()
    out: list[Event] = []
    for item in sent:
        message = item if isinstance(item, control.StatusResponse) else response(item)
        out += reader.read(control.StatusResponse.decode(message.encode()))
    return out


def shown(make: type[Reader], *sent: Item | control.StatusResponse, **options: object) -> str:
    """What a reader writes of a stream, until it is closed."""
    return written(make, events(*sent), **options)


def written(make: type[Reader], stream: Iterable[Event], **options: object) -> str:
    out = io.BytesIO()
    reader = make(out, **options)  # type: ignore[call-arg]
    for event in stream:
        reader.event(event)
    reader.close()
    return out.getvalue().decode()
