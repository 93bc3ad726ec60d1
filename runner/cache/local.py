"""The local caches of one build: directories opened and checked before it, tags written after it."""

import os
from collections.abc import Iterable

from runner.cache import index
from runner.cache.manifests import exported, needed
from runner.cache.prune import prune, remove_abandoned
from runner.cache.sizes import Sizes, compare
from runner.cache.store import NotFound, Store, StoreError
from runner.errors import Error, UsageError
from runner.specs.cache import Cache

# What a cache directory holds before it is one for the first time; a file system's root has the last.
OWN = ("blobs", "ingest", "oci-layout", "index.json", "index.json.lock", "lost+found")


class LocalCaches:
    """Open directories.

    stores: by the names that the daemon knows them by. digests: what each import's tag meant; an import
    without one has nothing to give. notices: what the user should know. sizes: of what was exported, by the
    directory as the daemon is told it.
    """

    def __init__(self) -> None:
        self.stores: dict[str, Store] = {}
        self.digests: dict[Cache, str] = {}
        self.notices: list[str] = []
        self.sizes: dict[str, Sizes] = {}
        self._exports: list[Cache] = []
        self._before: dict[Cache, dict[str, int]] = {}

    def finish(self) -> list[str]:
        """Give what the build has written its tags, and prune where that was asked for; returns notices.

        To be called after the build has ended well. Raises Error.
        """
        notices: list[str] = []
        for cache in self._exports:
            try:
                notices += self._finish(cache, self.stores[cache.store])
            except (OSError, Error) as cause:
                error = _failed(cache, cause)
                if not cache.is_true("ignore-error"):
                    raise error from cause
                notices.append(f"--cache-to: {error.message}")
        return notices

    def close(self) -> None:
        """Let other builds prune the directories. May be called more than once."""
        for store in self.stores.values():
            store.close()

    def open_export(self, cache: Cache) -> None:
        """Make and open the directory of a cache to write. Raises UsageError, TransientError."""
        path = cache.directory
        _check_own(path, "--cache-to")
        try:
            for folder in (os.path.join(path, "blobs", "sha256"), os.path.join(path, "ingest")):
                os.makedirs(folder, exist_ok=True)
                for part in (path, folder):
                    if not os.access(part, os.R_OK | os.W_OK | os.X_OK):
                        raise _unusable("--cache-to", path, f"{part} is not writable")
            before = index.find(index.read(path), cache.tag)
            self.stores[cache.store] = Store(path, writable=True)
            if before:
                self._before[cache] = _blobs(self.stores[cache.store], before["digest"])
        except OSError as cause:
            raise _unusable("--cache-to", path, cause) from None
        self._exports.append(cache)

    def open_import(self, cache: Cache) -> None:
        """Open the directory of a cache to read, if there is one in it.

        Raises UsageError, TransientError.
        """
        path = cache.directory
        _check_own(path, "--cache-from")
        try:
            if not os.path.exists(path):
                self._nothing(cache, "there is no such directory yet")
                return
            if cache.store not in self.stores:
                self.stores[cache.store] = Store(path)
            self._resolve(cache, self.stores[cache.store])
        except OSError as cause:
            raise _unusable("--cache-from", path, cause) from None

    def _resolve(self, cache: Cache, store: Store) -> None:
        digest = dict(cache.attrs).get("digest", "")
        if not digest:
            found = index.find(index.read(store.path), cache.tag)
            if found is None:
                self._nothing(cache, f"it has no cache with the tag {cache.tag} yet")
                return
            digest = found["digest"]
        elif not store.has(digest):
            self._nothing(cache, f"{digest} is not in it")
            return
        try:
            for part, size in needed(store, digest):
                found_size = store.stat(part).st_size
                if size and size != found_size:
                    raise index.damaged(store.path, f"{part} has {found_size} bytes, not {size}")
        except NotFound as cause:
            raise index.damaged(store.path, f"it is not complete: {cause}") from None
        except StoreError as cause:
            raise index.damaged(store.path, str(cause)) from None
        self.digests[cache] = digest

    def _nothing(self, cache: Cache, why: str) -> None:
        self.notices.append(f"--cache-from: nothing is imported from {cache.directory}: {why}")

    def _finish(self, cache: Cache, store: Store) -> list[str]:
        manifest = exported(store)
        if manifest is None:
            return [f"--cache-to: nothing was exported to {cache.directory}"]
        index.sync_directory(os.path.dirname(store.blob_path(store.last)))
        index.put(store.path, manifest, cache.tag)
        after = _blobs(store, manifest["digest"])
        self.sizes[cache.attributes()["dest"]] = compare(self._before.get(cache, {}), after)
        remove_abandoned(store.path)
        if cache.is_true("reset") and (why := prune(store)):
            return [f"--cache-to: reset=true removed nothing from {cache.directory}: {why}"]
        return []


def _blobs(store: Store, digest: str) -> dict[str, int]:
    """The sizes of the blobs that a manifest in a store needs; none where it cannot be read."""
    try:
        return {part: size for part, size in needed(store, digest) if part != digest}
    except (StoreError, OSError):
        return {}


def open_caches(imports: Iterable[Cache], exports: Iterable[Cache]) -> LocalCaches:
    """Open the directories of those that are local. Raises UsageError, TransientError."""
    opened = LocalCaches()
    try:
        for cache in exports:
            if cache.kind == "local":
                opened.open_export(cache)
        for cache in imports:
            if cache.kind == "local":
                opened.open_import(cache)
    except BaseException:
        opened.close()
        raise
    return opened


def _failed(cache: Cache, cause: OSError | Error) -> Error:
    """What went wrong after the build: not the user's input any more."""
    if isinstance(cause, UsageError):
        return Error(cause.message, hint=cause.hint)
    if isinstance(cause, Error):
        return cause
    return Error(f"exporting the cache to {cache.directory}: {cause.strerror}")


def _check_own(path: str, flag: str) -> None:
    """Refuse what is there and is not a cache. Raises UsageError."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return
    except OSError as cause:
        raise _unusable(flag, path, cause) from None
    others = sorted(name for name in names if name not in OWN and not name.startswith("."))
    if others and "index.json" not in names:
        raise _unusable(flag, path, f"it is not a cache, but has {others[0]!r} in it")


def _unusable(flag: str, path: str, why: str | OSError) -> UsageError:
    if isinstance(why, OSError):
        why = os.strerror(why.errno) if why.errno else str(why)
    return UsageError(f"opening the cache of {flag} in {path}: {why}", hint="Name a directory of its own.")
