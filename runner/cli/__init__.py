"""The command `buildkit-runner`: one module a subcommand, imported when it is chosen."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from runner.errors import Cancelled, Error, UsageError

DEBUG = "BUILDKIT_RUNNER_DEBUG"

HELP = """\
Usage: buildkit-runner COMMAND [OPTIONS]

Builds images with BuildKit: joins a running buildkitd, or starts one for the build and ends it after.

Commands:
  build        Build an image from a Dockerfile and push it
  info         Show the daemon's version, workers and platforms

Options:
  -h, --help   Show this help; `buildkit-runner COMMAND --help` shows that of a command
  --version    Show the version

Examples:
  buildkit-runner build -t registry.example.com/team/app:1 --push .
  buildkit-runner info --addr unix:///run/buildkit/buildkitd.sock

Exit codes: 0 done, 1 the build failed, 2 wrong usage, 3 not allowed, 75 try again, 130 and 143 cancelled
"""


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
        try:
            code = _dispatch(words)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            # The interpreter flushes stdout once more at its end, which must not fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Error("writing the result to stdout: nobody reads it") from None
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
    first, rest = (words[0], words[1:]) if words else ("--help", [])
    if first in ("-h", "--help", "help"):
        (sys.stdout if words else sys.stderr).write(HELP)
        return 0 if words else UsageError.exit_code
    if first == "--version":
        from runner import __version__

        print("buildkit-runner", __version__)
        return 0
    return _command(first)(rest)


def _command(name: str) -> Callable[[list[str]], int]:
    if name == "build":
        from runner.cli.build import run

        return run
    if name == "info":
        from runner.cli.info import run

        return run
    raise UsageError(f"unknown command {name!r}", hint="Commands: build, info. See buildkit-runner --help.")


def _report(error: Error) -> int:
    """Show an error to a person; returns its exit code."""
    lines = [f"error: {error.message}", *error.hint.splitlines()]
    if report := getattr(error, "report", ""):
        lines.insert(0, report.rstrip("\n"))
    text = "\n".join(lines) + "\n"
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, AttributeError):
        pass  # There is no stderr to show it on.
    return error.exit_code
