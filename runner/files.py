"""Result files: each appears whole or not at all."""

import os
import stat

from runner.errors import Error, UsageError


def check_target(path: str) -> None:
    """Refuse a path that could not be written later; what stands there from an earlier build is removed.

    Nothing else is touched, as the directory may be part of the context. Raises UsageError.
    """
    folder = os.path.dirname(os.path.realpath(path))
    try:
        if _stream(path) is not None:
            return
        if not os.path.isdir(folder):
            raise UsageError(f"writing {path}: there is no directory {folder}", hint="Make it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(f"writing {path}: the directory {folder} is not writable")
        if os.path.exists(path):
            os.unlink(os.path.realpath(path))
    except OSError as cause:
        raise UsageError(f"writing {path}: {cause.strerror}", hint="Give the name of a file.") from None


def write_whole(path: str, text: str) -> None:
    """Write a file under another name in its directory, then give it its own. Raises Error."""
    target = os.path.realpath(path)
    part = f"{target}.{os.urandom(8).hex()}.part"
    try:
        stream = _stream(path)
        if stream is not None:
            _write(stream, text)
            return
        try:
            _write(part, text, "x")
            os.replace(part, target)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
    except OSError as cause:
        raise Error(f"writing {path}: {cause.strerror}") from cause


def _write(target: str | int, text: str, mode: str = "w") -> None:
    with open(target, mode, encoding="utf-8", closefd=isinstance(target, str)) as file:
        file.write(text)


def _stream(path: str) -> str | int | None:
    """What to open where a pipe, a device or our own stdout or stderr stands; None for a file.

    A stream is written to, never replaced. Our own is its descriptor: one opened anew on the file to which
    it was redirected would write over what it has written.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    for number in (1, 2):
        try:
            if os.path.samestat(found, os.fstat(number)):
                return number
        except OSError:
            pass  # It is closed.
    return None if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) else path
