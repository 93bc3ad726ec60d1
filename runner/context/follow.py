"""Followpaths: the daemon names paths and expects, with them, what their symlinks lead to.

Semantics of fsutil's FollowLinks. Symlinks are resolved as if the context were the root of the file system,
so nothing outside of it is ever looked at.
"""

import os
import stat
from collections.abc import Generator, Iterable, Iterator

from runner.context.errors import unreadable
from runner.context.names import clean, decode, encode, show
from runner.context.wildcard import BadPattern, has_wildcard, match, well_formed
from runner.errors import ProtocolError, UsageError

# A chain of links longer than this is not followed further (Linux itself stops at 40).
_MAX_LINKS = 255
# Links to names with wildcards could lead to ever more paths.
_MAX_PATHS = 100_000
# How many names are looked at until there is a pause.
_PAUSE = 256


def include_patterns(
    root: bytes, include: list[str], follow: Iterable[str]
) -> Generator[None, None, list[str]]:
    """The include patterns that stand for both; [] where there is no limit.

    A generator: it pauses now and then, so that the caller can do something else. Raises UsageError where a
    directory or a link cannot be read.
    """
    targets: set[str] = set()
    yield from _resolve(root, follow, targets)
    return _dedupe([*include, *sorted(targets)]) if targets else include


def resolve(root: bytes, paths: Iterable[str]) -> set[str]:
    """The paths, and those that are reached through symlinks in them, as patterns. "." is everything."""
    found: set[str] = set()
    for _ in _resolve(root, paths, found):
        pass
    return found


def _resolve(root: bytes, paths: Iterable[str], found: set[str]) -> Iterator[None]:
    seen: set[str] = set()
    todo = [(path, 0) for path in paths]
    look = _Look(root)
    while todo:
        path, links = todo.pop()
        path = clean("./" + path)
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > _MAX_PATHS:
            raise UsageError(f"following symlinks in {show(root)}: they lead to more than {_MAX_PATHS} paths")
        current, targets, rest = yield from look.first_link(path)
        found.add(current)
        if links < _MAX_LINKS:
            todo += [(f"{target}/{rest}", links + 1) for target in targets]
        yield


class _Look:
    """Looks for links below root; lists each directory once."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        # Of a directory that was listed: the names in it, and those of them that are symlinks.
        self._listed: dict[bytes, tuple[list[str], list[str]]] = {}

    def first_link(self, path: str) -> Generator[None, None, tuple[str, list[str], str]]:
        """The shortest beginning of path that is a symlink (else all of it), where it leads, and the rest."""
        parts = path.split("/")
        if parts[0] == "..":
            return path, [], ""
        for at in range(1, len(parts) + 1):
            parent, name = "/".join(parts[: at - 1]), parts[at - 1]
            names = (yield from self._matching(parent, name)) if has_wildcard(name) else [name]
            targets = []
            for number, each in enumerate(names, 1):
                if target := _target(self._root, parent, each):
                    targets.append(target)
                if not number % _PAUSE:
                    yield
            if targets:
                return "/".join(parts[:at]), targets, "/".join(parts[at:])
        return path, [], ""

    def _matching(self, parent: str, pattern: str) -> Generator[None, None, list[str]]:
        """The symlinks in parent whose names match; none where a name there shows a malformed pattern."""
        names, links = yield from self._list(_join(self._root, parent))
        found = []
        try:
            for number, name in enumerate(links, 1):
                if match(pattern, name):
                    found.append(name)
                if not number % _PAUSE:
                    yield
            if not well_formed(pattern):
                for number, name in enumerate(names, 1):
                    match(pattern, name)
                    if not number % _PAUSE:
                        yield
        except BadPattern:
            return []
        return found

    def _list(self, directory: bytes) -> Generator[None, None, tuple[list[str], list[str]]]:
        if directory not in self._listed:
            names: list[str] = []
            links: list[str] = []
            try:
                with os.scandir(directory) as entries:
                    for number, entry in enumerate(entries, 1):
                        names.append(decode(entry.name))
                        if entry.is_symlink():
                            links.append(names[-1])
                        if not number % _PAUSE:
                            yield
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                raise unreadable(directory, error) from None
            self._listed[directory] = names, links
        return self._listed[directory]


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
