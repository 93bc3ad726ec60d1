"""What the caches did for a build: a reader of its events, that adds its own before the last one.

The names are those that the daemon gives its vertices (solver/llbsolver/{bridge,export}.go of BuildKit
v0.32). It does not say from which cache a step came, nor whether a base image had to be pulled.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from runner.progress.events import (
    CacheExported,
    CacheHit,
    CacheImported,
    CacheSource,
    CacheSummary,
    Finished,
    Notice,
    Transfer,
    VertexAdded,
    VertexDone,
    VertexFailed,
    VertexStarted,
)
from runner.progress.steps import Step, Steps

if TYPE_CHECKING:
    from runner.cache.sizes import Sizes
    from runner.progress.events import Event
    from runner.request import SolvePlan
    from runner.wire import control

Told: TypeAlias = CacheImported | CacheExported | Notice | CacheSummary

NOT_FOUND = "not found"

_IMPORT = "importing cache manifest from "
_EXPORT = "exporting cache to "
_INLINE = "preparing layers for inline cache"
# What the daemon calls the unpacking of a layer. A step with one came from a cache, told so or not.
UNPACKED = "extracting sha256:"
_KINDS = {
    "registry": "registry",
    "client directory": "local",
    "GitHub Actions Cache": "gha",
    "Amazon S3": "s3",
    "Azure Blob Storage": "azblob",
}


class CacheUse(NamedTuple):
    """What the caches did for a build."""

    summary: CacheSummary = CacheSummary(0, 0, 0, 0, 0)
    imports: tuple[CacheImported, ...] = ()
    exports: tuple[CacheExported, ...] = ()


class CacheReport:
    """Reads a build's events.

    A step is what the user wrote: not the daemon's own work (`[internal] …`, `[auth] …`, `resolve image
    config for …`), nor sources (`FROM`, contexts, `docker-image://…`: the daemon does not say whether they
    were there), nor imports and exports. As in the displays, several vertices may be one step (COPY --link).
    A step counts once: as failed when it ended with an error, as cached when its result came from a cache,
    else as built; a step that was never needed or reached is in `steps` only.

    imports: how the daemon names a cache -> how the user does. exports: the digest of an export's vertex ->
    where the cache goes. pushed: the references that the build writes as images.
    """

    def __init__(
        self,
        imports: Mapping[str, str] | None = None,
        exports: Mapping[str, str] | None = None,
        pushed: Iterable[str] = (),
    ) -> None:
        self._import_names = imports or {}
        self._export_names = exports or {}
        self._pushed = frozenset(pushed)
        self._steps = Steps()
        self._counted: dict[Step, None] = {}
        self._unpacked: set[Step] = set()
        self._imports: dict[str, CacheImported] = {}
        self._exports: dict[str, CacheExported] = {}
        self._sources: tuple[CacheSource, ...] = ()
        self._export_only = False
        self._inside: set[str] = set()

    def follow(self, names: Mapping[str, str]) -> None:
        """The build has ended; from now on it is solved again, only to export.

        names: as `exports`. What its steps do counts no more.
        """
        self._exports = {f"first {digest}": exported for digest, exported in self._exports.items()}
        self._export_names = names
        self._export_only = True

    def hides(self, event: "Event") -> bool:
        """Whether an event tells nothing new: all but the export, once that is all there is to do."""
        if not self._export_only or isinstance(event, Notice | Finished):
            return False
        found = getattr(event, "vertex", "")
        digest, name = (found, "") if isinstance(found, str) else (found.digest, found.name)
        if name.startswith(_EXPORT):
            self._inside.add(digest)
        return digest not in self._inside

    def size(self, name: str, sizes: "Sizes") -> None:
        """How much there was of the cache that was written under this name."""
        for key, exported in self._exports.items():
            if exported.name == name and not exported.error:
                self._exports[key] = exported._replace(**sizes._asdict())

    def is_current(self, time: int, name: str) -> None:
        """The cache in a registry under this name holds the build already, and was not written."""
        self._exports[name] = CacheExported(time, "registry", name, "", 0.0, current=True)

    def came_from(self, sources: Iterable[CacheSource]) -> None:
        """Where cached steps came from, as far as that is certain."""
        self._sources = tuple(sources)

    def stages(self) -> int:
        """How many stages of the Dockerfile had steps."""
        return len({_stage(step.name) for step in self._counted})

    def event(self, event: "Event") -> Iterator[Told]:
        """Take an event. Before `Finished`, all that is to tell."""
        if isinstance(event, VertexAdded | VertexStarted | VertexDone | CacheHit | VertexFailed):
            name = event.vertex.name
            if is_step(name):
                self._counted[self._steps.update(event)] = None
            elif isinstance(event, VertexDone | VertexFailed):
                if name.startswith(_IMPORT):
                    self._imported(event, name.removeprefix(_IMPORT))
                elif name.startswith(_EXPORT):
                    self._exported(event, name.removeprefix(_EXPORT))
        elif isinstance(event, Transfer):
            step = self._steps.find(event.vertex)
            if step in self._counted and event.id.startswith(UNPACKED):
                self._unpacked.add(step)
            elif event.id == _INLINE and event.completed:
                self._exports[f"{event.vertex} inline"] = CacheExported(
                    event.completed, "inline", "", "", _seconds(event)
                )
        elif isinstance(event, Finished):
            yield from self._told(event)

    def use(self, time: int = 0) -> CacheUse:
        """What was read so far; time: that of the summary."""
        ended = [step for step in self._counted if step.error or (step.complete and not step.hidden)]
        failed = sum(bool(step.error) for step in ended)
        cached = sum(not step.error and (step.cached or step in self._unpacked) for step in ended)
        total = sum(not step.hidden or bool(step.error) for step in self._counted)
        imports = tuple(self._imports.values())
        found = tuple(imported.name for imported in imports if imported.found)
        built = len(ended) - failed - cached
        summary = CacheSummary(time, total, cached, built, failed, found, self._sources)
        return CacheUse(summary, imports, tuple(self._exports.values()))

    def _told(self, finished: Finished) -> Iterator[Told]:
        use = self.use(finished.time)
        yield from use.imports
        yield from use.exports
        for imported in use.imports:
            if imported.reason == NOT_FOUND and imported.name in self._pushed and not finished.error:
                yield Notice(finished.time, _never_hits(imported.name))
        if use.summary.steps or use.imports or use.exports:
            yield use.summary

    def _imported(self, event: VertexDone | VertexFailed, name: str) -> None:
        reason = ""
        if isinstance(event, VertexFailed):
            reason = event.error
            if reason.startswith("failed to configure "):
                reason = reason.partition(" cache importer: ")[2] or reason
            if reason.endswith(": not found"):
                reason = NOT_FOUND
        name = self._import_names.get(name.rpartition(":")[0], name)
        self._imports[event.vertex.digest] = CacheImported(
            event.completed, name, not reason, reason, _seconds(event)
        )

    def _exported(self, event: VertexDone | VertexFailed, where: str) -> None:
        digest = event.vertex.digest
        error = event.error if isinstance(event, VertexFailed) else ""
        kind, name = _KINDS.get(where, where), self._export_names.get(digest, "")
        self._exports[digest] = CacheExported(event.completed, kind, name, error, _seconds(event))


def report_of(planned: "SolvePlan") -> CacheReport:
    """The report of a build that was planned."""
    entries = planned.solve.Cache
    if entries is None or not (entries.Imports or entries.Exports):
        return CacheReport()
    kinds = [entry.Type for entry in entries.Imports]
    imports = {
        entry.Type: _place(entry)
        for entry in entries.Imports
        if entry.Type != "registry" and kinds.count(entry.Type) == 1
    }
    pushed = (str(name) for output in planned.outputs if output.push for name in output.names)
    return CacheReport(imports, export_vertices(planned.solve.Session, entries.Exports), pushed)


def is_step(name: str) -> bool:
    """Whether a vertex of this name is what the user wrote, and does something."""
    if name.startswith("["):
        label, _, rest = name[1:].partition("] ")
        own = label == "auth" or label.startswith("context ") or label.rpartition(" ")[2] == "internal"
        return not own and not rest.startswith("FROM ")
    return not name.startswith(("exporting ", _IMPORT, "resolve image config for ")) and (
        "://" not in name.partition(" ")[0]
    )


def _stage(name: str) -> str:
    """The stage in a step's name: `[linux/amd64 build 2/4] RUN …`; the only one of a file has no name."""
    words = name[1:].partition("] ")[0].split(" ")[:-1]
    return "".join(word for word in words if "/" not in word)


def export_vertices(session: str, entries: "list[control.CacheOptionsEntry]") -> dict[str, str]:
    """Where the exports of a Solve go, by the digests of their vertices."""
    remote = [entry for entry in entries if entry.Type != "inline"]
    if not remote:
        return {}
    from hashlib import sha256

    names = (f"{session}-cache-{number}".encode() for number in range(len(remote)))
    vertices = (f"sha256:{sha256(name).hexdigest()}" for name in names)
    return dict(zip(vertices, map(_place, remote), strict=True))


def _place(entry: "control.CacheOptionsEntry") -> str:
    """A cache as people know it: its reference or directory, or only its kind."""
    attrs = entry.Attrs
    return attrs.get("ref") or attrs.get("dest") or attrs.get("src") or entry.Type


def _seconds(event: VertexDone | VertexFailed | Transfer) -> float:
    return round(max(0, event.completed - event.started) / 1e9, 6)


def _never_hits(name: str) -> str:
    return (
        f"the cache {name} does not exist, and is what this build pushes: a tag that is new for each build,"
        " such as a commit's, is never found; import a tag that moves, such as a branch's"
    )
