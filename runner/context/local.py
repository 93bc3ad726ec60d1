"""A directory on this machine as the context of a build, and the Dockerfile for it."""

import os
import stat
from typing import NamedTuple

from runner.errors import UsageError


class Source(NamedTuple):
    """A directory that the session serves."""

    path: str


class LocalContext(NamedTuple):
    """What a build reads: the context at path, and the Dockerfile called filename in directory."""

    path: str
    directory: str
    filename: str

    def sources(self) -> dict[str, Source]:
        """The directories by the names that the Dockerfile frontend asks for."""
        return {"context": Source(self.path), "dockerfile": Source(self.directory)}


def open_context(path: str, dockerfile: str = "") -> LocalContext:
    """Check that a build of a directory can begin.

    path: the context. dockerfile: the Dockerfile's path, relative to the working directory as in docker
        buildx build; "" is `Dockerfile`, else `dockerfile`, in the context.
    Raises UsageError, which says what to do.
    """
    _check_directory(path)
    if not dockerfile:
        dockerfile = os.path.join(path, "Dockerfile")
        lower = os.path.join(path, "dockerfile")
        if not os.path.lexists(dockerfile) and os.path.isfile(lower):
            dockerfile = lower
    _check_dockerfile(dockerfile)
    directory, name = os.path.split(dockerfile)
    if os.path.islink(dockerfile) and not _link_stays_inside(directory or ".", name):
        # The daemon could not follow it.
        directory, name = os.path.split(os.path.realpath(dockerfile))
    return LocalContext(path, directory or ".", name)


def _check_directory(path: str) -> None:
    hint = "Give the directory that the build's files are in, such as `.`."
    try:
        os.scandir(path).close()
    except FileNotFoundError:
        raise UsageError(f"reading the context {path!r}: there is no such directory", hint=hint) from None
    except NotADirectoryError:
        if os.path.isfile(path):
            hint = f"Give its directory; -f {path} names a Dockerfile."
        raise UsageError(f"reading the context {path!r}: it is not a directory", hint=hint) from None
    except PermissionError:
        raise UsageError(
            f"reading the context {path!r}: permission denied", hint="Run as a user who may read it."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"reading the context {path!r}: {error}", hint=hint) from None


def _check_dockerfile(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        dangling = os.path.islink(path)
        why = "it is a symlink to nothing" if dangling else "there is no such file"
        raise UsageError(f"reading the Dockerfile {path!r}: {why}", hint=_near(path)) from None
    except PermissionError:
        raise UsageError(
            f"reading the Dockerfile {path!r}: permission denied", hint="Run as a user who may read it."
        ) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"reading the Dockerfile {path!r}: {error}") from None
    mode = os.fstat(descriptor).st_mode
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise UsageError(f"reading the Dockerfile {path!r}: it is a directory", hint="Name the file in it.")
    if not stat.S_ISREG(mode):
        raise UsageError(
            f"reading the Dockerfile {path!r}: it is no regular file", hint="Write it to a file first."
        )


def _near(path: str) -> str:
    """A hint that names what may have been meant."""
    directory, name = os.path.split(path)
    try:
        with os.scandir(directory or ".") as entries:
            names = sorted(e.name for e in entries if e.is_file() and not e.name.endswith(".dockerignore"))
    except OSError:
        names = []
    likely = [each for each in names if each.lower() == name.lower()]
    likely += [each for each in names if "dockerfile" in each.lower() or "containerfile" in each.lower()]
    if likely:
        return f"There is {likely[0]!r}: name it with -f {os.path.join(directory, likely[0])}."
    return "Write one, or name it with -f."


def _link_stays_inside(directory: str, name: str) -> bool:
    """Whether the daemon, for which the directory is the root, finds the symlink's target."""
    from runner.context.follow import resolve
    from runner.context.names import decode, encode

    root = os.fsencode(directory)
    for path in resolve(root, [decode(os.fsencode(name))]):
        target = os.path.join(root, encode(path))
        if os.path.isfile(target) and not os.path.islink(target):
            return True
    return False
