"""What is done for the caches of a build besides the build itself, and found out about them.

The daemon tells neither where a cached step came from nor how much of an export was there already; the
manifests of the caches do, which are read from their registries.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.cache import times
from runner.cache.follow import FollowingCache
from runner.cache.manifests import blobs
from runner.cache.report import export_vertices
from runner.cache.sizes import RegistrySizes
from runner.cache.store import Mismatch
from runner.errors import Error, UsageError
from runner.progress.events import CacheHit, CacheSource, Transfer
from runner.registry.client import RegistryClient
from runner.request import cache_solve, without_import
from runner.specs.reference import Reference

if TYPE_CHECKING:
    from runner.cache.report import CacheReport
    from runner.progress.events import Event
    from runner.registry.credentials import CredentialStore
    from runner.registry.settings import RegistrySettings
    from runner.request import SolvePlan
    from runner.wire import control


class Aftermath:
    """Reads a build's events. report: what it finds out goes there. Used by the thread that iterates."""

    def __init__(
        self,
        planned: "SolvePlan",
        report: "CacheReport",
        settings: "RegistrySettings",
        credentials: "CredentialStore",
    ) -> None:
        self._planned = planned
        self._report = report
        self._client = RegistryClient(settings, credentials)
        self._following = FollowingCache(planned.following, self._client) if planned.following else None
        self._times = times.StepTimes()
        self._pulled: dict[str, set[str]] = {}
        self._hits: set[str] = set()
        exports = planned.solve.Cache.Exports if planned.solve.Cache else []
        written = (entry.Attrs["ref"] for entry in exports if entry.Type == "registry")
        self._sizes = RegistrySizes(RegistryClient(settings, credentials), map(Reference.parse, written))

    def choose_imports(self) -> None:
        """Before the Solve: leave the fallback out of it where there is what it falls back from."""
        number, solve = self._planned.fallback, self._planned.solve
        if number is None or solve.Cache is None:
            return
        if self._manifest(solve.Cache.Imports[number - 1].Attrs["ref"]):
            without_import(solve, number)

    def event(self, event: "Event") -> None:
        """Take an event of the Solve that makes the image."""
        self._times.event(event)
        if isinstance(event, CacheHit):
            self._hits.add(event.vertex.digest)
        elif isinstance(event, Transfer) and "sha256:" in event.id:
            self._pulled.setdefault(event.vertex, set()).add(event.id.rpartition(" ")[2])

    def follow_up(
        self, time: int, chains: Callable[[], Iterable[Sequence[str]]]
    ) -> "control.SolveRequest | None":
        """The Solve that is to follow, if a cache has to be written. Asked again, there is none.

        time: of the event, where there is nothing to write. chains: as FollowingCache.holds.
        """
        following = self._following
        if following is None or following.begun:
            return None
        if following.holds(self._report.use(), chains):
            self._following = None
            self._report.is_current(time, following.name)
            return None
        solve = cache_solve(self._planned.solve, following.entry(self._report.stages()))
        self._report.follow(export_vertices(solve.Session, solve.Cache.Exports if solve.Cache else []))
        return solve

    def excuse(self, error: BaseException) -> str:
        """What to tell in place of the error of the Solve that followed; "" where it fails the build."""
        return self._following.excuse(error) if self._following else ""

    def finish(self, *, empty: bool) -> None:
        """The build has ended well. empty: the daemon began with nothing, and this was its only build."""
        found = [imported.name for imported in self._report.use().imports if imported.found]
        known: Mapping[str, float] = {}
        if empty and len(found) == 1 and (steps := self._report.use().summary.cached):
            known = times.read(self._manifest(found[0]))
            self._report.came_from([CacheSource(found[0], steps, self._times.saved(known))])
        elif pulled := {vertex: layers for vertex, layers in self._pulled.items() if vertex in self._hits}:
            self._report.came_from(self._by_layers(found, pulled))
        for name, sizes in self._sizes.after().items():
            self._report.size(name, sizes)
        following = self._following
        if following and (written := following.finish(lambda: self._times.recorded(known))):
            self._report.size(following.name, written)

    def _by_layers(self, found: list[str], pulled: dict[str, set[str]]) -> Iterable[CacheSource]:
        """The caches that alone have a layer which was pulled for a step."""
        held = {}
        for name in found:
            try:
                held[name] = blobs(self._manifest(name)).keys()
            except Mismatch:
                return ()
        owners = [[name for name in found if layers & held[name]] for layers in pulled.values()]
        alone = [names[0] for names in owners if len(names) == 1]
        return [CacheSource(name, alone.count(name)) for name in dict.fromkeys(alone)]

    def _manifest(self, name: str) -> bytes:
        """What lay under an import's name; b"" where it is none in a registry, or cannot be read."""
        following = self._following
        manifest = following.before if following and following.name == name else self._sizes.before(name)
        with suppress(UsageError, Error):
            manifest = manifest or self._client.manifest(Reference.parse(name))
        return manifest.data if manifest else b""
