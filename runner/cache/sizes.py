"""How much of a cache was there before it was written, by its manifests before and after."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from runner.cache.manifests import blobs
from runner.cache.store import Mismatch
from runner.errors import Error

if TYPE_CHECKING:
    from runner.registry.client import Manifest, RegistryClient
    from runner.specs.reference import Reference


class Sizes(NamedTuple):
    """Blobs and bytes that a cache's manifest names, and how many of them were there before."""

    blobs: int
    bytes: int
    blobs_there: int
    bytes_there: int


def compare(before: Mapping[str, int], after: Mapping[str, int]) -> Sizes:
    """before, after: the sizes of the blobs, by digest."""
    there = before.keys() & after.keys()
    return Sizes(len(after), sum(after.values()), len(there), sum(after[digest] for digest in there))


class RegistrySizes:
    """The sizes of caches in registries. What is there before is read by a thread, while the build begins.

    What cannot be read is left out: nobody's build waits for it or fails.
    """

    def __init__(self, client: "RegistryClient", references: "Iterable[Reference]") -> None:
        self._client = client
        self._references = tuple(references)
        self._before: dict[Reference, Manifest | None] = {}
        self._reader = Thread(target=self._read_all, daemon=True)
        if self._references:
            self._reader.start()

    def before(self, name: str) -> "Manifest | None":
        """What was there under a cache's name before the build, where that was read."""
        return {str(reference): found for reference, found in self._read_before().items()}.get(name)

    def after(self) -> dict[str, Sizes]:
        """By the cache's name, now that the build has ended. May take as long as the registries do."""
        found = {}
        for reference, before in self._read_before().items():
            with suppress(Error, Mismatch):
                if after := self._client.manifest(reference):
                    found[str(reference)] = compare(blobs_of(before), blobs_of(after))
        return found

    def _read_before(self) -> "dict[Reference, Manifest | None]":
        if self._references:
            self._reader.join()
        return self._before

    def _read_all(self) -> None:
        for reference in self._references:
            with suppress(Error):
                self._before[reference] = self._client.manifest(reference)


def blobs_of(manifest: "Manifest | None") -> dict[str, int]:
    """The sizes of what a cache needs, by digest; nothing where there is no cache. Raises Mismatch."""
    return blobs(manifest.data) if manifest else {}
