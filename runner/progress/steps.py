"""What a display shows as one step: a vertex, or all the vertices of a progress group."""

from __future__ import annotations

from typing import TypeAlias

from runner.progress.events import CacheHit, Vertex, VertexAdded, VertexDone, VertexFailed, VertexStarted

VertexEvent: TypeAlias = VertexAdded | VertexStarted | VertexDone | CacheHit | VertexFailed


class Step:
    """The state of one step. Times are nanoseconds; 0 is unknown.

    number: counts the steps in the order in which they are first shown; 0 before.
    hidden: a group of which only weak members have run; it is not shown.
    error: of the member that failed first, or "".
    """

    def __init__(self, name: str, *, hidden: bool) -> None:
        self.name = name
        self.hidden = hidden
        self.number = 0
        self.error = ""
        self.started = 0
        self.header = 0  # when its header was last written
        self.after_return = 0  # the stream whose last data ended in \r, 0 for none
        self._members: dict[str, bool | None] = {}  # digest -> cached, None before it ended
        self._intervals: dict[tuple[str, int], int] = {}

    @property
    def cached(self) -> bool:
        """Every member came from a cache."""
        return all(self._members.values())

    @property
    def running(self) -> bool:
        """A member has started and not ended."""
        return 0 in self._intervals.values()

    @property
    def complete(self) -> bool:
        """Every member has ended."""
        return None not in self._members.values()

    def seconds(self) -> float:
        """How long it ran; times in which members ran side by side count once."""
        total = end = 0
        for (_, started), completed in sorted(self._intervals.items(), key=lambda item: item[0][1]):
            total += max(0, completed - max(started, end))
            end = max(end, completed)
        return total / 1e9

    def update(self, event: VertexEvent) -> None:
        """Take an event of one of its vertices."""
        vertex = event.vertex
        if isinstance(event, VertexAdded):
            self._members.setdefault(vertex.digest, None)
            return
        if vertex.group is None or not vertex.group.weak:
            self.hidden = False
        if isinstance(event, VertexStarted):
            self._members[vertex.digest] = None
            self._intervals[vertex.digest, event.started] = 0
            self.started = event.started
            if len(self._members) == 1:
                self.error = ""
            return
        self._members[vertex.digest] = isinstance(event, CacheHit)
        self._intervals[vertex.digest, event.started] = event.completed
        self.started = self.started or event.started
        if isinstance(event, VertexFailed):
            self.hidden = False
            self.error = self.error or event.error


class Steps:
    """The steps of a build, by the digest of each of their vertices."""

    def __init__(self) -> None:
        self._steps: dict[str, Step] = {}
        self._groups: dict[str, Step] = {}
        self._count = 0
        self.running: dict[Step, None] = {}

    def find(self, digest: str) -> Step | None:
        """The step that a vertex belongs to; None while the vertex is unknown."""
        return self._steps.get(digest)

    def update(self, event: VertexEvent) -> Step:
        """Take an event and return its step."""
        step = self._steps.get(event.vertex.digest) or self._add(event.vertex)
        step.update(event)
        if step.running:
            self.running[step] = None
        else:
            self.running.pop(step, None)
        return step

    def number(self, step: Step) -> int:
        """The number of a step, given to it now if it had none."""
        if not step.number:
            self._count += 1
            step.number = self._count
        return step.number

    def _add(self, vertex: Vertex) -> Step:
        group = vertex.group
        if group is None:
            step = Step(vertex.name, hidden=False)
        else:
            found = self._groups.get(group.id)
            step = found if found is not None else Step(group.name, hidden=True)
            self._groups[group.id] = step
        self._steps[vertex.digest] = step
        return step
