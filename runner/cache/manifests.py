"""What manifests in a store say: which one is a build's cache, and which blobs one needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from runner.cache.index import Descriptor
from runner.cache.store import Mismatch, Store, StoreError

# BuildKit reads no cache manifest above 1 MiB (cache/remotecache/import.go); an image's may be larger.
MAX_SIZE = 4 << 20
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def exported(store: Store) -> Descriptor | None:
    """The cache that this build has written into the store, None where it wrote none.

    The daemon writes a cache's manifest last, or finds it there (remotecache.contentCacheExporter.Finalize).
    So it is the last blob that a writer left or found, if that is a manifest with a cache's configuration.
    Raises OSError.
    """
    try:
        data = store.read_small(store.last, MAX_SIZE) if store.last else b""
        manifest = _parse(store.last, data)
    except StoreError:
        return None
    kind = manifest.get("mediaType")
    parts = [manifest.get("config"), *_list(manifest, "manifests")]
    if kind not in INDEXES + MANIFESTS or not any(
        part and part.get("mediaType") == CACHE_CONFIG for part in parts
    ):
        return None
    return {"mediaType": kind, "digest": store.last, "size": len(data)}


def needed(store: Store, digest: str) -> Iterator[tuple[str, int]]:
    """The digests and sizes of all blobs that a manifest or index needs, it included (its size is 0).

    Raises StoreError (a manifest is not there, or damaged), OSError.
    """
    seen, waiting = {digest}, [digest]
    yield digest, 0
    while waiting:
        name = waiting.pop()
        manifest = _parse(name, store.read_small(name, MAX_SIZE))
        for part in (manifest.get("config") or {}, *_list(manifest, "layers"), *_list(manifest, "manifests")):
            if part:
                digest, size = _named(name, part)
                yield digest, size
                if part.get("mediaType") in INDEXES + MANIFESTS and digest not in seen:
                    seen.add(digest)
                    waiting.append(digest)


def blobs(manifest: bytes) -> dict[str, int]:
    """The sizes of what a manifest or index names directly, by digest. Raises Mismatch."""
    found = _parse("of the registry", manifest)
    parts = (found.get("config"), *_list(found, "layers"), *_list(found, "manifests"))
    return dict(_named("of the registry", part) for part in parts if part)


def layers(manifest: bytes) -> list[str]:
    """The digests of a manifest's layers, the lowest first. Raises Mismatch."""
    return [_named("of the image", layer)[0] for layer in _list(_parse("of the image", manifest), "layers")]


def _named(digest: str, part: Mapping[str, Any]) -> tuple[str, int]:
    name, size = part.get("digest"), part.get("size")
    if not isinstance(name, str) or not isinstance(size, int):
        raise Mismatch(f"content {digest} is not a manifest")
    return name, size


def _list(manifest: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return manifest.get(name) or []


def _parse(digest: str, data: bytes) -> dict[str, Any]:
    """A manifest whose parts are objects. Raises Mismatch."""
    import json

    try:
        manifest = json.loads(data)
        parts = [manifest.get("config") or {}]
        for name in ("layers", "manifests"):
            parts += manifest.get(name) or []
        if all(isinstance(part, dict) for part in parts):
            return dict(manifest)
    except (ValueError, AttributeError, TypeError, RecursionError):
        pass
    raise Mismatch(f"content {digest} is not a manifest")
