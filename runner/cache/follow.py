"""The cache of `--cache auto`, written by a Solve of its own after the one that makes the image.

So it is known by then whether there is anything new to write and what kind of build it was, and no blob is
uploaded twice at once. Measured against one Solve that does both: docs/cache.md.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from runner.cache import times
from runner.cache.manifests import configuration, has_chain
from runner.cache.sizes import Sizes, blobs_of, compare
from runner.cache.store import Mismatch
from runner.errors import Error
from runner.specs.reference import Reference
from runner.wire.control import CacheOptionsEntry

if TYPE_CHECKING:
    from runner.cache.report import CacheUse
    from runner.registry.client import Manifest, RegistryClient


class FollowingCache:
    """One cache. before: what was there when the image was made.

    asked: as the message has it, without a `mode` where the build is to choose it.
    """

    def __init__(self, asked: CacheOptionsEntry, client: "RegistryClient") -> None:
        self._asked = asked
        self._reference = Reference.parse(asked.Attrs["ref"])
        self._client = client
        self.before: Manifest | None = None
        self.begun = False

    @property
    def name(self) -> str:
        """The cache's reference."""
        return str(self._reference)

    def holds(self, use: "CacheUse", chains: Callable[[], Iterable[Sequence[str]]]) -> bool:
        """Whether nothing new would be written: the registry has the cache, and all of the build in it.

        use: what the caches did for the build. chains: asks for the digests of the layers of each platform's
        image. A cache that lacks them is another build's, even if the daemon had every step of this one.
        Raises nothing.
        """
        self.begun = True
        self.before = self._read()
        if self.before is None or use.summary.cached < use.summary.steps:
            return False
        try:
            digest = configuration(self.before.data)
            config = self._client.blob(self._reference._replace(tag="", digest=digest))
            return all(has_chain(config, chain) for chain in chains())
        except (Error, Mismatch):
            return False

    def entry(self, stages: int) -> CacheOptionsEntry:
        """The cache as the Solve is told it. stages: how many of its stages had steps.

        The layers of a single one are in the image: `min` keeps them all.
        """
        mode = {"mode": "max" if stages > 1 else "min"}
        return CacheOptionsEntry(Type=self._asked.Type, Attrs=mode | self._asked.Attrs)

    def excuse(self, error: BaseException) -> str:
        """What to tell in place of the error that the Solve ended with; "" where it has to fail the build."""
        if self._asked.Attrs.get("ignore-error") != "true":
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
                self._client.put_manifest(self._reference, times.written(after.data, kept), after.media_type)
        except (Error, Mismatch, ValueError):
            return None
        return found

    def _read(self) -> "Manifest | None":
        try:
            return self._client.manifest(self._reference)
        except Error:
            return None
