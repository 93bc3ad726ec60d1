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
        if _is_special(path):
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
    part = f"{target}.{os.getpid()}.part"
    try:
        if _is_special(path):
            _write(path, text)
            return
        try:
            _write(part, text)
            os.replace(part, target)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
    except OSError as cause:
        raise Error(f"writing {path}: {cause.strerror}") from cause


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _is_special(path: str) -> bool:
    """Whether a pipe or a device stands there, such as /dev/stdout: it is written to, never replaced."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
