"""The command's process: `buildkit-runner`, or `python -m runner`."""

import os
import signal

# Before the other imports: a signal that comes while they go on ends the process without a traceback.
for _number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(_number, lambda number, _frame: os._exit(128 + number))

import gc  # noqa: E402
import sys  # noqa: E402
from contextlib import suppress  # noqa: E402
from typing import NoReturn  # noqa: E402

from runner.cli import main  # noqa: E402

# So many new objects between two runs of the cycle collector: the start, which makes no garbage, stays below.
GC_THRESHOLD = 50_000


def run() -> NoReturn:
    """Run the command and end the process with its exit code.

    `main` has closed all that it opened; what the interpreter would still do takes a tenth of a warm build.
    """
    gc.set_threshold(GC_THRESHOLD)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # It may be closed.
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
