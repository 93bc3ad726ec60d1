"""Locks that other processes see: flock, as BuildKit's client takes it (github.com/gofrs/flock)."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

from runner.errors import TransientError

# Seconds to wait for a lock that is held for moments only, and between two tries.
PATIENCE = 10.0
PAUSE = 0.002

EXCLUSIVE, SHARED = LOCK_EX, LOCK_SH


def try_lock(descriptor: int, how: int) -> bool:
    """Lock an open file or directory, if nobody holds it. Raises OSError where there are no such locks."""
    try:
        flock(descriptor, how | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(descriptor: int, how: int) -> bool:
    """The same, but wait for `PATIENCE`."""
    until = time.monotonic() + PATIENCE
    while not try_lock(descriptor, how):
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE)
    return True


def is_at(descriptor: int, path: str) -> bool:
    """Whether an open file still stands under its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


@contextmanager
def lock_file(path: str) -> Iterator[int]:
    """Hold the exclusive lock on a file that is made for that; gives its descriptor.

    It is not removed: BuildKit's client removes its own, so that two may hold a lock on two files of the
    name. `is_at` tells which one counts. Raises TransientError, OSError.
    """
    until = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            if try_lock(descriptor, EXCLUSIVE) and is_at(descriptor, path):
                yield descriptor
                return
        finally:
            with suppress(OSError):
                os.close(descriptor)
        if time.monotonic() > until:
            raise TransientError(f"locking {path}: another process held it for {PATIENCE:g} s")
        time.sleep(PAUSE)
