"""The blobs of a local cache, named by their digests, in a directory that several builds may use at once.

Layout: OCI image layout 1.0; `ingest` as containerd's plugins/content/local, where half blobs wait.
"""

import os
import re
import time
from contextlib import suppress

from runner.cache.locks import EXCLUSIVE, SHARED, try_lock, wait_for_lock
from runner.errors import TransientError
from runner.specs.reference import DIGEST
from runner.transport.stream import INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE, UNKNOWN


class StoreError(Exception):
    """Why a store does not do what it was asked.

    code: the gRPC status by which containerd's clients know it.
    """

    code = UNKNOWN


class Invalid(StoreError):
    code = INVALID_ARGUMENT


class NotFound(StoreError):
    code = NOT_FOUND


class Exists(StoreError):
    code = 6


class ReadOnly(StoreError):
    code = PERMISSION_DENIED


class Mismatch(StoreError):
    """What was written is not what was said to be written."""

    code = 9


class OutOfRange(StoreError):
    code = 11


class Busy(StoreError):
    """Somebody else writes the same; the daemon tries again until it is there."""

    code = UNAVAILABLE


class Store:
    """One open directory. While it is open no other build prunes it.

    path: the directory. writable: whether blobs may be added.
    last: the digest of the blob that a writer last left here or found here; "" before.
    Raises OSError when the directory is not there, TransientError when another build is pruning it for long.
    """

    def __init__(self, path: str, *, writable: bool = False) -> None:
        self.path = path
        self.writable = writable
        self.opened = time.time()
        self.last = ""
        self._directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._locks = wait_for_lock(self._directory, SHARED)
            waited = not self._locks
        except OSError:  # A file system without locks.
            self._locks = waited = False
        if waited:
            self.close()
            raise TransientError(f"opening the cache in {path}: another build is removing blobs from it")

    def close(self) -> None:
        """Let others prune it. May be called more than once."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1

    def alone(self) -> bool:
        """Become the only one who has it open, if there is nobody else."""
        if not self._locks:
            return False
        self._locks = try_lock(self._directory, EXCLUSIVE)
        return self._locks

    def blob_path(self, digest: str) -> str:
        """Where a blob stands, or would stand. Raises Invalid."""
        if not re.fullmatch(DIGEST, digest):
            raise Invalid(f"{digest[:100]!r} is not a digest")
        algorithm, _, name = digest.partition(":")
        return os.path.join(self.path, "blobs", algorithm, name)

    def stat(self, digest: str) -> os.stat_result:
        """A blob's size and times. Raises NotFound, Invalid, OSError."""
        try:
            return os.stat(self.blob_path(digest), follow_symlinks=False)
        except FileNotFoundError:
            raise NotFound(f"content {digest}: not found") from None

    def open_blob(self, digest: str) -> int:
        """A blob's descriptor, to be closed by the caller. Raises NotFound, Invalid, OSError."""
        try:
            return os.open(self.blob_path(digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise NotFound(f"content {digest}: not found") from None

    def has(self, digest: str, size: int = 0) -> bool:
        """Whether a blob is there; one that has another size than it should have is removed.

        size: in bytes; 0 is not known. Raises Invalid, OSError.
        """
        try:
            found = self.stat(digest)
        except NotFound:
            return False
        if size and found.st_size != size:
            with suppress(FileNotFoundError):
                os.unlink(self.blob_path(digest))
            return False
        return True

    def read_small(self, digest: str, limit: int) -> bytes:
        """A whole blob whose content is what its digest says. Raises StoreError, OSError."""
        import hashlib

        with open(self.open_blob(digest), "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Mismatch(f"content {digest} is larger than {limit} bytes")
        if hashlib.new(digest.partition(":")[0], data).hexdigest() != digest.partition(":")[2]:
            raise Mismatch(f"content {digest} is damaged")
        return data
