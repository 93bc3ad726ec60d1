"""One blob on its way into a store: it survives us, so that the next attempt goes on where it ended."""

import os
import re
from contextlib import suppress
from typing import Any

from runner.cache.locks import EXCLUSIVE, is_at, try_lock
from runner.cache.store import Busy, Exists, Invalid, Mismatch, OutOfRange, ReadOnly, Store
from runner.specs.reference import DIGEST

PIECE = 1 << 20


class Ingest:
    """Opens the half blob of a ref for writing, or begins one. Everything here may block.

    ref: the writer's name for it. expected: the digest that it will have, or "". total: its size, or 0.
    offset: how many bytes are there. Files are named by a hash of ref and digest, apart from those of
    containerd's own client, which takes no locks.
    Raises Exists, Busy, Invalid, ReadOnly, OSError.
    """

    def __init__(self, store: Store, ref: str, *, expected: str = "", total: int = 0) -> None:
        import hashlib

        if not ref:
            raise Invalid("the first message of a write has no ref")
        if expected and not re.fullmatch(DIGEST, expected):
            raise Invalid(f"{expected[:100]!r} is not a digest")
        if total < 0:
            raise Invalid(f"a blob of {total} bytes")
        if not store.writable:
            raise ReadOnly(f"the cache in {store.path} is only read by this build")
        self.ref, self.expected, self.total = ref, expected, total
        self.offset = 0
        self._store = store
        self._algorithm = expected.partition(":")[0] or "sha256"
        self._hash: Any = hashlib.new(self._algorithm)
        key = hashlib.sha256(f"buildkit-runner\n{expected}\n{ref}".encode()).hexdigest()
        self._folder = os.path.join(store.path, "ingest", key)
        self._data = os.path.join(self._folder, "data")
        self._file = -1
        self._open()
        try:
            self._resume()
        except BaseException:
            self.close()
            raise

    @property
    def digest(self) -> str:
        """Of what was written so far."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def write(self, data: bytes, offset: int) -> None:
        """Add data. Its offset is the present one, or 0 to begin anew. Raises OutOfRange, OSError."""
        if offset == 0 and self.offset:
            self._restart()
        if offset != self.offset:
            raise OutOfRange(f"write at {offset}, but {self.ref[:200]!r} has {self.offset} bytes")
        if self.total and self.offset + len(data) > self.total:
            raise OutOfRange(f"{self.ref[:200]!r} gets more than its {self.total} bytes")
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self._hash.update(view[:written])
            self.offset += written
            view = view[written:]

    def commit(self, size: int = 0, expected: str = "") -> str:
        """Make it a blob of the store, and return its digest.

        What has not the size or the digest that it should have is thrown away.
        Raises Mismatch, Exists, OSError.
        """
        expected = expected or self.expected
        size = size or self.total
        if (size and size != self.offset) or (expected and expected != self.digest):
            self._discard()
            why = f"{self.ref[:200]!r} has {self.offset} bytes and the digest {self.digest}"
            raise Mismatch(f"{why}, not {size} bytes and {expected or 'any digest'}")
        digest = self.digest
        if self._store.has(digest, self.offset):
            self._found(digest)
        target = self._store.blob_path(digest)
        os.fsync(self._file)
        os.fchmod(self._file, os.fstat(self._file).st_mode & 0o444)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(self._data, target)
        self._store.last = digest
        self._end()
        return digest

    def close(self) -> None:
        """Leave it as it is, for another attempt. May be called more than once."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        """Open the file and lock it; who had it before may just have made a blob of it."""
        while True:
            self._look()
            try:
                os.mkdir(self._folder)
            except FileExistsError:
                pass
            except FileNotFoundError:
                os.makedirs(self._folder, exist_ok=True)
            with suppress(FileNotFoundError):
                self._file = os.open(self._data, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
                if self._locked():
                    break
                self.close()
        try:
            self._look()
        except Exists:
            self._discard()
            raise

    def _locked(self) -> bool:
        """Lock the open file; False when it was moved away before."""
        try:
            if try_lock(self._file, EXCLUSIVE):
                return is_at(self._file, self._data)
        except BaseException:
            self.close()
            raise
        self.close()
        raise Busy(f"{self.ref[:200]!r} is being written by another")

    def _look(self) -> None:
        if self.expected and self._store.has(self.expected, self.total):
            self._store.last = self.expected
            raise Exists(f"content {self.expected} is there already")

    def _resume(self) -> None:
        while data := os.read(self._file, PIECE):
            self._hash.update(data)
            self.offset += len(data)
        if self.total and self.offset > self.total:
            self._restart()

    def _restart(self) -> None:
        import hashlib

        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._hash = hashlib.new(self._algorithm)
        self.offset = 0

    def _found(self, digest: str) -> None:
        self._store.last = digest
        self._discard()
        raise Exists(f"content {digest} is there already")

    def _discard(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._data)
        self._end()

    def _end(self) -> None:
        with suppress(OSError):
            os.rmdir(self._folder)
        self.close()
