"""Followpaths: the daemon names paths and expects, with them, what their symlinks lead to.

Semantics of fsutil's FollowLinks. Symlinks are resolved as if the context were the root of the file system,
so nothing outside of it is ever looked at.
"""

import os
import stat
from collections.abc import Iterable

from runner.context.errors import unreadable
from runner.context.names import clean, decode, encode, show
from runner.context.wildcard import BadPattern, has_wildcard, match
from runner.errors import ProtocolError, UsageError

# A chain of links longer than this is not followed further (Linux itself stops at 40).
_MAX_LINKS = 255
# Links to names with wildcards could lead to ever more paths.
_MAX_PATHS = 100_000


def include_patterns(root: bytes, include: list[str], follow: Iterable[str]) -> list[str]:
    """The include patterns that stand for both; [] where there is no limit.

    Raises UsageError where a directory or a link cannot be read.
    """
    targets = sorted(resolve(root, follow))
    return _dedupe([*include, *targets]) if targets else include


def resolve(root: bytes, paths: Iterable[str]) -> set[str]:
    """The paths, and those that are reached through symlinks in them, as patterns. "." is everything."""
    found: set[str] = set()
    seen: set[str] = set()
    todo = [(path, 0) for path in paths]
    while todo:
        path, links = todo.pop()
        path = clean("./" + path)
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > _MAX_PATHS:
            raise UsageError(f"following symlinks in {show(root)}: they lead to more than {_MAX_PATHS} paths")
        current, targets, rest = _first_link(root, path)
        found.add(current)
        if links < _MAX_LINKS:
            todo += [(f"{target}/{rest}", links + 1) for target in targets]
    return found


def _first_link(root: bytes, path: str) -> tuple[str, list[str], str]:
    """The shortest beginning of path that is a symlink (else all of it), where that leads, and the rest."""
    parts = path.split("/")
    if parts[0] == "..":
        return path, [], ""
    for at in range(1, len(parts) + 1):
        parent, name = "/".join(parts[: at - 1]), parts[at - 1]
        names = _matching(root, parent, name) if has_wildcard(name) else [name]
        targets = [target for each in names if (target := _target(root, parent, each))]
        if targets:
            return "/".join(parts[:at]), targets, "/".join(parts[at:])
    return path, [], ""


def _matching(root: bytes, parent: str, pattern: str) -> list[str]:
    directory = _join(root, parent)
    try:
        return [name for name in map(decode, os.listdir(directory)) if match(pattern, name)]
    except (BadPattern, FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(directory, error) from None


def _target(root: bytes, parent: str, name: str) -> str:
    """Where the symlink leads, from the root; "" where it is none."""
    path = _join(root, parent, name)
    try:
        link = decode(os.readlink(path)) if stat.S_ISLNK(os.lstat(path).st_mode) else ""
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise unreadable(path, error) from None
    return clean(link if link.startswith("/") else f"/{parent}/{link}") if link else ""


def _join(root: bytes, *parts: str) -> bytes:
    path = b"/".join([root, *(encode(part) for part in parts if part)])
    if b"\0" in path:
        raise ProtocolError(f"the daemon asked for the path {show(path)}, which cannot exist")
    return path


def _dedupe(paths: list[str]) -> list[str]:
    """Without those that are below the one before them; nothing at all where one is the root."""
    if "." in paths:
        return []
    kept: list[str] = []
    for path in paths:
        if not path.startswith((kept[-1] if kept else "") + "/"):
            kept.append(path)
    return kept
