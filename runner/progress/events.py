"""The one typed stream of events that leaves a solve.

Displays, reports and metrics read it; a reader never asks the daemon anything. Times are nanoseconds since
the epoch, as the daemon's clock gives them; 0 means unknown. Digests are `sha256:…` strings.
"""

from typing import NamedTuple, TypeAlias


class Group(NamedTuple):
    """Several vertices shown as one (BuildKit's ProgressGroup)."""

    id: str
    name: str
    weak: bool


class Vertex(NamedTuple):
    """A step of the build: a node of the graph that the daemon solves."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    group: Group | None = None


class SolveStarted(NamedTuple):
    """The solve was sent. ref is the build's own name: it finds the build in the daemon's history."""

    ref: str
    time: int


class VertexAdded(NamedTuple):
    """A step became known; it has not started."""

    vertex: Vertex


class VertexStarted(NamedTuple):
    """A step began to run (a step may start again, with a later time)."""

    vertex: Vertex
    started: int


class CacheHit(NamedTuple):
    """A step needed no work: its result was in a cache."""

    vertex: Vertex
    started: int
    completed: int


class VertexDone(NamedTuple):
    """A step ended well."""

    vertex: Vertex
    started: int
    completed: int


class VertexFailed(NamedTuple):
    """A step failed or was cancelled with the build (`error` then ends in "context canceled")."""

    vertex: Vertex
    started: int
    completed: int
    error: str


class VertexLog(NamedTuple):
    """What a step wrote: stream 1 is stdout, 2 is stderr. data need not end at a line's end."""

    vertex: str
    time: int
    stream: int
    data: bytes


class Transfer(NamedTuple):
    """Progress inside a step, such as a layer that is pulled. total is 0 where it is not known.

    completed is 0 until it ends.
    """

    vertex: str
    id: str
    name: str
    current: int
    total: int
    time: int
    started: int
    completed: int


class SourceRange(NamedTuple):
    """Lines first to last of a source file, counted from 1, both included; columns counted from 0."""

    first: int
    last: int
    first_column: int = 0
    last_column: int = 0


class Warning(NamedTuple):
    """The frontend warns about the source, as its lint checks do. Lower levels weigh more."""

    vertex: str
    level: int
    short: str
    detail: tuple[str, ...] = ()
    url: str = ""
    filename: str = ""
    source: bytes = b""
    ranges: tuple[SourceRange, ...] = ()


# What a notice begins with that must be seen whatever the display.
WARNING = "warning: "


class Notice(NamedTuple):
    """The runner itself has something to tell, such as an option without effect.

    message: begins with `warning: ` where a secret may be in danger.
    """

    time: int
    message: str


class CacheImported(NamedTuple):
    """A cache was to be read. name: its reference, its directory, or as the daemon calls it.

    found: it was there. reason: why not, "" or `not found` or the daemon's error. seconds: of reading its
    manifest; what is used of it is loaded by the steps.
    """

    time: int
    name: str
    found: bool
    reason: str
    seconds: float


class CacheExported(NamedTuple):
    """A cache was to be written. kind: `registry`, `local`, `inline`, `gha`, `s3` or `azblob`.

    name: its reference or directory, or "" where that is not known. error: "" when it was written. seconds:
    of collecting and sending it; a cache that is `inline` is sent with its image.
    current: it was not written, as it held all of this build already.
    blobs, bytes: what its manifest names; blobs_there, bytes_there: which of it the manifest named that it
    replaced. None where they cannot be read.
    """

    time: int
    kind: str
    name: str
    error: str
    seconds: float
    current: bool = False
    blobs: int | None = None
    bytes: int | None = None
    blobs_there: int | None = None
    bytes_there: int | None = None


class CacheSource(NamedTuple):
    """How many steps certainly came from the cache of that name, and the seconds that they once took.

    saved: of those steps whose time is known, one after the other; None where none is.
    """

    name: str
    steps: int
    saved: float | None = None


class CacheSummary(NamedTuple):
    """How many of the build's steps were cached, built, or ended with an error.

    steps may be more than these three together: it has those that did not end. imported: the names of the
    caches that were found. sources: those that are known to have given steps; the daemon does not say which
    one a step came from. What counts as a step: runner/cache/report.py.
    """

    time: int
    steps: int
    cached: int
    built: int
    failed: int
    imported: tuple[str, ...] = ()
    sources: tuple[CacheSource, ...] = ()


class Finished(NamedTuple):
    """The last event. error is empty when the solve succeeded; digest is "" where no image was made."""

    time: int
    error: str
    digest: str = ""


Event: TypeAlias = (
    SolveStarted | VertexAdded | VertexStarted | CacheHit | VertexDone | VertexFailed
    | VertexLog | Transfer | Warning | Notice | CacheImported | CacheExported | CacheSummary | Finished
)  # fmt: skip
