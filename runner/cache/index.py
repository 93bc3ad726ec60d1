"""index.json of a local cache: which manifest stands under which tag.

Format and lock as BuildKit's client has them (client/ociindex): an OCI image layout, and flock on
index.json.lock. A reader takes no lock: it would make another's build fail, as BuildKit's client never waits.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from runner.cache.locks import PATIENCE, PAUSE, is_at, lock_file
from runner.errors import TransientError, UsageError

Descriptor: TypeAlias = Mapping[str, Any]
"""An OCI descriptor: `mediaType`, `digest`, `size` and perhaps `annotations`."""

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
TAG = "org.opencontainers.image.ref.name"
IMAGE_NAME = "io.containerd.image.name"
# Seconds in which a file that BuildKit's client writes in place must become whole.
TORN = 0.25


def read(directory: str) -> list[Descriptor]:
    """The manifests of a cache directory; none where there is no index.json.

    Raises UsageError when it is not valid, OSError.
    """
    return _manifests(_parse(directory, _whole(directory)))


def find(manifests: list[Descriptor], tag: str) -> Descriptor | None:
    """The manifest that stands under a tag."""
    for name in (IMAGE_NAME, TAG):
        for manifest in manifests:
            if (manifest.get("annotations") or {}).get(name) == tag:
                return manifest
    return None


def put(directory: str, manifest: Descriptor, tag: str) -> None:
    """Set what a tag means. index.json is replaced whole, and nobody else's change of it is lost.

    What takes time happens without the lock. There must be a directory `ingest` in it.
    Raises UsageError, TransientError, OSError.
    """
    layout, path = os.path.join(directory, "oci-layout"), os.path.join(directory, "index.json")
    if not os.path.exists(layout):
        _replace(layout, LAYOUT)
    until = time.monotonic() + PATIENCE
    while True:
        before = _whole(directory)
        part = _write_part(path, _with(_parse(directory, before), manifest, tag))
        done = False
        try:
            with lock_file(path + ".lock") as lock:
                if _read(path) == before:
                    os.replace(part, path)
                    done = is_at(lock, path + ".lock")
        finally:
            with suppress(FileNotFoundError):
                os.unlink(part)
        if done:
            sync_directory(directory)
            return
        if time.monotonic() > until:
            raise TransientError(f"writing {path}: other processes change it all the time")


def _with(index: dict[str, Any], manifest: Descriptor, tag: str) -> bytes:
    """An index in which the tag names this manifest, and nothing else has changed."""
    import json

    others = [
        other
        for other in _manifests(index)
        if (other.get("annotations") or {}).get(TAG) != tag
        or (other.get("annotations") or {}).get(IMAGE_NAME, "")
    ]
    entry = {**manifest, "annotations": {**(manifest.get("annotations") or {}), TAG: tag}}
    return json.dumps(
        {"schemaVersion": 2, "mediaType": INDEX_TYPE, **index, "manifests": [*others, entry]}
    ).encode()


def _manifests(index: dict[str, Any]) -> list[Descriptor]:
    return list(index.get("manifests") or [])


def _parse(directory: str, data: bytes) -> dict[str, Any]:
    if not data:
        return {}
    import json

    try:
        index = json.loads(data)
    except ValueError:
        raise damaged(directory, "index.json is not valid JSON") from None
    manifests = index.get("manifests") or [] if isinstance(index, dict) else None
    if not isinstance(manifests, list) or not all(map(_is_descriptor, manifests)):
        raise damaged(directory, "index.json is not an OCI image index")
    return dict(index)


def _is_descriptor(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("digest"), str)
        and isinstance(value.get("annotations") or {}, dict)
    )


def damaged(directory: str, why: str) -> UsageError:
    """The error for a directory that is a cache no longer."""
    return UsageError(
        f"reading the cache in {directory}: {why}", hint="Remove the directory, or name another."
    )


def _whole(directory: str) -> bytes:
    """The file's content, b"" where there is none; one that is just being written is waited for."""
    path = os.path.join(directory, "index.json")
    until = time.monotonic() + TORN
    while True:
        data = _read(path)
        try:
            _parse(directory, data)
        except UsageError:
            if time.monotonic() > until:
                raise
        else:
            if data or not os.path.exists(path) or time.monotonic() > until:
                return data
        time.sleep(PAUSE)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _replace(path: str, data: bytes) -> None:
    os.replace(_write_part(path, data), path)


def _write_part(path: str, data: bytes) -> str:
    folder, name = os.path.split(path)
    part = os.path.join(folder, "ingest", f"{name}.{os.urandom(8).hex()}")
    with open(part, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return part


def sync_directory(directory: str) -> None:
    """Wait until the names in a directory are on the disk. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
