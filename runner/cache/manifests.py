"""What manifests in a store say: which one is a build's cache, and which blobs one needs."""

from collections.abc import Iterator, Mapping, Sequence
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


def configuration(manifest: bytes) -> str:
    """The digest of the configuration of a cache that is a manifest. Raises Mismatch."""
    return _named("of the registry", _parse("of the registry", manifest).get("config") or {})[0]


def has_chain(config: bytes, chain: Sequence[str]) -> bool:
    """Whether a cache's configuration (cache/remotecache/v1/spec.go) has these layers on one another.

    chain: their digests, the lowest first. That each of them is somewhere in the cache would not do: small
    layers of different builds are often the same. Raises Mismatch.
    """
    import json

    try:
        layers = [(str(layer["blob"]), int(layer.get("parent", 0))) for layer in json.loads(config)["layers"]]
        below = {-1: 0}  # how much of the chain a layer ends; of the others nothing is known
        for _ in chain:
            for number, (blob, parent) in enumerate(layers):
                length = below.get(parent, len(chain))
                if length < len(chain) and blob == chain[length]:
                    below[number] = length + 1
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Mismatch("what should be a cache's configuration is none") from None
    return len(chain) in below.values() or not chain


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
