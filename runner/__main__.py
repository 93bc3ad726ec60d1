"""The command's process: `buildkit-runner`, or `python -m runner`."""

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

from runner.cli import main

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
