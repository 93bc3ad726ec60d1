"""What the daemon does to a store when it exports a cache, and what stands in one then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.cache.ingest import Ingest
from runner.cache.store import Exists, Store

CONFIG = "application/vnd.buildkit.cacheconfig.v0"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def directory(path: Path) -> Path:
    """A directory as it is before its first export."""
    (path / "blobs/sha256").mkdir(parents=True)
    (path / "ingest").mkdir()
    return path


def write(store: Store, data: bytes, ref: str = "") -> str:
    """Write one blob, if it is not there yet; returns its digest."""
    digest = digest_of(data)
    try:
        ingest = Ingest(store, ref or digest, expected=digest, total=len(data))
        try:
            ingest.write(data, ingest.offset)
            ingest.commit(len(data), digest)
        finally:
            ingest.close()
    except Exists:
        pass
    return digest


def export(store: Store, *layers: bytes, index: bool = False) -> dict[str, Any]:
    """Write layers, their configuration and their manifest (or index); returns its descriptor."""
    parts = [_part(store, layer, LAYER, "layer-") for layer in layers]
    config = _part(store, json.dumps([part["digest"] for part in parts]).encode(), CONFIG)
    manifest = {"schemaVersion": 2, "mediaType": INDEX if index else MANIFEST}
    both = {"manifests": [*parts, config]} if index else {"config": config, "layers": parts}
    return _part(store, json.dumps({**manifest, **both}).encode(), str(manifest["mediaType"]))


def _part(store: Store, data: bytes, kind: str, prefix: str = "") -> dict[str, Any]:
    digest = write(store, data, prefix + digest_of(data))
    return {"mediaType": kind, "digest": digest, "size": len(data)}


def blobs(path: Path) -> set[str]:
    """The digests of all blobs."""
    return {f"sha256:{blob.name}" for blob in (path / "blobs/sha256").iterdir()}


def tags(path: Path) -> dict[str, str]:
    """The digest of each tag in index.json, which must be valid."""
    return {
        entry["annotations"]["org.opencontainers.image.ref.name"]: entry["digest"]
        for entry in json.loads((path / "index.json").read_bytes())["manifests"]
    }


def files(path: Path) -> Iterator[str]:
    """Every file below a directory."""
    return (str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir())
