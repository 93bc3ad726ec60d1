"""The events of several nodes as one stream: whose vertex it is stands in its name and in its digest."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from runner.progress.events import (
    CacheHit,
    CacheSource,
    CacheSummary,
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.cache.report import CacheUse


class Marker:
    """Marks the vertices of one node: one that two nodes have alike is two.

    label: what is put in front of the names, such as `linux/arm64`; those that begin with one of `known`
    already keep theirs.
    """

    def __init__(self, label: str, known: Iterable[str] = ()) -> None:
        self._label = label
        self._known = (label, *known)
        self._vertices: dict[Vertex, Vertex] = {}
        self._digests: dict[str, str] = {}

    def event(self, event: Event) -> Event:
        """The same event, marked."""
        if isinstance(event, VertexLog | Transfer | Warning):
            return event._replace(vertex=self._digest(event.vertex))
        if isinstance(event, VertexAdded | VertexStarted | VertexDone | CacheHit | VertexFailed):
            return event._replace(vertex=self._vertex(event.vertex))
        return event

    def _vertex(self, vertex: Vertex) -> Vertex:
        found = self._vertices.get(vertex)
        if found is None:
            group = vertex.group
            found = self._vertices[vertex] = Vertex(
                self._digest(vertex.digest),
                self._name(vertex.name),
                tuple(map(self._digest, vertex.inputs)),
                group and group._replace(id=f"{self._label} {group.id}", name=self._name(group.name)),
            )
        return found

    def _name(self, name: str) -> str:
        """`[linux/arm64 2/3] RUN …`, as BuildKit itself writes it where one solve has several platforms."""
        if not name.startswith("["):
            return f"[{self._label}] {name}"
        if name[1:].startswith(tuple(f"{known}{end}" for known in self._known for end in " ]")):
            return name
        return f"[{self._label} {name[1:]}"

    def _digest(self, digest: str) -> str:
        found = self._digests.get(digest)
        if found is None:
            mark = sha256(f"{self._label} {digest}".encode()).hexdigest()
            found = self._digests[digest] = f"sha256:{mark}"
        return found


def joined_use(uses: Iterable[CacheUse], time: int = 0) -> CacheUse:
    """What the caches of several solves did, as of one."""
    from runner.cache.report import CacheUse

    uses = tuple(uses)
    summaries = [use.summary for use in uses]
    return CacheUse(
        CacheSummary(
            time,
            steps=sum(summary.steps for summary in summaries),
            cached=sum(summary.cached for summary in summaries),
            built=sum(summary.built for summary in summaries),
            failed=sum(summary.failed for summary in summaries),
            imported=tuple(dict.fromkeys(name for summary in summaries for name in summary.imported)),
            sources=tuple(_by_name(source for summary in summaries for source in summary.sources)),
        ),
        tuple(imported for use in uses for imported in use.imports),
        tuple(exported for use in uses for exported in use.exports),
    )


def _by_name(sources: Iterable[CacheSource]) -> Iterable[CacheSource]:
    found: dict[str, CacheSource] = {}
    for source in sources:
        before = found.get(source.name, CacheSource(source.name, 0))
        times = [one.saved for one in (before, source) if one.saved is not None]
        found[source.name] = CacheSource(
            source.name, before.steps + source.steps, sum(times) if times else None
        )
    return found.values()
