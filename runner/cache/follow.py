"""The cache of `--cache auto`, written by a Solve of its own after the one that makes the image.

So it is known by then whether there is anything new to write and what kind of build it was, and no blob is
uploaded twice at once. Measured against one Solve that does both: docs/cache.md.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from runner.cache import times
from runner.cache.sizes import Sizes, blobs_of, compare
from runner.cache.store import Mismatch
from runner.errors import Error

if TYPE_CHECKING:
    from runner.cache.report import CacheUse
    from runner.registry.client import Manifest, RegistryClient
    from runner.specs.cache import Cache
    from runner.specs.reference import Reference
    from runner.wire import control


class FollowingCache:
    """One cache, and the Solve that may have to write it.

    solve: it has no `mode` where the build is to choose it. before: what was there when the image was made.
    """

    def __init__(self, solve: "control.SolveRequest", cache: "Cache", client: "RegistryClient") -> None:
        self._solve = solve
        self._cache = cache
        self._client = client
        self.before: Manifest | None = None
        self.begun = False

    @property
    def name(self) -> str:
        """The cache's reference."""
        return str(self._cache.ref)

    def begin(
        self, use: "CacheUse", stages: int, layers: Callable[[], Iterable[str]]
    ) -> "control.SolveRequest | None":
        """The Solve to send; None where the cache holds all of the build already.

        use: what the caches did for the build. stages: how many of its stages had steps; only one needs no
        more than `min` keeps. layers: asks for the digests of the image's layers. Raises nothing.
        """
        self.begun = True
        self.before = self._read()
        if self.before and _all_cached(use) and self._holds(layers):
            return None
        entry = self._solve.Cache.Exports[0] if self._solve.Cache else None
        if entry:
            entry.Attrs.setdefault("mode", "max" if stages > 1 else "min")
        return self._solve

    def excuse(self, error: BaseException) -> str:
        """What to tell in place of the error that the Solve ended with; "" where it has to fail the build."""
        if not self._cache.is_true("ignore-error"):
            return ""
        return f"the image is made, but its cache {self.name} was not written: {error}"

    def finish(self, record: Callable[[], dict[str, float]]) -> Sizes | None:
        """After the Solve: set the steps' times beside the cache, and compare it with what was there.

        None where the registry does not tell. Raises nothing.
        """
        after = self._read()
        try:
            if after is None:
                return None
            found = compare(blobs_of(self.before), blobs_of(after))
            if kept := record():
                self._client.put_manifest(
                    self._reference(), times.written(after.data, kept), after.media_type
                )
        except (Error, Mismatch, ValueError):
            return None
        return found

    def _holds(self, layers: Callable[[], Iterable[str]]) -> bool:
        """Whether the cache that is there has every layer of the image: it may be another build's."""
        try:
            return blobs_of(self.before).keys() >= set(layers())
        except (Error, Mismatch):
            return False

    def _read(self) -> "Manifest | None":
        try:
            return self._client.manifest(self._reference())
        except Error:
            return None

    def _reference(self) -> "Reference":
        assert self._cache.ref is not None
        return self._cache.ref


def _all_cached(use: "CacheUse") -> bool:
    return use.summary.cached == use.summary.steps
