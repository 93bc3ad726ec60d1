"""Removes from a local cache what none of its manifests needs."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from runner.cache import index
from runner.cache.locks import EXCLUSIVE, try_lock
from runner.cache.manifests import needed
from runner.cache.store import Store, StoreError
from runner.errors import UsageError

# Seconds after which what a build left half written is not waited for any more.
ABANDONED = 24 * 3600.0


def prune(store: Store) -> str:
    """Remove every blob that nothing in index.json needs; returns why it was not done, "" if it was.

    Blobs that came since the store was opened stay: they may be another program's, which has not yet named
    them. Nothing is removed while another build of ours has the directory open. Raises OSError.
    """
    if not store.alone():
        return "another build has it open, or it cannot be locked"
    keep: set[str] = set()
    try:
        for manifest in index.read(store.path):
            keep.update(digest for digest, _ in needed(store, manifest["digest"]))
    except (StoreError, UsageError) as cause:
        return f"a manifest in it cannot be read: {cause}"
    for digest, path in list(_blobs(store.path)):
        if digest not in keep:
            with suppress(FileNotFoundError):
                if os.stat(path, follow_symlinks=False).st_mtime < store.opened:
                    os.unlink(path)
    return ""


def remove_abandoned(directory: str) -> None:
    """Remove what was begun in `ingest` a day ago or earlier and never ended. Raises OSError."""
    folder = os.path.join(directory, "ingest")
    before = time.time() - ABANDONED
    for entry in list(os.scandir(folder)):
        with suppress(FileNotFoundError, OSError):
            if not entry.is_dir(follow_symlinks=False):
                _remove_old(entry.path, before)
                continue
            for part in list(os.scandir(entry.path)):
                _remove_old(part.path, before)
            os.rmdir(entry.path)


def _remove_old(path: str, before: float) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_mtime < before and try_lock(descriptor, EXCLUSIVE):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _blobs(directory: str) -> Iterator[tuple[str, str]]:
    """Digest and path of every blob."""
    for algorithm in os.scandir(os.path.join(directory, "blobs")):
        if algorithm.is_dir(follow_symlinks=False):
            for blob in os.scandir(algorithm.path):
                if blob.is_file(follow_symlinks=False):
                    yield f"{algorithm.name}:{blob.name}", blob.path
