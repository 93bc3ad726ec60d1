"""Paths as text. Files have bytes for names, patterns are UTF-8, and the locale has no say in it."""

import os.path


def decode(path: bytes) -> str:
    """A path as text; bytes that are not UTF-8 become lone surrogates."""
    return path.decode("utf-8", "surrogateescape")


def encode(path: str) -> bytes:
    """The reverse."""
    return path.encode("utf-8", "surrogateescape")


def clean(path: str) -> str:
    """The shortest equal path, as Go's filepath.Clean has it."""
    path = os.path.normpath(path)
    return path[1:] if path.startswith("//") else path


def show(path: bytes) -> str:
    """A path inside a message: quoted, with escapes for what is not UTF-8 or cannot be printed."""
    return repr(decode(path)).replace("\\udc", "\\x")
