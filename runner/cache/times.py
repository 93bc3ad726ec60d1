"""How long steps took, kept in the manifest of the cache that has them: there a hit's saving is read.

A step is known by its name and, as deep as they go, by those of the steps that it comes after: the daemon's
own digest of a step that comes after files of the context is another one in each build. A cache has one step
of each such name, that of the build which wrote it; so the time that stands beside it there is its own.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runner.cache.report import UNPACKED, is_step
from runner.progress.events import CacheHit, Transfer, Vertex, VertexAdded, VertexDone, VertexStarted

if TYPE_CHECKING:
    from runner.progress.events import Event

ANNOTATION = "buildkit-runner.step-seconds"
# Of a manifest whose annotation is larger than any that we write nothing is believed (bytes).
LIMIT = 1 << 20
MOST = 2000  # steps


class StepTimes:
    """Reads a build's events: how long each step ran, and which were cached."""

    def __init__(self) -> None:
        self._vertices: dict[str, Vertex] = {}
        self._seconds: dict[str, float] = {}
        self._cached: dict[str, None] = {}
        self._names: dict[str, str] = {}

    def event(self, event: "Event") -> None:
        """Take an event."""
        if isinstance(event, Transfer) and event.id.startswith(UNPACKED):
            self._found(event.vertex)
        if not isinstance(event, VertexAdded | VertexStarted | VertexDone | CacheHit):
            return
        digest = event.vertex.digest
        self._vertices.setdefault(digest, event.vertex)
        if isinstance(event, CacheHit):
            self._found(digest)
        elif isinstance(event, VertexDone) and digest not in self._cached and is_step(event.vertex.name):
            ran = max(0, event.completed - event.started) / 1e9
            self._seconds[digest] = self._seconds.get(digest, 0.0) + ran

    def _found(self, digest: str) -> None:
        self._cached[digest] = None
        self._seconds.pop(digest, None)

    def recorded(self, given: "Mapping[str, float] | None" = None) -> dict[str, float]:
        """What to keep beside a cache of this build: seconds by the name of a step.

        given: what stands beside the cache that all cached steps came from, where that is certain.
        """
        known = {self._name(digest): round(spent, 3) for digest, spent in self._seconds.items()}
        for digest in self._cached if given else ():
            name = self._name(digest)
            if given and name in given:
                known[name] = given[name]
        return dict(list(known.items())[:MOST])

    def saved(self, given: Mapping[str, float]) -> float | None:
        """What the cached steps took when they ran; None where nothing is known of them."""
        times = [given[name] for name in map(self._name, self._cached) if name in given]
        return round(sum(times), 3) if times else None

    def _name(self, digest: str) -> str:
        """16 hex digits for a step: of its name and of those that it comes after."""
        waiting = [digest]
        while waiting:
            last = waiting[-1]
            vertex = self._vertices.get(last, Vertex(last, last))
            if unknown := [i for i in vertex.inputs if i not in self._names]:
                waiting += unknown
                continue
            from hashlib import sha256

            parts = (vertex.name, *(self._names[i] for i in vertex.inputs))
            self._names[last] = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
            waiting.pop()
        return self._names[digest]


def read(manifest: bytes) -> dict[str, float]:
    """The times that stand in a cache's manifest; none where it has none, or none that can be read."""
    import json

    try:
        text = json.loads(manifest)["annotations"][ANNOTATION]
        found = json.loads(text) if len(text) <= LIMIT else {}
        return {str(name): float(seconds) for name, seconds in found.items() if 0 <= float(seconds) < 1e9}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def written(manifest: bytes, times: Mapping[str, float]) -> bytes:
    """The manifest with these times in it, and everything else as it was. Raises ValueError."""
    import json

    document = json.loads(manifest)
    if not isinstance(document, dict):
        raise ValueError("not a manifest")
    annotations = {
        **(document.get("annotations") or {}),
        ANNOTATION: json.dumps(times, separators=(",", ":")),
    }
    return json.dumps(document | {"annotations": annotations}, separators=(",", ":")).encode()
