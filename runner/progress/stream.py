"""The daemon's Status messages become typed events.

The meaning of the fields is that of BuildKit's client (client/graph.go, solver/progress.go of v0.32): a
vertex is sent again whenever it changes, may run more than once (one interval for each start), and the whole
set may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runner.progress.events import (
    CacheHit,
    Event,
    Group,
    SourceRange,
    Transfer,
    Vertex,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexLog,
    VertexStarted,
    Warning,
)

if TYPE_CHECKING:
    from runner.wire import control
    from runner.wire.timestamp import Timestamp

# Where events of one message have the same time, they are told in this order.
_START, _INSIDE, _END = 0, 1, 2

_Timed = tuple[int, int, Event]


def _ns(time: Timestamp | None) -> int:
    return time.seconds * 1_000_000_000 + time.nanos if time is not None else 0


class _Known:
    """What was told of one vertex: the vertex, and the state of each of its intervals by start time."""

    __slots__ = ("intervals", "vertex")

    def __init__(self, vertex: Vertex) -> None:
        self.vertex = vertex
        self.intervals: dict[int, tuple[int, bool, str]] = {}


class StatusReader:
    """Turns the messages of one Status stream into events, each told once.

    Within a message, events are ordered by the daemon's clock; a step ends after everything that it wrote.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._transfers: dict[tuple[str, str], Transfer] = {}

    def read(self, response: control.StatusResponse) -> Iterator[Event]:
        """The events that `response` adds to what was read before."""
        if response.logs and not response.vertexes and not response.statuses and not response.warnings:
            for log in response.logs:  # most messages of a long build are just this
                time = log.timestamp
                yield VertexLog(
                    log.vertex,
                    time.seconds * 1_000_000_000 + time.nanos if time is not None else 0,
                    log.stream,
                    log.msg,
                )
            return
        added: list[Event] = []
        timed: list[_Timed] = []
        latest: dict[str, int] = {}
        for status in response.statuses:
            transfer = self._transfer(status)
            if transfer is not None:
                timed.append((transfer.time, _INSIDE, transfer))
                latest[transfer.vertex] = max(latest.get(transfer.vertex, 0), transfer.time)
        for log in response.logs:
            time_ns = _ns(log.timestamp)
            timed.append((time_ns, _INSIDE, VertexLog(log.vertex, time_ns, log.stream, log.msg)))
            latest[log.vertex] = max(latest.get(log.vertex, 0), time_ns)
        for vertex in response.vertexes:
            self._vertex(vertex, latest.get(vertex.digest, 0), added, timed)
        timed.sort(key=lambda item: item[:2])
        yield from added
        for _, _, event in timed:
            yield event
        for warning in response.warnings:
            yield _warning(warning)

    def _vertex(self, sent: control.Vertex, latest: int, added: list[Event], timed: list[_Timed]) -> None:
        known = self._known.get(sent.digest)
        if known is None:
            group = sent.progressGroup
            vertex = Vertex(
                sent.digest,
                sent.name,
                tuple(sent.inputs),
                Group(group.id, group.name, group.weak) if group is not None else None,
            )
            known = self._known[sent.digest] = _Known(vertex)
            added.append(VertexAdded(vertex))
        elif sent.name and sent.name != known.vertex.name:
            known.vertex = known.vertex._replace(name=sent.name)
        if sent.started is None:
            return
        vertex = known.vertex
        started, completed = _ns(sent.started), _ns(sent.completed)
        state = (completed, sent.cached, sent.error)
        before = known.intervals.get(started)
        if before == state or (before is not None and before[0] and not completed):
            return
        known.intervals[started] = state
        if (before is None or before[1]) and not sent.cached:
            timed.append((started, _START, VertexStarted(vertex, started)))
        if not completed:
            return
        end: Event
        if sent.error:
            end = VertexFailed(vertex, started, completed, sent.error)
        elif sent.cached:
            end = CacheHit(vertex, started, completed)
        else:
            end = VertexDone(vertex, started, completed)
        timed.append((max(completed, latest), _END, end))

    def _transfer(self, sent: control.VertexStatus) -> Transfer | None:
        transfer = Transfer(
            sent.vertex,
            sent.ID,
            sent.name,
            sent.current,
            sent.total,
            _ns(sent.timestamp),
            _ns(sent.started),
            _ns(sent.completed),
        )
        key = (sent.vertex, sent.ID)
        if self._transfers.get(key) == transfer:
            return None
        self._transfers[key] = transfer
        return transfer


def _warning(sent: control.VertexWarning) -> Warning:
    ranges = []
    for span in sent.ranges:
        first, last = span.start, span.end
        if first is None:
            continue
        last = last if last is not None else first
        ranges.append(SourceRange(first.line, max(first.line, last.line), first.character, last.character))
    info = sent.info
    return Warning(
        sent.vertex,
        sent.level,
        sent.short.decode("utf-8", "replace"),
        tuple(line.decode("utf-8", "replace") for line in sent.detail),
        sent.url,
        info.filename if info is not None else "",
        info.data if info is not None else b"",
        tuple(ranges),
    )
