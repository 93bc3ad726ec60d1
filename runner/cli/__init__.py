"""The command `buildkit-runner`: one module a subcommand, imported when it is chosen."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

from runner.cli.stdout import say
from runner.errors import Cancelled, Error, UsageError
from runner.specs.csvspec import nearest

DEBUG = "BUILDKIT_RUNNER_DEBUG"

HELP = """\
Usage: buildkit-runner COMMAND [OPTIONS]

Builds images with BuildKit: joins a running buildkitd, or starts one for the build and ends it after.

Commands:
  build        Build an image from a Dockerfile and push it
  info         Show the daemon's version, workers and platforms
  du           Show what is in the daemon's build cache
  prune        Remove from the daemon's build cache what nothing uses

Options:
  -h, --help   Show this help; `buildkit-runner COMMAND --help` shows that of a command
  --version    Show the version

Examples:
  buildkit-runner build -t registry.example.com/team/app:1 --push .
  buildkit-runner info --addr unix:///run/buildkit/buildkitd.sock
  buildkit-runner prune --max-used-space 10gb

Exit codes: 0 done, 1 the build failed, 2 wrong usage, 3 not allowed, 75 try again, 130 and 143 cancelled"""
COMMANDS = ("build", "info", "du", "prune")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these words (without the program's name); returns its exit code.

    A result goes to stdout; progress, notices and errors go to stderr.
    """
    cancel_on_signals()
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            end_on_signals()
    except Cancelled as error:
        return _report(error)  # It came while another error was shown.


def _run(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except Error as error:
        return _report(error)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        hint = f"Please report this, with what {DEBUG}=1 shows."
        return _report(Error(f"internal error: {type(error).__name__}: {error}", hint=hint))


def cancel_on_signals() -> None:
    """Turn the first SIGINT or SIGTERM into `Cancelled`; a second one ends the process at once."""

    def cancel(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        end_on_signals()
        raise Cancelled(signal=number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, cancel)


def end_on_signals() -> None:
    """Let SIGINT and SIGTERM end the process at once, without a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: os._exit(128 + number))  # noqa: ARG005


def _dispatch(words: list[str]) -> int:
    if not words:
        raise UsageError("there is no command", hint="Such as: buildkit-runner build -t NAME --push .")
    first, *rest = words
    if first == "help":
        first, rest = (rest[0], ["--help"]) if rest else ("--help", [])
    if first in ("-h", "--help"):
        say(HELP)
        return 0
    if first == "--version":
        from runner import __version__

        say(f"buildkit-runner {__version__}")
        return 0
    return _command(first)(rest)


def _command(name: str) -> Callable[[list[str]], int]:
    if name == "build":
        from runner.cli.build import run

        return run
    if name == "info":
        from runner.cli.info import run

        return run
    if name == "du":
        from runner.cli.du import run

        return run
    if name == "prune":
        from runner.cli.prune import run

        return run
    raise UsageError(f"unknown command {name!r}", hint=nearest(name, COMMANDS))


def _report(error: Error) -> int:
    """Show an error to a person; returns its exit code."""
    lines = [f"error: {error.message}", *error.hint.splitlines()]
    if report := getattr(error, "report", ""):
        lines.insert(0, report.rstrip("\n"))
    if sys.stderr is None:  # It was closed, and print would take stdout.
        return error.exit_code
    with suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    return error.exit_code
