"""What a user is told of a file in the context that cannot be sent."""

from runner.context.names import show
from runner.errors import TransientError, UsageError


def unreadable(path: bytes, error: OSError) -> UsageError:
    """The error for a path that the system did not let us read."""
    hint = "Make it readable."
    if not path.endswith(b".dockerignore"):
        hint = "Make it readable, or name it in .dockerignore."
    return UsageError(f"reading {show(path)} for the build: {error.strerror or error}", hint=hint)


def changed(path: bytes, how: str) -> TransientError:
    """The error for a file that is no more what the daemon was told of it."""
    return TransientError(
        f"sending {show(path)} to the daemon: {how}",
        hint="Build when nothing else writes to the context, or name the file in .dockerignore.",
    )
