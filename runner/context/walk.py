"""The walk over a context, with the semantics of fsutil's filtered walk as buildctl uses it."""

import os
from collections.abc import Iterator
from operator import attrgetter
from typing import TypeAlias

from runner.context.errors import unreadable
from runner.context.names import decode
from runner.context.patterns import Matcher

Found: TypeAlias = tuple[bytes, os.stat_result]
"""A path relative to the root, and its lstat."""

_TYPE, _DIRECTORY = 0o170000, 0o040000
# How many entries may be passed over until the walk pauses.
_PAUSE = 256


def walk(
    root: bytes, include: Matcher | None = None, exclude: Matcher | None = None
) -> Iterator[Found | None]:
    """What is to be sent: parents before their children, siblings sorted by bytes, the root left out.

    Without `include` everything is included. A directory that is not itself selected comes all the same,
    right before the first thing below it that is. What vanishes meanwhile is left out. None comes now and
    then where much is passed over, so that the caller can do something else. Raises UsageError where
    something selected, or the way to it, cannot be read.
    """
    passed = 0
    filtered = include is not None or exclude is not None
    # Directories above the current one that are not selected and have nothing below them yet that is.
    waiting: list[tuple[bytes, os.DirEntry[bytes]]] = []
    levels = [(b"", iter(_listing(root, wanted=True, needed=True)), (0, 0))]
    while levels:
        prefix, entries, state = levels[-1]
        for entry in entries:
            path = prefix + entry.name
            wanted, below = True, state
            if filtered:
                directory = _is_directory(entry)
                wanted, enter, below = _judge(decode(path), directory, state, include, exclude)
                if not wanted and not enter:
                    passed += 1
                    if passed == _PAUSE:
                        passed = 0
                        yield None
                    continue
            if wanted:
                try:
                    above = [(path_above, _lstat(entry_above)) for path_above, entry_above in waiting]
                    status = _lstat(entry)
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError as error:
                    raise unreadable(entry.path, error) from None
                yield from above
                waiting.clear()
                yield path, status
                if status.st_mode & _TYPE != _DIRECTORY:
                    continue
            else:
                waiting.append((path, entry))
            levels.append((path + b"/", iter(_listing(entry.path, wanted=wanted)), below))
            break
        else:
            levels.pop()
            if waiting and waiting[-1][0] + b"/" == prefix:
                waiting.pop()


def _judge(
    path: str, directory: bool, state: tuple[int, int], include: Matcher | None, exclude: Matcher | None
) -> tuple[bool, bool, tuple[int, int]]:
    """Whether the path is selected, whether to look below it if it is not, and the state for what is there.

    state: of the directory above: what both matchers want to be told again.
    """
    wanted = True
    included = excluded = 0
    if include is not None:
        wanted, included = include.match(path, state[0])
        if not wanted and not (directory and include.reaches(path)):
            return False, False, state
    if exclude is not None:
        hit, excluded = exclude.match(path, state[1])
        if hit:
            return False, directory and exclude.reaches(path), (included, excluded)
    return wanted, directory, (included, excluded)


def _is_directory(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # what is wanted of it, its lstat will tell


def _lstat(entry: os.DirEntry[bytes]) -> os.stat_result:
    return entry.stat(follow_symlinks=False)


def _listing(directory: bytes, *, wanted: bool, needed: bool = False) -> list[os.DirEntry[bytes]]:
    """The entries in the order of their names; none where it has vanished, unless it is needed."""
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=attrgetter("name"))
    except OSError as error:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        if (gone and not needed) or (isinstance(error, PermissionError) and not wanted):
            return []
        raise unreadable(directory, error) from None
