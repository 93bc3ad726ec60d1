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
    # Directories above the current one that are not selected and have nothing below them yet that is.
    waiting: list[tuple[bytes, os.DirEntry[bytes]]] = []
    levels = [(b"", iter(_listing(root, True)), 0, 0)]
    while levels:
        prefix, entries, included, excluded = levels[-1]
        for entry in entries:
            path = prefix + entry.name
            wanted = True
            below_included = below_excluded = 0
            if include is not None or exclude is not None:
                text = decode(path)
                directory = entry.is_dir(follow_symlinks=False)
                pruned = False
                if include is not None:
                    wanted, below_included = include.match(text, included)
                    pruned = not wanted and directory and not include.reaches(text)
                if exclude is not None and not pruned:
                    hit, below_excluded = exclude.match(text, excluded)
                    if hit:
                        wanted = False
                        pruned = directory and not exclude.reaches(text)
                if pruned or not (wanted or directory):
                    passed += 1
                    if passed == _PAUSE:
                        passed = 0
                        yield None
                    continue
            if wanted:
                try:
                    above = [(path_above, _lstat(entry_above)) for path_above, entry_above in waiting]
                    status = entry.stat(follow_symlinks=False)
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
            children = iter(_listing(entry.path, wanted))
            levels.append((path + b"/", children, below_included, below_excluded))
            break
        else:
            levels.pop()
            if waiting and waiting[-1][0] + b"/" == prefix:
                waiting.pop()


def _lstat(entry: os.DirEntry[bytes]) -> os.stat_result:
    return entry.stat(follow_symlinks=False)


def _listing(directory: bytes, wanted: bool) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=attrgetter("name"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        if not wanted:
            return []
        raise unreadable(directory, error) from None
    except OSError as error:
        raise unreadable(directory, error) from None
